"""Numbers and switches that decide when a check is green, and changes that make them easier to satisfy.

Text is compared, nothing is run: a lower bar, a wider tolerance, a switch turned off, something left out of it.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from engine.governance.path_classes import classify_path
from engine.governance.protected import protected_reason
from engine.governance.source_text import source_text
from engine.governance.weakened import assertions
from engine.vocabulary.actions import ActionClass

if TYPE_CHECKING:
    from collections.abc import Iterable

_NUMBER = r"['\"]?\s*[:=(\s]\s*['\"]?(\d+(?:\.\d+)?(?:e-?\d+)?)%?"


def _named(names: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.])({names}){_NUMBER}", re.IGNORECASE)


# The bar below which a check fails: lower is weaker.
_BARS = _named(
    r"fail[_-]under|(?:--)?cov-fail-under|minimum(?:_coverage)?|minCoverage|min[_-]?score|coverage[_-]?threshold|branches"
    r"|functions|lines|statements|high|break|target|minimumCoverage|verify-min|score"
)
# What a test still lets pass: higher is weaker.
_TOLERANCES = re.compile(
    r"\b(abs|rel|delta|atol|rtol|tolerance|epsilon|eps|max[_-]?diff|margin|within|retries|reruns|flaky|allowed_failures)"
    r"\s*[=:]\s*(\d+(?:\.\d+)?(?:e-?\d+)?)",
    re.IGNORECASE,
)
# The numbers after which two values count as equal, in decimal places: lower is weaker.
_PLACES = re.compile(r"\b(places\s*=|decimal\s*=|toBeCloseTo\([^,()\n]{1,200},)\s*(\d+)")
_CAPS = re.compile(r"(--max-warnings|max[_-]warnings|max[_-]complexity|reruns|--reruns|retries)[=:\s\"']+(\d+)", re.I)
_STRICT = re.compile(
    r"\b(strict\w*|disallow_\w+|check_untyped_defs|warn_\w+|noImplicit\w+|noUnused\w+|failOn\w+|xfail_strict"
    r"|error_on_\w+|failIfNoTests|check-coverage|branch)['\"]?\s*[:=>]\s*['\"]?(true|false)\b",
    re.IGNORECASE,
)
_PERMISSIVE = re.compile(
    r"\|\|\s*(?:true|:|exit\s+0)(?=\s|$)|\bcontinue-on-error\s*:\s*true|\ballow_failure\s*:\s*true|--exit-zero\b"
    r"|--passWithNoTests\b|\bignore(?:Failures|_failures|_errors|_missing_imports)\s*[=:(]\s*true|-DskipTests\b"
    r"|-Dmaven\.test\.skip|--no-verify\b|\|\|\s*echo\b|--maxfail=\d|--deselect\b|--ignore=\S+|set\s\+e\b"
    r"|<(skipTests|testFailureIgnore|skipITs|maven\.test\.skip)>\s*true|^\s*(?:test|doctest)\s*=\s*false\b"
    r"|\bpassWithNoTests['\"]?\s*[:=]\s*true|\bignore_outcome\s*=\s*true|^\s*commands\s*=\s*-\s|^\t-\s*(?=\w)"
    r"|\bEnabled\s*:\s*false|\binformational['\"]?\s*:\s*true|\bexit\s+0\s*$|\bcontinueOnError['\"]?\s*:\s*true",
    re.IGNORECASE | re.MULTILINE,
)
# How strict a linter's rule is: the words and the numbers of those that have three levels.
_LEVELS = {"off": 0, "0": 0, "allow": 0, "warn": 1, "1": 1, "error": 2, "2": 2, "deny": 2}
_RULES = re.compile(
    r"(?<![\w@/.-])([@\w][\w@/.-]{0,80})['\"]?\s*:\s*\[?\s*['\"]?(off|warn|error|allow|deny|[012])['\"]?\s*(?=[,\]}\n])"
)
_LEFT_OUT = re.compile(
    r"^\s*['\"]?((?:extend-|per-file-)?ignores?|disable|omit|exclude|extend-exclude|ignorePatterns|collect_ignore|deselect"
    r"|testPathIgnorePatterns|coveragePathIgnorePatterns|modulePathIgnorePatterns)['\"]?\s*[=:]\s*(.*)$",
    re.MULTILINE,
)
# A script that runs the checks decides like a configuration whether they are green.
_RUNS_CHECKS = re.compile(
    r"\b(?:pytest|tox|nox|jest|vitest|mocha|rspec|phpunit|ctest|shellcheck|ruff|mypy|eslint|golangci-lint)\b"
    r"|\b(?:npm|yarn|pnpm|make|cargo|go|mvn|gradle|gradlew|dotnet|mix|bazel)\s+(?:run\s+)?(?:test|check|verify|lint)\b"
)
_SCRIPTS = (".sh", ".bash", ".zsh", ".ps1", ".bat", ".cmd")
_CONFIGURED = frozenset({ActionClass.CONFIG_WRITE, ActionClass.DEPS_CHANGE, ActionClass.CI_CHANGE})


def relaxed(path: str, before: bytes, after: bytes) -> str | None:
    """A sentence on what a check lets pass now that it did not before; None when nothing of the kind is seen. A file
    that was not there had no bar to lower."""
    if not before or before == after:
        return None
    action, runs = classify_path(path), path.casefold().endswith(_SCRIPTS)
    decides = action in _CONFIGURED or bool(protected_reason(path))
    if not (decides or runs or action is ActionClass.TESTS_WRITE):
        return None
    old, new = source_text(before), source_text(after)
    found: list[str] = []
    if action is ActionClass.TESTS_WRITE:
        found += _moved(_TOLERANCES, old, new, up=True)
        found += _moved(_PLACES, old, new, up=False)
    if runs and _RUNS_CHECKS.search(old):
        found += _added(_PERMISSIVE, old, new)
    elif decides:
        found += _moved(_BARS, old, new, up=False)
        found += _moved(_CAPS, old, new, up=True)
        found += _switched(old, new)
        found += _added(_PERMISSIVE, old, new)
        found += _lowered(old, new)
        found += _left_out(old, new)
    return f"checks are relaxed: {'; '.join(found[:4])}" if found else None


def _moved(rule: re.Pattern[str], old: str, new: str, *, up: bool) -> Iterable[str]:
    """Each name whose number went the weaker way, or that is gone."""
    was, now = _numbers(rule, old), _numbers(rule, new)
    for name in was:
        gone, come = was[name] - now.get(name, Counter()), now.get(name, Counter()) - was[name]
        if gone and come:
            low, high = (max(gone), max(come)) if up else (min(gone), min(come))
            if (high > low) if up else (high < low):
                yield f"{name} {low:g} → {high:g}"
        elif gone and not up and name not in now:
            yield f"{name} {min(gone):g} is gone"
    # A new test may bring a tolerance of its own; one in a test that stood there is a wider door.
    fresh = now.keys() - was.keys() if up and assertions(new) <= assertions(old) else ()
    for name in sorted(fresh):
        yield f"{name} {max(now[name]):g} is new"


def _numbers(rule: re.Pattern[str], text: str) -> dict[str, Counter[float]]:
    found: dict[str, Counter[float]] = {}
    for match in rule.finditer(text):
        name = re.split(r"[\s=(,]", match.group(1), maxsplit=1)[0].lstrip("-")
        found.setdefault(name, Counter())[float(match.group(2))] += 1
    return found


def _switched(old: str, new: str) -> Iterable[str]:
    was = {match.group(1): match.group(2).casefold() for match in _STRICT.finditer(old)}
    now = {match.group(1): match.group(2).casefold() for match in _STRICT.finditer(new)}
    for name, value in was.items():
        if value == "true" and now.get(name) != "true":
            yield f"{name} is {'off' if name in now else 'gone'}"


def _lowered(old: str, new: str) -> Iterable[str]:
    """Each rule of a linter that is less strict now, or was switched off where nothing was said of it."""
    was = {match.group(1): match.group(2) for match in _RULES.finditer(old)}
    for match in _RULES.finditer(new):
        name, level = match.group(1), match.group(2)
        before = was.get(name, "error" if level == "off" else level)
        if _LEVELS[level] < _LEVELS[before] and (before.isdigit() == level.isdigit() or before == "error"):
            yield f"{name} is {level}" + (f", was {before}" if name in was else "")


def _left_out(old: str, new: str) -> Iterable[str]:
    """Each list of what a check does not look at that got longer."""
    was = {match.group(1): match.group(2).strip() for match in _LEFT_OUT.finditer(old)}
    for match in _LEFT_OUT.finditer(new):
        name, value = match.group(1), match.group(2).strip()
        if len(value) > len(was.get(name, "")) and value not in ("[]", "()", "{}"):
            yield f"{name} holds more"


def _added(rule: re.Pattern[str], old: str, new: str) -> Iterable[str]:
    more = Counter(match.group() for match in rule.finditer(new)) - Counter(
        match.group() for match in rule.finditer(old)
    )
    yield from (f"`{note.strip()}` is new" for note in more)
