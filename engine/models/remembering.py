"""What was made of a thing is kept, since a conversation comes again with every turn and only its end is new."""

from __future__ import annotations

from operator import is_
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST = 8_192
"""Things that are remembered before all are forgotten: a few long conversations."""
_ROWS = 4
"""Conversations that are gone on with: as many as tasks may run side by side."""
_From = TypeVar("_From")
_To = TypeVar("_To")


class Remembering(Generic[_From, _To]):
    """`make` of a message or a list of tools, made once for each object: they are never changed, and no other can take
    the place of one that is held here. `more` is told when it is made, and must be the same for the same object. Safe
    with many threads: at worst two make the same."""

    def __init__(self, make: Callable[..., _To]) -> None:
        self._make = make
        self._known: dict[int, tuple[_From, _To]] = {}

    def __call__(self, thing: _From, *more: Any) -> _To:
        found = self._known.get(id(thing))
        if found is not None and found[0] is thing:
            return found[1]
        made = self._make(thing, *more)
        if len(self._known) >= _MOST:
            self._known = {}
        self._known[id(thing)] = (thing, made)
        return made


class Growing(Generic[_From, _To]):
    """What `more` makes of a row of things that comes again and again with a longer end: it is given what was made of
    the beginning, `start` at first, and the things after it, and must answer with something new. What begins like none
    of the last rows is made as a whole. Safe with many threads: at worst two make the same."""

    def __init__(self, start: _To, more: Callable[[_To, tuple[_From, ...]], _To]) -> None:
        self._start = start
        self._more = more
        self._rows: tuple[tuple[tuple[_From, ...], _To], ...] = ()

    def __call__(self, things: tuple[_From, ...]) -> _To:
        rows = self._rows
        known, made = next((row for row in rows if _begins(row[0], things)), ((), self._start))
        if len(known) < len(things):
            made = self._more(made, things[len(known) :])
        self._rows = ((things, made), *(row for row in rows if row[0] is not known))[:_ROWS]
        return made


def _begins(row: tuple[Any, ...], things: tuple[Any, ...]) -> bool:
    return len(row) <= len(things) and all(map(is_, row, things))
