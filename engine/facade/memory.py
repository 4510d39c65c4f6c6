"""How much memory this machine has, and what sandboxes may take of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine.session.steady import GROWTH
from engine.vocabulary.room import MemoryRoom

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.vocabulary.settings import SandboxSettings

_MIB = 1024**2
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where a container reads its own limit, with control groups of version 2 and of version 1."""


def machine_mib(limits: Sequence[Path] = _LIMITS) -> int:
    """The memory of this machine, or of the container that Orion runs in where that has less, in MiB."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MIB
    return min([whole, *(found for path in limits if (found := _limit_mib(path)))])


def _limit_mib(path: Path) -> int:
    """0 where nothing is limited: there is no such file, or it says `max`."""
    try:
        said = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return 0
    return int(said) // _MIB if said.isdigit() else 0


def memory_cap(memory_mib: int) -> int:
    """The most that a sandbox may grow to after an out-of-memory kill, in MiB: half as much again as was configured,
    and never more than three quarters of the machine's memory."""
    return max(memory_mib, min(int(memory_mib * GROWTH), machine_mib() * 3 // 4))


def memory_room(settings: SandboxSettings) -> MemoryRoom:
    """What each sandbox may use, and what there is."""
    return MemoryRoom(settings.memory_mib, machine_mib())
