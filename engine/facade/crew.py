"""Work shared out among processes that never outlive the one that asked, no more of it at once than keeps them busy."""

from __future__ import annotations

import os
import signal
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import get_context
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future
    from multiprocessing.connection import Connection

_MOST_PROCESSES = 4
_WAITING = 2  # shares for each process, so that none waits for the next; they may be megabytes each

Share = TypeVar("Share")
Done = TypeVar("Done")


def hands() -> int:
    """How many processes are worth starting here."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _MOST_PROCESSES)


def side_by_side(work: Callable[[Share], Done], shares: Iterable[Share]) -> Iterator[Done]:
    """What `work`, a function of a module, makes of each share, in order. Shares are taken as they are needed. When the
    caller stops early or dies, so do the processes. Where none can be had (a machine without semaphores) or one was
    killed, for its memory say, the rest is done here."""
    context = get_context("spawn")
    asker, end = context.Pipe(duplex=False)
    pool: ProcessPoolExecutor | None = None
    waiting: deque[tuple[Share, Future[Done] | None]] = deque()
    try:
        with suppress(OSError, NotImplementedError):
            pool = ProcessPoolExecutor(hands(), mp_context=context, initializer=_attend, initargs=(asker,))
        for share in shares:
            waiting.append((share, _given(pool, work, share)))
            if len(waiting) > _WAITING * hands():
                yield _taken(work, *waiting.popleft())
        while waiting:
            yield _taken(work, *waiting.popleft())
    finally:
        end.close()
        if pool is not None:
            pool.shutdown(cancel_futures=True)
        asker.close()


def _given(pool: ProcessPoolExecutor | None, work: Callable[[Share], Done], share: Share) -> Future[Done] | None:
    if pool is None:
        return None
    try:
        return pool.submit(work, share)
    except (BrokenProcessPool, OSError):
        return None


def _taken(work: Callable[[Share], Done], share: Share, future: Future[Done] | None) -> Done:
    if future is not None:
        try:
            return future.result()
        except BrokenProcessPool:
            pass
    return work(share)


def _attend(asker: Connection) -> None:
    """Ctrl+C is for the one who asked to answer; the end of its pipe is the end of this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with, args=(asker,), daemon=True).start()


def _end_with(asker: Connection) -> None:
    asker.poll(None)
    os._exit(0)
