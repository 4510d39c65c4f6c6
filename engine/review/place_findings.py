"""What the place that a choice would arrive at gives a person to think about: where it moved, what it filters, and
whether the role that judges is still the one that worked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.review.finding import make_finding
from engine.review.weighing import moved_since
from engine.vocabulary.changes import ChangeStatus, Finding, FindingKind, Severity
from engine.vocabulary.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.review.weighing import Weighed
    from engine.vocabulary.ports import SessionRepository, UserRepository
    from engine.vocabulary.roles import Role
    from engine.vocabulary.sessions import Session

NAMED_PATHS = 5


def place_findings(
    session: Session, role: Role, repository: SessionRepository, users: UserRepository, weighed: Weighed, branch: str
) -> tuple[Finding, ...]:
    """None of these speaks about the chosen content itself; it looks, and touches nothing."""
    # Deleted ones too: taken back, they would have to go through the filter again.
    chosen = [change.path for change in weighed.changes.files]
    moved = moved_since(session, repository, users, weighed, branch)
    filtered = set(users.filtered(Path(session.workspace), chosen))
    if filtered:
        # The attributes of the change itself were told already.
        standing = [each.path for each in weighed.changes.files if each.status is not ChangeStatus.DELETED]
        filtered -= {*repository.filtered(weighed.changes.new, standing)}
    return (*_drift(branch, moved, weighed), *_filters(sorted(filtered)), *_role(session, role))


def _drift(branch: str, moved: Sequence[str], weighed: Weighed) -> Iterator[Finding]:
    chosen = {change.path for change in weighed.changes.files}
    # Of what cannot be merged the conflict speaks; here it would say that both changes are in the result.
    same = [path for path in moved if path in chosen.difference(each.path for each in weighed.conflicts)]
    other = [path for path in moved if path not in chosen]
    for path in same:
        yield make_finding(
            FindingKind.DRIFT,
            Severity.WARNING,
            path,
            f"was changed on {visible(branch)} too since the session began",
            hint="look at the result: both changes are in it, and the session knew of one",
        )
    if other:
        files = "1 file" if len(other) == 1 else f"{len(other)} files"
        yield make_finding(
            FindingKind.DRIFT,
            Severity.INFO,
            "",
            f"{files} of {visible(branch)} moved since the session began, none of this choice: {_named(other)}",
            hint="nothing, unless this work rests on them: the checks run on both together",
            about=" ".join(other),
        )


def _named(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - NAMED_PATHS} more" if len(paths) > NAMED_PATHS else ""
    return ", ".join(visible(path) for path in paths[:NAMED_PATHS]) + more


def _filters(paths: Sequence[str]) -> Iterator[Finding]:
    for path in paths:
        yield make_finding(
            FindingKind.FILTER_ATTRIBUTE,
            Severity.BLOCKING,
            path,
            "goes through a filter of your repository (such as Git LFS), which Orion does not run",
            hint="leave the file out and bring it over by hand: orion diff, git apply",
            acceptable=False,
        )


def _role(session: Session, role: Role) -> Iterator[Finding]:
    if session.role_digest and role.digest != session.role_digest:
        yield make_finding(
            FindingKind.DRIFT,
            Severity.WARNING,
            "",
            f"the role {role.name} was changed since the session was made: scope, limits and criteria go by its "
            "present text",
            hint=f"read it: orion role show {role.name}",
        )
