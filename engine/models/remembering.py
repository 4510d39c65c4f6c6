"""What was made of a message is kept, since a conversation comes again with every turn and only its end is new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.vocabulary.models import Message

_MOST = 8_192
"""Messages that are remembered before all are forgotten: a few long conversations."""
_T = TypeVar("_T")


class Remembering(Generic[_T]):
    """`make` of a message, made once for each object: messages are never changed, and no other can take the place of
    one that is held here. Safe with many threads: at worst two make the same."""

    def __init__(self, make: Callable[[Message], _T]) -> None:
        self._make = make
        self._known: dict[int, tuple[Message, _T]] = {}

    def __call__(self, message: Message) -> _T:
        found = self._known.get(id(message))
        if found is not None and found[0] is message:
            return found[1]
        made = self._make(message)
        if len(self._known) >= _MOST:
            self._known = {}
        self._known[id(message)] = (message, made)
        return made
