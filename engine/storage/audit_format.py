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
_TAIL = len(_HMAC) + 64 + len(b'"}')


def sealed(record: AuditRecord, number: int, before: str, key: bytes) -> bytes:
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
    body = json.dumps(fields, separators=(",", ":"), allow_nan=False).encode("ascii")[:-1]
    return b"".join((body, _HMAC, hmac.digest(key, body, "sha256").hex().encode(), b'"}'))


def hash_of(line: bytes) -> str:
    """What the next line names as `prev`."""
    return hashlib.sha256(line).hexdigest()


def flaw(line: bytes, number: int, before: str, key: bytes) -> str:
    """What is wrong with the line at this place, as half a sentence; empty when it is what was written there. Works on
    the bytes alone, so that a million lines take seconds."""
    body = line[:-_TAIL]
    seal = hmac.digest(key, body, "sha256").hex()
    if line.endswith(b',"prev":"%b","hmac":"%b"}' % (before.encode(), seal.encode())):
        return "" if line.startswith(b'{"n":%d,' % number) else "it has another number"
    if not line.endswith(b',"hmac":"%b"}' % seal.encode()):
        return "it was changed, or sealed with another key"
    return "it does not follow on the entry before"


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
