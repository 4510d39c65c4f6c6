"""What is known while a command is read, and the pieces found in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.governance import file_programs
from engine.governance.classified import Classified, Touch
from engine.governance.command_classes import knows, lookup
from engine.governance.path_classes import classify_path
from engine.governance.paths import in_workspace, plain
from engine.vocabulary.actions import ActionClass

if TYPE_CHECKING:
    from collections.abc import Sequence

_TOKEN = re.compile(r"[^\s\"'`$;|&(){}<>=\\:,!\[\]]+")
# Classes whose verbs a hidden command must not show; the others are what any script is full of.
TELLING = frozenset(
    {
        ActionClass.DEPLOY,
        ActionClass.GIT_MERGE,
        ActionClass.REPO_DELETE,
        ActionClass.GOVERNANCE_CHANGE,
        ActionClass.SECRET_READ,
        ActionClass.NETWORK_REQUEST,
        ActionClass.DEPS_CHANGE,
        ActionClass.SCHEMA_CHANGE,
        ActionClass.INFRA_CHANGE,
    }
)


@dataclass(slots=True)
class Walk:
    """What is known while the commands are read in order: values of variables, the folder, the pieces found."""

    depth: int = 0
    variables: dict[str, str] = field(
        default_factory=lambda: {"PWD": "/workspace", "HOME": "/home", "TMPDIR": "/tmp", "IFS": " "}  # noqa: S108
    )
    cwd: str | None = ""
    found: list[Classified] = field(default_factory=list)
    stack: list[str | None] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """The words of an `echo` just before, which a pipe may carry on."""

    def add(
        self, action: ActionClass, subject: str, touch: Touch = Touch.RUN, *, open: str = "", breach: str = ""
    ) -> None:
        piece = Classified(action, subject, touch, open, breach)
        if piece not in self.found:
            self.found.append(piece)


@dataclass(frozen=True, slots=True)
class Argument:
    text: str
    known: bool
    globs: bool
    opens: bool = False
    """Whether its very beginning is unknown, so that a `/` in it need not be the root."""


def line_of(text: str) -> str:
    return " ".join(text.split())


def hidden(text: str, walk: Walk, reason: str) -> None:
    """Something runs that cannot be seen: a person decides, and a verb that is visible all the same counts in full."""
    walk.add(ActionClass.COMMAND_RUN, line_of(text), open=reason)
    visible_verbs(text, walk)


def visible_verbs(text: str, walk: Walk) -> None:
    tokens = _TOKEN.findall(text.replace(":-", " "))[:2000]
    for at, word in enumerate(tokens):
        if knows(word):
            for action in sorted(lookup(tokens[at : at + 8]) & TELLING):
                walk.add(action, " ".join(tokens[at : at + 4]))
        if word == "rm" and any(option.startswith("-") and "r" in option for option in tokens[at + 1 : at + 4]):
            walk.add(ActionClass.FILE_DELETE, " ".join(tokens[at : at + 4]))
        telling_path(word, walk)


def telling_path(token: str, walk: Walk) -> None:
    path = in_workspace(token.split("=", 1)[-1])
    parts = plain(path).split("/")
    if ".git" in parts or path.startswith("/home/.orion"):
        walk.add(classify_path(path), path, Touch.WRITE)
    elif classify_path(path) in (ActionClass.SECRET_READ, ActionClass.GOVERNANCE_CHANGE):
        walk.add(classify_path(path), path, Touch.READ)


def note_path(text: str, touch: Touch, walk: Walk) -> None:
    """Note a path that the command touches, unless it is one that every program may use."""
    if text in ("", "-"):
        return
    if walk.cwd is None and not text.startswith(("/", "~")):
        path = text
        if ".." in path.split("/"):
            path = path.replace("../", "").replace("..", ".")
    else:
        path = in_workspace(text, walk.cwd or "")
    if file_programs.harmless(path, touch):
        return
    kind = classify_path(path)
    if touch is Touch.READ and kind not in (ActionClass.SECRET_READ,):
        kind = ActionClass.CODE_READ
    if touch is Touch.DELETE:
        walk.add(ActionClass.FILE_DELETE, path, touch)
        if kind in (ActionClass.CODE_WRITE, ActionClass.DOCS_WRITE, ActionClass.TESTS_WRITE, ActionClass.CONFIG_WRITE):
            return
    walk.add(kind, path, touch)


def mentioned(text: str, walk: Walk) -> None:
    """An argument of a program that cannot be looked into: a secret, git's own folder or Orion's counts as touched."""
    value = text.partition("=")[2] if text.startswith("-") else text
    value = value.removeprefix("@")
    if not value or len(value) > 4096 or " " in value:
        return
    path = in_workspace(value, walk.cwd or "")
    parts = plain(path).split("/")
    kind = classify_path(path)
    if kind in (ActionClass.SECRET_READ, ActionClass.GOVERNANCE_CHANGE) or ".git" in parts[:-1]:
        walk.add(kind if kind is not ActionClass.CODE_WRITE else ActionClass.CODE_READ, path, Touch.READ)


def outputs(texts: Sequence[str], walk: Walk) -> None:
    for at, text in enumerate(texts):
        if text in ("-o", "--output", "-O", "--output-document", "--outfile", "--out") and at + 1 < len(texts):
            if "/" in texts[at + 1] or "." in texts[at + 1]:
                note_path(texts[at + 1], Touch.WRITE, walk)
        elif text.startswith(("--output=", "--outfile=")):
            note_path(text.partition("=")[2], Touch.WRITE, walk)
