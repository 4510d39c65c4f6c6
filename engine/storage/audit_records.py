"""Which facts of the journal stand in the audit log, who brought them about, and how much of them is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.governance.secrets import redact
from engine.vocabulary.audit import AuditRecord
from engine.vocabulary.events import EventKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.vocabulary.events import Event

ORION, USER, AEGIS = "orion", "user", "aegis"

_BY_AEGIS = frozenset({EventKind.GATE, EventKind.PARKED})
_BY_USER = frozenset(
    {
        EventKind.SESSION_CREATED,
        EventKind.PLAN_MADE,
        EventKind.DECIDED,
        EventKind.STEERED,
        EventKind.LIMITS_SET,
        EventKind.SELECTION_CHECKED,
        EventKind.PROMOTING,
        EventKind.PROMOTED,
        EventKind.PROMOTION_UNDONE,
        EventKind.REJECTED,
        EventKind.REVIEW_NOTED,
        EventKind.COMPLETED,
        EventKind.ROLLED_BACK,
        EventKind.AUTHENTICATED,
        EventKind.AUTHENTICATION_CHANGED,
        EventKind.ROLE_CHANGED,
        EventKind.SETTING_CHANGED,
        EventKind.TAKEN_OUT,
        EventKind.LOOKED,
        EventKind.AUDIT_CHAIN_BEGUN,
        EventKind.KEY_CHANGED,
        EventKind.FIRST_RUN,
    }
)
# Long texts stand in the journal and in git; here they would only be a second copy to keep secrets out of.
_LONGEST_TEXT = 300
_LONGEST_LIST = 50
_DEPTH = 6


def record_of(event: Event) -> AuditRecord:
    """What the audit log says of an event whose kind is audited."""
    actor = AEGIS if event.kind in _BY_AEGIS else USER if event.kind in _BY_USER else ORION
    # A decision that nobody made: an approval that expired, or was void since the role had changed.
    if event.kind is EventKind.DECIDED and event.data.get("decision") not in ("approved", "denied"):
        actor = ORION
    return AuditRecord(event.row, event.at, event.session, event.kind.value, actor, _told(event.data, _DEPTH))


def _told(data: Mapping[str, Any], depth: int) -> dict[str, Any]:
    return {key: _value(value, depth) for key, value in data.items()}


def _value(value: Any, depth: int) -> Any:
    """Texts are redacted and shortened, lists shortened, and what is nested beyond reason is left out."""
    if isinstance(value, str):
        text = redact(value)
        return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth == 0:
        return "…"
    if isinstance(value, list | tuple):
        return [_value(one, depth - 1) for one in value[:_LONGEST_LIST]]
    return _told(value, depth - 1)
