"""From what was chosen to what will stand in the user's repository: one tree, or one for each kept task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.vocabulary.errors import UsageError

if TYPE_CHECKING:
    from engine.review.selection import Choice
    from engine.vocabulary.changes import ChangeSet
    from engine.vocabulary.ports import SessionRepository
    from engine.vocabulary.sessions import Session


@dataclass(frozen=True, slots=True)
class Step:
    """One commit to be: the session's tree after it, and the task it is for (empty for a commit of everything)."""

    tree: str
    task: str = ""


def one_step(changes: ChangeSet) -> tuple[Step, ...]:
    return (Step(changes.new),)


def steps_by_task(
    session: Session, repository: SessionRepository, changes: ChangeSet, choice: Choice
) -> tuple[Step, ...]:
    """A step for each kept task that touched a chosen file, in the order they were kept; the last one's tree is what
    was chosen. Raises UsageError when hunks were chosen or conflicts resolved: a task's share of them is nobody's
    decision."""
    if choice.hunks or choice.resolutions:
        raise UsageError("commits by task are made of whole files", "take whole files, or promote as one commit")
    chosen = {change.path for change in changes.files}
    steps: list[Step] = []
    before = changes.old
    for checkpoint in session.checkpoints:
        view = session.tasks.get(checkpoint.task)
        paths = sorted(chosen.intersection(view.files)) if view is not None else []
        if not paths:
            continue
        tree = repository.compose(before, checkpoint.commit, paths)
        if tree != before:
            steps.append(Step(tree, checkpoint.task))
            before = tree
    if not steps:
        return one_step(changes)
    if before != changes.new:
        steps[-1] = Step(changes.new, steps[-1].task)
    return tuple(steps)
