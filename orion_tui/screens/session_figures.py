"""A session in figures: what it used, what AEGIS said, and the confidence of each task as a chart. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.vocabulary.errors import RoleError
from engine.vocabulary.events import EventKind
from engine.vocabulary.plans import TaskState
from engine.vocabulary.text import visible
from orion_tui.widgets.columns import cell, count, meter, money, span
from orion_tui.widgets.meters import tokens
from orion_tui.widgets.signs import Part, Parts, task_sign

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from engine.vocabulary.events import Event
    from engine.vocabulary.roles import Thresholds
    from engine.vocabulary.sessions import Session
    from orion_tui.engine_face import EngineFace

FIGURES_WIDTH = 70
"""Of the text in a box, beside the scroll bar that it may need."""
_BAR = 20
_LABEL = 10
_DECISIONS = (("allow", "allowed"), ("park", "parked"), ("block", "blocked"))
_UNTRIED = (TaskState.PENDING, TaskState.READY, TaskState.SKIPPED)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the box is drawn from; without `thresholds`, which only the role's file knows, the chart has no marks."""

    session: Session
    events: tuple[Event, ...]
    thresholds: Thresholds | None


def read_figures(engine: EngineFace, session: str) -> Figures:
    """Read from the engine; blocks."""
    state = engine.sessions.get(session)
    try:
        thresholds = engine.roles.thresholds(state.role, Path(state.workspace))
    except RoleError:
        thresholds = None
    return Figures(state, engine.sessions.events(session), thresholds)


def session_figures(figures: Figures, now: datetime, width: int) -> Parts:
    """Everything for a box of `width` cells."""
    session = figures.session
    return (
        *_line("role", visible(session.role)),
        *_line("sandbox", session.sandbox or "none yet"),
        *_line("model", _model(session)),
        *_line("worked", f"{span(session.worked_s(now))}, {count(len(session.checkpoints), 'checkpoint')}"),
        *_budgets(session, now),
        *_aegis(figures.events),
        *_chart(session, figures.thresholds, width),
    )


def _model(session: Session) -> str:
    if not session.calls:
        return f"{visible(session.model) or 'none'}, not called"
    return f"{visible(session.model) or 'unnamed'}, {count(session.calls, 'call')}, {tokens(session.tokens)} tokens"


def _line(label: str, text: str) -> Parts:
    return ((cell(label, _LABEL), "muted"), (f"{text}\n", ""))


def _budgets(session: Session, now: datetime) -> Parts:
    limits, used = session.limits, session.worked_s(now)
    budgets = (
        ("cost", session.cost_usd, limits.cost_usd, money(session.cost_usd), money(limits.cost_usd)),
        ("time", used, limits.time_s, span(used), span(limits.time_s)),
        ("tokens", session.tokens, limits.tokens, tokens(session.tokens), tokens(limits.tokens)),
        ("turns", session.calls, limits.turns, str(session.calls), str(limits.turns)),
    )
    parts: list[Part] = [("\n", "")]
    for name, value, limit, shown, most in budgets:
        near = limit > 0 and value / limit >= 0.8
        text = f"{shown} of {most}" if limit else f"{shown}, no limit"
        parts += [
            (cell(name, _LABEL), "muted"),
            (meter(value, limit, _BAR) + " " if limit else " " * (_BAR + 3), ""),
            (text + (" !" if near else "") + "\n", "accent" if near else ""),
        ]
    return tuple(parts)


def _aegis(events: Iterable[Event]) -> Parts:
    """How often the gate said what, and by which layer it said no."""
    verdicts = [event.data["verdict"] for event in events if event.kind is EventKind.GATE]
    said = Counter(verdict["decision"] for verdict in verdicts)
    refused = Counter(verdict["layer"] for verdict in verdicts if verdict["decision"] != "allow")
    text = " · ".join(f"{said[decision]:,} {word}" for decision, word in _DECISIONS)
    by = ", ".join(f"{number} by {layer}" for layer, number in refused.most_common())
    return (("\n", ""), *_line("AEGIS", text), *(_line("", by) if by else ()))


def _chart(session: Session, thresholds: Thresholds | None, width: int) -> Parts:
    views = tuple(session.tasks.values())
    if not views:
        return ()
    marks = (thresholds.pause_and_ask, thresholds.execute_and_flag, thresholds.auto_execute) if thresholds else ()
    room = max(width - _BAR - 9, 8)
    parts: list[Part] = [("\nConfidence per task\n", "title")]
    for view in views:
        sign, tone = task_sign(view.state)
        bar, number = " " * _BAR, "  -"
        if view.state not in _UNTRIED:
            bar, number = _bar(view.confidence, marks), f"{view.confidence:.2f}{'⚑' if view.flagged else ''}"
        parts += [(sign[:2], tone), (f"{cell(view.task.title, room)} {bar}", ""), (f" {number}\n", "muted")]
    if thresholds:
        said = f"┊ {thresholds.pause_and_ask:.2f} asks   ┊ {thresholds.execute_and_flag:.2f} flags   "
        parts.append((f"{said}┊ {thresholds.auto_execute:.2f} goes on alone\n", "muted"))
    return tuple(parts)


def _bar(value: float, marks: tuple[float, ...]) -> str:
    """The share as a line; each mark shows in the place where the bar would have to reach it."""
    full = round(min(max(value, 0.0), 1.0) * _BAR)
    at = {min(int(mark * _BAR), _BAR - 1) for mark in marks}
    return "".join("━" if place < full else "┊" if place in at else "·" for place in range(_BAR))
