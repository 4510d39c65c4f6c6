"""How much of its limits a session has used, on one line that never jumps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from orion_tui.widgets.columns import meter, money, span
from orion_tui.widgets.header import styled

if TYPE_CHECKING:
    from datetime import datetime

    from engine.vocabulary.sessions import Session
    from orion_tui.widgets.signs import Part, Parts


def tokens(count: int) -> str:
    """A count of tokens in at most 6 characters."""
    if count < 1000:
        return str(count)
    return f"{count / 1000:.0f}k" if count < 1_000_000 else f"{count / 1_000_000:.1f}M"


def budget_parts(session: Session, now: datetime, width: int) -> Parts:
    """Cost and time as bars with figures, then the counts that still fit."""
    bar = 14 if width >= 110 else 6 if width >= 60 else 0
    used = session.worked_s(now)
    parts: list[Part] = []
    for name, value, limit, text in (
        ("cost", session.cost_usd, session.limits.cost_usd, f"{money(session.cost_usd)}/{session.limits.cost_usd:.2f}"),
        ("time", used, session.limits.time_s, f"{span(used)}/{span(session.limits.time_s)}"),
    ):
        near = limit > 0 and value / limit >= 0.8
        parts += [
            (f" {name} ", "muted"),
            (meter(value, limit, bar) + " " if bar else "", ""),
            (f"{text + (' !' if near else ''):<17}", "accent" if near else ""),
        ]
    room = width - 1 - sum(len(text) for text, _ in parts)
    for name, shown in (
        ("tokens", f"{tokens(session.tokens):>5}"),
        ("checkpoints", f"{len(session.checkpoints):>3}"),
        ("drift", session.drift),
    ):
        need = len(name) + len(shown) + 3
        if room < need:
            break
        room -= need
        parts += [(f"  {name} ", "muted"), (shown, "accent" if shown == "high" else "")]
    return tuple(parts)


class Meters(Widget):
    """The budget line of one session."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._session: Session | None = None
        self._now: datetime | None = None

    def show(self, session: Session, now: datetime) -> None:
        self._session, self._now = session, now
        self.refresh()

    def render(self) -> Content:
        if self._session is None or self._now is None:
            return Content("")
        return styled(budget_parts(self._session, self._now, self.size.width))
