"""The line below the activity: what goes on this instant, or what is waited for. Pure: the screen draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.vocabulary.events import Event, EventKind
from engine.vocabulary.plans import TaskState
from engine.vocabulary.sessions import Session, SessionState
from engine.vocabulary.text import shortened, visible
from orion_tui.widgets.columns import cell, span, when

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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
    EventKind.REPLANNED,
)


def doing_now(before: Mapping[str, Event], fresh: Sequence[Event]) -> Mapping[str, Event]:
    """What has begun and not ended after these newer events, by task: an action, a call of a model, or a wait for
    one."""
    doing = dict(before)
    for event in fresh:
        if event.kind is EventKind.SESSION_ENDED:
            doing.clear()
        elif event.kind in _BEGINS:
            doing[_task(event)] = event
        elif event.kind in _ENDS:
            doing.pop(_task(event), None)
    return doing


def writing_task(session: Session, doing: Mapping[str, Event]) -> str | None:
    """The task whose model alone is asked at this moment (empty for the planner's), or None."""
    alone = _alone(doing)
    if session.state is not SessionState.RUNNING or alone is None or alone.kind not in (_ASKED, EventKind.WAITING):
        return None
    return _task(alone)


def _alone(doing: Mapping[str, Event]) -> Event | None:
    """What goes on, when it is one thing."""
    return next(iter(doing.values())) if len(doing) == 1 else None


def live_end(live: str, width: int) -> str:
    """The last `width` characters of what a model is writing, on one line."""
    return visible(" ".join(live[-4 * width :].split()))[-max(width, 1) :]


def _task(event: Event) -> str:
    approval = event.data.get("approval")
    return str(approval["task"] if isinstance(approval, dict) else event.data.get("task", ""))


def now_parts(session: Session, doing: Mapping[str, Event], now: datetime, width: int, live: str = "") -> Parts:
    """The line for a running session; where several work, each in short. `live` is the end of what the model is
    writing, when it is one."""
    if len(doing) > 1:
        each = width // len(doing) - 3
        said = " · ".join(_short(task, doing[task], each) for task in doing)
        return (("now  ", "muted"), (cell(said, width - 5), ""))
    alone = _alone(doing)
    if alone is not None and live:
        lead = "the model writes  …"
        return _timed(lead + live_end(live, width - 14 - len(lead)), alone.at, now, width)
    if alone is not None:
        return _one(alone, now, width)
    if session.waiting and not any(view.state is TaskState.RUNNING for view in session.tasks.values()):
        return (("◐ everything left waits for you: a decides", "accent"),)
    return (("now  ", "muted"), ("between two actions", "muted"))


def _one(doing: Event, now: datetime, width: int) -> Parts:
    if doing.kind is not EventKind.ACTION_STARTED:
        return _model(doing, now, width)
    verb = (doing.data.get("action") or {}).get("tool", "run")
    return _timed(f"{verb}  {doing.data['summary']}", doing.at, now, width)


def _short(task: str, doing: Event, width: int) -> str:
    model = {EventKind.ASKED: "asks the model", EventKind.WAITING: "waits for the model"}
    return shortened(f"{task}: {model.get(doing.kind) or doing.data['summary']}", max(width, 8))


def _model(doing: Event, now: datetime, width: int) -> Parts:
    until = when(doing.data["until"]) if doing.kind is EventKind.WAITING else None
    if until is not None and until > now:
        left = span((until - now).total_seconds())
        return (("wait ", "accent"), (cell(f"retry in {left}: {doing.data['reason']}", width - 5), ""))
    waits = "weighing the rest of the plan" if doing.data.get("purpose") == "replan" else "waiting for the model"
    return _timed(waits, doing.data["until"] if until is not None else doing.at, now, width)


def _timed(what: str, since: str, now: datetime, width: int) -> Parts:
    began = when(since)
    for_s = span((now - began).total_seconds()) if began else ""
    return (("now  ", "muted"), (cell(what, width - 14), ""), (f"{for_s:>8}", "muted"))
