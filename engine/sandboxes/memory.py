"""Watches how much memory the processes of a sandbox use, where no control group does it.

A limit on address space is not an option: it stops Node and Java at start, which reserve far more than they use.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_CALM_S = 0.05
_NEAR_S = 0.01


class MemoryWatch:
    """A thread that calls `exceeded` once when the processes below `pid` use more than `limit` bytes together."""

    def __init__(self, pid: int, limit: int, exceeded: Callable[[], None]) -> None:
        self._pid = pid
        self._limit = limit
        self._exceeded = exceeded
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"orion-memory-{pid}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread and waits for it."""
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        pause = _CALM_S
        while not self._end.wait(pause):
            pids = tuple(descendants(self._pid))
            used = sum(map(_resident, pids))
            # Resident sizes count shared pages once for each process; the exact sum costs more, so it comes second.
            if used > self._limit and sum(map(_proportional, pids)) > self._limit:
                self._exceeded()
                return
            pause = _NEAR_S if used > self._limit // 2 else _CALM_S


def descendants(pid: int) -> Iterator[int]:
    """The process and everything below it that exists now. Orphans inside a process namespace belong to its first
    process, so nothing of a sandbox is missed."""
    waiting = [pid]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(_children(current))


def _children(pid: int) -> Iterator[int]:
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return
    for thread in threads:
        try:
            children = (thread / "children").read_text(encoding="ascii")
        except OSError:
            continue
        yield from map(int, children.split())


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0


def _proportional(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        # A process may hide its map from us; what it says of itself elsewhere then counts in full.
        return _resident(pid)
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), _resident(pid))
