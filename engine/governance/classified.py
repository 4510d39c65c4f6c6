"""The answer of classification: what an action is, piece by piece."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.vocabulary.actions import ActionClass


class Touch(StrEnum):
    """How the subject is touched: a path that is read, written or deleted, a command that runs, a thing asked for."""

    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    RUN = "run"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Classified:
    """One piece of an action. `subject` is a path relative to the workspace (one that leaves it keeps its `..` or `/`),
    or one simple command on a line. `open` says why a command cannot be looked into, `breach` why nobody may run it;
    both are sentences, empty for most."""

    action: ActionClass
    subject: str
    touch: Touch
    open: str = ""
    breach: str = ""
