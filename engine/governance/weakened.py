"""Tests that a change makes weaker: fewer of them, skipped ones, ones that can no longer fail.

It counts what can be seen in the text and proves nothing; a person looks at what it names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.governance.path_classes import classify_path
from engine.governance.source_text import source_text
from engine.vocabulary.actions import ActionClass

_TESTS = re.compile(
    r"^\s*(?:async\s+)?def\s+test|\b(?:it|test|specify)\s*(?:\.each\b[^\n]{0,200})?\(\s*['\"`]|^\s*func\s+(?:Test|Benchmark|Fuzz)\w*\("
    r"|#\[(?:\w+::)?test\b|^\s*@(?:Parameterized)?Test\b|\[(?:Fact|Theory|Test|TestMethod|TestCase)\b"
    r"|^\s*(?:it|test|specify|scenario|example)\s+['\"]|function\s+test\w*\(|^\s*@test\b",
    re.MULTILINE,
)
_SKIPS = re.compile(
    r"\b(?:pytest|mark)\.(?:skip|skipif|xfail)\b|@(?:unittest\.)?(?:skip(?:If|Unless)?|expectedFailure)\b|\.skipTest\("
    r"|\b(?:it|test|describe|context|suite)\.(?:skip|todo|only|fixme)\b|\b[xf](?:it|describe|context|specify)\s*\(?\s*['\"`]"
    r"|\bt\.Skip\w*\(|#\[ignore|@(?:Disabled|Ignore)\b|\bSkip\s*=\s*\"|\bmarkTest(?:Skipped|Incomplete)\b|\bSkipTest\b"
    r"|^\s*(?:skip|pending)(?:[ (]*['\"]|\s*$)|\bthis\.skip\(|\b__test__\s*=\s*False"
    r"|^//\s*(?:go:build|\+build)\b|#\[cfg_attr\([^\n]{0,200}\bignore\b",
    re.MULTILINE,
)
_EMPTY = re.compile(
    r"\bassert\s+(?:True|1|not\s+False)\b|\bassertTrue\(\s*True|\bexpect\(\s*true\s*\)\.to(?:Be)?\b|\bassert!?\(\s*true\s*\)"
    r"|\bassert(?:Equal|_eq!|s\.assertEquals)\(\s*(\w+),\s*\1\s*\)|\bor\s+True\b|\|\|\s*true\b|except[^\n]{0,200}:\s*pass\b"
    r"|\b(?:os\._exit|sys\.exit|process\.exit|os\.Exit|System\.exit)\(\s*0?\s*\)|\bcatch\s*(?:\([^)\n]{0,200}\)\s*)?\{\s*\}"
    # A test that is left before anything is asked of it.
    r"|^[ \t]*(?:async[ \t]+)?def[ \t]+test\w*\([^\n]{0,200}:\n(?:[ \t]*(?:#[^\n]{0,200}|\"{3}[^\n]{0,200}\"{3})\n)*"
    r"[ \t]+return\b"
    r"|\b(?:it|test)\([^\n]{0,200}\{\s*\n\s*return\s*;?\s*$|^func\s+Test\w+\([^\n]{0,200}\{\s*\n\s*return\s*$",
    re.MULTILINE,
)
_STEERS = re.compile(
    r"\bdef\s+(?:load_tests|pytest_\w+)\b|\bfunc\s+TestMain\b|\bcollect_ignore|\bmonkeypatch\.setattr\(\s*['\"]?unittest|\bTestCase\.assert\w+\s*=",
)
_ASSERTS = re.compile(
    r"\bassert|\bexpect\s*\(|\bshould\b|\bt\.(?:Error|Fatal)|\brequire\.\w+\(|\bassert_\w+!?\(|\bverify\(|\braises\b"
)


# Tests that stand among the code they are for: Rust's, and those of a module that is a test case itself.
_AMONG_CODE = re.compile(
    r"#\[(?:\w+::)?test\b|#\[cfg\(test\)\]|\bimport\.meta\.vitest\b|^class\s+\w+\([^)\n]{0,200}\bTestCase\b",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Weakened:
    """`grave` when a check lets more pass for sure: tests gone, skipped or steered, a checker switched off. Otherwise
    it is worth a look: fewer assertions, a note that silences one line. `message` is a sentence on the file."""

    grave: bool
    message: str


def weakened(path: str, before: bytes, after: bytes) -> Weakened | None:
    """What of the tests in `path` got weaker from `before` to `after` (b"" where the file does not exist)."""
    if before == after:
        return None
    tests = classify_path(path) is ActionClass.TESTS_WRITE
    # What `_AMONG_CODE` finds has one of these words in it.
    if not tests and not any(word in before for word in (b"test", b"TestCase")):
        return None
    old, new = source_text(before), source_text(after)
    if not tests and not _AMONG_CODE.search(old):
        return None
    for rule, what in ((_SKIPS, "skips"), (_STEERS, "steers which tests run"), (_EMPTY, "cannot fail")):
        had, has = _count(rule, old), _count(rule, new)
        if has > had:
            found = rule.search(new)
            shown = " ".join(found.group().split()) if found and had == 0 else ""
            return Weakened(
                True, f"tests are weakened: a part that {what} was added" + (f" (`{shown}`)" if shown else "")
            )
    had, has = _count(_TESTS, old), _count(_TESTS, new)
    if has < had:
        return Weakened(True, f"tests are weakened: {_fewer('test', had, has)}")
    had, has = _count(_ASSERTS, old), _count(_ASSERTS, new)
    if has < had:
        return Weakened(False, _fewer("assertion", had, has))
    return None


def _fewer(noun: str, had: int, has: int) -> str:
    return f"of {had} {noun}{'s' * (had > 1)} in this file {has} {'is' if has == 1 else 'are'} left"


def assertions(text: str) -> int:
    """How many places of a test's text look like they can make it fail."""
    return _count(_ASSERTS, text)


def _count(rule: re.Pattern[str], text: str) -> int:
    return sum(1 for _ in rule.finditer(text))
