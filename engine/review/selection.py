"""What of a session could still be let in: its kept changes, less what an earlier promotion has already brought
over."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.vocabulary.errors import UsageError
from engine.vocabulary.plans import TaskState
from engine.vocabulary.text import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.vocabulary.changes import ChangeSet
    from engine.vocabulary.ports import SessionRepository
    from engine.vocabulary.sessions import Session


def open_changes(session: Session, repository: SessionRepository) -> ChangeSet:
    """All changes from the base to the tip that no standing promotion holds with the same content."""
    changes = repository.changes(session.base_commit, session.tip)
    promoted: set[str] = set()
    for record in session.promotions:
        if record.undone_by:
            promoted.difference_update(record.paths)
            continue
        moved = {change.path for change in repository.changes(record.source, session.tip).files}
        promoted.update(set(record.paths) - moved)
    left = tuple(change for change in changes.files if change.path not in promoted)
    return replace(changes, files=left)


def chosen_changes(changes: ChangeSet, paths: Sequence[str] | None) -> ChangeSet:
    """Only the changes of `paths` (None for all). Raises UsageError for a path that did not change."""
    if paths is None:
        return changes
    known = {change.path for change in changes.files}
    for path in paths:
        if path not in known:
            raise UsageError(f"{path} is not among the changed files of this session", nearest(path, known))
    wanted = set(paths)
    return replace(changes, files=tuple(change for change in changes.files if change.path in wanted))


def tasks_by_path(session: Session) -> dict[str, tuple[str, ...]]:
    """For each path, the ids of the kept tasks that touched it, in plan order."""
    found: dict[str, tuple[str, ...]] = {}
    for view in session.tasks.values():
        if view.state is TaskState.KEPT:
            for path in view.files:
                found[path] = (*found.get(path, ()), view.task.id)
    return found
