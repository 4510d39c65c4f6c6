"""The line below the activity: what goes on this instant, or what is waited for. Pure: the screen draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.vocabulary.events import Event, EventKind
from engine.vocabulary.plans import TaskState
from orion_tui.widgets.columns import cell, span, when

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from engine.vocabulary.sessions import Session
    from orion_tui.widgets.signs import Parts

_BEGINS = (EventKind.ACTION_STARTED, EventKind.ASKED, EventKind.WAITING)
_ENDS = (
    EventKind.ACTION,
    EventKind.TURN,
    EventKind.TASK_ENDED,
    EventKind.SESSION_ENDED,
    EventKind.PARKED,
    EventKind.SUSPENDED,
)


def doing_now(before: Event | None, fresh: Sequence[Event]) -> Event | None:
    """What has begun and not ended after these newer events: an action, a call of a model, or a wait for one."""
    for event in reversed(fresh):
        if event.kind in _BEGINS:
            return event
        if event.kind in _ENDS:
            return None
    return before


def now_parts(session: Session, doing: Event | None, now: datetime, width: int) -> Parts:
    """The line for a running session."""
    if doing is not None and doing.kind is EventKind.ACTION_STARTED:
        verb = (doing.data.get("action") or {}).get("tool", "run")
        return _timed(f"{verb}  {doing.data['summary']}", doing.at, now, width)
    if doing is not None:
        return _model(doing, now, width)
    if session.waiting and not any(view.state is TaskState.RUNNING for view in session.tasks.values()):
        return (("◐ everything left waits for you: a decides", "accent"),)
    return (("now  ", "muted"), ("between two actions", "muted"))


def _model(doing: Event, now: datetime, width: int) -> Parts:
    until = when(doing.data["until"]) if doing.kind is EventKind.WAITING else None
    if until is not None and until > now:
        left = span((until - now).total_seconds())
        return (("wait ", "accent"), (cell(f"retry in {left}: {doing.data['reason']}", width - 5), ""))
    return _timed("waiting for the model", doing.data["until"] if until is not None else doing.at, now, width)


def _timed(what: str, since: str, now: datetime, width: int) -> Parts:
    began = when(since)
    for_s = span((now - began).total_seconds()) if began else ""
    return (("now  ", "muted"), (cell(what, width - 14), ""), (f"{for_s:>8}", "muted"))
