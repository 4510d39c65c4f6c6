"""One line of the audit log, to the byte. `docs/audit-format.md` describes it for other programs.

    {"n":7,"row":41,"at":"…","session":"…","event":"…","actor":"…","details":{…},"prev":"<64 hex>","hmac":"<64 hex>"}

The keys stand in this order, without spaces, in ASCII. `prev` is the SHA-256 of the whole line before, without its line
feed, and of nothing for the first line. `hmac` is HMAC-SHA256 over everything before `,"hmac"`.
"""

from __future__ import annotations

import hashlib
import hmac
import json

from engine.vocabulary.audit import AuditEntry, AuditRecord

FIRST = hashlib.sha256(b"").hexdigest()
"""The `prev` of the first line."""

_HMAC = b',"hmac":"'
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_TAIL = len(_HMAC) + 64 + len(b'"}')


class Seal:
    """HMAC-SHA256 under one key. What depends on the key alone is computed once, which halves the work for a line."""

    def __init__(self, key: bytes) -> None:
        self._keyed = hmac.new(key, digestmod="sha256")

    def of(self, body: bytes) -> str:
        """In hex."""
        mine = self._keyed.copy()
        mine.update(body)
        return mine.hexdigest()


def sealed(record: AuditRecord, number: int, before: str, seal: Seal) -> bytes:
    """The line, without a line feed."""
    fields = {
        "n": number,
        "row": record.row,
        "at": record.at,
        "session": record.session,
        "event": record.event,
        "actor": record.actor,
        "details": record.details,
        "prev": before,
    }
    body = _ENCODER.encode(fields).encode("ascii")[:-1]
    return b"".join((body, _HMAC, seal.of(body).encode(), b'"}'))


def hash_of(line: bytes) -> str:
    """What the next line names as `prev`."""
    return hashlib.sha256(line).hexdigest()


def flaw(line: bytes, number: int, before: str, seal: Seal) -> str:
    """What is wrong with the line at this place, as half a sentence; empty when it is what was written there. Works on
    the bytes alone, so that a million lines take seconds: the HMAC is over every byte before it, so a line that it fits
    is the one that was written, whatever it says."""
    mine = seal.of(line[:-_TAIL])
    if line.endswith(f',"prev":"{before}","hmac":"{mine}"}}'.encode()):
        return "" if line.startswith(b'{"n":%d,' % number) else "it has another number"
    if not line.endswith(b',"hmac":"%b"}' % mine.encode()):
        return "it was changed, or sealed with another key"
    return "it does not follow on the entry before"


def preceding(line: bytes) -> str:
    """What the line names as the hash of the line before it, whoever sealed it."""
    return line[-_TAIL - 1 - 64 : -_TAIL - 1].decode("ascii", "replace")


def entry_of(line: bytes) -> AuditEntry:
    """The line read. Raises ValueError for one that `sealed` did not write."""
    try:
        data = json.loads(line)
        record = AuditRecord(
            int(data["row"]), data["at"], data["session"], data["event"], data["actor"], dict(data["details"])
        )
        number = int(data["n"])
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"not an entry of the audit log: {error}") from error
    return AuditEntry(number, record, hash_of(line))
