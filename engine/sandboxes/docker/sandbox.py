"""The sandbox of a session on a Docker engine: a warm container on its tree, and a second one for its checks."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from engine.sandboxes import layout
from engine.sandboxes.docker.command import Command
from engine.sandboxes.docker.container import Container
from engine.sandboxes.docker.wanted import wanted_for
from engine.sandboxes.endings import check_environment, cut_short, ended, unusable
from engine.sandboxes.launcher import sandbox_owner
from engine.sandboxes.mount_points import make_mount_points
from engine.sandboxes.output import HeadTail
from engine.vocabulary.errors import SandboxUnavailable, UsageError
from engine.vocabulary.runs import Outcome, RunResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from engine.sandboxes.docker.connection import Engine
    from engine.sandboxes.docker.image import Image
    from engine.sandboxes.docker.wanted import Identity
    from engine.vocabulary.runs import SandboxSpec, SandboxStatus

_OPEN_FILES = 4096
_NOT_TEXT = b"orion: the command holds bytes that are no UTF-8, which a Docker engine cannot be told\n"


class DockerSandbox:
    """One session's sandbox. Its container lives on between commands, but no process and no temporary file does. A run
    on another tree has a container of its own, which nothing of the first can reach; it stays warm for the next run on
    that same folder."""

    def __init__(
        self, engine: Engine, spec: SandboxSpec, image: Image, identity: Identity, status: SandboxStatus
    ) -> None:
        self._engine = engine
        self._spec = spec
        self._image = image
        self._identity = identity
        self._status = status
        self._one_at_a_time = threading.Lock()
        self._closed = False
        self._warm: dict[str, tuple[Container, tuple[object, ...]]] = {}
        _make(spec.tree)
        make_mount_points(self._existing(spec.tree), spec.layers)
        self._container_on(self._existing(spec.tree), "")

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
        """See the port. An `exit` above 128 comes with the `signal` that a shell means by it; a command that Orion or
        the kernel killed has signal 9 and no exit. Raises UsageError for a variable that no environment can hold."""
        variables = self._variables(environment)
        if problem := unusable(command) or (b"" if _is_text(command) else _NOT_TEXT):
            return RunResult(Outcome.FAILED, 126, None, problem, 0, 0.0)
        with self._one_at_a_time:
            if self._closed:
                raise SandboxUnavailable("this sandbox was closed", "open a new one")
            if stop.is_set():
                return RunResult(Outcome.STOPPED, None, None, b"", 0, 0.0)
            root = self._existing(tree or self._spec.tree)
            make_mount_points(root, self._spec.layers)
            container = self._container_on(root, "check" if root != self._existing(self._spec.tree) else "")
            output = HeadTail()
            run = Command(container, stop, output, on_output).finish(
                command, variables, timeout_s=timeout_s, blocks=self._spec.file_mib * 2048, files=_OPEN_FILES
            )
        if run.cut is not None:
            return cut_short(run.cut, output, run.duration_s)
        return ended(run.status or 0, output, run.duration_s)

    def describe(self) -> SandboxStatus:
        return self._status

    def close(self) -> None:
        """Remove the containers; calling it twice is fine."""
        with self._one_at_a_time:
            if self._closed:
                return
            self._closed = True
            try:
                for container, _ in self._warm.values():
                    container.close()
            finally:
                self._engine.close()

    def _container_on(self, root: Path, role: str) -> Container:
        """A usable container on that folder. One that was removed, or whose folder was made anew, is replaced."""
        look = (root, *(_born(root / layer.in_tree) for layer in self._spec.layers if layer.in_tree), _number(root))
        held = self._warm.get(role)
        if held is not None:
            container, seen = held
            if container.usable and seen == look and container.answers():
                return container
            del self._warm[role]
            container.close()
        wanted = wanted_for(
            self._spec, root, self._identity, self._image.id, role=role, processors=self._engine.processors
        )
        made = Container(self._engine, wanted)
        self._warm[role] = (made, look)
        return made

    def _variables(self, environment: Sequence[tuple[str, str]]) -> dict[str, str]:
        git = layout.git_environment() if self._spec.git_dir else {}
        extra = [*git.items(), *self._spec.environment.items(), *environment]
        values = layout.environment(self._spec.toolchains, extra, self._spec.programs)
        if "PATH" not in dict(extra):
            # What the image brings is found where the image says.
            usual = ":".join(layout.SYSTEM_PATH)
            values["PATH"] = values["PATH"].removesuffix(usual) + (self._image.path or usual)
        check_environment(values)
        for name, value in values.items():
            if not _is_text(value):
                raise UsageError(f"the value of {name} is no UTF-8, which a Docker engine cannot be told")
        return values

    def _existing(self, tree: Path) -> Path:
        if not tree.is_dir():
            raise SandboxUnavailable(f"the folder for the sandbox is gone: {tree}", "start the session again")
        return tree.resolve()


def _make(tree: Path) -> None:
    """A session's first checkout comes after its sandbox, which needs a folder to mount."""
    with suppress(FileExistsError, FileNotFoundError):
        tree.mkdir(mode=0o755)
        if (owner := sandbox_owner()) is not None:
            os.chown(tree, *owner)


def _number(folder: Path) -> tuple[int, int]:
    found = folder.lstat()
    return found.st_dev, found.st_ino


def _is_text(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _born(folder: Path) -> tuple[int, int, int]:
    """The same for an empty folder that a layer is mounted on. Removing it takes the mount away in the container and
    sets its number free for the next folder, so its time is looked at too; nothing is ever put into it."""
    found = folder.stat()
    return found.st_dev, found.st_ino, found.st_ctime_ns
