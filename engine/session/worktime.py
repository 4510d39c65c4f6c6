"""How long has been worked: time that passes while everybody waits is not counted."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from engine.vocabulary.events import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.vocabulary.events import Event
    from engine.vocabulary.ports import Clock


class Worktime:
    """Seconds in which at least one worker was at work. Safe with many threads; begins with nobody working."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._workers = 0
        self._since = 0.0
        self._seconds = 0.0

    def seconds(self) -> float:
        """Worked so far."""
        with self._lock:
            running = self._clock.monotonic() - self._since if self._workers else 0.0
            return self._seconds + running

    def begin(self) -> None:
        """One more is at work."""
        with self._lock:
            if not self._workers:
                self._since = self._clock.monotonic()
            self._workers += 1

    def cease(self) -> None:
        """One less is."""
        with self._lock:
            self._workers -= 1
            if not self._workers:
                self._seconds += self._clock.monotonic() - self._since

    @contextmanager
    def working(self) -> Iterator[None]:
        """At work inside the block."""
        self.begin()
        try:
            yield
        finally:
            self.cease()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Not at work inside the block, for a worker that is one otherwise."""
        self.cease()
        try:
            yield
        finally:
            self.begin()


def lost_s(events: Sequence[Event]) -> float:
    """Seconds that a run worked which was killed before it could write its end, as far as its facts tell."""
    for event in reversed(events):
        if event.kind is EventKind.SESSION_STARTED:
            return 0.0
        if "run_s" in event.data:
            return float(event.data["run_s"])
    return 0.0
