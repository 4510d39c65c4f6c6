"""Bubblewrap as a sandbox: fresh namespaces for each command, no daemon, no privileges."""

from __future__ import annotations

import os
import platform
import subprocess
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from engine.sandboxes import layout
from engine.sandboxes.binaries import INSTALL_HINT, Binary, binaries
from engine.sandboxes.control_groups import ControlGroup, make_group
from engine.sandboxes.diagnosis import diagnose
from engine.sandboxes.endings import check_environment, cut_short, ended, unusable
from engine.sandboxes.launcher import launch, sandbox_owner
from engine.sandboxes.limits import limit_measures, limited, processors
from engine.sandboxes.measures import Measure, in_force
from engine.sandboxes.mount_points import make_mount_points
from engine.sandboxes.orphans import clear_orphans, marked
from engine.sandboxes.output import HeadTail
from engine.sandboxes.process import Ended, Limits, Run
from engine.sandboxes.scratch import scratch
from engine.sandboxes.seccomp.bpf import compiled, supported
from engine.sandboxes.seccomp.profile import orion_profile
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.runs import Outcome, RunResult, SandboxSpec, SandboxStatus
from engine.vocabulary.text import decoded, first_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from engine.sandboxes.launcher import Launch

NAME = "bubblewrap"

FILTER = "system call filter"
PROCESSORS = "processors"
MEMORY = "memory"
UNPRIVILEGED_START = "unprivileged start"
_ONLINE = "it shares this machine's network, services that listen on its loopback included"
_PROOF = """echo proof > proof || exit
[ "$(id -u)" = 1000 ] || exit
if (: > /proc/sys/kernel/core_pattern) 2> /dev/null; then exit 1; fi
"""


class BubblewrapProvider:
    """Finds a bubblewrap that works here and opens sandboxes with it."""

    def __init__(self, candidates: Sequence[Binary] | None = None, without: Iterable[str] = ()) -> None:
        """`candidates` instead of those of this machine; `without` names measures to leave out, for tests of what each
        is worth."""
        self._candidates = candidates
        self._without = frozenset(without)
        self._lock = threading.Lock()
        self._probed: tuple[SandboxStatus, Binary | None] | None = None

    @property
    def name(self) -> str:
        return NAME

    def probe(self) -> SandboxStatus:
        """Run a real command with each binary until one proves itself. That one is kept; where none does, they are
        tried anew each time, since a person who read what to do has done it meanwhile."""
        return self._found()[0]

    def open(self, spec: SandboxSpec, tell: Callable[[str], None] = lambda _: None) -> BubblewrapSandbox:
        """Make a sandbox ready, which takes no time worth telling. Raises SandboxUnavailable with what to do."""
        status, binary = self._found()
        if binary is None:
            raise SandboxUnavailable(f"bubblewrap: {status.detail}", status.hint)
        clear_orphans(_uid())
        return BubblewrapSandbox(spec, binary, status, self._without)

    def _found(self) -> tuple[SandboxStatus, Binary | None]:
        with self._lock:
            if self._probed is not None:
                return self._probed
            found = self._probe()
            if found[1] is not None:
                self._probed = found
            return found

    def _probe(self) -> tuple[SandboxStatus, Binary | None]:
        if platform.system() != "Linux":
            detail = f"bubblewrap needs Linux, this is {platform.system()}"
            return SandboxStatus(NAME, False, detail, "run Orion on Linux or in a Linux virtual machine"), None
        candidates = binaries() if self._candidates is None else self._candidates
        if not candidates:
            return SandboxStatus(NAME, False, "bubblewrap is not installed", INSTALL_HINT), None
        failures: list[str] = []
        hint = ""
        for binary in candidates:
            try:
                version, group = _prove(binary)
            except SandboxUnavailable as error:
                failures.append(f"{binary.path} ({binary.origin}): {error.message}")
                hint = hint or error.hint
                continue
            detail = _in_force(binary, version, group)
            release = layout.system_release()
            return SandboxStatus(NAME, True, detail, version=version, identity=release, online=_ONLINE), binary
        reason, advice = diagnose(candidates[0].path, "; ".join(failures))
        detail = "; ".join([*([reason] if reason else []), *failures])
        return SandboxStatus(NAME, False, detail, advice or hint or INSTALL_HINT), None


class BubblewrapSandbox:
    """One session's sandbox. Each command gets fresh namespaces; only the tree lives on between commands."""

    def __init__(
        self, spec: SandboxSpec, binary: Binary, status: SandboxStatus, without: frozenset[str] = frozenset()
    ) -> None:
        self._spec = spec
        self._without = without
        self._binary = binary
        self._status = status
        self._one_at_a_time = threading.Lock()
        self._closed = False
        gone = next((chain for chain in spec.toolchains if not chain.is_dir()), None)
        if gone is not None:
            raise SandboxUnavailable(f"the tool chain {gone} is gone", "correct sandbox.toolchains in config.yaml")
        self._mounts = _mounts(spec)
        small = layout.small_files(network=spec.network)
        self._made = {path: _in_memory(data) for path, data in small.items()}
        self._kept = list(self._made.values())
        self._fixed = [
            *layout.isolation(network=spec.network),
            *layout.system_files(),
            *layout.private_files(self._made),
            *self._filter(),
        ]
        self._limits = limit_measures(spec, _uid())
        every = frozenset(os.sched_getaffinity(0))
        self._processors = every if PROCESSORS in without else processors(spec.cpus, spec.session, spec.worker)
        self._group = None if MEMORY in without else make_group(spec)

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of all measures, for the provider's `without`."""
        arguments = [each.name for each in (*self._fixed, *layout.own_folders("", ()))]
        started = [UNPRIVILEGED_START] if sandbox_owner() else []
        return (*arguments, *(each.name for each in self._limits), PROCESSORS, MEMORY, *started)

    @property
    def binary(self) -> Binary:
        """The program that it runs."""
        return self._binary

    @property
    def group(self) -> ControlGroup | None:
        """The control group that bounds it, None where a watch over resident sizes does."""
        return self._group

    def _filter(self) -> list[Measure[layout.Arguments]]:
        machine = platform.machine()
        if not supported(machine):
            return []
        descriptor = _in_memory(compiled(orion_profile(), machine))
        self._kept.append(descriptor)
        return [Measure(FILTER, ("--seccomp", str(descriptor)), ())]

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
        """See the port. An `exit` above 128 comes with the `signal` that a shell means by it; a command that Orion
        killed has signal 9 and no exit. Raises UsageError for a variable name that no environment can hold."""
        git = layout.git_environment() if self._spec.git_dir else {}
        extra = [*git.items(), *self._spec.environment.items(), *environment]
        variables = layout.environment(self._spec.toolchains, extra, self._spec.programs)
        check_environment(variables)
        if problem := unusable(command):
            return RunResult(Outcome.FAILED, 126, None, problem, 0, 0.0)
        with self._one_at_a_time, ExitStack() as opened:
            if self._closed:
                raise SandboxUnavailable("this sandbox was closed", "open a new one")
            if stop.is_set():
                return RunResult(Outcome.STOPPED, None, None, b"", 0, 0.0)
            root = self._existing(tree or self._spec.tree)
            make_mount_points(root, self._spec.layers)
            start = launch(
                self._binary,
                root,
                [source for source, _, _ in self._mounts],
                drop=UNPRIVILEGED_START not in self._without,
            )
            mounts = [
                (staged, place, writable)
                for staged, (_, place, writable) in zip(start.mounts, self._mounts, strict=True)
            ]
            output = HeadTail()
            # Through a descriptor, since anybody on the host can read a command line.
            listed = _in_memory(
                b"".join(os.fsencode(word) + b"\0" for word in self._arguments(start, mounts, variables))
            )
            opened.callback(os.close, listed)
            for descriptor in self._kept:
                os.lseek(descriptor, 0, os.SEEK_SET)
            watched = None if self._group or MEMORY in self._without else self._spec.memory_mib * 1024 * 1024
            counters = tuple(pair for pairs in in_force(self._limits, self._without) for pair in pairs)
            by_itself = sandbox_owner() is not None
            limits = Limits(timeout_s, watched, () if by_itself else counters, self._processors, self._group)
            run = Run(limits, stop, output, on_output).finish(
                [*start.command, *marked(), "--args", str(listed)],
                limited(command, counters) if by_itself else ["/bin/sh", "-c", command],
                [*self._kept, listed],
            )
        return _result(run, output)

    def describe(self) -> SandboxStatus:
        return self._status

    def close(self) -> None:
        """Nothing of it runs between commands, so only descriptors and the control group are given back."""
        with self._one_at_a_time:
            if not self._closed:
                self._closed = True
                for descriptor in self._kept:
                    os.close(descriptor)
                if self._group:
                    self._group.close()

    def _existing(self, tree: Path) -> Path:
        if not tree.is_dir():
            raise SandboxUnavailable(f"the folder for the sandbox is gone: {tree}", "start the session again")
        return tree.resolve()

    def _arguments(
        self, start: Launch, mounts: Iterable[tuple[str, Path, bool]], variables: Mapping[str, str]
    ) -> list[str]:
        measures = [*self._fixed, *layout.own_folders(start.tree, mounts)]
        arguments = ["--unshare-user", *(word for words in in_force(measures, self._without) for word in words)]
        for name, value in variables.items():
            arguments += ["--setenv", name, value]
        return arguments


def _prove(binary: Binary) -> tuple[str, ControlGroup | None]:
    """The version of a binary that has just run a real command in a sandbox, and the control group that it ran in.
    Raises SandboxUnavailable."""
    with scratch(0o700) as folder:
        _hand_over(folder)
        spec = SandboxSpec(session="probe", tree=folder)
        sandbox = BubblewrapSandbox(spec, binary, SandboxStatus(NAME, True, ""))
        try:
            result = sandbox.run(_PROOF, timeout_s=20, stop=threading.Event())
        finally:
            sandbox.close()
        if result.outcome is not Outcome.OK or not (folder / "proof").is_file():
            said = first_line(decoded(result.output)) or f"ended as {result.outcome}"
            raise SandboxUnavailable(f"a test command failed: {said}")
        return _version(binary), sandbox.group


def _hand_over(folder: Path) -> None:
    """Give the folder to whom commands run as. Raises SandboxUnavailable where root is nobody's root but its own: a
    user namespace that knows no other user."""
    owner = sandbox_owner()
    if owner is None:
        return
    try:
        os.chown(folder, *owner)
    except OSError as error:
        raise SandboxUnavailable(
            f"Orion runs as root and cannot drop its privileges: uid {owner[0]} cannot be used here ({error.strerror})",
            "run Orion as an ordinary user, or give this container more user ids (newuidmap, --userns)",
        ) from error


def _version(binary: Binary) -> str:
    answer = subprocess.run([str(binary.path), "--version"], capture_output=True, timeout=10, check=False, env={})
    return decoded(answer.stdout).strip().removeprefix("bubblewrap ")


def _in_force(binary: Binary, version: str, group: ControlGroup | None) -> str:
    who = f"started as uid {_uid()}, since Orion runs as root" if sandbox_owner() else "started as the invoking user"
    machine = platform.machine()
    means = [group.means] if group else ["memory by a watch over resident sizes"]
    if not group or "cpu" not in group.controllers:
        means.append("processors by affinity")
    weaker = [] if group else ["memory is looked at every 50 ms instead of by a control group"]
    weaker += [] if supported(machine) else [f"no system call filter for {machine}"]
    weaker += ["programs can be run from its temporary folders"]
    filtered = "Orion's system call filter; " if supported(machine) else ""
    return (
        f"bubblewrap {version} of the {binary.origin} ({binary.path}), {who}; no network; {filtered}"
        f"limits: {', '.join(means)}, processes, open files and file size by rlimits; "
        f"weaker than Docker: {', '.join(weaker)}"
    )


def _result(run: Ended, output: HeadTail) -> RunResult:
    if run.cut is not None:
        return cut_short(run.cut, output, run.duration_s)
    if run.status is None:
        said = first_line(decoded(output.last(4096))) or "it was killed from outside"
        raise SandboxUnavailable(f"the sandbox broke: {said}", "orion doctor says whether bubblewrap works here")
    return ended(run.status, output, run.duration_s)


def _mounts(spec: SandboxSpec) -> tuple[tuple[Path, Path, bool], ...]:
    """What is mounted besides the system and the tree: folders of the host, their places inside, whether they may be
    written."""
    gone = next((layer.source for layer in spec.layers if not layer.source.is_dir()), None)
    if gone is not None:
        raise SandboxUnavailable(f"a part of the frozen set-up is gone: {gone}", "resume the session: it is made again")
    chains = [(chain, chain, False) for chain in spec.toolchains if not chain.is_relative_to("/usr")]
    git = [(spec.git_dir, Path(layout.GIT_DIR), False)] if spec.git_dir else []
    return (*chains, *git, *((layer.source, Path(layer.place), layer.writable) for layer in spec.layers))


def _in_memory(data: bytes) -> int:
    descriptor = os.memfd_create("orion", os.MFD_CLOEXEC)
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _uid() -> int:
    owner = sandbox_owner()
    return owner[0] if owner else os.getuid()
