"""Which tasks can never come. Pure; which comes next, the session itself says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.vocabulary.plans import TaskState

if TYPE_CHECKING:
    from engine.vocabulary.sessions import Session, TaskView


def doomed(session: Session) -> list[tuple[TaskView, str]]:
    """Tasks that can never run because something they depend on ended without being kept, with the reason."""
    found = []
    for view in session.tasks.values():
        if view.state is not TaskState.PENDING:
            continue
        for needed in view.task.depends_on:
            state = _state(session, needed)
            if state.ended and state is not TaskState.KEPT:
                found.append((view, f"depends on {needed!r}, which ended {state.value}"))
                break
    return found


def _state(session: Session, task: str) -> TaskState:
    view = session.tasks.get(task)
    return view.state if view is not None else TaskState.SKIPPED
