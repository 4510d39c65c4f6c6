"""What is heard of a model while a goal is planned: written by the engine's thread, read by the form's timer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from engine.vocabulary.text import visible
from orion_tui.widgets.columns import span

if TYPE_CHECKING:
    from collections.abc import Callable

_TAIL = 400


class PlanningWatch:
    """A `ModelWatch` of one call of the engine. Notices stand in what the call answers."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = clock()
        self._until = 0.0
        self._reason = ""
        self._tail = ""

    def text(self, delta: str) -> None:
        self._tail = (self._tail + delta)[-_TAIL:]

    def call(self, delta: str) -> None:
        self.text(delta)

    def waiting(self, reason: str, seconds: float) -> None:
        self._reason, self._tail, self._until = reason, "", self._clock() + seconds

    def waited(self, seconds: float) -> None:
        self._until, self._since = 0.0, self._clock()

    def notice(self, message: str) -> None:
        """Told with the answer."""

    def said(self, width: int) -> str:
        """One line of at most `width` characters: for what it is waited, or the end of what the model writes."""
        now = self._clock()
        if self._until > now:
            return _cut(f"retry in {span(self._until - now)}: {self._reason}", width)
        for_s = span(now - self._since)
        tail = " ".join(self._tail.split())
        if not tail:
            return _cut(f"waiting for the model {for_s}", width)
        lead = f"the model writes {for_s}  …"
        return lead + visible(tail)[-max(width - len(lead), 10) :]


def _cut(text: str, width: int) -> str:
    shown = visible(text)
    return shown if len(shown) <= width else shown[: width - 1] + "…"
