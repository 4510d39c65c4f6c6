"""What a session says of how its tasks went, for the next plan: one row for each task a model worked on and ended, one
for each rejection. Made from the session's state alone, so it can be made again at any time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from engine.planning.calibration import raw_seconds
from engine.vocabulary.outlook import ReviewVerdict
from engine.vocabulary.plans import TaskState
from engine.vocabulary.sessions import SessionState

if TYPE_CHECKING:
    from engine.vocabulary.sessions import Session, TaskView


@dataclass(frozen=True, slots=True)
class FeedbackRow:
    """As `Sample` and `Rejection`; `task` is empty for the rejection of a whole session. `sampled` is false for what
    only brings a reason (a playbook's task, a session)."""

    task: str
    kind: str
    title: str
    confidence: float
    verdict: ReviewVerdict
    reason: str
    at: str
    sampled: bool
    raw_s: float | None = None
    duration_s: float | None = None
    cost_usd: float = 0.0


def rows_of(session: Session) -> tuple[FeedbackRow, ...]:
    """In the order of the plan, the session's own rejection last."""
    let_in = {path for record in session.promotions if not record.undone_by for path in record.paths}
    turned_down = session.state is SessionState.REJECTED
    rows = [row for view in session.tasks.values() if (row := _row(session, view, let_in, turned_down)) is not None]
    if turned_down:
        rejected = ReviewVerdict.REJECTED
        rows.append(FeedbackRow("", "", session.goal, 0.0, rejected, session.reason, session.ended_at, sampled=False))
    return tuple(rows)


def _row(session: Session, view: TaskView, let_in: set[str], turned_down: bool) -> FeedbackRow | None:
    if view.state not in (TaskState.KEPT, TaskState.FAILED, TaskState.DENIED, TaskState.BLOCKED) or not view.ended_at:
        return None
    verdict, reason = _verdict(view, let_in, turned_down)
    sampled = view.task.steps is None
    if not sampled and not reason:
        return None
    planned = session.plan is not None and session.plan.source.startswith("model ")
    # Parked, paused or tried again: the time between start and end is not the time it took.
    whole = view.state is TaskState.KEPT and view.attempts == 1
    return FeedbackRow(
        view.task.id,
        view.task.action.value,
        view.task.title,
        view.calibration.claimed if view.calibration else view.task.confidence,
        verdict,
        reason,
        view.ended_at,
        sampled,
        raw_seconds(view.task) if planned else None,
        _seconds(view.started_at, view.ended_at) if whole else None,
        view.cost_usd,
    )


def _verdict(view: TaskView, let_in: set[str], turned_down: bool) -> tuple[ReviewVerdict, str]:
    if view.state is TaskState.DENIED:
        return ReviewVerdict.REJECTED, view.reason
    if view.rejected:
        return ReviewVerdict.REJECTED, view.rejected
    if view.state is not TaskState.KEPT:
        return ReviewVerdict.NONE, ""
    if let_in.intersection(view.files):
        return ReviewVerdict.APPROVED, ""
    return (ReviewVerdict.REJECTED if turned_down else ReviewVerdict.NONE), ""


def _seconds(start: str, end: str) -> float | None:
    if not start or not end:
        return None
    taken = (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
    # A clock that was set back tells nothing.
    return taken if taken >= 0 else None
