"""`engine.audit`: the audit log, read, verified and handed to others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.vocabulary.access import Guarded
from engine.vocabulary.errors import UsageError
from engine.vocabulary.events import ACCOUNT, EventKind, Fact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from engine.facade.core import Core
    from engine.vocabulary.audit import AuditEntry, AuditHead, AuditVerdict


class Audit:
    """Everything that decides or lets something happen, chained so that tampering shows. Looking at it first exports
    what the journal knows by now."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def verify(self, told: Callable[[int, int], None] | None = None) -> AuditVerdict:
        """Check every entry, their order, and that none is missing at the end. `told`, from this thread, how many are
        checked of how many. Raises KeychainError when the key cannot be had."""
        return self._core.adapters.audit.verify(told)

    def watch(self, before: AuditVerdict | None = None, told: Callable[[int, int], None] | None = None) -> AuditVerdict:
        """As `verify`, for a screen that shows the state of the chain: given the last verdict, it costs next to nothing
        while nothing changed, and what is new while a long log only grew. Raises KeychainError."""
        return self._core.adapters.audit.watched(before, told)

    def entries(self, *, session: str = "", actor: str = "", event: str = "", after: int = 0) -> Iterator[AuditEntry]:
        """Entries in order, those behind the first `after`, narrowed down where a filter is given. What they are worth
        says `verify`. Raises AuditError and KeychainError."""
        self._core.adapters.audit.flush()
        for entry in self._core.adapters.audit.log.entries(after):
            record = entry.record
            of_session = not session or session in (record.session, record.details.get("session"))
            if of_session and actor in ("", record.actor) and event in ("", record.event):
                yield entry

    def begin_chain(self, secret: str | None) -> AuditVerdict:
        """Begin a new chain with a new key where the log cannot go on: its key is gone, or it was cut or changed. Its
        first entry tells how the log stood, nothing of which is removed; what waited in the journal comes behind it.
        The verdict of the log from now on. Raises UsageError for a log that is whole, AuthError or Locked, AuditError,
        KeychainError."""
        outbox = self._core.adapters.audit
        before = outbox.verify()
        if before.valid:
            raise UsageError("the audit log is as it was written, so its chain goes on", "see: orion audit verify")
        self._core.authoriser.authorise(Guarded.BEGIN_CHAIN, secret)
        head = outbox.begin(before, self._core.clock.now().isoformat())
        told = {"start": head.start, "entries": head.start - 1, "sound": before.entries, "why": before.reason}
        self._core.journal.append(ACCOUNT, [Fact(EventKind.AUDIT_CHAIN_BEGUN, told)])
        outbox.seal()
        return outbox.verify()

    def seal(self) -> AuditHead:
        """Export, and let the keychain remember where the log ends. Raises AuditError and KeychainError."""
        return self._core.adapters.audit.seal()

    def export(self, target: Path) -> AuditHead:
        """Write the whole log as one file for somebody else to check, with its head; the key stays here. Raises
        UsageError when something stands there already, AuditError, KeychainError."""
        from engine.storage.audit_export import export

        self._core.journal.append(ACCOUNT, [Fact(EventKind.TAKEN_OUT, {"what": "audit log", "to": str(target)})])
        head = self._core.adapters.audit.flush()
        export(self._core.adapters.audit.log, target)
        return head
