"""What a reviewer has chosen of a session, and whether exactly that can be promoted. Plain values, no screen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, TypedDict

from engine.vocabulary.changes import BUSY, Conflict, Finding, FindingKind, Severity
from engine.vocabulary.sessions import SessionState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from engine.vocabulary.changes import Hunk, Move
    from engine.vocabulary.requests import Review

_CLOSED = {
    SessionState.REJECTED: "this session was rejected",
    SessionState.COMPLETED: "this session is completed: there was nothing to promote",
    SessionState.RUNNING: "the session is still running",
}


class Take(StrEnum):
    """How much of a file is taken."""

    ALL = "all"
    PART = "part"
    NONE = "none"


class Chosen(TypedDict):
    """The arguments by which the engine is told of a choice."""

    paths: Sequence[str] | None
    hunks: Mapping[str, frozenset[int] | None] | None
    resolutions: Mapping[str, bytes | None]
    onto: str | None


class Hunks:
    """All hunks of a session, found by their file at once however many there are."""

    def __init__(self, hunks: Iterable[Hunk] = ()) -> None:
        self.all = tuple(hunks)
        self.ids = frozenset(hunk.id for hunk in self.all)
        self._of: dict[str, list[Hunk]] = {}
        for hunk in self.all:
            self._of.setdefault(hunk.path, []).append(hunk)

    def of(self, path: str) -> Sequence[Hunk]:
        """Those of a file, in order."""
        return self._of.get(path, ())


@dataclass(frozen=True, slots=True)
class Selection:
    """`whole` is the report of everything, `report` that of what is chosen (None while it is being made; `before` is
    then the last one there was), `hunks` all that could be taken. `left` are paths left out that have no hunks, `out`
    the lines left out by their hunk's id (never empty); `accepted` ids of findings that the reviewer accepted by name;
    `resolutions` answers to conflicts; `onto` a branch other than the session's own."""

    whole: Review
    report: Review | None = None
    before: Review | None = None
    hunks: Hunks = field(default_factory=Hunks)
    left: frozenset[str] = frozenset()
    out: Mapping[str, frozenset[int]] = field(default_factory=dict)
    accepted: frozenset[str] = frozenset()
    resolutions: Mapping[str, bytes | None] = field(default_factory=dict)
    onto: str | None = None
    _takes: dict[str, tuple[Take, int, int]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that could be taken, in order."""
        return tuple(change.path for change in self.whole.changes.files)

    def hunk_at(self, path: str, place: int) -> Hunk | None:
        """The hunk of a file by its place, from 1."""
        return next((hunk for hunk in self.hunks.of(path) if hunk.place == place), None)

    def move_of(self, path: str) -> Move | None:
        """The move that a file is the old or the new side of."""
        return next((move for move in self.whole.moves if path in (move.path, move.old_path)), None)

    def _meant(self, path: str) -> str:
        """The old side of a move is taken and left with the new one: one without the other would lose or double it."""
        return next((move.path for move in self.whole.moves if move.old_path == path), path)

    def take_of(self, path: str) -> tuple[Take, int, int]:
        """How much of the file is taken: in a word, the hunks of which something is taken, and how many there are."""
        if path not in self._takes:
            self._takes[path] = self._take_of(path)
        return self._takes[path]

    def _take_of(self, path: str) -> tuple[Take, int, int]:
        meant = self._meant(path)
        if meant != path:
            return (Take.NONE, 0, 1) if self.take_of(meant)[0] is Take.NONE else (Take.ALL, 1, 1)
        hunks = self.hunks.of(path)
        if not hunks:
            return (Take.NONE, 0, 1) if path in self.left else (Take.ALL, 1, 1)
        some = sum(len(self.out.get(hunk.id, ())) < hunk.changed for hunk in hunks)
        if not any(hunk.id in self.out for hunk in hunks):
            return Take.ALL, some, len(hunks)
        return (Take.PART if some else Take.NONE), some, len(hunks)

    @property
    def taken(self) -> tuple[str, ...]:
        """The paths of which something is chosen, in order."""
        return tuple(path for path in self.paths if self.take_of(path)[0] is not Take.NONE)

    @property
    def everything(self) -> bool:
        return not self.left and not self.out

    @property
    def choice(self) -> Chosen:
        """What the engine is told: whole files, and the parts of others."""
        answers = {path: data for path, data in self.resolutions.items() if path in self.taken}
        if self.everything:
            return Chosen(paths=None, hunks=None, resolutions=answers, onto=self.onto)
        whole: list[str] = []
        parts: dict[str, frozenset[int] | None] = {}
        for path in self.paths:
            take = self.take_of(path)[0]
            if take is Take.ALL:
                whole.append(path)
            elif take is Take.PART:
                for hunk in self.hunks.of(path):
                    out = self.out.get(hunk.id, frozenset())
                    if len(out) < hunk.changed:
                        parts[hunk.id] = frozenset(range(1, hunk.changed + 1)) - out if out else None
        return Chosen(paths=whole, hunks=parts or None, resolutions=answers, onto=self.onto)

    def same_choice(self, other: Selection) -> bool:
        """Whether a report on the one is a report on the other."""
        return self.choice == other.choice

    @property
    def left_out(self) -> dict[tuple[str, int], frozenset[int] | None]:
        """What the diff marks as left: by path and hunk the numbers of lines, None for all of them."""
        found: dict[tuple[str, int], frozenset[int] | None] = {(path, 0): None for path in self.left}
        for hunk in self.hunks.all:
            out = self.out.get(hunk.id)
            if out:
                found[hunk.path, hunk.place] = None if len(out) == hunk.changed else out
        return found

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found in what is chosen; while that is looked at, what was known of it before."""
        if self.report is not None or self.before is None:
            return () if self.report is None else self.report.findings
        meant = self._meant_paths
        return tuple(each for each in self.before.findings if meant and (not each.path or each.path in meant))

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        if self.report is not None or self.before is None:
            return () if self.report is None else self.report.conflicts
        meant = self._meant_paths
        return tuple(each for each in self.before.conflicts if each.path in meant)

    @property
    def _meant_paths(self) -> frozenset[str]:
        """The paths of which what was known before still speaks."""
        return frozenset(self.taken).difference(self.resolutions)

    def is_resolvable(self, path: str) -> bool:
        """Whether a person can say in the app how the file's conflict ends: only one of what it holds."""
        return any(each.path == path and each.resolvable for each in self.conflicts)

    def toggled(self, path: str) -> Selection:
        """Leave the file out, or take all of it when it was left."""
        path = self._meant(path)
        take = self.take_of(path)[0] is Take.NONE
        hunks = self.hunks.of(path)
        if not hunks:
            return replace(self, left=self.left ^ {path}, report=None)
        ids = {hunk.id for hunk in hunks}
        out = {key: lines for key, lines in self.out.items() if key not in ids}
        if not take:
            out |= {hunk.id: frozenset(range(1, hunk.changed + 1)) for hunk in hunks}
        return replace(self, out=out, report=None)

    def without(self, paths: Iterable[str]) -> Selection:
        """Leave these files out, as far as they are there and taken."""
        chosen, known = self, set(self.paths)
        for path in paths:
            if path in known and chosen.take_of(path)[0] is not Take.NONE:
                chosen = chosen.toggled(path)
        return chosen

    def toggled_hunk(self, hunk: Hunk) -> Selection:
        """Leave the hunk out, or take all of it when it was left."""
        left = len(self.out.get(hunk.id, ())) == hunk.changed
        return self._without(hunk, frozenset() if left else frozenset(range(1, hunk.changed + 1)))

    def toggled_line(self, hunk: Hunk, line: int) -> Selection:
        """Take or leave one changed line of it."""
        return self._without(hunk, self.out.get(hunk.id, frozenset()) ^ {line})

    def _without(self, hunk: Hunk, lines: frozenset[int]) -> Selection:
        out = {**self.out, hunk.id: lines}
        if not lines:
            del out[hunk.id]
        return replace(self, out=out, report=None)

    def all_or_none(self) -> Selection:
        """Take everything, or nothing when everything is taken."""
        if not self.everything:
            return replace(self, left=frozenset(), out={}, report=None)
        bare = frozenset(path for path in self.paths if self._meant(path) == path and not self.hunks.of(path))
        # Thousands of hunks have a few dozen lengths.
        every = {changed: frozenset(range(1, changed + 1)) for changed in {hunk.changed for hunk in self.hunks.all}}
        return replace(self, left=bare, out={hunk.id: every[hunk.changed] for hunk in self.hunks.all}, report=None)

    def answering(self, path: str, content: bytes | None) -> Selection:
        """Resolve a conflict with that content, or with the session's version."""
        return replace(self, resolutions={**self.resolutions, path: content}, report=None)

    def accepting(self, finding: str) -> Selection:
        """Accept a finding by name, or take that back."""
        return replace(self, accepted=self.accepted ^ {finding})

    def is_accepted(self, finding: Finding) -> bool:
        return finding.accepted or (finding.acceptable and finding.id in self.accepted)

    def renewed(self, whole: Review, hunks: Hunks) -> Selection:
        """The same choice over a newer report of the session; what is gone is forgotten."""
        known = {change.path for change in whole.changes.files}
        return replace(
            self,
            whole=whole,
            hunks=hunks,
            left=self.left & known,
            out={key: lines for key, lines in self.out.items() if key in hunks.ids},
            resolutions={path: data for path, data in self.resolutions.items() if path in known},
            report=None,
            before=self.report or self.before,
        )

    def blockers(self) -> tuple[str, ...]:
        """Why this selection cannot be promoted, each as a sentence; empty when it can."""
        if self.whole.session.state in _CLOSED:
            return (_CLOSED[self.whole.session.state],)
        if not self.paths:
            promoted = any(not record.undone_by for record in self.whole.session.promotions)
            return ("everything of this session is promoted" if promoted else "there is no change to promote",)
        if not self.taken:
            return ("no file is taken: space takes the one under the cursor",)
        if self.report is None:
            return ("looking at this selection …",)
        told = {finding.path for finding in self.findings if finding.kind is FindingKind.CONFLICT}
        reasons = [f"{c.path} conflicts ({c.reason})" for c in self.conflicts if c.path not in told]
        open_findings = [f for f in self.findings if f.severity is Severity.BLOCKING and not self.is_accepted(f)]
        for finding in open_findings:
            if finding.message.startswith(BUSY):
                reasons.append(f"{finding.message}: {finding.hint}")
                continue
            place = finding.path if finding.line is None else f"{finding.path}:{finding.line}"
            where = f"in {place}" if place else f"({finding.message})"
            remedy = _remedy(finding, resolvable=self.is_resolvable(finding.path))
            reasons.append(f"{finding.kind.value.replace('_', ' ')} {where}: {remedy}")
        blocked = self.conflicts or any(f.severity is Severity.BLOCKING for f in self.findings)
        if not self.report.can_promote and not blocked:
            reasons.append(f"the session is {self.whole.session.state.value.replace('_', ' ')}")
        return tuple(reasons)

    @property
    def can_promote(self) -> bool:
        return not self.blockers()


def _remedy(finding: Finding, *, resolvable: bool) -> str:
    if finding.acceptable:
        return "a accepts it"
    if finding.kind is FindingKind.CONFLICT:
        ways = "c resolves it" if resolvable else "commit or stash your own change"
        return f"{ways}, or f leaves the file out"
    return "it must go away, or f leaves the file out"
