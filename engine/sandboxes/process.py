"""One run of bubblewrap: reads its output as it comes and ends it, so that no process of it is left."""

from __future__ import annotations

import contextlib
import json
import math
import os
import selectors
import signal
import subprocess
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.sandboxes.limits import set_counters
from engine.sandboxes.memory import MemoryWatch, descendants
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.runs import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.sandboxes.control_groups import ControlGroup
    from engine.sandboxes.limits import Counters
    from engine.sandboxes.output import HeadTail

# What the first process of the sandbox waits for, sent once its namespace can be ended for certain. Without it nothing
# starts, so an Orion that is killed while bubblewrap starts leaves no command behind.
_GO = b"!"

_TICK_S = 0.02
_START_S = 0.05
_FIRST_LOOK_S = 0.03
_CHUNK = 256 * 1024
_DEATH_S = 10.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What ends a run from outside: seconds and, where no control group does it, bytes of memory; the counters that the
    kernel keeps for its processes; the processors and the control group that it is started in."""

    timeout_s: float
    memory_bytes: int | None
    counters: Counters
    processors: frozenset[int]
    group: ControlGroup | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended: `cut` says why Orion killed it (None when it ended by itself); `status` is the command's own exit
    status, None when the sandbox never came so far as to start it."""

    cut: Outcome | None
    status: int | None
    duration_s: float


class Run:
    """Starts the command line and stays with it until all its processes are gone."""

    def __init__(
        self,
        limits: Limits,
        stop: threading.Event,
        output: HeadTail,
        on_output: Callable[[bytes], None] | None,
    ) -> None:
        self._limits = limits
        self._stop = stop
        self._output = output
        self._on_output = on_output
        self._flooded = threading.Event()
        self._status = b""
        self._init: int | None = None
        self._watch: MemoryWatch | None = None
        self._first_look: tuple[int, float] | None = None
        self._go = -1
        self._pid = -1
        self._killed_before = limits.group.kills() if limits.group else 0

    def finish(self, bubblewrap: Sequence[str], command: Sequence[str], descriptors: Sequence[int]) -> Ended:
        """Run `command` below `bubblewrap` (its start and its own arguments) to the end; the child inherits
        `descriptors`. Raises SandboxUnavailable when it cannot start or its processes would not die."""
        started = time.monotonic()
        with ExitStack() as ours, ExitStack() as theirs:
            (out, out_far), (status, status_far), (go_far, self._go) = (os.pipe(), os.pipe(), _gate())
            for near, far in ((out, out_far), (status, status_far), (self._go, go_far)):
                ours.callback(os.close, near)
                theirs.callback(os.close, far)
            told = ("--json-status-fd", str(status_far), "--block-fd", str(go_far))
            try:
                process = self._born(
                    lambda: self._start(
                        [*bubblewrap, *told, "--", *command], out_far, (*descriptors, status_far, go_far)
                    )
                )
            except OSError as error:
                raise SandboxUnavailable(f"the sandbox does not start: {error}", "orion doctor says more") from error
            theirs.close()
            handle = os.pidfd_open(process.pid)
            ours.callback(os.close, handle)
            try:
                cut = self._attend(handle, out, status, started + self._limits.timeout_s)
            finally:
                self._end(process)
            while self._take(status, False) or self._take(out, True):
                pass
        return Ended(cut, self._reported("exit-code"), time.monotonic() - started)

    def _born(self, start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        group = self._limits.group
        process = start() if group is None else group.start(start)
        self._pid = process.pid
        return process

    def _start(self, command: Sequence[str], output: int, descriptors: tuple[int, ...]) -> subprocess.Popen[bytes]:
        # A child inherits the processors of the thread that starts it, so this needs no further program.
        before = os.sched_getaffinity(0)
        try:
            os.sched_setaffinity(0, self._limits.processors)
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=descriptors,
                start_new_session=True,
                cwd="/",
                # The second is there to be seen when the sandbox passes on what it inherits.
                env={"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "ORION_OUTSIDE": "1"},
            )
        finally:
            os.sched_setaffinity(0, before)

    def _attend(self, handle: int, out: int, status: int, deadline: float) -> Outcome | None:
        cut: Outcome | None = None
        give_up = math.inf
        with selectors.DefaultSelector() as selector:
            for descriptor in (handle, out, status):
                selector.register(descriptor, selectors.EVENT_READ)
            while time.monotonic() < give_up:
                ready = [key.fd for key, _ in selector.select(_TICK_S)]
                for descriptor in (status, out):
                    if descriptor in ready and not self._take(descriptor, descriptor == out):
                        selector.unregister(descriptor)
                if handle in ready:
                    break
                self._watch_memory()
                if cut is None and (cut := self._reason(deadline)):
                    # Bubblewrap may still be starting: its end then follows from the group's.
                    give_up = time.monotonic() + _START_S
                if cut is not None:
                    self._kill()
        return Outcome.OUT_OF_MEMORY if cut is None and self._killed_for_memory() else cut

    def _reason(self, deadline: float) -> Outcome | None:
        if self._stop.is_set():
            return Outcome.STOPPED
        if self._flooded.is_set() or self._killed_for_memory():
            return Outcome.OUT_OF_MEMORY
        return Outcome.TIMED_OUT if time.monotonic() >= deadline else None

    def _killed_for_memory(self) -> bool:
        """Whether the kernel killed a process of the control group. It kills one; the rest is Orion's to end."""
        group = self._limits.group
        return group is not None and group.kills() > self._killed_before

    def _take(self, descriptor: int, is_output: bool) -> bool:
        data = os.read(descriptor, _CHUNK)
        if data and is_output:
            self._output.add(data)
            if self._on_output is not None:
                self._on_output(data)
        elif data:
            self._status += data
            self._meet()
        return bool(data)

    def _meet(self) -> None:
        """Take hold of the namespace's first process as soon as bubblewrap names it: its death is everybody's."""
        pid = self._reported("child-pid") if self._init is None else None
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            init = os.pidfd_open(pid)
            if not _is_first_in_namespace(pid):
                os.close(init)
                if Path(f"/proc/{pid}").exists():
                    raise SandboxUnavailable(
                        "bubblewrap gave the command no process namespace of its own", "orion doctor says more"
                    )
                return
            self._init = init
            set_counters(pid, self._limits.counters)
            if self._limits.group is not None:
                self._limits.group.join((self._pid, *descendants(pid)))
            with contextlib.suppress(BrokenPipeError):
                os.write(self._go, _GO)
            self._first_look = (pid, time.monotonic() + _FIRST_LOOK_S)

    def _watch_memory(self) -> None:
        """Begin to look at the memory that is used, once the command has run for a moment: most end before that, and a
        thread for each would cost them more than all else that Orion does."""
        if self._first_look is None or time.monotonic() < self._first_look[1]:
            return
        pid, self._first_look = self._first_look[0], None
        if self._limits.memory_bytes is not None:
            self._watch = MemoryWatch(pid, self._limits.memory_bytes, self._flooded.set)
            self._watch.start()

    def _reported(self, name: str) -> int | None:
        for line in self._status.splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                value = json.loads(line).get(name)
                if isinstance(value, int):
                    return value
        return None

    def _kill(self) -> None:
        if self._init is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._init, signal.SIGKILL)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        self._kill()
        # Not yet waited for, so the group's number still belongs to it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if self._watch is not None:
            self._watch.stop()
        if self._init is None:
            return
        with selectors.DefaultSelector() as selector:
            selector.register(self._init, selectors.EVENT_READ)
            dead = selector.select(_DEATH_S)
        os.close(self._init)
        self._init = None
        if not dead:
            raise SandboxUnavailable(
                f"processes of the sandbox do not die within {_DEATH_S:g} s of being killed",
                "the disk or a driver hangs; look at them with ps, then resume",
            )


def _gate() -> tuple[int, int]:
    """A pipe whose reading end can also be written to: whoever waits at it never sees its end, as bubblewrap would take
    that for the sign to go on."""
    reading, writing = os.pipe()
    try:
        return os.open(f"/proc/self/fd/{reading}", os.O_RDWR | os.O_CLOEXEC), writing
    finally:
        os.close(reading)


def _is_first_in_namespace(pid: int) -> bool:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.startswith("NSpid:") and line.split()[-1] == "1" for line in lines)
