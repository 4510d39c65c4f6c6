"""The Docker sandbox against Docker itself: `true` in the warm sandbox against docker-py's plain `exec_run`, and the
start of a session's sandbox against a bare hardened `docker run`.

Both sides take turns, since absolute times drift, and of each the fastest quarter counts, since other work on the
machine only adds. Prints `name value limit ok/over` lines; without an engine or an image it says so in their place.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from engine.sandboxes.docker.connection import find_engine
from engine.sandboxes.docker.image import own_image
from engine.sandboxes.docker.provider import DockerProvider
from engine.sandboxes.launcher import sandbox_owner
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.runs import SandboxSpec

RECIPE = Path(__file__).resolve().parent.parent / "docker"
EXEC_LIMIT = 1.1
START_LIMIT = 1.3
EXECS = 100
STARTS = 15


def main() -> None:
    provider = DockerProvider(RECIPE)
    status = provider.probe()
    if not status.available:
        print(f"docker_not_measured 0 0 ok\n{status.detail}", file=sys.stdout)
        return
    tree = Path(tempfile.mkdtemp(prefix="orion-bench-"))
    os.chown(tree, *(sandbox_owner() or (os.getuid(), os.getgid())))
    try:
        _report("docker_true_against_exec_run", *_execs(provider, tree), EXEC_LIMIT)
        _report("docker_start_against_docker_run", *_starts(provider, tree), START_LIMIT)
    finally:
        shutil.rmtree(tree, ignore_errors=True)


def _execs(provider: DockerProvider, tree: Path) -> tuple[float, float]:
    import docker

    spec = SandboxSpec(uuid.uuid4().hex[:12], tree)
    sandbox = provider.open(spec)
    client = docker.DockerClient(base_url=find_engine().address)
    try:
        (container,) = client.containers.list(filters={"label": [f"orion.session={spec.session}"]})
        stop = threading.Event()
        return _in_turns(
            lambda: sandbox.run("true", timeout_s=60, stop=stop), lambda: container.exec_run("true"), EXECS
        )
    finally:
        sandbox.close()
        client.close()


def _starts(provider: DockerProvider, tree: Path) -> tuple[float, float]:
    """The bare one is asked for the same hardening; the removal of either is not counted."""
    made: list[str] = []
    options = (
        *("--detach", "--network", "none", "--read-only", "--cap-drop", "ALL", "--user", "1000:1000"),
        *("--security-opt", "no-new-privileges", "--memory", "512m", "--memory-swap", "512m", "--cpus", "2"),
        *("--pids-limit", "128", "--tmpfs", "/tmp:rw,noexec,nosuid,size=64m", "--volume", f"{tree}:/workspace"),
    )

    def bare() -> None:
        line = ["docker", "run", *options, own_image(RECIPE), "sleep", "1000"]
        made.append(subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip())

    def after_bare() -> None:
        subprocess.run(["docker", "rm", "--force", made.pop()], capture_output=True, check=True)

    opened = []

    def ours() -> None:
        opened.append(provider.open(SandboxSpec(uuid.uuid4().hex[:12], tree)))

    return _in_turns(ours, bare, STARTS, lambda: opened.pop().close(), after_bare)


def _in_turns(
    ours: Callable[[], object],
    bare: Callable[[], object],
    count: int,
    after_ours: Callable[[], object] = lambda: None,
    after_bare: Callable[[], object] = lambda: None,
) -> tuple[float, float]:
    """Seconds of each: the median of the fastest quarter, the first two rounds left out."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(count + 2):
        for place, (call, after) in enumerate(((ours, after_ours), (bare, after_bare))):
            began = time.perf_counter()
            call()
            times[place].append(time.perf_counter() - began)
            after()
    mine, theirs = (statistics.median(sorted(taken[2:])[: count // 4]) for taken in times)
    return mine, theirs


def _report(name: str, ours: float, bare: float, limit: float) -> None:
    ratio = ours / bare
    print(f"{name} {ratio:.2f} {limit} {'ok' if ratio <= limit else 'over'}")
    print(f"  {ours * 1000:.0f} ms, bare {bare * 1000:.0f} ms", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except SandboxUnavailable as error:
        sys.exit(f"{error.message}\n{error.hint}")
