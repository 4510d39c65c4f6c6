"""Watches how much memory the processes of a sandbox use, where no control group does it.

A limit on address space is not an option: it stops Node and Java at start, which reserve far more than they use.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
        pause = 0.0
        while not self._end.wait(pause):
            pids = descendants(self._pid)
            used = sum(map(_resident, pids))
            # Resident sizes count shared pages once for each process; the exact sum costs more, so it comes second.
            if used > self._limit and sum(map(_proportional, pids)) > self._limit:
                self._exceeded()
                return
            pause = _NEAR_S if used > self._limit // 2 else _CALM_S


def descendants(pid: int) -> tuple[int, ...]:
    """The process and everything below it that exists now. Orphans inside a process namespace belong to its first
    process, so nothing of a sandbox is missed."""
    children = _children_by_parent() if not _lists_children() else None
    found = [pid]
    for current in found:
        found.extend(_children(current) if children is None else children.get(current, ()))
    return tuple(found)


def tasks_of(uid: int) -> int:
    """How many threads of this user exist on the machine."""
    total = 0
    for folder in _processes():
        with suppress(OSError):
            if folder.stat().st_uid == uid:
                total += sum(1 for _ in (folder / "task").iterdir())
    return total


def _processes() -> Iterator[Path]:
    return (folder for folder in Path("/proc").iterdir() if folder.name.isdecimal())


def _lists_children() -> bool:
    return Path(f"/proc/self/task/{threading.get_native_id()}/children").exists()


def _children(pid: int) -> Iterator[int]:
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return
    for thread in threads:
        with suppress(OSError):
            yield from map(int, (thread / "children").read_text(encoding="ascii").split())


def _children_by_parent() -> dict[int, list[int]]:
    """The same from the parent that each process names, for kernels built without the list of children."""
    children: dict[int, list[int]] = {}
    for folder in _processes():
        with suppress(OSError, IndexError):
            # The second field is the program's name in brackets and may hold anything.
            fields = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    return children


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0


def _proportional(pid: int) -> int:
    """Memory that is the process's own or its share of what it shares, in bytes; pages of files do not count, since
    the kernel can drop them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        # A process may hide its map from us; its whole resident size then counts.
        return _resident(pid)
    sizes = {name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines[1:])}
    own = [sizes[name] for name in ("Pss_Anon", "Pss_Shmem", "SwapPss") if name in sizes]
    return sum(own) if "Pss_Anon" in sizes else sizes.get("Pss", _resident(pid))
