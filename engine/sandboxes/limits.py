"""Limits that hold inside a sandbox by the kernel's own counters, where no control group does it or besides one."""

from __future__ import annotations

import math
import os
import platform
import re
import resource
from typing import TYPE_CHECKING

from engine.sandboxes.measures import Measure, in_force
from engine.sandboxes.memory import tasks_of

if TYPE_CHECKING:
    from engine.vocabulary.runs import SandboxSpec

_OPEN_FILES = 4096
_BLOCK = 512  # POSIX counts file sizes in such blocks


def limit_measures(spec: SandboxSpec, uid: int) -> list[Measure[str]]:
    """Shell that sets one limit each. It runs inside, so what else this user runs on the host does not count."""
    blocks = _within(resource.RLIMIT_FSIZE, spec.file_mib * 1024 * 1024) // _BLOCK
    files = _within(resource.RLIMIT_NOFILE, _OPEN_FILES)
    processes = _within(resource.RLIMIT_NPROC, spec.pids + _counted_elsewhere(uid))
    return [
        Measure("no core files", "ulimit -c 0", "true"),
        Measure("file size", f"ulimit -f {blocks}", "true"),
        Measure("open files", f"ulimit -n {files}", "true"),
        # Shells differ in the letter.
        Measure("number of processes", f"{{ ulimit -u {processes} || ulimit -p {processes}; }}", "true"),
    ]


def limited(command: str, measures: list[Measure[str]], left_out: frozenset[str], mark: str) -> list[str]:
    """A command line that waits for a word on its standard input (see process.GO), sets the limits and becomes the
    command; `mark` is its name in the list of processes."""
    limits = " && ".join(in_force(measures, left_out))
    script = f'read -r go || exit 126; exec < /dev/null; {{ {limits}; }} 2> /dev/null || exit 126; exec /bin/sh -c "$1"'
    return ["/bin/sh", "-c", script, mark, command]


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
