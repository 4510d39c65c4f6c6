"""What to try first in a repository, from the names and sizes of its committed files. Pure."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from engine.vocabulary.first_run import Suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

_SOURCE = re.compile(r".*\.(py|js|ts|tsx|jsx|go|rs|java|kt|rb|php|cs|c|cc|cpp|swift|ex|scala)")
_TEST = re.compile(r"(^|/)(tests?|specs?|__tests__)(/|$)|(^|[/_.-])(test|tests|spec)([_.-]|$)|Tests?\.", re.IGNORECASE)
_MANIFEST = re.compile(
    r"(^|/)(pyproject\.toml|requirements[\w.-]*\.txt|package\.json|Cargo\.toml|go\.mod|pom\.xml|Gemfile|composer\.json)$"
)
_README = re.compile(r"readme(\.\w+)?", re.IGNORECASE)
# What a first try should not be sent at: made by programs, or somebody else's.
_NOT_OURS = re.compile(
    r"(^|/)(vendor|node_modules|third_party|dist|build|migrations)/|\.min\.|(^|/)(__init__|setup|conftest)\.py$"
)


def suggest(sizes: Mapping[str, int], *, model: bool) -> Suggestion:
    """`sizes` in bytes by path. Without a model something that a shipped playbook can do."""
    tests = [path for path in sizes if _TEST.search(path)]
    if not model:
        return _playbook(sizes, tests)
    if not any(_README.fullmatch(path) for path in sizes):
        return _goal("Write a README: what this is, how it is run, how it is tested", "the repository has no README")
    tested = " ".join(tests)
    bare = [
        path
        for path in sizes
        if _SOURCE.fullmatch(path)
        and not _TEST.search(path)
        and not _NOT_OURS.search(path)
        and _stem(path) not in tested
    ]
    if bare:
        largest = max(bare, key=lambda path: (sizes[path], path))
        return _goal(f"Write tests for {largest}", "it is the largest source file that no test is named after")
    return _goal(
        "Read the README against the code and correct what is not true any more", "every source file has tests"
    )


def _playbook(sizes: Mapping[str, int], tests: list[str]) -> Suggestion:
    if any(path.endswith(".py") for path in tests):
        name, why = "test-report", "the repository has Python tests, and a report of them needs no model"
    elif any(_MANIFEST.search(path) for path in sizes):
        name, why = "dependency-report", "the repository declares dependencies, and a report of them needs no model"
    else:
        name, why = "tidy", "white space and line endings can be tidied without a model"
    return Suggestion(f"orion work --playbook {name} --yes", why, playbook=name)


def _goal(goal: str, why: str) -> Suggestion:
    return Suggestion(f"orion work {shlex.quote(goal)}", why, goal=goal)


def _stem(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0]
