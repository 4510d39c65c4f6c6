"""Who wants to be told of events, and what happens to one that fails."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TypeAlias

from engine.vocabulary.events import Event

Callback: TypeAlias = Callable[[tuple[Event, ...]], None]

_logger = logging.getLogger(__name__)


class Subscribers:
    """A list of callbacks; safe with threads."""

    def __init__(self) -> None:
        self._callbacks: dict[object, Callback] = {}
        self._lock = threading.Lock()

    def add(self, callback: Callback) -> Callable[[], None]:
        """The answer takes it off the list again; calling that twice is fine."""
        key = object()
        with self._lock:
            self._callbacks[key] = callback

        def remove() -> None:
            with self._lock:
                self._callbacks.pop(key, None)

        return remove

    def tell(self, events: tuple[Event, ...]) -> None:
        """Call everybody, in the order in which they came. One that raises is dropped and logged."""
        with self._lock:
            callbacks = tuple(self._callbacks.items())
        for key, callback in callbacks:
            # Somebody may have left since, on being told.
            if key not in self._callbacks:
                continue
            try:
                callback(events)
            except Exception:
                _logger.exception("a subscriber failed and is told nothing more: %r", callback)
                with self._lock:
                    self._callbacks.pop(key, None)
