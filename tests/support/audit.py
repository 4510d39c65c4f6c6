"""A journal and the audit log that it feeds, as several processes would have them."""

from __future__ import annotations

from pathlib import Path

from engine.storage.audit_log import AuditLog
from engine.storage.audit_outbox import AuditOutbox
from engine.storage.clock import SystemClock
from engine.storage.journal import SqliteJournal
from engine.vocabulary.events import EventKind, Fact
from tests.support.access import MemoryKeychain


class Ground:
    """A journal with an outbox as two processes would have them: `outbox()` is a new process."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "audit"
        (root / "locks").mkdir(parents=True)
        self.journal = SqliteJournal(root / "journal.db", root / "locks", SystemClock())
        self.keychain = MemoryKeychain()

    def outbox(self) -> AuditOutbox:
        return AuditOutbox(self.journal, AuditLog(self.folder), lambda: self.keychain)

    def happen(self, *kinds: EventKind, **data: object) -> None:
        self.journal.append("0123456789ab", [Fact(kind, data) for kind in kinds])

    def events(self) -> list[str]:
        return [entry.record.event for entry in AuditLog(self.folder).entries()]
