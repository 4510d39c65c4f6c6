"""Who holds a lock file, as written in it. The operating system takes a lock back from the dead, but not at once: a
program that the dead process was just starting has a copy of it until it has become the program."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")
_ENDED = ("Z", "X")


def this_process() -> bytes:
    """A name for this process that no other on this kernel has had; empty where the system gives none."""
    try:
        return _named(os.getpid(), _started(os.getpid()))
    except (OSError, ValueError, IndexError):
        return b""


def is_gone(holder: bytes) -> bool:
    """Whether the process of that name has surely ended. False when it cannot be known: no name, a container with
    processes of its own, a system without /proc."""
    space, _, rest = holder.partition(b" ")
    number, _, started = rest.partition(b" ")
    if not number.isdigit() or not this_process().startswith(space + b" "):
        return False
    try:
        return _started(int(number)) != int(started)
    except FileNotFoundError:
        return True
    except (OSError, ValueError, IndexError):
        return False


def _named(pid: int, started: int) -> bytes:
    """The space of process numbers, the number in it, and when the process with that number began."""
    return f"{(_PROC / 'self/ns/pid').readlink()} {pid} {started}".encode()


def _started(pid: int) -> int:
    """When it began, in ticks since the start of the machine; 0 for one that only waits to be buried. proc(5)."""
    # The program's name stands before the rest and may hold anything.
    fields = (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].decode().split()
    threads = int(fields[17])
    return 0 if fields[0] in _ENDED and threads <= 1 else int(fields[19])
