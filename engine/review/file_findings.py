"""What one changed file alone gives a person to think about: its shape, its size, its tests, its packages."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from engine.governance.bulk import HEAD_BYTES, is_generated, is_large
from engine.governance.dependencies import MAX_BYTES, compared, is_dependency_file
from engine.governance.expectations import recorded, rewritten
from engine.governance.path_classes import classify_path
from engine.governance.silencing import silenced
from engine.governance.thresholds import relaxed
from engine.governance.weakened import weakened
from engine.review.finding import make_finding
from engine.vocabulary.actions import ActionClass
from engine.vocabulary.changes import ChangeStatus, FileChange, Finding, FindingKind, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LINK = 0o120000
GITLINK = 0o160000
EXECUTABLE = 0o100755
READ_TESTS = "read what the tests still prove, then accept this finding by name"
READ_FEWER = "see whether what is gone is proven elsewhere, or leave the file out"


def file_findings(blob: Callable[[str], bytes], change: FileChange) -> Iterator[Finding]:
    """All of them but secrets, which every file is looked through for. `blob` reads an object."""
    if GITLINK in (change.old_mode, change.new_mode):
        yield make_finding(
            FindingKind.SUBMODULE,
            Severity.BLOCKING,
            change.path,
            f"a submodule is {change.status.value}: Orion does not move what another repository's commit brings",
            hint="leave it out and change it by hand: git submodule",
            acceptable=False,
        )
        return
    yield from _shape(change)
    if LINK not in (change.old_mode, change.new_mode):
        yield from _bulk(blob, change)
        yield from _content(blob, change)


def _shape(change: FileChange) -> Iterator[Finding]:
    if change.new_mode == LINK and change.old_mode != LINK:
        hint = "see where it leads, or leave it out"
        yield make_finding(FindingKind.MODE, Severity.WARNING, change.path, "is now a symbolic link", hint=hint)
    if change.new_mode == EXECUTABLE and change.old_mode != EXECUTABLE:
        hint = "see that it is meant to be run, or leave it out"
        yield make_finding(FindingKind.MODE, Severity.WARNING, change.path, "is now executable", hint=hint)
    if change.old_mode == EXECUTABLE and change.new_mode and change.new_mode != EXECUTABLE:
        hint = "see that nothing starts it, or leave it out"
        yield make_finding(FindingKind.MODE, Severity.WARNING, change.path, "is no longer executable", hint=hint)
    odd = "" if change.status is ChangeStatus.DELETED else _not_shown(change.path)
    if odd:
        message = f"has a name with characters that do not show, or not as what they are: {odd}"
        hint = "have it named otherwise (a note does), or leave it out"
        yield make_finding(FindingKind.NAME, Severity.WARNING, change.path, message, hint=hint)


def _not_shown(path: str) -> str:
    """The characters of a path that nobody sees, by number and name; empty when there is none."""
    odd = dict.fromkeys(char for char in path if not char.isprintable())
    return ", ".join(f"U+{ord(char):04X} {unicodedata.name(char, '')}".rstrip() for char in odd)


def _bulk(blob: Callable[[str], bytes], change: FileChange) -> Iterator[Finding]:
    if not change.new_oid:
        return
    large = is_large(change.size, change.additions)
    if large:
        hint = "look at how it came about, or leave it out"
        yield make_finding(FindingKind.LARGE, Severity.WARNING, change.path, large, hint=hint)
    head = blob(change.new_oid)[:HEAD_BYTES]
    made = is_generated(change.path, head)
    if made:
        hint = "change what it is made from and make it again yourself, or leave it out"
        yield make_finding(FindingKind.GENERATED, Severity.WARNING, change.path, made, hint=hint)
    elif change.binary:
        message = f"is binary ({change.size:,} bytes): what it holds cannot be shown"
        yield make_finding(FindingKind.BINARY, Severity.WARNING, change.path, message, hint="open it, or leave it out")


def _content(blob: Callable[[str], bytes], change: FileChange) -> Iterator[Finding]:
    tests = classify_path(change.path) is ActionClass.TESTS_WRITE
    if (change.binary or change.size > MAX_BYTES) and not tests and not is_dependency_file(change.path):
        return
    before = blob(change.old_oid) if change.old_oid else b""
    after = blob(change.new_oid) if change.new_oid else b""
    for name, weaker in (
        ("weakened", weakened(change.path, before, after)),
        ("silenced", silenced(change.path, before, after)),
    ):
        if weaker is not None:
            yield make_finding(
                FindingKind.TESTS,
                Severity.BLOCKING if weaker.grave else Severity.WARNING,
                change.path,
                weaker.message,
                hint=READ_TESTS if weaker.grave else READ_FEWER,
                about=f"{name} {change.new_oid}",
            )
    record = recorded(change.path, before, after)
    if record is not None:
        hint = "run the tests with the old record and see what differs"
        yield make_finding(
            FindingKind.TESTS, Severity.WARNING, change.path, record, hint=hint, about=f"recorded {change.new_oid}"
        )
    expected = rewritten(change.path, before, after)
    if expected is not None:
        hint = "see that it asks for what is right, and not merely for what the code does now"
        yield make_finding(
            FindingKind.TESTS, Severity.INFO, change.path, expected, hint=hint, about=f"rewritten {change.new_oid}"
        )
    bar = relaxed(change.path, before, after)
    if bar is not None:
        yield make_finding(
            FindingKind.TESTS, Severity.BLOCKING, change.path, bar, hint=READ_TESTS, about=f"relaxed {change.new_oid}"
        )
    packages = compared(change.path, before, after)
    if packages is not None:
        yield make_finding(
            FindingKind.DEPENDENCY,
            Severity.BLOCKING if packages.grave else Severity.WARNING,
            change.path,
            packages.sentence(),
            hint="look at where it comes from, then accept this finding by name"
            if packages.grave
            else "see that you know what comes in and want these versions, or leave the file out",
            about=f"packages {change.old_oid} {change.new_oid}",
        )
