"""A reply while it comes: its end is shown a few times a second, and none of it is a fact before it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.governance.secrets import redact

if TYPE_CHECKING:
    from collections.abc import Callable

SHOW_EVERY_S = 0.25
SHOWN_CHARACTERS = 4_000
_LOOKED_AT = 8_000
"""Characters that are searched for secrets, so that one which began before the shown end is seen whole."""


class LiveReply:
    """Gathers pieces and hands their end to `show`, at most once in `SHOW_EVERY_S` seconds of `clock`."""

    def __init__(self, show: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._show = show
        self._clock = clock
        self._pieces: list[str] = []
        self._size = 0
        self._next = 0.0
        self._shown = False

    def add(self, delta: str) -> None:
        """One more piece."""
        self._pieces.append(delta)
        self._size += len(delta)
        now = self._clock()
        if now < self._next or not delta:
            return
        self._next = now + SHOW_EVERY_S
        end = "".join(self._pieces)[-_LOOKED_AT:]
        if self._size > 2 * _LOOKED_AT:
            self._pieces, self._size = [end], len(end)
        self._shown = True
        self._show(redact(end)[-SHOWN_CHARACTERS:])

    def over(self) -> None:
        """The reply is whole, or it begins again."""
        self._pieces, self._size, self._next = [], 0, 0.0
        if self._shown:
            self._shown = False
            self._show("")
