"""Seeing that a worker goes round in circles: the same call again, the same error again, edits that undo each other,
nothing changed for many turns, replies of no use. Pure; what follows from a finding is decided elsewhere."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WINDOW = 12
"""Actions that are looked back over."""
SAME_CALL = 3
SAME_ERROR = 4
UNDONE = 2
QUIET_TURNS = 20
UNUSABLE_REPLIES = 4
FORGOTTEN_AFTER = 40
"""Turns without a finding after which having been told counts no more."""

_DURATION = re.compile(r"\d+(?:\.\d+)?\s?(?:ms|s)\b")


@dataclass(frozen=True, slots=True)
class Circle:
    """A finding: which kind, and a sentence that both a model and a person understand."""

    kind: str
    message: str

    @property
    def was_told(self) -> bool:
        """Whether the worker has heard of it already: each reply of no use is answered with what was wrong."""
        return self.kind == "unusable"


@dataclass(frozen=True, slots=True)
class Deed:
    """One action as the watcher sees it: its digest, a word for it, how it ended, and, when it changed a file, the path
    with digests of the content before and after."""

    digest: str
    summary: str
    ok: bool
    text: str
    path: str = ""
    before: str = ""
    after: str = ""


class CircleWatch:
    """Follows one task. `state` is plain JSON, so that a task that goes on later is watched as if it never stopped."""

    def __init__(self, state: Mapping[str, Any] | None = None) -> None:
        state = state or {}
        self._calls: list[str] = list(state.get("calls", ()))
        self._errors: list[str] = list(state.get("errors", ()))
        self._contents: dict[str, list[str]] = {key: list(value) for key, value in state.get("contents", {}).items()}
        self._undone: int = state.get("undone", 0)
        self._quiet: int = state.get("quiet", 0)
        self._unusable: int = state.get("unusable", 0)
        self._calm: int = state.get("calm", 0)
        self._tree: str = state.get("tree", "")
        self.told: bool = state.get("told", False)

    def state(self) -> dict[str, Any]:
        return {
            "calls": self._calls,
            "errors": self._errors,
            "contents": self._contents,
            "undone": self._undone,
            "quiet": self._quiet,
            "unusable": self._unusable,
            "calm": self._calm,
            "tree": self._tree,
            "told": self.told,
        }

    def turn(self, usable: bool, problem: str, tree: Callable[[], str]) -> Circle | None:
        """A reply has come. `usable` when it held at least one call that could be carried out, else `problem` says what
        it was. `tree` names the work tree's content and is asked rarely, since that is dear."""
        self._calm += 1
        if self._calm > FORGOTTEN_AFTER:
            self.told = False
        self._unusable = 0 if usable else self._unusable + 1
        if self._unusable >= UNUSABLE_REPLIES:
            return self._found("unusable", f"{self._unusable} replies in a row could not be used; the last: {problem}")
        self._quiet += 1
        if self._quiet >= QUIET_TURNS:
            self._quiet, standing = 0, self._tree
            self._tree = tree()
            if standing == self._tree:
                return self._found("nothing_changed", f"nothing in the tree has changed for {QUIET_TURNS} turns")
        return None

    def saw(self, deed: Deed) -> Circle | None:
        """An action has been carried out."""
        gist = sha256(_DURATION.sub("", deed.text).encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self._calls = [*self._calls, f"{deed.digest[:16]}:{gist}"][-WINDOW:]
        self._errors = [*self._errors, "" if deed.ok else gist][-WINDOW:]
        changed = bool(deed.path) and deed.before != deed.after
        if changed:
            self._quiet = 0
            if self._undoes(deed):
                self._undone += 1
        if self._undone >= UNDONE:
            return self._found("undone", f"edits of {deed.path} undo each other: it is as it was before, again")
        if not changed and Counter(self._calls)[self._calls[-1]] >= SAME_CALL:
            return self._found("same_call", f"the same call has had the same result {SAME_CALL} times: {deed.summary}")
        if not deed.ok and Counter(self._errors)[gist] >= SAME_ERROR:
            return self._found("same_error", f"the same error has come {SAME_ERROR} times: {_last_line(deed.text)}")
        return None

    def _undoes(self, deed: Deed) -> bool:
        """Whether the file is now as it was at an earlier time of this task."""
        known = self._contents.setdefault(deed.path, [deed.before])
        undoes = deed.after in known
        known.append(deed.after)
        del known[:-WINDOW]
        return undoes

    def _found(self, kind: str, message: str) -> Circle:
        """What was counted for it begins anew, so that the next finding is news."""
        self._calm = self._unusable = self._undone = 0
        self._calls, self._errors = [], []
        return Circle(kind, message)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no output"
