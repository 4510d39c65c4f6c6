"""Events of this process and of every other one, in the order of the journal, from one thread."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Protocol

from engine.storage.subscribers import Callback, Subscribers
from engine.vocabulary.errors import JournalError
from engine.vocabulary.events import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.vocabulary.ports import Journal

POLL_S = 0.05
"""How soon a change by another process is seen. What this process writes wakes the feed at once."""

DEAD_S = 3.0
"""A session whose runner is gone without a word is followed for this long, in case a new one is starting."""

_GROUP = 1000
_INBOX = 4096
_RETRY_S = 1.0
_logger = logging.getLogger(__name__)


class Flag(Protocol):
    """What stops a follower: a `threading.Event` or anything that can be asked the same."""

    def is_set(self) -> bool: ...


class Feed:
    """Starts its thread with the first subscriber; `close` ends and joins it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._subscribers = Subscribers()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._progress = threading.Condition()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._leave_journal: Callable[[], None] = lambda: None
        # Written by the feed's thread only.
        self._row = 0
        # What this process wrote, handed over without reading it from the file again. When it overflowed, or another
        # process wrote in between, the rows have a gap and the file is read.
        self._inbox: deque[tuple[Event, ...]] = deque(maxlen=_INBOX)

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Call back, from the feed's thread, with every event that is written from now on. The callback must return at
        once; one that raises is dropped and logged. The answer ends it."""
        with self._lock:
            if self._closed.is_set():
                raise JournalError("the feed is closed", "open Orion again")
            remove = self._subscribers.add(callback)
            if self._thread is None:
                self._leave_journal = self._journal.subscribe(self._take_in)
                self._row = self._journal.last_row()
                self._thread = threading.Thread(target=self._run, name="orion-feed", daemon=True)
                self._thread.start()
        return remove

    def drained(self) -> bool:
        """Whether everything written so far has been delivered; true while nobody ever subscribed."""
        return self._thread is None or self._row >= self._journal.last_row()

    def wait_drained(self, timeout_s: float) -> bool:
        """Wait until everything that was written before this call is delivered; false when time ran out."""
        if self._thread is None:
            return True
        row = self._journal.last_row()
        with self._progress:
            return self._progress.wait_for(lambda: self._row >= row, timeout_s)

    def close(self) -> None:
        """End the thread; events not yet delivered are dropped. Twice is fine."""
        with self._lock:
            self._closed.set()
            thread = self._thread
        self._leave_journal()
        self._wake.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def follow(self, session: str, after: int, stop: Flag, alive: Callable[[], bool]) -> Iterator[Event]:
        """The session's events above `after`, then new ones as they come. Ends when `stop` is set, when the session has
        ended and no runner is `alive`, or when a runner that is gone left no ending."""
        woken = threading.Event()
        leave = self._journal.subscribe(lambda events: woken.set())
        try:
            yield from self._follow(session, after, stop, alive, woken)
        finally:
            leave()

    def _follow(
        self, session: str, after: int, stop: Flag, alive: Callable[[], bool], woken: threading.Event
    ) -> Iterator[Event]:
        ended, dead_since, seen = False, None, -1
        while not stop.is_set():
            woken.clear()
            # Asked before reading: what a runner wrote before it ended is then read for certain.
            living = alive()
            version = self._journal.changed()
            events = self._journal.events(session, after, _GROUP) if version != seen or not living else ()
            for event in events:
                if stop.is_set():
                    return
                after = event.seq
                if event.kind in (EventKind.SESSION_ENDED, EventKind.SESSION_STARTED):
                    ended = event.kind is EventKind.SESSION_ENDED
                yield event
            if len(events) == _GROUP:
                continue
            seen = version
            if living or events:
                dead_since = None
            elif ended:
                return
            elif self._journal.runner(session) is not None:
                dead_since = dead_since or time.monotonic()
                if time.monotonic() - dead_since >= DEAD_S:
                    return
            if not events:
                woken.wait(POLL_S)

    def _take_in(self, events: tuple[Event, ...]) -> None:
        """From the writing thread."""
        self._inbox.append(events)
        self._wake.set()

    def _run(self) -> None:
        seen = -1
        while not self._closed.is_set():
            self._wake.wait(POLL_S)
            self._wake.clear()
            try:
                self._deliver_inbox()
                version = self._journal.changed()
                if version != seen:
                    self._catch_up()
                    seen = version
            except JournalError as error:
                if self._closed.is_set():
                    return
                _logger.warning("the journal cannot be followed just now: %s", error.message)
                self._wake.wait(_RETRY_S)

    def _deliver_inbox(self) -> None:
        group: list[Event] = []
        while self._inbox and not self._closed.is_set():
            events = self._inbox.popleft()
            if events[-1].row <= self._row:
                continue
            expected = group[-1].row + 1 if group else self._row + 1
            if events[0].row != expected:
                self._deliver(group)
                group = []
                self._catch_up()
                continue
            group += events
            if len(group) >= _GROUP:
                self._deliver(group)
                group = []
        self._deliver(group)

    def _catch_up(self) -> None:
        while not self._closed.is_set():
            events = self._journal.since(self._row, _GROUP)
            if not events:
                return
            self._deliver(events)

    def _deliver(self, events: list[Event] | tuple[Event, ...]) -> None:
        if not events:
            return
        self._subscribers.tell(tuple(events))
        with self._progress:
            self._row = events[-1].row
            self._progress.notify_all()
