"""What a reviewer has chosen of a session, and whether exactly that can be promoted. Plain values, no screen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.vocabulary.changes import Conflict, Finding, FindingKind, Severity
from engine.vocabulary.sessions import SessionState

if TYPE_CHECKING:
    from engine.vocabulary.requests import Review

_CLOSED = {
    SessionState.REJECTED: "this session was rejected",
    SessionState.RUNNING: "the session is still running",
}


@dataclass(frozen=True, slots=True)
class Selection:
    """`whole` is the report of every file, `report` that of the chosen ones (None while it is being made). `left` are
    paths left out, `accepted` ids of findings that the reviewer accepted by name."""

    whole: Review
    report: Review | None = None
    left: frozenset[str] = frozenset()
    accepted: frozenset[str] = frozenset()

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that could be taken, in order."""
        return tuple(change.path for change in self.whole.changes.files)

    @property
    def taken(self) -> tuple[str, ...]:
        """The chosen paths, in order."""
        return tuple(path for path in self.paths if path not in self.left)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found in the chosen files."""
        return () if self.report is None else self.report.findings

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        return () if self.report is None else self.report.conflicts

    def toggled(self, path: str) -> Selection:
        """Take the path, or leave it out; the report has to be made again."""
        return replace(self, left=self.left ^ {path}, report=None)

    def all_or_none(self) -> Selection:
        """Take every file, or none when all are taken."""
        left = frozenset() if self.left else frozenset(self.paths)
        return replace(self, left=left, report=None)

    def accepting(self, finding: str) -> Selection:
        """Accept a finding by name, or take that back."""
        return replace(self, accepted=self.accepted ^ {finding})

    def is_accepted(self, finding: Finding) -> bool:
        return finding.accepted or (finding.acceptable and finding.id in self.accepted)

    def renewed(self, whole: Review) -> Selection:
        """The same choice over a newer report of the session; paths that are gone are forgotten."""
        known = {change.path for change in whole.changes.files}
        return replace(self, whole=whole, left=self.left & known, report=None)

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
            remedy = "a accepts it" if finding.acceptable else "it must go away, or leave the file out"
            place = finding.path if finding.line is None else f"{finding.path}:{finding.line}"
            reasons.append(f"{finding.kind.value.replace('_', ' ')} in {place}: {remedy}")
        blocked = self.conflicts or any(f.severity is Severity.BLOCKING for f in self.findings)
        if not self.report.can_promote and not blocked:
            reasons.append(f"the session is {self.whole.session.state.value.replace('_', ' ')}")
        return tuple(reasons)

    @property
    def can_promote(self) -> bool:
        return not self.blockers()
