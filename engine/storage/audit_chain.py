"""A chain of the audit log: its key, the entry that it begins with, and what stood before it."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.storage.audit_format import FIRST, Seal, entry_of, hash_of, preceding, sealed
from engine.vocabulary.audit import AuditHead, AuditRecord
from engine.vocabulary.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.storage.audit_log import AuditLog

BEGUN = "chain_begun"
"""The event of an entry that begins a further chain: the only one that is no fact of the journal."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What the keychain keeps of the log. A first chain begins with entry 1 and has no `details`; a further one begins
    where an older one could not go on, and its first entry says how that stood then: `entries`, `sound` (how many of
    them were verified), `why`, `before` (SHA-256 of their lines, line feeds included), `hash` (of the last) and the
    heads known to `file` and `keychain`. `row` is the journal's number that it goes on behind."""

    key: bytes
    start: int = 1
    at: str = ""
    row: int = 0
    details: Mapping[str, Any] = field(default_factory=dict)

    def first_line(self) -> bytes:
        """The entry that begins a further chain."""
        record = AuditRecord(self.row, self.at, "account", BEGUN, "user", self.details)
        return sealed(record, self.start, self.details["hash"] or FIRST, Seal(self.key))

    def to_text(self) -> str:
        if not self.details:
            return self.key.hex()
        kept = {"key": self.key.hex(), "start": self.start, "at": self.at, "row": self.row, "details": self.details}
        return json.dumps(kept)


def chain_from_text(text: str) -> Chain:
    """Raises ValueError, KeyError or TypeError for anything that `to_text` did not write."""
    if not text.startswith("{"):
        return Chain(bytes.fromhex(text))
    data = json.loads(text)
    return Chain(bytes.fromhex(data["key"]), int(data["start"]), data["at"], int(data["row"]), dict(data["details"]))


def head_from_text(text: str | None) -> AuditHead | None:
    """The head that the keychain holds. Raises ValueError, KeyError or TypeError for a damaged one."""
    if text is None:
        return None
    data = json.loads(text)
    return AuditHead(int(data["count"]), str(data["hash"]), int(data.get("start", 1)))


def further_chain(log: AuditLog, *, at: str, sound: int, why: str, kept: AuditHead | None, last_row: int) -> Chain:
    """A chain with a new key behind whatever the log holds now. `last_row` is where the journal ends: one that is older
    than the log is exported anew from its beginning, so that nothing is missing."""
    everything, count, last, row = hashlib.sha256(), 0, b"", 0
    for last in log.lines():
        everything.update(last + b"\n")
        count += 1
        try:
            row = entry_of(last).record.row
        except ValueError:
            continue
    try:
        head = log.head()
    except AuditError:
        head = None
    details = {
        "entries": count,
        "sound": sound,
        "why": why,
        "before": everything.hexdigest(),
        "hash": hash_of(last) if count else "",
        "file": _told(head),
        "keychain": _told(kept),
    }
    return Chain(secrets.token_bytes(32), count + 1, at, row if row <= last_row else 0, details)


class OlderEntries:
    """Follows the entries before a further chain, whose key is gone: they must be what they were when it was begun."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._everything = hashlib.sha256()
        self._before = FIRST
        self._broken: list[int] = []

    def take(self, line: bytes, number: int) -> str:
        """The next line; what the one behind it names as before."""
        self._everything.update(line + b"\n")
        if preceding(line) != self._before or not line.startswith(b'{"n":%d,' % number):
            self._broken.append(number)
        self._before = hash_of(line)
        return self._before

    def first_changed(self) -> int | None:
        """The number of the first entry that is not as it was, or of one beside it; None when all are."""
        if self._everything.hexdigest() == self._chain.details["before"]:
            return None
        return self.first_broken() or max(self._chain.start - 1, 1)

    def first_broken(self) -> int | None:
        """Where the chain breaks and did not when the new one was begun."""
        known = self._chain.details["sound"] + 1
        place = next((number for number in self._broken if number != known), None)
        return None if place is None else max(place - 1, 1)


def _told(head: AuditHead | None) -> dict[str, Any] | None:
    return {"count": head.count, "hash": head.hash} if head else None
