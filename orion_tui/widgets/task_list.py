"""The tasks of a session as aligned rows: sign, title, confidence, time; and what holds one back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.vocabulary.plans import TaskState
from orion_tui.widgets.columns import cell, span, when
from orion_tui.widgets.rows import Row
from orion_tui.widgets.signs import TASK_SIGNS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from engine.vocabulary.sessions import Session, TaskView

_WORDED = {
    TaskState.PARKED: "waiting",
    TaskState.BLOCKED: "blocked",
    TaskState.FAILED: "failed",
    TaskState.DENIED: "denied",
    TaskState.EXPIRED: "expired",
    TaskState.SKIPPED: "skipped",
    TaskState.PENDING: "pending",
    TaskState.READY: "ready",
    TaskState.RUNNING: "running",
    TaskState.KEPT: "kept",
}

_UNTIMED = (TaskState.PARKED, TaskState.PENDING, TaskState.READY, TaskState.DENIED, TaskState.EXPIRED)
"""States whose clock would count how long a person took."""


def task_rows(session: Session, now: datetime, width: int) -> Sequence[Row]:
    """One row for each task of the plan, in its order; a task that waits for another says for which."""
    rows: list[Row] = []
    for key, view in session.tasks.items():
        sign, _, tone = TASK_SIGNS[view.state]
        word = _WORDED[view.state]
        time = _time(view, now)
        confidence = f"{view.confidence:.2f}" + ("⚑" if view.flagged else " ")
        right = f" {confidence} {word:<8}{time:>6} " if width >= 38 else f" {word:<8}"
        title = cell(view.task.title, width - len(right) - 4)
        rows.append(Row(key, ((f"  {sign} ", tone), (title, ""), (right, tone if view.state.ended else "muted"))))
        if view.state is TaskState.PENDING:
            holding = _holding(session, view)
            if holding:
                rows.append(Row("", ((cell(f"      {holding}", width), "muted"),)))
    return rows


def _holding(session: Session, view: TaskView) -> str:
    """What this one still waits for; or, when that will never be kept, that it does not begin at all."""
    waited = [session.tasks[key] for key in view.task.depends_on if key in session.tasks]
    gone = next((other for other in waited if other.state.ended and other.state is not TaskState.KEPT), None)
    if gone is not None:
        return f"never, {_WORDED[gone.state]}: {gone.task.title}"
    titles = ", ".join(other.task.title for other in waited if other.state is not TaskState.KEPT)
    return f"after: {titles}" if titles else ""


def _time(view: TaskView, now: datetime) -> str:
    began, ended = when(view.started_at), when(view.ended_at)
    if began is None or view.state in _UNTIMED:
        return ""
    return span(((ended or now) - began).total_seconds())
