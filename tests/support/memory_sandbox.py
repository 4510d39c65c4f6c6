"""A sandbox without processes: a small shell over the tree. It passes the conformance suite of the port and contains
nothing, so it is for tests of what stands behind the port, on machines with no sandbox too.
"""

from __future__ import annotations

import math
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.sandboxes.endings import check_environment, cut_short, ended, unusable
from engine.sandboxes.layout import GIT_DIR, HOME, TMP_BYTES, environment, git_environment
from engine.sandboxes.mount_points import make_mount_points
from engine.sandboxes.output import HeadTail
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.runs import WORKSPACE, Outcome, RunResult, SandboxSpec, SandboxStatus
from tests.support.small_shell.files import Files, Mount
from tests.support.small_shell.shell import Shell

NAME = "memory"
_STATUS = SandboxStatus(NAME, True, "a small shell without processes, for tests", version="1", identity=NAME)
_PRIVATE = ("/tmp", "/dev/shm", HOME)
_LOOK_S = 0.01


class _Cut(BaseException):
    """The command ends here, whatever it does."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class MemoryProvider:
    """Opens sandboxes in memory."""

    @property
    def name(self) -> str:
        return NAME

    def probe(self) -> SandboxStatus:
        return _STATUS

    def open(self, spec: SandboxSpec, tell: Callable[[str], None] = lambda _: None) -> MemorySandbox:
        """Raises SandboxUnavailable for a tool chain or a layer that is gone."""
        for chain in spec.toolchains:
            if not chain.is_dir():
                raise SandboxUnavailable(f"the tool chain {chain} is gone", "correct sandbox.toolchains in config.yaml")
        for layer in spec.layers:
            if not layer.source.is_dir():
                raise SandboxUnavailable(f"a part of the frozen set-up is gone: {layer.source}", "it is made again")
        return MemorySandbox(spec)


class MemorySandbox:
    """One at a time, on the tree alone; temporary folders are made anew for each command."""

    def __init__(self, spec: SandboxSpec) -> None:
        self._spec = spec
        self._one_at_a_time = threading.Lock()
        self._closed = False

    def run(
        self,
        command: str,
        *,
        timeout_s: float,
        stop: threading.Event,
        on_output: Callable[[bytes], None] | None = None,
        tree: Path | None = None,
        environment: Sequence[tuple[str, str]] = (),
    ) -> RunResult:
        """See the port. Raises `NotSpoken` for what the small shell does not know."""
        variables = self._variables(environment)
        check_environment(variables)
        if problem := unusable(command):
            return RunResult(Outcome.FAILED, 126, None, problem, 0, 0.0)
        with self._one_at_a_time:
            if self._closed:
                raise SandboxUnavailable("this sandbox was closed", "open a new one")
            if stop.is_set():
                return RunResult(Outcome.STOPPED, None, None, b"", 0, 0.0)
            root = tree or self._spec.tree
            if not root.is_dir():
                raise SandboxUnavailable(f"the folder for the sandbox is gone: {root}", "start the session again")
            make_mount_points(root, self._spec.layers)
            private = Path(tempfile.mkdtemp(prefix="orion-memory-"))
            try:
                return self._carried_out(command, timeout_s, stop, on_output, root, private, variables)
            finally:
                shutil.rmtree(private, ignore_errors=True)

    def describe(self) -> SandboxStatus:
        return _STATUS

    def close(self) -> None:
        with self._one_at_a_time:
            self._closed = True

    def _variables(self, extra: Sequence[tuple[str, str]]) -> dict[str, str]:
        git = git_environment() if self._spec.git_dir else {}
        more = [*git.items(), *self._spec.environment.items(), *extra]
        return environment(self._spec.toolchains, more, self._spec.programs)

    def _carried_out(
        self,
        command: str,
        timeout_s: float,
        stop: threading.Event,
        on_output: Callable[[bytes], None] | None,
        root: Path,
        private: Path,
        variables: dict[str, str],
    ) -> RunResult:
        output, began = HeadTail(), time.monotonic()
        deadline = began + timeout_s
        most = self._spec.memory_mib * 1024 * 1024

        def sink(data: bytes) -> None:
            if data:
                output.add(data)
                if on_output is not None:
                    on_output(data)

        def tick() -> None:
            if stop.is_set():
                raise _Cut(Outcome.STOPPED)
            if time.monotonic() >= deadline:
                raise _Cut(Outcome.TIMED_OUT)

        def wait(seconds: float) -> None:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                tick()
                stop.wait(min(_LOOK_S, end - time.monotonic()))

        def hold(size: int) -> None:
            if size > most:
                raise _Cut(Outcome.OUT_OF_MEMORY)

        shell = Shell(
            Files(self._mounts(root, private), self._spec.file_mib * 1024 * 1024),
            {**variables, "PWD": WORKSPACE},
            sink,
            processors=min(os.cpu_count() or 1, math.ceil(self._spec.cpus)),
            tick=tick,
            wait=wait,
            hold=hold,
        )
        made = shell.run(command, iter(()))
        try:
            while True:
                tick()
                sink(next(made))
        except StopIteration as end:
            return ended(end.value, output, time.monotonic() - began)
        except _Cut as cut:
            return cut_short(cut.outcome, output, time.monotonic() - began)
        finally:
            made.close()

    def _mounts(self, root: Path, private: Path) -> list[Mount]:
        mounts = [Mount(WORKSPACE, root, writable=True)]
        for number, place in enumerate(_PRIVATE):
            (private / str(number)).mkdir()
            mounts.append(Mount(place, private / str(number), writable=True, quota=TMP_BYTES))
        mounts += [Mount(str(chain), chain, writable=False) for chain in self._spec.toolchains]
        mounts += [Mount(layer.place, layer.source, layer.writable) for layer in self._spec.layers]
        if self._spec.git_dir:
            mounts.append(Mount(GIT_DIR, self._spec.git_dir, writable=False))
        return mounts
