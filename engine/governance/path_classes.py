"""Which class a path falls into; fast enough to ask for every file of a large change set."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from engine.governance.classes import CLASSES
from engine.governance.globs import regex_of
from engine.governance.paths import plain
from engine.vocabulary.actions import ActionClass

if TYPE_CHECKING:
    from collections.abc import Iterable

_GLOB = frozenset("*?[")


@dataclass(slots=True)
class _Index:
    """Globs by shape: whole names, endings, folder names and, for the rest, regular expressions for each class."""

    names: dict[str, set[ActionClass]] = field(default_factory=dict)
    endings: dict[str, set[ActionClass]] = field(default_factory=dict)
    folders: dict[str, set[ActionClass]] = field(default_factory=dict)
    others: list[tuple[re.Pattern[str], ActionClass]] = field(default_factory=list)
    named: list[tuple[re.Pattern[str], ActionClass]] = field(default_factory=list)
    """Those that look at the last component alone."""
    globs: list[str] = field(default_factory=list)
    """All that stand behind `others`; most paths fit none of them, which one expression can tell."""
    anything: re.Pattern[str] | None = None

    def add(self, action: ActionClass, globs: Iterable[str]) -> None:
        rest: list[str] = []
        for glob in (glob.casefold() for glob in globs):
            body = glob.removesuffix("/")
            if "/" not in body and not _GLOB & set(body):
                (self.folders if glob.endswith("/") else self.names).setdefault(body, set()).add(action)
            elif glob.startswith("*.") and not (_GLOB | {"/"}) & set(glob[1:]):
                self.endings.setdefault(glob[1:], set()).add(action)
            else:
                rest.append(glob)
        named = [glob for glob in rest if "/" not in glob and "**" not in glob]
        if named:
            self.named.append((_either(f"/{glob}" for glob in named), action))
        rest = [glob for glob in rest if glob not in named]
        if rest:
            self.others.append((_either(rest), action))
            self.globs += rest

    def find(self, path: str) -> set[ActionClass]:
        *folders, name = path.split("/")
        found = set(self.names.get(name, ()))
        dot = name.find(".")
        while dot >= 0:
            found |= self.endings.get(name[dot:], set())
            dot = name.find(".", dot + 1)
        for folder in (*folders, name):
            found |= self.folders.get(folder, set())
        for regex, action in self.named:
            if action not in found and regex.match(name):
                found.add(action)
        if self.anything is None:
            self.anything = _either(self.globs)
        if not (self.anything.match(path) or self.anything.match(path + "/")):
            return found
        for regex, action in self.others:
            if action not in found and (regex.match(path) or regex.match(path + "/")):
                found.add(action)
        return found


def _either(globs: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{regex_of(glob)})" for glob in globs), re.DOTALL)


@lru_cache(maxsize=1)
def _indexes() -> tuple[_Index, _Index]:
    belongs, unless = _Index(), _Index()
    for entry in CLASSES.values():
        belongs.add(entry.action, entry.paths)
        unless.add(entry.action, entry.unless)
    return belongs, unless


def classify_path(path: str) -> ActionClass:
    """The class of writing to `path`: the most dangerous one whose globs hold it, `code.write` when there is none."""
    return _classified(plain(path))


@lru_cache(maxsize=16384)
def _classified(path: str) -> ActionClass:
    belongs, unless = _indexes()
    found = belongs.find(path)
    if found:
        found -= unless.find(path)
    return max(found, key=lambda action: CLASSES[action].rank, default=ActionClass.CODE_WRITE)


def holds_secrets(path: str) -> bool:
    """Whether a file of that name usually holds keys or passwords."""
    return classify_path(path) is ActionClass.SECRET_READ
