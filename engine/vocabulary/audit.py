"""What stands in the audit log, and what verifying it says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.vocabulary.events import EventKind

if TYPE_CHECKING:
    from collections.abc import Mapping


# What happens many times a minute and decides nothing: it stays in the journal.
_TELEMETRY = frozenset(
    {EventKind.ACTION_STARTED, EventKind.ACTION, EventKind.TURN, EventKind.EFFECTS, EventKind.NOTICE}
)


def is_audited(kind: EventKind) -> bool:
    """Whether facts of this kind stand in the audit log."""
    return kind not in _TELEMETRY


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """What is to be written: `row` is the journal's number of the fact, `actor` is orion, user or aegis. `details` hold
    plain JSON and never a secret."""

    row: int
    at: str
    session: str
    event: str
    actor: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A record with its place in the chain, counted from 1, and the SHA-256 of its line in hex."""

    number: int
    record: AuditRecord
    hash: str


@dataclass(frozen=True, slots=True)
class AuditHead:
    """How long the log is and the hash of its last entry; empty for a log without any. `start` is the number of the
    entry that the chain of the present key begins with."""

    count: int = 0
    hash: str = ""
    start: int = 1

    def to_json(self) -> dict[str, Any]:
        return {"count": self.count, "hash": self.hash, "start": self.start}


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """`first_bad` is the number of the first entry that is not as it was written, or is missing; None when all are.
    `assured_by` says which of the places that know the head agreed: file, keychain. `older` is the number of entries
    whose key is gone, and `note` says what is known of them."""

    valid: bool
    entries: int
    first_bad: int | None
    reason: str
    head: AuditHead
    assured_by: tuple[str, ...] = ()
    older: int = 0
    note: str = ""
