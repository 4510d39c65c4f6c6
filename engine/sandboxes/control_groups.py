"""A control group for each session where this machine lets Orion make one: memory, processes and processor time.

Version 2 wherever a group above Orion's own may be written and hands its controllers down (root, or a desktop that
delegates a part of the tree to its user; elsewhere the user's service manager is asked to take Orion there); version 1
where its hierarchies may be written. Nothing is mounted or changed outside the groups that Orion makes.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from engine.sandboxes.user_scope import enter_user_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from engine.vocabulary.runs import SandboxSpec

_PREFIX = "orion-sandbox-"
_PERIOD_US = 100_000
_OWN_TASKS = 4
"""Beside the command's own: bubblewrap outside, its first process inside, the shell that sets limits, the starter."""
_CONTROLLERS = ("memory", "pids", "cpu")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder of the control group file system below which a group can be made, for these controllers."""

    version: int
    parent: Path
    controllers: tuple[str, ...]


class ControlGroup:
    """A session's group, one folder in version 2 and one for each controller in version 1."""

    def __init__(self, places: tuple[_Place, ...], spec: SandboxSpec) -> None:
        """Raises OSError where a group cannot be made after all; nothing is left behind then."""
        name = f"{_PREFIX}{os.getpid()}-{_born(os.getpid())}-{os.urandom(4).hex()}"
        self.version = places[0].version
        self.controllers = tuple(controller for place in places for controller in place.controllers)
        self._folders = tuple(place.parent / name for place in places)
        self._starter: ThreadPoolExecutor | None = None
        try:
            for place, folder in zip(places, self._folders, strict=True):
                folder.mkdir()
                for controller in place.controllers:
                    _limit(folder, controller, self.version, spec)
            if self.version == 1:
                # A child is born into the group of the thread that starts it, so one thread joins once for the whole
                # session; moving a process for each command can take 15 ms.
                self._starter = ThreadPoolExecutor(1, "orion-starter")
                self._starter.submit(_move_thread, self._folders).result()
        except OSError:
            self.close()
            raise

    @property
    def means(self) -> str:
        """What it limits, in words."""
        words = {"memory": "memory", "pids": "processes", "cpu": "processor time"}
        return f"{', '.join(words[name] for name in self.controllers)} by a control group (version {self.version})"

    def start(self, starting: Callable[[], _Result]) -> _Result:
        """Do what starts a process so that it is born in the group where that is possible (see `join`)."""
        return starting() if self._starter is None else self._starter.submit(starting).result()

    def join(self, pids: tuple[int, ...]) -> None:
        """Bring in processes that were not born there. Raises OSError when the kernel refuses."""
        if self._starter is None:
            for pid in pids:
                (self._folders[0] / "cgroup.procs").write_text(str(pid), encoding="ascii")

    def kills(self) -> int:
        """How many processes of the group the kernel has killed for want of memory so far."""
        name = "memory.oom_control" if self.version == 1 else "memory.events"
        with suppress(OSError, ValueError):
            for line in (self._folders[0] / name).read_text(encoding="ascii").splitlines():
                word, _, count = line.partition(" ")
                if word == "oom_kill":
                    return int(count)
        return 0

    def close(self) -> None:
        """Remove the group; its processes are gone by then."""
        if self._starter is not None:
            # The thread leaves first: a group is busy until the kernel has forgotten the last thread that was in it.
            with suppress(OSError):
                self._starter.submit(_move_thread, [folder.parent for folder in self._folders]).result()
            self._starter.shutdown()
        for folder in self._folders:
            with suppress(OSError):
                folder.rmdir()


def _move_thread(folders: Iterable[Path]) -> None:
    for folder in folders:
        (folder / "tasks").write_text(str(threading.get_native_id()), encoding="ascii")


def make_group(
    spec: SandboxSpec, proc: Path = Path("/proc"), enter: Callable[[Callable[[], bool]], bool] = enter_user_scope
) -> ControlGroup | None:
    """A group with the limits of this sandbox, None where the machine gives none that bounds memory. `proc` is where
    the kernel's view is read, and `enter` what brings this process to where it may make groups; both for tests."""
    made = _made(spec, _version_2(proc)) or _made(spec, _version_1(proc))
    if made is None and any(_mounts(proc, "cgroup2")) and enter(lambda: bool(_version_2(proc))):
        made = _made(spec, _version_2(proc))
    return made


def _made(spec: SandboxSpec, places: tuple[_Place, ...]) -> ControlGroup | None:
    for place in places:
        _clear(place.parent)
    with suppress(OSError):
        return ControlGroup(places, spec) if places else None
    return None


def _limit(folder: Path, controller: str, version: int, spec: SandboxSpec) -> None:
    quota = int(spec.cpus * _PERIOD_US)
    memory = spec.memory_mib * 1024 * 1024
    settings: dict[tuple[str, int], dict[str, str]] = {
        ("memory", 1): {"memory.limit_in_bytes": str(memory)},
        ("memory", 2): {"memory.max": str(memory)},
        ("pids", 1): {"pids.max": str(spec.pids + _OWN_TASKS)},
        ("pids", 2): {"pids.max": str(spec.pids + _OWN_TASKS)},
        ("cpu", 1): {"cpu.cfs_period_us": str(_PERIOD_US), "cpu.cfs_quota_us": str(quota)},
        ("cpu", 2): {"cpu.max": f"{quota} {_PERIOD_US}"},
    }
    for name, value in settings[controller, version].items():
        (folder / name).write_text(value, encoding="ascii")
    if controller == "memory":
        # Without an account of swap there is none of these files; then memory is not to be swapped out at all.
        swap = ("memory.memsw.limit_in_bytes", str(memory)) if version == 1 else ("memory.swap.max", "0")
        for name, value in (swap, ("memory.swappiness", "0")):
            if (folder / name).exists():
                (folder / name).write_text(value, encoding="ascii")


def _version_2(proc: Path) -> tuple[_Place, ...]:
    """The nearest group above Orion's own that may be written and hands down memory and processes. Not Orion's own: a
    group with processes in it can hand nothing down."""
    mounts = list(_mounts(proc, "cgroup2"))
    own = _own_path(proc, "")
    if own is None or not mounts:
        return ()
    root, point, _ = mounts[0]
    if not own.is_relative_to(root):
        return ()
    here = point / own.relative_to(root)
    for parent in here.parents:
        if not parent.is_relative_to(point):
            break
        handed = _words(parent / "cgroup.subtree_control")
        if {"memory", "pids"} <= set(handed) and _may_write(parent) and _may_write(parent / "cgroup.procs"):
            return (_Place(2, parent, tuple(name for name in _CONTROLLERS if name in handed)),)
    return ()


def _version_1(proc: Path) -> tuple[_Place, ...]:
    found: list[_Place] = []
    mounts = list(_mounts(proc, "cgroup"))
    for controller in _CONTROLLERS:
        own = _own_path(proc, controller)
        for root, point, options in mounts:
            if own is None or controller not in options or not own.is_relative_to(root):
                continue
            parent = point / own.relative_to(root)
            if _may_write(parent):
                found.append(_Place(1, parent, (controller,)))
                break
    return tuple(found) if found and found[0].controllers == ("memory",) else ()


def _mounts(proc: Path, kind: str) -> Iterator[tuple[Path, Path, list[str]]]:
    """(group that is mounted, where, options) of each mount of this kind."""
    with suppress(OSError):
        for line in (proc / "self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            fields, _, rest = line.partition(" - ")
            words = rest.split()
            if words[:1] == [kind]:
                yield Path(fields.split()[3]), Path(fields.split()[4]), words[2].split(",")


def _own_path(proc: Path, controller: str) -> Path | None:
    """The group of this process, `controller` empty for version 2."""
    for line in _lines(proc / "self/cgroup"):
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            return Path(path)
    return None


def _clear(parent: Path) -> None:
    """Remove groups of an Orion that is gone; one that is still in use refuses."""
    with suppress(OSError):
        for folder in parent.glob(f"{_PREFIX}*"):
            pid, _, rest = folder.name.removeprefix(_PREFIX).partition("-")
            if pid.isdecimal() and _born(int(pid)) != rest.partition("-")[0]:
                with suppress(OSError):
                    folder.rmdir()


def _born(pid: int) -> str:
    """When a process began in the kernel's clock ticks, empty when there is none: numbers are used again."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return fields[19]


def _words(path: Path) -> list[str]:
    return [word for line in _lines(path) for word in line.split()]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK)
