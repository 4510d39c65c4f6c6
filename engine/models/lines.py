"""Lines to endpoints: a client of a kit in a loop of its own, kept warm from one call to the next.

An asynchronous client is the only way to stop a call that hangs: closing a stream from another thread does not wake who
reads it, cancelling its task does, in milliseconds. A client's connections belong to its loop, and a loop is run by one
thread at a time; so a line is lent to one call and comes back, and calls side by side have one each."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from threading import Lock, Thread
from typing import TYPE_CHECKING, Protocol, TypeVar

from engine.vocabulary.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Hashable
    from threading import Event as Flag
    from typing import Any

LOOK_EVERY_S = 0.02
KEPT = 8
"""Idle lines of one engine: twice as many as tasks may run side by side."""
_CLOSING_S = 1.0
_T = TypeVar("_T")


class Speaker(Protocol):
    """Who can be spoken to: `client` opens a kit's client, and speakers of the same `key` may have each other's."""

    @property
    def key(self) -> Hashable: ...

    def client(self) -> Any: ...


class Line:
    """One client in its loop; `warm` once a call went over it and ended well."""

    def __init__(self, key: Hashable, client: Any) -> None:
        self.key = key
        self.client = client
        self.warm = False
        self._loop = asyncio.new_event_loop()
        self._looking: asyncio.TimerHandle | None = None

    def run(self, stop: Flag, work: Coroutine[Any, Any, _T]) -> _T:
        """The result of `work`; Cancelled at most some 20 ms after `stop` is set."""
        if stop.is_set():
            work.close()
            raise Cancelled
        task = self._loop.create_task(work)
        self._look(stop, task)
        try:
            found = self._loop.run_until_complete(task)
        except asyncio.CancelledError as cancelled:
            raise Cancelled from cancelled
        finally:
            if self._looking is not None:
                self._looking.cancel()
        if asyncio.all_tasks(self._loop):
            # A kit leaves its readers halfway when it has what it wants; their ends are run now, not at the next call.
            self._loop.run_until_complete(asyncio.sleep(0))
        self.warm = True
        return found

    def _look(self, stop: Flag, task: asyncio.Task[Any]) -> None:
        if stop.is_set():
            task.cancel()
        else:
            self._looking = self._loop.call_later(LOOK_EVERY_S, self._look, stop, task)

    def close(self) -> None:
        """Let go of the client's connections. Not from a thread in which another loop runs."""
        loop = self._loop
        try:
            loop.run_until_complete(self._over())
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            # The loop's threads look names up; one that hangs in there is not waited for.
            loop.close()

    async def _over(self) -> None:
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        with suppress(TimeoutError):
            # An endpoint that is slow to say goodbye is not waited for.
            await asyncio.wait_for(asyncio.gather(self.client.close(), return_exceptions=True), _CLOSING_S)


class Lines:
    """The lines that nobody speaks over at the moment, at most `keep` of them. Safe with many threads."""

    def __init__(self, keep: int = 0) -> None:
        self._keep = keep
        self._lock = Lock()
        self._idle: list[Line] = []

    def run(self, speaker: Speaker, stop: Flag, work: Callable[[Line], Coroutine[Any, Any, _T]]) -> _T:
        """The result of `work` over a warm line to the speaker, else a new one. Raises what it raises, and Cancelled at
        most some 20 ms after `stop` is set."""
        if stop.is_set():
            raise Cancelled
        line = self._taken(speaker.key) or Line(speaker.key, speaker.client())
        try:
            found = line.run(stop, work(line))
        except BaseException:
            # What broke off is in a state that nobody knows.
            line.close()
            raise
        self._give(line)
        return found

    def close(self) -> None:
        """Close the idle lines, and those in use when they come back."""
        with self._lock:
            self._keep = 0
            idle, self._idle = self._idle, []
        if idle:
            # In a thread of its own, since whoever calls may be in a loop, as the app is.
            closing = Thread(target=_close, args=(idle,), name="lines", daemon=True)
            closing.start()
            closing.join(_CLOSING_S * len(idle) + 1)

    def _taken(self, key: Hashable) -> Line | None:
        with self._lock:
            found = next((line for line in reversed(self._idle) if line.key == key), None)
            if found is not None:
                self._idle.remove(found)
        return found

    def _give(self, line: Line) -> None:
        with self._lock:
            self._idle.append(line)
            over = self._idle[: len(self._idle) - self._keep]
            del self._idle[: len(over)]
        _close(over)


def _close(lines: list[Line]) -> None:
    for line in lines:
        line.close()
