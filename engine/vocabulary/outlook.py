"""What experience says of work: past tasks with their verdicts, and what may be expected of the next one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.vocabulary.actions import ActionClass


class ReviewVerdict(StrEnum):
    """What a person made of a task's work: let in, turned down, or nothing yet."""

    APPROVED = "approved"
    REJECTED = "rejected"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Sample:
    """One ended task that a model worked on. `raw_s` is what its plan expected (seconds, None when it said nothing),
    `duration_s` how long it took (None when it was done in more than one go), `cost_usd` what its calls cost."""

    role: str
    kind: ActionClass
    confidence: float
    verdict: ReviewVerdict
    raw_s: float | None = None
    duration_s: float | None = None
    cost_usd: float = 0.0
    at: str = ""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Work that a person turned down, and why; `kind` is empty for a whole session."""

    title: str
    reason: str
    kind: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """What is remembered of one role: its samples, oldest first, and its last rejections, newest first."""

    samples: tuple[Sample, ...] = ()
    rejections: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True)
class KindRecord:
    """How one kind of task went: `samples` ended, `reviewed` of them were let in or turned down, `approved` let in;
    `rate` is what a claimed confidence is multiplied with. `ratio` is the mean of needed to estimated time and `spread`
    its standard deviation, None while there are too few."""

    kind: ActionClass
    samples: int
    reviewed: int
    approved: int
    rate: float
    ratio: float | None = None
    spread: float | None = None


@dataclass(frozen=True, slots=True)
class RoleRecord:
    """What is remembered of one role: its kinds of task, and its last rejections, newest first."""

    role: str
    kinds: tuple[KindRecord, ...] = ()
    rejections: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True)
class Factor:
    """One reason why a claimed confidence counts for less: a sentence, and what it is multiplied with (0..1)."""

    reason: str
    value: float


@dataclass(frozen=True, slots=True)
class Confidence:
    """A claimed number and what became of it; `value` is what gates use, `claimed` times every factor."""

    claimed: float
    factors: tuple[Factor, ...] = ()

    @property
    def value(self) -> float:
        product = self.claimed
        for factor in self.factors:
            product *= factor.value
        return round(product, 4)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What may be expected of a task: its calibrated confidence, seconds and US dollars from-to (None where nothing is
    known); `samples` is how many past tasks the band of time rests on."""

    confidence: Confidence
    estimate_s: tuple[float, float] | None = None
    cost_usd: tuple[float, float] | None = None
    samples: int = 0


def confidence_to_json(confidence: Confidence) -> dict[str, Any]:
    return {
        "claimed": confidence.claimed,
        "value": confidence.value,
        "factors": [{"reason": factor.reason, "value": factor.value} for factor in confidence.factors],
    }


def confidence_from_json(data: Mapping[str, Any]) -> Confidence:
    """The number that `confidence_to_json` wrote."""
    factors = tuple(Factor(entry["reason"], entry["value"]) for entry in data.get("factors", ()))
    return Confidence(data["claimed"], factors)


def outlook_to_json(outlook: Outlook) -> dict[str, Any]:
    return {
        "confidence": confidence_to_json(outlook.confidence),
        "estimate_s": list(outlook.estimate_s) if outlook.estimate_s else None,
        "cost_usd": list(outlook.cost_usd) if outlook.cost_usd else None,
        "samples": outlook.samples,
    }


def outlook_from_json(data: Mapping[str, Any]) -> Outlook:
    """The outlook that `outlook_to_json` wrote."""
    band, cost = data.get("estimate_s"), data.get("cost_usd")
    return Outlook(
        confidence_from_json(data["confidence"]),
        (float(band[0]), float(band[1])) if band else None,
        (float(cost[0]), float(cost[1])) if cost else None,
        data.get("samples", 0),
    )
