"""Limits that hold inside a sandbox by the kernel's own counters, where no control group does it or besides one."""

from __future__ import annotations

import math
import os
import platform
import re
import resource
from typing import TYPE_CHECKING

from engine.sandboxes.measures import Measure
from engine.sandboxes.memory import tasks_of
from engine.vocabulary.errors import SandboxUnavailable

if TYPE_CHECKING:
    from engine.vocabulary.runs import SandboxSpec

_OPEN_FILES = 4096
_BLOCK = 512  # POSIX counts file sizes in such blocks

Counters = tuple[tuple[int, int], ...]
"""Kinds of `setrlimit` with their values."""


def limit_measures(spec: SandboxSpec, uid: int) -> list[Measure[Counters]]:
    """Limits that are set once the namespaces are made, so what else this user runs on the host does not count."""
    file_size = _within(resource.RLIMIT_FSIZE, spec.file_mib * 1024 * 1024)
    files = _within(resource.RLIMIT_NOFILE, _OPEN_FILES)
    processes = _within(resource.RLIMIT_NPROC, spec.pids + _counted_elsewhere(uid))
    return [
        Measure("no core files", ((resource.RLIMIT_CORE, 0),), ()),
        Measure("file size", ((resource.RLIMIT_FSIZE, file_size),), ()),
        Measure("open files", ((resource.RLIMIT_NOFILE, files),), ()),
        Measure("number of processes", ((resource.RLIMIT_NPROC, processes),), ()),
    ]


def set_counters(pid: int, counters: Counters) -> None:
    """Give a process of this user's limits that it cannot raise again. Raises ProcessLookupError when it is gone, and
    SandboxUnavailable when something on this machine forbids it."""
    try:
        for kind, value in counters:
            resource.prlimit(pid, kind, (value, value))
    except PermissionError as error:
        raise SandboxUnavailable(
            f"the limits of the sandbox cannot be set: {error.strerror}",
            "something around Orion forbids prlimit (a container's seccomp profile, or a security module)",
        ) from error


def limited(command: str, counters: Counters) -> list[str]:
    """A command line that sets the limits itself and becomes the command: for an Orion that is root, which need not
    have the right to set those of another user's process (in a container it has not)."""
    limits = " && ".join(_in_shell(kind, value) for kind, value in counters)
    return ["/bin/sh", "-c", f'{{ {limits or "true"}; }} 2> /dev/null || exit 126; exec /bin/sh -c "$1"', "sh", command]


def _in_shell(kind: int, value: int) -> str:
    if kind == resource.RLIMIT_NPROC:
        return f"{{ ulimit -u {value} || ulimit -p {value}; }}"  # shells differ in the letter
    if kind == resource.RLIMIT_FSIZE:
        return f"ulimit -f {value // _BLOCK}"
    return f"ulimit -{'c' if kind == resource.RLIMIT_CORE else 'n'} {value}"


def processors(cpus: float, session: str, worker: int = 1) -> frozenset[int]:
    """As many of this process's processors as the limit allows, rounded up; sessions, and the workers of one, start at
    different ones."""
    mine = sorted(os.sched_getaffinity(0))
    count = max(1, min(len(mine), math.ceil(cpus)))
    first = (sum(session.encode()) + (worker - 1) * count) % len(mine)
    return frozenset((mine * 2)[first : first + count])


def _within(kind: int, wanted: int) -> int:
    """The wanted limit, or the hard one of this process when that is lower (it cannot be raised)."""
    hard = resource.getrlimit(kind)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def _counted_elsewhere(uid: int) -> int:
    """Tasks outside the sandbox that the kernel counts against its limit of processes. From 5.14 on each user namespace
    has a count of its own; before, everything of the user counts."""
    version = tuple(int(part) for part in re.findall(r"\d+", platform.release())[:2])
    return 0 if version >= (5, 14) else tasks_of(uid)
