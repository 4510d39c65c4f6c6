"""Finds the class of one simple command, its words already known, in the table of command patterns."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from engine.governance.classes import CLASSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.vocabulary.actions import ActionClass

_ENDINGS = (".exe", ".cmd", ".bat", ".com")


@dataclass(frozen=True, slots=True)
class _Pattern:
    words: tuple[frozenset[str], ...]
    options: frozenset[str]
    alone: bool
    weight: int
    action: ActionClass

    def fits(self, words: Sequence[str], options: frozenset[str]) -> bool:
        if self.alone:
            return not words
        if len(words) < len(self.words) or not self.options <= options:
            return False
        return all(
            word in choices or any("*" in choice and fnmatchcase(word, choice) for choice in choices)
            for word, choices in zip(words, self.words, strict=False)
        )


@lru_cache(maxsize=1)
def _table() -> MappingProxyType[str, tuple[_Pattern, ...]]:
    table: dict[str, list[_Pattern]] = {}
    for entry in CLASSES.values():
        for text in entry.commands:
            program, *rest = text.split()
            words = tuple(frozenset(word.split("|")) for word in rest if not word.startswith("-") and word != ".")
            options = frozenset(word for word in rest if word.startswith("-"))
            weight = sum(1 if choices == {"*"} else 2 for choices in words) + 2 * len(options)
            pattern = _Pattern(words, options, rest == ["."], weight + (rest == ["."]), entry.action)
            table.setdefault(program, []).append(pattern)
    return MappingProxyType({program: tuple(patterns) for program, patterns in table.items()})


def program_name(word: str) -> str:
    """A program as the table knows it: without its folder, its Windows ending and its case."""
    name = word.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1].casefold()
    return next((name[: -len(end)] for end in _ENDINGS if name.endswith(end) and name != end), name)


def lookup(arguments: Sequence[str]) -> frozenset[ActionClass]:
    """The classes of the most specific patterns that fit, empty when the program is unknown."""
    if not arguments:
        return frozenset()
    table = _table()
    name = program_name(arguments[0])
    patterns = table.get(name) or (table["mkfs"] if name.startswith("mkfs.") else ())
    if not patterns:
        return frozenset()
    options = _options(arguments[1:])
    best = -1
    found: set[ActionClass] = set()
    for words in _readings(arguments[1:]):
        for pattern in patterns:
            if pattern.weight >= best and pattern.fits(words, options):
                if pattern.weight > best:
                    best, found = pattern.weight, set()
                found.add(pattern.action)
    return frozenset(found)


def knows(program: str) -> bool:
    """Whether the table has anything on a program of that name."""
    return program_name(program) in _table()


def _options(arguments: Sequence[str]) -> frozenset[str]:
    found = {argument for argument in arguments if argument.startswith("-")}
    found |= {argument.partition("=")[0] for argument in found}
    for argument in tuple(found):
        if argument[1:2] not in ("", "-"):
            found |= {f"-{letter}" for letter in argument[1:] if letter.isalpha()}
    return frozenset(found)


def _readings(arguments: Sequence[str]) -> list[list[str]]:
    """The words without options, once from each place where the verb may stand: after an option it is not known
    whether a word is the option's value or the verb, so both readings count."""
    words: list[tuple[str, bool]] = []
    after_option = False
    for argument in arguments:
        if argument.startswith("-") and argument != "-":
            after_option = "=" not in argument
        else:
            words.append((argument.casefold(), after_option))
            after_option = False
    readings: list[list[str]] = [[]] if not words else []
    for start, (_, doubtful) in enumerate(words):
        readings.append([word for word, _ in words[start:]])
        if not doubtful:
            break
    return readings
