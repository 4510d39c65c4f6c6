"""Why the gate said what it said: the line of the role file behind a verdict, and what would have to change."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from engine.roles.rules import LISTS, authority_entries
from engine.vocabulary.requests import Ground
from engine.vocabulary.roles import Thresholds, WriteLimits
from engine.vocabulary.text import shortened, visible
from engine.vocabulary.verdicts import Decision, Layer, Verdict

if TYPE_CHECKING:
    from engine.documents import Document

_THRESHOLD_OF = {
    "confidence.low": "pause_and_ask",
    "confidence.ask": "execute_and_flag",
    "confidence.flag": "auto_execute",
}


def ground_of(verdict: Verdict, document: Document, text: str) -> Ground | None:
    """Where in the role's file the deciding rule stands: field, line and the line itself. A rule that is a default has
    the field without a line; None for what no role decides, and for an entry that the file has no more."""
    field = _field(verdict, document)
    if field is None:
        return None
    if field not in document.places:
        return Ground(document.path, field, None, None, _default(field))
    line, column = document.places[field]
    return Ground(document.path, field, line, column, text.splitlines()[line - 1].strip())


def remedies(verdict: Verdict, role: str, ground: Ground | None, approval: str = "") -> tuple[str, ...]:
    """What a person could change for another verdict next time, in sentences; `approval` is the id of the one that is
    asked for, if one is open."""
    once = (f"let it happen this once: orion approve {approval}",) if approval else ()
    if verdict.decision is Decision.PARK and not once:
        once = ("an approval lets it happen once, whenever it is asked for",)
    kind = verdict.rule.partition(": ")[0]
    action = verdict.action.value if verdict.action else "the action"
    at = f"{visible(ground.path)}:{ground.line}" if ground and ground.line else "its file"
    edit = f"orion role edit {role}"
    match verdict.layer:
        case Layer.BASE if verdict.rule == "role.untrusted":
            return (f"read the role and trust it: orion role trust {role}",)
        case Layer.BASE if verdict.decision is Decision.PARK:
            return (*once, "no role can do without your yes here")
        case Layer.BASE:
            return ("nothing: this holds for every role, and neither a setting nor an approval lifts it",)
        case Layer.CONFIDENCE:
            return (*once, *_for_confidence(verdict, edit))
    if kind == "scope":
        subject = shortened(visible(verdict.subject), 80)
        return (f"add a pattern that covers {subject!r} to scope ({at}): {edit} scope PATTERNS",)
    if kind.startswith("write_limits."):
        name = kind.partition(".")[2]
        most = asdict(WriteLimits()).get(name)
        if ground is not None and ground.line is None:
            return (
                "nothing: this is the ceiling for every role; the work has to be smaller, or be done in two sessions",
            )
        return (f"raise {name} ({at}), up to {most:,}: {edit} {kind} VALUE",)
    if kind == "forbidden":
        return (f"an approval cannot lift it; the role can ({at}): {edit} authority.forbidden --remove {action}",)
    if kind == "requires_approval":
        away = f"{edit} authority.requires_approval --remove {action}"
        return (*once, f"let it be done alone ({at}): {away}; then {edit} authority.autonomous --add {action}")
    if kind == "unlisted":
        return (*once, f"what stands in no list requires approval: {edit} authority.autonomous --add {action}")
    return (f"nothing was held up; to be asked first ({at}): {edit} authority.autonomous --remove {action}",)


def _for_confidence(verdict: Verdict, edit: str) -> tuple[str, ...]:
    if verdict.decision is Decision.ALLOW:
        return ("nothing was held up; it is marked for your review",)
    name = _THRESHOLD_OF.get(verdict.rule, "execute_and_flag")
    return (f"lower {name}, or be bolder with risk_tolerance: {edit} confidence_thresholds.{name} VALUE",)


def _field(verdict: Verdict, document: Document) -> str | None:
    kind, _, entry = verdict.rule.partition(": ")
    if kind in LISTS:
        return next(
            (where for where, name, rule in authority_entries(document.data) if name == kind and str(rule) == entry),
            None,
        )
    if kind == "unlisted":
        return "authority"
    if kind == "scope" or kind.startswith("write_limits."):
        return kind
    threshold = _THRESHOLD_OF.get(kind)
    return f"confidence_thresholds.{threshold}" if threshold else None


def _default(field: str) -> str:
    group, _, name = field.partition(".")
    values = {"write_limits": asdict(WriteLimits()), "confidence_thresholds": asdict(Thresholds())}.get(group, {})
    return f"not set: {values[name]:,} by default" if name in values else "not set"
