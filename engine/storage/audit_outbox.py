"""The audit log as an outbox of the journal: every fact that belongs into it is written there once, in order.

The number of the last fact exported stands in the log's own last line, so the two cannot disagree: whatever a kill cut
short, the next export goes on behind it, and the same fact always makes the same line.
"""

from __future__ import annotations

import json
import secrets
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

from engine.storage.audit_chain import Chain, chain_from_text, further_chain, head_from_text
from engine.storage.audit_check import verify, verify_rest
from engine.storage.audit_format import hash_of
from engine.storage.audit_records import record_of
from engine.vocabulary.audit import AuditHead, AuditVerdict, is_audited
from engine.vocabulary.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.storage.audit_check import Told
    from engine.storage.audit_log import AuditLog, End
    from engine.vocabulary.access import Keychain
    from engine.vocabulary.ports import Journal

_KEY, _HEAD = "audit-key", "audit-head"
_GROUP = 2_000
_SEE = "see: orion audit verify; where it cannot be mended, orion audit begin-chain begins a new one behind it"


class AuditOutbox:
    """Exports the journal's facts. `keychain` is asked for when there is something to export; it holds the key and,
    from time to time, the head."""

    whole_up_to = 5_000
    """A log of so many entries is verified whole whenever it changed: that takes a fiftieth of a second."""

    def __init__(self, journal: Journal, log: AuditLog, keychain: Callable[[], Keychain]) -> None:
        self.log = log
        self._journal = journal
        self._keychain = keychain
        self._chain: Chain | None = None
        self._looked_at = 0
        self._seen: tuple[tuple[str, int, int], ...] = ()
        self._exporting = Lock()

    def flush(self) -> AuditHead:
        """Export everything that the journal holds by now. Raises AuditError (also for a log that was cut off: nothing
        is added to it then) and KeychainError; nothing is lost by either, the facts wait in the journal."""
        with self._exporting, self.log.alone():
            end = self._sound_end()
            head = AuditHead(end.count, end.hash, self._start()) if end.count else AuditHead()
            row = max(end.row, self._looked_at)
            while events := self._journal.since(row, _GROUP):
                records = [record_of(event) for event in events if is_audited(event.kind)]
                if records:
                    head = self.log.append(records, self._known())
                row = self._looked_at = events[-1].row
            return head

    def begin(self, verdict: AuditVerdict, at: str) -> AuditHead:
        """Begin a further chain with a new key, behind whatever is there, for a log that `verdict` says cannot go on.
        What waits in the journal comes behind its first entry. A kill at any moment is made good by the next export.
        Raises AuditError and KeychainError."""
        with self._exporting, self.log.alone():
            keychain = self._keychain()
            try:
                kept = head_from_text(keychain.get(_HEAD))
            except (ValueError, KeyError, TypeError):
                kept = None
            last_row = self._journal.last_row()
            chain = further_chain(
                self.log, at=at, sound=verdict.entries, why=verdict.reason, kept=kept, last_row=last_row
            )
            # The key is the promise, the line keeps it.
            keychain.delete(_HEAD)
            keychain.set(_KEY, chain.to_text())
            self.log.begin(chain)
            self._chain, self._looked_at = chain, 0
        return self.seal()

    def seal(self) -> AuditHead:
        """Export, and put the head into the keychain, from where on no older copy of the log is taken for the whole."""
        head = self.flush()
        if head.count:
            self._keychain().set(_HEAD, json.dumps(head.to_json()))
        return head

    def verify(self, told: Told | None = None) -> AuditVerdict:
        """Export, then check every entry, their chain, and both heads; how far it is gets `told`. Raises KeychainError
        when the keychain does not answer."""
        with self.log.alone():
            keychain = self._keychain()
            kept, key = keychain.get(_HEAD), keychain.get(_KEY)
            self._complete(key)
            looked_at = self.log.stamp()
        verdict = self._verified(key, kept, told)
        if not verdict.valid:
            return verdict
        try:
            self.flush()
        except AuditError as error:
            return AuditVerdict(False, verdict.entries, verdict.entries + 1, error.message, verdict.head)
        if self.log.stamp() == looked_at:
            return verdict  # there was nothing to export
        return self._verified(self._keychain().get(_KEY), kept, told)

    def watched(self, before: AuditVerdict | None, told: Told | None = None) -> AuditVerdict:
        """As `verify`, for somebody who looks again and again: with what the last look found, nothing is read while no
        file changed, and only what is new while a long log grew. Everything is verified when a file changed in another
        way. An old entry of a long log that is changed in the same moment as a new one is added is for `verify` to
        find. Raises KeychainError."""
        if before is None or not before.valid or self._chain is None:
            return self._remembered(self.verify(told))
        try:
            self.flush()
        except AuditError:
            return self._remembered(self.verify(told))
        chain = self._chain
        if chain is None or chain.start != before.head.start:
            return self._remembered(self.verify(told))
        with self.log.alone():
            now = self.log.stamp()
            if now == self._seen:
                return before
            sizes = {name: size for name, size, _ in self._seen}
            # A rotation renames, and an edit in the place leaves the size: neither is a log that only grew.
            grew = [name for name, _, _ in now] == list(sizes) and all(
                size > sizes[name] or ("json" in name) for name, size, _ in now if name in sizes
            )
            grew = grew and before.entries > self.whole_up_to
            found = verify_rest(self.log, chain, before) if grew else None
            if found is not None:
                self._seen = now
                return found
        return self._remembered(self.verify(told))

    def _remembered(self, verdict: AuditVerdict) -> AuditVerdict:
        self._seen = self.log.stamp()
        return verdict

    def _verified(self, key: str | None, kept: str | None, told: Told | None) -> AuditVerdict:
        try:
            return verify(self.log, chain_from_text(key) if key else None, head_from_text(kept), told)
        except (ValueError, KeyError, TypeError):
            return AuditVerdict(False, 0, 1, "what the keychain holds of this log is damaged", AuditHead())

    def _sound_end(self) -> End:
        """Where the log ends, when that is not before where it is known to have ended."""
        if self._chain is not None and self._start() != self._chain.start:
            # Another process began a further chain: its key is another one.
            self._chain = None
        try:
            return self._found_end()
        except AuditError:
            if not self._complete(self._keychain().get(_KEY)):
                raise
        return self._found_end()

    def _found_end(self) -> End:
        end, head = self.log.end(), self.log.head()
        if head is not None and end.count < head.count:
            raise AuditError(
                f"the audit log has {end.count} entries and its head says {head.count}, so nothing is added to it",
                _SEE,
            )
        if self._journal.last_row() < end.row:
            raise AuditError(
                "the journal is older than the audit log, so nothing is added to the log",
                "put the journal back that belongs to it; see: orion audit verify",
            )
        return end

    def _start(self) -> int:
        """The entry that the chain of the log begins with, as its head file says; what it is worth says the key."""
        try:
            head = self.log.head()
        except AuditError:
            return 1
        return head.start if head is not None else 1

    def _complete(self, key: str | None) -> bool:
        """Write what a kill kept from being written when a further chain was begun; whether there was anything. To be
        called `alone`."""
        try:
            chain = chain_from_text(key) if key else Chain(b"")
        except (ValueError, KeyError, TypeError):
            return False
        if not chain.details or self._start() >= chain.start > 1:
            return False
        lines = list(islice(self.log.lines(), chain.start - 1, chain.start + 1))
        if not lines and sum(1 for _ in self.log.lines()) == chain.start - 1 and self._keychain().get(_HEAD) is None:
            self.log.begin(chain)
            return True
        if lines == [chain.first_line()] and self.log.head() is None:
            self.log.note_head(AuditHead(chain.start, hash_of(lines[0]), chain.start))
            return True
        return False

    def _known(self) -> Chain:
        """The log's chain; the first one is made with its first entry. A log whose key is gone gets no new one unasked:
        that would look like a whole log to whoever has only that. To be called `alone`."""
        if self._chain is not None:
            return self._chain
        keychain = self._keychain()
        kept = keychain.get(_KEY)
        if kept is None:
            if self.log.exists() or keychain.get(_HEAD) is not None:
                raise AuditError(
                    "the keychain has no key for the audit log, so nothing is added to it",
                    "put the key back from a backup of the keychain, or begin a new chain: orion audit begin-chain; "
                    "until then everything waits in the journal",
                )
            kept = Chain(secrets.token_bytes(32)).to_text()
            keychain.set(_KEY, kept)
        self._complete(kept)
        try:
            chain, head = chain_from_text(kept), head_from_text(keychain.get(_HEAD))
        except (ValueError, KeyError, TypeError):
            raise AuditError("what the keychain holds of the audit log is damaged", _SEE) from None
        if head is not None and self.log.end().count < head.count:
            raise AuditError(
                f"the keychain knows of {head.count} entries of the audit log and fewer are there, so nothing is added",
                _SEE,
            )
        self._chain = chain
        return chain
