"""Whether the audit log is as it was written: every line, their order, and that none is missing at the end."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from engine.storage.audit_format import FIRST, flaw, hash_of
from engine.vocabulary.audit import AuditHead, AuditVerdict
from engine.vocabulary.errors import AuditError

if TYPE_CHECKING:
    from engine.storage.audit_log import AuditLog


def verify(log: AuditLog, key: bytes | None, kept_head: AuditHead | None) -> AuditVerdict:
    """`key` is the log's from the keychain, None when it has none; `kept_head` is what the keychain knows of the log's
    end. A log longer than a head is valid (a crash came between them), a shorter one was cut."""
    try:
        heads = {"file": log.head(), "keychain": kept_head}
    except AuditError as error:
        return AuditVerdict(False, 0, 1, error.message, AuditHead())
    if key is None:
        if not log.exists() and kept_head is None:
            return AuditVerdict(True, 0, None, "nothing was written yet", AuditHead())
        return AuditVerdict(
            False, 0, 1, "the keychain has no key for this log, so nothing can be verified", AuditHead()
        )
    wanted = {head.count: head.hash for head in heads.values() if head is not None and head.count}
    found: dict[int, str] = {}
    number, before = 0, FIRST
    for line in log.lines():
        number += 1
        wrong = flaw(line, number, before, key)
        if wrong:
            return AuditVerdict(False, number - 1, number, f"entry {number}: {wrong}", _head(number - 1, before))
        before = hash_of(line)
        if number in wanted:
            found[number] = before
    end = _head(number, before)
    for place, head in heads.items():
        if head is None or not head.count:
            continue
        if head.count > number:
            missing = f"the log has {number} entries, the head in the {place} says {head.count}: the end was cut off"
            return AuditVerdict(False, number, number + 1, missing, end)
        if found[head.count] != head.hash:
            other = f"entry {head.count} is not the one that the head in the {place} knows"
            return AuditVerdict(False, number, head.count, other, end)
    if number and heads["file"] is None:
        return AuditVerdict(False, number, None, "the head file is gone, so a cut-off end could not be seen", end)
    return AuditVerdict(True, number, None, "", end, tuple(place for place, head in heads.items() if head is not None))


def verify_rest(log: AuditLog, key: bytes, before: AuditVerdict) -> AuditVerdict | None:
    """The same where a verification found everything right before and the log only grew since: what came behind it is
    checked, what it covers is not looked at again. None when the log did not simply grow."""
    number, last = before.head.count, before.head.hash or FIRST
    end, known = number, {number: last}
    try:
        head = log.head()
    except AuditError:
        return None
    for end, line in enumerate(islice(log.lines(), number, None), number + 1):
        wrong = flaw(line, end, last, key)
        if wrong:
            return AuditVerdict(False, end - 1, end, f"entry {end}: {wrong}", _head(end - 1, last))
        last = known[end] = hash_of(line)
    if head is None or known.get(head.count) != head.hash:
        return None
    return replace(before, entries=end, head=_head(end, last))


def _head(count: int, last: str) -> AuditHead:
    return AuditHead(count, last) if count else AuditHead()
