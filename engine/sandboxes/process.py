"""One run of bubblewrap: reads its output as it comes and ends it, so that no process of it is left."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.sandboxes.memory import MemoryWatch
from engine.sandboxes.output import HeadTail
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.runs import Outcome

_TICK_S = 0.02
_CHUNK = 256 * 1024
_DEATH_S = 10.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What ends a run from outside: seconds, bytes of memory, and the processors it is started on."""

    timeout_s: float
    memory_bytes: int
    processors: frozenset[int]


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

    def finish(self, bubblewrap: Sequence[str], command: Sequence[str], descriptors: Sequence[int]) -> Ended:
        """Run `command` below `bubblewrap` (its start and its own arguments) to the end; the child inherits
        `descriptors`. Raises SandboxUnavailable when it cannot start or its processes would not die."""
        out_read, out_write = os.pipe()
        status_read, status_write = os.pipe()
        started = time.monotonic()
        try:
            line = [*bubblewrap, "--json-status-fd", str(status_write), "--", *command]
            process = self._start(line, out_write, (*descriptors, status_write))
        except OSError as error:
            os.close(out_read)
            os.close(status_read)
            raise SandboxUnavailable(f"the sandbox does not start: {error}", "orion doctor says more") from error
        finally:
            os.close(out_write)
            os.close(status_write)
        handle = os.pidfd_open(process.pid)
        try:
            cut = self._attend(handle, out_read, status_read, started + self._limits.timeout_s)
        finally:
            self._end(process)
            os.close(handle)
            if self._init is not None:
                os.close(self._init)
            for descriptor in (out_read, status_read):
                os.close(descriptor)
        return Ended(cut, self._reported("exit-code"), time.monotonic() - started)

    def _start(self, command: Sequence[str], output: int, descriptors: tuple[int, ...]) -> subprocess.Popen[bytes]:
        # A child inherits the processors of the thread that starts it, so this needs no further program.
        before = os.sched_getaffinity(0)
        try:
            os.sched_setaffinity(0, self._limits.processors)
            return subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=descriptors,
                start_new_session=True,
                cwd="/",
                env={"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"},
            )
        finally:
            os.sched_setaffinity(0, before)

    def _attend(self, handle: int, out: int, status: int, deadline: float) -> Outcome | None:
        cut: Outcome | None = None
        with selectors.DefaultSelector() as selector:
            for descriptor in (handle, out, status):
                selector.register(descriptor, selectors.EVENT_READ)
            while True:
                ready = [key.fd for key, _ in selector.select(_TICK_S)]
                for descriptor in (status, out):
                    if descriptor in ready and not self._take(descriptor, descriptor == out):
                        selector.unregister(descriptor)
                if handle in ready:
                    break
                if cut is None:
                    cut = self._reason(deadline)
                # Once more in each round: the first process may not have been known yet.
                if cut is not None and self._init is not None:
                    self._kill()
                elif cut is not None and time.monotonic() > deadline + _DEATH_S:
                    break
        self._kill()
        self._await_death()
        while self._take(status, False):
            pass
        while self._take(out, True):
            pass
        return cut

    def _reason(self, deadline: float) -> Outcome | None:
        if self._stop.is_set():
            return Outcome.STOPPED
        if self._flooded.is_set():
            return Outcome.OUT_OF_MEMORY
        return Outcome.TIMED_OUT if time.monotonic() >= deadline else None

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
                return
            self._init = init
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

    def _await_death(self) -> None:
        if self._init is None:
            return
        with selectors.DefaultSelector() as selector:
            selector.register(self._init, selectors.EVENT_READ)
            if not selector.select(_DEATH_S):
                raise SandboxUnavailable(
                    f"processes of the sandbox do not die within {_DEATH_S:g} s of being killed",
                    "the disk or a driver hangs; look at them with ps, then resume",
                )

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        self._kill()
        # Not yet waited for, so the group's number still belongs to it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if self._watch is not None:
            self._watch.stop()


def _is_first_in_namespace(pid: int) -> bool:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.startswith("NSpid:") and line.split()[-1] == "1" for line in lines)
