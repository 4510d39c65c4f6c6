"""What past work says of the next task: how much a claimed confidence is worth, how long it will take, what it costs.

A model's own number is a claim. It is multiplied with how often a person let such work in, and at the end with what the
engine itself saw of the change. A playbook's number is the word of the person who wrote its steps and stays as it is.
Pure."""

from __future__ import annotations

from statistics import fmean, stdev
from typing import TYPE_CHECKING

from engine.governance.classify import classes_of_change
from engine.vocabulary.actions import ActionClass
from engine.vocabulary.outlook import Confidence, Factor, History, KindRecord, Outlook, ReviewVerdict, Sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.vocabulary.changes import ChangeSet
    from engine.vocabulary.plans import Task

FEW = 5
"""Under so many samples a rate or a ratio is no history yet (SPEC section 8)."""
UNVERIFIED = 0.97
UNANNOUNCED = 0.95
_LARGE = ((2_000, 50, 0.85), (400, 15, 0.95))
"""Lines, files, and what a change beyond either counts for. Orion's own numbers: what nobody reads whole in one go
is let in with less certainty than it was made with."""
_HARMLESS = frozenset({ActionClass.TESTS_WRITE, ActionClass.DOCS_WRITE})


def record_of(history: History, kind: ActionClass) -> KindRecord:
    """How work of one kind went: how often it was looked at and let in, and how long it took against its plan."""
    samples = _of_kind(history, kind)
    approved = sum(1 for sample in samples if sample.verdict is ReviewVerdict.APPROVED)
    rejected = sum(1 for sample in samples if sample.verdict is ReviewVerdict.REJECTED)
    ratios = _ratios(samples)
    known = len(ratios) >= FEW
    return KindRecord(
        kind,
        len(samples),
        approved + rejected,
        approved,
        approval_rate(approved, rejected),
        fmean(ratios) if known else None,
        stdev(ratios) if known else None,
    )


def approval_rate(approved: int, rejected: int) -> float:
    """How often such work was let in, 0..1. What is missing to five verdicts counts as let in: one rejection is no
    verdict on a kind of work, and from five on the rate is the plain one."""
    seen = approved + rejected
    missing = max(FEW - seen, 0)
    return (approved + missing) / (seen + missing)


def planned(history: History, task: Task) -> Confidence:
    """The confidence in a task before it began."""
    return _with_history(history, task, task.confidence)


def ended(history: History, task: Task, claimed: float, changes: ChangeSet) -> Confidence:
    """The confidence in a task whose work is done: the lower of what the plan and the worker claimed, with the history
    of its kind and with what it left in the tree. Its checks have to pass besides; without one nothing verifies it."""
    found = _with_history(history, task, min(task.confidence, claimed))
    if task.steps is not None or not changes.files:
        return found
    return Confidence(found.claimed, (*found.factors, *_of_change(task, changes)))


def outlook_of(history: History, task: Task) -> Outlook:
    """What may be expected of a task. A band of seconds is the plan's own for a task that a person wrote."""
    confidence = planned(history, task)
    if task.steps is not None:
        return Outlook(confidence, task.estimate_s)
    samples = _of_kind(history, task.action)
    ratios = _ratios(samples)
    return Outlook(confidence, band(raw_seconds(task), ratios), _cost(samples), len(ratios))


def raw_seconds(task: Task) -> float | None:
    """A plan's own estimate as one number of seconds: the middle of what it said."""
    return sum(task.estimate_s) / 2 if task.estimate_s is not None else None


def band(raw_s: float | None, ratios: Sequence[float]) -> tuple[float, float] | None:
    """Seconds from-to: the estimate to twice the estimate under five samples, else the estimate times the mean ratio
    of needed to estimated time, less and plus one standard deviation."""
    if raw_s is None:
        return None
    if len(ratios) < FEW:
        return raw_s, 2 * raw_s
    mean, spread = fmean(ratios), stdev(ratios)
    return max(raw_s * (mean - spread), 0.0), raw_s * (mean + spread)


def _with_history(history: History, task: Task, claimed: float) -> Confidence:
    if task.steps is not None:
        return Confidence(claimed)
    found = record_of(history, task.action)
    if found.rate == 1:
        return Confidence(claimed)
    said = f"{found.approved} of {found.reviewed} {task.action.value} tasks were let in"
    return Confidence(claimed, (Factor(said, round(found.rate, 4)),))


def _of_change(task: Task, changes: ChangeSet) -> list[Factor]:
    factors = []
    if not task.checks:
        factors.append(Factor("no check verifies it", UNVERIFIED))
    lines = changes.additions + changes.deletions
    for most_lines, most_files, value in _LARGE:
        if lines > most_lines or len(changes.files) > most_files:
            factors.append(Factor(f"a large change: {lines} lines in {len(changes.files)} files", value))
            break
    done = {kind for change in changes.files for kind in classes_of_change(change)}
    beyond = sorted(kind.value for kind in done - _HARMLESS - {task.action})
    if beyond:
        factors.append(Factor(f"it does what the plan did not say: {', '.join(beyond)}", UNANNOUNCED))
    return factors


def _of_kind(history: History, kind: ActionClass) -> list[Sample]:
    return [sample for sample in history.samples if sample.kind is kind]


def _ratios(samples: Sequence[Sample]) -> list[float]:
    return [s.duration_s / s.raw_s for s in samples if s.raw_s and s.duration_s is not None]


def _cost(samples: Sequence[Sample]) -> tuple[float, float] | None:
    """US dollars from-to, by the same rule as time; nothing is known before the first task of the kind."""
    costs = [sample.cost_usd for sample in samples if sample.duration_s is not None]
    if not costs:
        return None
    if len(costs) < FEW:
        return min(costs), 2 * max(costs)
    mean, spread = fmean(costs), stdev(costs)
    return max(mean - spread, 0.0), mean + spread
