"""A choice held against the branch as it is now: what would come of it, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.review.selection import Choice, chosen_changes, open_changes
from engine.vocabulary.changes import PromoteAs
from engine.vocabulary.errors import StaleBase, UsageError
from engine.vocabulary.text import nearest

if TYPE_CHECKING:
    from engine.vocabulary.changes import ChangeSet, Conflict
    from engine.vocabulary.ports import SessionRepository, UserRepository
    from engine.vocabulary.sessions import Session
    from engine.vocabulary.workspaces import MergeResult

REGULAR = 0o100644


@dataclass(frozen=True, slots=True)
class Weighed:
    """`all` is what could be taken, `changes` what is, a person's resolutions in it, `taken` the chosen tree without
    them. `merge_base` is the tree that the merge onto `head` (the branch's commit) is made from."""

    all: ChangeSet
    changes: ChangeSet
    taken: str
    merge_base: str
    head: str
    merged: MergeResult
    in_the_way: tuple[Conflict, ...]

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        return (*self.merged.conflicts, *self.in_the_way)


def moved_since(
    session: Session, repository: SessionRepository, users: UserRepository, weighed: Weighed, branch: str
) -> tuple[str, ...]:
    """Paths that changed on the branch, or uncommitted in its work tree, since the session began; what this session's
    own promotions did is left out."""
    base = drift_base(session, branch)
    own = {
        path
        for record in session.promotions
        if record.kind == PromoteAs.CHANGES and not record.undone_by
        for path in record.paths
    }
    try:
        found = users.moved(Path(session.workspace), branch, base)[1]
        for state in _own_states(session, branch):
            if found and state != base:
                # What an undo of an earlier promotion did since is as little somebody else's.
                found = tuple(sorted({*found}.intersection(users.moved(Path(session.workspace), branch, state)[1])))
    except StaleBase:
        # The branch was rewritten and the commit is gone there, but the session still has its own base.
        found = tuple(change.path for change in repository.changes(session.base_commit, weighed.head).files)
    return tuple(path for path in found if path not in own)


def _own_states(session: Session, branch: str) -> tuple[str, ...]:
    """Every commit of Orion's own that undid something on that branch."""
    return tuple(
        record.undone_by
        for record in session.promotions
        if record.undone_by and record.branch == branch and record.kind != PromoteAs.CHANGES
    )


def branch_moved(session: Session, branch: str, head: str) -> bool:
    """Whether somebody else moved the branch: it is neither where the session began nor where a promotion of it, or
    what took one back, left it."""
    records = [record for record in session.promotions if record.branch == branch]
    own = {commit for record in records for commit in (record.commit, record.undone_by)}
    return head not in own | {session.base_commit}


def drift_base(session: Session, branch: str) -> str:
    """The commit since which a change on the branch is somebody else's: what Orion itself let in is no drift."""
    for record in reversed(session.promotions):
        if record.branch == branch and record.kind != PromoteAs.CHANGES:
            return record.undone_by or record.commit
    return session.base_commit


def weigh(
    session: Session, repository: SessionRepository, users: UserRepository, choice: Choice, branch: str
) -> Weighed:
    """Touches nothing of the user's. Raises UsageError for what cannot be chosen, StaleBase when the branch is gone."""
    root = Path(session.workspace)
    everything = open_changes(session, repository)
    changes = chosen_changes(everything, choice, repository)
    taken, base = changes.new, changes.old
    head, merged, in_the_way = users.conflicts(root, branch, repository, base, changes.new)
    if choice.resolutions:
        known = {change.path for change in changes.files}
        for path in choice.resolutions:
            if path not in known:
                raise UsageError(f"{path} is not among the chosen files", nearest(path, known))
        # Where the branch and the base of the merge are the same, what was chosen wins: the person's answer.
        base = repository.compose(base, head, sorted(choice.resolutions))
        modes = {change.path: change.new_mode or REGULAR for change in changes.files}
        files = {path: (modes[path], data) for path, data in choice.resolutions.items() if data is not None}
        chosen = repository.with_files(changes.new, files) if files else changes.new
        changes = repository.changes(changes.old, chosen)
        head, merged, in_the_way = users.conflicts(root, branch, repository, base, chosen)
    return Weighed(everything, changes, taken, base, head, merged, in_the_way)
