"""The audit log as an outbox of the journal: every fact that belongs into it is written there once, in order.

The number of the last fact exported stands in the log's own last line, so the two cannot disagree: whatever a kill cut
short, the next export goes on behind it, and the same fact always makes the same line.
"""

from __future__ import annotations

import json
import secrets
from threading import Lock
from typing import TYPE_CHECKING

from engine.storage.audit_check import verify, verify_rest
from engine.storage.audit_records import record_of
from engine.vocabulary.audit import AuditHead, AuditVerdict, is_audited
from engine.vocabulary.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.storage.audit_log import AuditLog, End
    from engine.vocabulary.access import Keychain
    from engine.vocabulary.ports import Journal

_KEY, _HEAD = "audit-key", "audit-head"
_GROUP = 2_000


class AuditOutbox:
    """Exports the journal's facts. `keychain` is asked for when there is something to export; it holds the key and,
    from time to time, the head."""

    whole_up_to = 5_000
    """A log of so many entries is verified whole whenever it changed: that takes a fiftieth of a second."""

    def __init__(self, journal: Journal, log: AuditLog, keychain: Callable[[], Keychain]) -> None:
        self.log = log
        self._journal = journal
        self._keychain = keychain
        self._key = b""
        self._looked_at = 0
        self._seen: tuple[tuple[str, int, int], ...] = ()
        self._exporting = Lock()

    def flush(self) -> AuditHead:
        """Export everything that the journal holds by now. Raises AuditError (also for a log that was cut off: nothing
        is added to it then) and KeychainError; nothing is lost by either, the facts wait in the journal."""
        with self._exporting, self.log.alone():
            end = self._sound_end()
            head = AuditHead(end.count, end.hash) if end.count else AuditHead()
            row = max(end.row, self._looked_at)
            while events := self._journal.since(row, _GROUP):
                records = [record_of(event) for event in events if is_audited(event.kind)]
                if records:
                    head = self.log.append(records, self._secret)
                row = self._looked_at = events[-1].row
            return head

    def seal(self) -> AuditHead:
        """Export, and put the head into the keychain, from where on no older copy of the log is taken for the whole."""
        head = self.flush()
        if head.count:
            self._keychain().set(_HEAD, json.dumps({"count": head.count, "hash": head.hash}))
        return head

    def verify(self) -> AuditVerdict:
        """Export, then check every entry, their chain, and both heads. Raises KeychainError when the keychain does not
        answer."""
        with self.log.alone():
            keychain = self._keychain()
            kept, key = keychain.get(_HEAD), keychain.get(_KEY)
        verdict = self._verified(key, kept)
        if not verdict.valid:
            return verdict
        try:
            self.flush()
        except AuditError as error:
            return AuditVerdict(False, verdict.entries, verdict.entries + 1, error.message, verdict.head)
        return self._verified(self._keychain().get(_KEY), kept)

    def watched(self, before: AuditVerdict | None) -> AuditVerdict:
        """As `verify`, for somebody who looks again and again: with what the last look found, nothing is read while no
        file changed, and only what is new while a long log grew. Everything is verified when a file changed in another
        way. An old entry of a long log that is changed in the same moment as a new one is added is for `verify` to
        find. Raises KeychainError."""
        if before is None or not before.valid or not self._key:
            return self._remembered(self.verify())
        try:
            self.flush()
        except AuditError:
            return self._remembered(self.verify())
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
            found = verify_rest(self.log, self._key, before) if grew else None
            if found is not None:
                self._seen = now
                return found
        return self._remembered(self.verify())

    def _remembered(self, verdict: AuditVerdict) -> AuditVerdict:
        self._seen = self.log.stamp()
        return verdict

    def _verified(self, key: str | None, kept: str | None) -> AuditVerdict:
        try:
            secret = bytes.fromhex(key) if key else None
            return verify(self.log, secret, _head(kept))
        except (ValueError, KeyError, TypeError):
            return AuditVerdict(False, 0, 1, "what the keychain holds of this log is damaged", AuditHead())

    def _sound_end(self) -> End:
        """Where the log ends, when that is not before where it is known to have ended."""
        end, head = self.log.end(), self.log.head()
        if head is not None and end.count < head.count:
            raise AuditError(
                f"the audit log has {end.count} entries and its head says {head.count}, so nothing is added to it",
                "see: orion audit verify",
            )
        if self._journal.last_row() < end.row:
            raise AuditError(
                "the journal is older than the audit log, so nothing is added to the log",
                "put the journal back that belongs to it; see: orion audit verify",
            )
        return end

    def _secret(self) -> bytes:
        """The log's key, made with its first entry. A log whose key is gone gets no new one: that would look like a
        whole log to whoever has only that."""
        if self._key:
            return self._key
        keychain = self._keychain()
        kept = keychain.get(_KEY)
        if kept is None:
            if self.log.exists() or keychain.get(_HEAD) is not None:
                raise AuditError(
                    "the keychain has no key for the audit log, so nothing is added to it",
                    "put the key back from a backup of the keychain; until then everything waits in the journal",
                )
            kept = secrets.token_hex(32)
            keychain.set(_KEY, kept)
        head = _head(keychain.get(_HEAD))
        if head is not None and self.log.end().count < head.count:
            raise AuditError(
                f"the keychain knows of {head.count} entries of the audit log and fewer are there, so nothing is added",
                "see: orion audit verify",
            )
        self._key = bytes.fromhex(kept)
        return self._key


def _head(kept: str | None) -> AuditHead | None:
    """The head that the keychain holds. Raises ValueError, KeyError or TypeError for a damaged one."""
    if kept is None:
        return None
    data = json.loads(kept)
    return AuditHead(int(data["count"]), str(data["hash"]))
