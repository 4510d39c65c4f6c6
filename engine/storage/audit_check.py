"""Whether the audit log is as it was written: every line, their order, and that none is missing at the end."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from engine.storage.audit_chain import OlderEntries
from engine.storage.audit_format import FIRST, Seal, flaw, hash_of
from engine.vocabulary.audit import AuditHead, AuditVerdict
from engine.vocabulary.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.storage.audit_chain import Chain
    from engine.storage.audit_log import AuditLog

    Told = Callable[[int, int], None]
    """Entries checked, and how many a head says there are; 0 when none does."""

TELL_EVERY = 2_000


def verify(log: AuditLog, chain: Chain | None, kept_head: AuditHead | None, told: Told | None = None) -> AuditVerdict:
    """`chain` is the log's from the keychain, None when it has none; `kept_head` is what the keychain knows of the
    log's end. A log longer than a head is valid (a crash came between them), a shorter one was cut. How far it is gets
    `told`, every so often and from this thread."""
    try:
        heads = {"file": log.head(), "keychain": kept_head}
    except AuditError as error:
        return AuditVerdict(False, 0, 1, error.message, AuditHead())
    if chain is None:
        if not log.exists() and kept_head is None:
            return AuditVerdict(True, 0, None, "nothing was written yet", AuditHead())
        gone = "the keychain has no key for this log, so nothing can be verified"
        return AuditVerdict(False, 0, 1, gone, AuditHead())
    # A head of an older chain says nothing about where this one ends.
    heads = {place: head if head is not None and head.start >= chain.start else None for place, head in heads.items()}
    older = OlderEntries(chain) if chain.details else None
    wanted = {head.count for head in heads.values() if head is not None}
    seal, found = Seal(chain.key), dict[int, str]()
    number, before = 0, FIRST
    for number, line in enumerate(log.lines(), 1):
        if told is not None and number % TELL_EVERY == 0:
            told(number, max(wanted, default=0))
        if older is not None:
            if number < chain.start:
                before = older.take(line, number)
                continue
            verdict = _older_verdict(chain, older, line)
            if verdict is not None:
                return verdict
            older = None
        wrong = flaw(line, number, before, seal)
        if wrong:
            verdict = AuditVerdict(False, number - 1, number, f"entry {number}: {wrong}", AuditHead())
            return replace(verdict, head=_head(number - 1, before, chain))
        before = hash_of(line)
        if number in wanted:
            found[number] = before
    end = _head(number, before, chain)
    if number < chain.start and older is not None:
        verdict = _changed(chain, older.first_broken())
        if verdict is not None:
            return verdict
        missing = f"the log has {number} entries, and a new chain was begun with entry {chain.start}: it was cut off"
        return AuditVerdict(False, number, number + 1, missing, end)
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
    assured = tuple(place for place, head in heads.items() if head is not None)
    return AuditVerdict(True, number, None, "", end, assured, chain.start - 1, _note(chain))


def verify_rest(log: AuditLog, chain: Chain, before: AuditVerdict) -> AuditVerdict | None:
    """The same where a verification found everything right before and the log only grew since: what came behind it is
    checked, what it covers is not looked at again. None when the log did not simply grow."""
    number, last = before.head.count, before.head.hash or FIRST
    end, known, seal = number, {number: last}, Seal(chain.key)
    try:
        head = log.head()
    except AuditError:
        return None
    for end, line in enumerate(islice(log.lines(), number, None), number + 1):
        wrong = flaw(line, end, last, seal)
        if wrong:
            return AuditVerdict(False, end - 1, end, f"entry {end}: {wrong}", _head(end - 1, last, chain))
        last = known[end] = hash_of(line)
    if head is None or known.get(head.count) != head.hash:
        return None
    return replace(before, entries=end, head=_head(end, last, chain))


def _older_verdict(chain: Chain, older: OlderEntries, line: bytes) -> AuditVerdict | None:
    """What is wrong at the place where a further chain begins; None when it is as it was begun."""
    verdict = _changed(chain, older.first_changed())
    if verdict is None and line != chain.first_line():
        wrong = f"entry {chain.start}: it is not the one that the new chain was begun with"
        return AuditVerdict(False, 0, chain.start, wrong, AuditHead())
    return verdict


def _changed(chain: Chain, place: int | None) -> AuditVerdict | None:
    if place is None:
        return None
    wrong = (
        f"entry {place} or one beside it was changed, removed or moved since a new chain was begun with entry "
        f"{chain.start}: the entries before that are not what it was begun behind"
    )
    return AuditVerdict(False, 0, place, wrong, AuditHead())


def _note(chain: Chain) -> str:
    if not chain.details:
        return ""
    entries, sound = chain.details["entries"], chain.details["sound"]
    if not entries:
        return f"a new chain was begun on {chain.at[:10]}, when no entry was there: {chain.details['why']}"
    verified = f"the first {sound} of them could be verified then" if sound else "none of them could be verified then"
    return (
        f"a new chain was begun with entry {chain.start} on {chain.at[:10]} ({chain.details['why']}); the {entries} "
        f"entries before it are what they were on that day; {verified}, and what was done to the others earlier cannot "
        "be seen"
    )


def _head(count: int, last: str, chain: Chain) -> AuditHead:
    return AuditHead(count, last, chain.start) if count else AuditHead()
