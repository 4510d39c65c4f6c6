"""The line below the activity: what goes on this instant, or what is waited for. Pure: the screen draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.vocabulary.events import Event, EventKind
from engine.vocabulary.plans import TaskState
from engine.vocabulary.sessions import Session, SessionState
from engine.vocabulary.text import visible
from orion_tui.widgets.columns import cell, span, when

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from orion_tui.widgets.signs import Parts

LIVE_EVERY_S = 0.25
"""How often a screen looks at what a model is writing."""
_ASKED = EventKind.ASKED
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


def writing_task(session: Session, doing: Event | None) -> str | None:
    """The task whose model is asked at this moment (empty for the planner's), or None when none is."""
    if session.state is not SessionState.RUNNING or doing is None or doing.kind not in (_ASKED, EventKind.WAITING):
        return None
    return str(doing.data.get("task", ""))


def live_end(live: str, width: int) -> str:
    """The last `width` characters of what a model is writing, on one line."""
    return visible(" ".join(live[-4 * width :].split()))[-max(width, 1) :]


def now_parts(session: Session, doing: Event | None, now: datetime, width: int, live: str = "") -> Parts:
    """The line for a running session; `live` is the end of what the model is writing."""
    if doing is not None and live:
        lead = "the model writes  …"
        return _timed(lead + live_end(live, width - 14 - len(lead)), doing.at, now, width)
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
