"""Whether the person's own work has moved under a running session, and whether that is theirs to look at first."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.vocabulary.errors import WorkspaceError
from engine.vocabulary.events import EventKind
from engine.vocabulary.text import visible

if TYPE_CHECKING:
    from collections.abc import Set

    from engine.session.bench import Bench

EVERY_TASKS = 5
_KEPT_PATHS = 200
_NAMED_PATHS = 3


@dataclass(frozen=True, slots=True)
class _Look:
    """What moved, what of it the session changed too, and why nothing could be seen. `told` and `told_mine` stand for
    the whole of them where an event holds only the first."""

    paths: Set[str] = frozenset()
    mine: Set[str] = frozenset()
    trouble: str = ""
    told: str = ""
    told_mine: str = ""

    def adds_to(self, before: _Look) -> bool:
        """Whether anything is new since then."""
        known = self.paths <= before.paths or _digest(self.paths) == before.told
        return not known or self.adds_mine(before)

    def adds_mine(self, before: _Look) -> bool:
        """Whether any of it that the session changed too is new."""
        return not (self.mine <= before.mine or _digest(self.mine) == before.told_mine)


class Drift:
    """Looks at the workspace and remembers what it saw, so that each movement is told once, also over a resume."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._last: _Look | None = None

    def look(self) -> str:
        """Record what is new. A reason to pause when files that this session changed were changed in the workspace too,
        or the branch cannot be looked at any more; empty when the work can go on."""
        before = self._last or self._remembered()
        try:
            head, moved = self._bench.moved()
        except WorkspaceError as error:
            self._last = _Look(before.paths, before.mine, error.message)
            if before.trouble == error.message:
                return ""
            self._record("high", "", self._last)
            return self._say(error.message)
        files = {path for view in self._bench.ledger.session.tasks.values() for path in view.files}
        now = self._last = _Look(frozenset(moved), files.intersection(moved))
        if not now.adds_to(before):
            return ""
        self._record("high" if now.mine else "low", head, now)
        if not now.adds_mine(before):
            return ""
        return self._say(f"the workspace changed files that this session changed too: {_named(sorted(now.mine))}")

    def _remembered(self) -> _Look:
        """What an earlier run saw last."""
        told = [event.data for event in self._bench.ledger.history() if event.kind is EventKind.DRIFT]
        if not told:
            return _Look()
        last = told[-1]
        paths, mine, reason = frozenset(last["paths"]), frozenset(last.get("mine", ())), last.get("reason", "")
        return _Look(paths, mine, reason, last.get("digest", ""), last.get("mine_digest", ""))

    def _record(self, severity: str, head: str, seen: _Look) -> None:
        self._bench.ledger.record(
            EventKind.DRIFT,
            severity=severity,
            head=head,
            paths=sorted(seen.paths)[:_KEPT_PATHS],
            # All of them: a resume pauses for whatever it is not told of here.
            mine=sorted(seen.mine),
            digest=_digest(seen.paths),
            mine_digest=_digest(seen.mine),
            reason=seen.trouble,
        )

    def _say(self, what: str) -> str:
        self._bench.ledger.record(EventKind.NOTICE, message=f"{what}; look at it, then resume", level="warning")
        return f"drift: {what}"


def _digest(paths: Set[str]) -> str:
    return hashlib.sha256("\0".join(sorted(paths)).encode("utf-8", "surrogateescape")).hexdigest()


def _named(paths: list[str]) -> str:
    more = f" and {len(paths) - _NAMED_PATHS} more" if len(paths) > _NAMED_PATHS else ""
    return ", ".join(map(visible, paths[:_NAMED_PATHS])) + more
