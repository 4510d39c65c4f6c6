"""What the warm bubblewrap sandbox adds to `true` in the bare program, and what its self-test costs a session.

Prints one line per figure: name, value, limit, `ok` or `over`. Exit status 1 when one is over. The bare command is
bubblewrap with the same arguments, filter and files, started the same way (behind a drop of privileges when Orion
runs as root), without Orion, its limits and its shells. Both take turns in blocks, so that a slow moment hits both and
neither pays for namespaces that the other left to be cleared up. Of each round the fastest tenth counts, since other
work only adds; the figure is the median of the rounds' ratios. An ordinary user's is the harder one: root's bare
command has its drop of privileges to pay for. On a busy machine `chrt --fifo 10` before the command keeps the others'
work out.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from engine.sandboxes import layout
from engine.sandboxes.bubblewrap import BubblewrapProvider, BubblewrapSandbox
from engine.sandboxes.launcher import launch, sandbox_owner
from engine.sandboxes.measures import in_force
from engine.sandboxes.seccomp.bpf import compiled, supported
from engine.sandboxes.seccomp.profile import orion_profile
from engine.sandboxes.self_test import self_test
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.runs import SandboxSpec

ROUNDS = 5
BLOCKS = 6
BLOCK = 10
SELF_TESTS = 9


def bare(sandbox: BubblewrapSandbox, tree: Path) -> tuple[list[str], list[int]]:
    """The command line of bubblewrap alone, and the descriptors that it reads from."""
    start = launch(sandbox.binary, tree, [])
    made = {path: held(data) for path, data in layout.small_files().items()}
    measures = [
        *layout.isolation(),
        *layout.system_files(),
        *layout.private_files(made),
        *layout.own_folders(start.tree, []),
    ]
    words = [word for part in in_force(measures) for word in part]
    for name, value in layout.environment((), ()).items():
        words += ["--setenv", name, value]
    descriptors = list(made.values())
    if supported(platform.machine()):
        descriptors.append(held(compiled(orion_profile(), platform.machine())))
        words += ["--seccomp", str(descriptors[-1])]
    return [*start.command, "--unshare-user", *words, "--", "/bin/true"], descriptors


def held(data: bytes) -> int:
    descriptor = os.memfd_create("bench")
    os.write(descriptor, data)
    return descriptor


def times(once: Callable[[], object], descriptors: Sequence[int] = ()) -> list[float]:
    """Seconds of each run of a block but the first, which the kernel's clearing up after the block before slows."""
    taken = []
    for _ in range(BLOCK + 1):
        for descriptor in descriptors:
            os.lseek(descriptor, 0, os.SEEK_SET)
        began = time.perf_counter()
        once()
        taken.append(time.perf_counter() - began)
    return taken[1:]


def fast(times: list[float]) -> float:
    return median(sorted(times)[: max(1, len(times) // 10)])


def one_round(sandbox: BubblewrapSandbox, command: list[str], descriptors: list[int]) -> tuple[float, float]:
    """Seconds of the bare command and of the warm sandbox."""
    plain: list[float] = []
    warm: list[float] = []
    for _ in range(BLOCKS):
        plain += times(
            lambda: subprocess.run(command, check=True, stdin=subprocess.DEVNULL, pass_fds=descriptors), descriptors
        )
        warm += times(lambda: sandbox.run("true", timeout_s=20, stop=threading.Event()))
    return fast(plain), fast(warm)


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="orion-bench-"))
    try:
        owner = sandbox_owner()
        if owner is not None:
            os.chown(folder, *owner)
        try:
            sandbox = BubblewrapProvider().open(SandboxSpec(session="bench", tree=folder))
        except SandboxUnavailable as error:
            print(f"{error.message}: {error.hint}", file=sys.stderr)
            return 2
        command, descriptors = bare(sandbox, folder)
        rounds = [one_round(sandbox, command, descriptors) for _ in range(ROUNDS)]
        tested = [self_test(sandbox).duration_s for _ in range(SELF_TESTS)]
        sandbox.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    over = 0
    for plain, warm in rounds:
        print(f"bare {plain * 1000:.2f} ms, in the warm sandbox {warm * 1000:.2f} ms", file=sys.stderr)
    for figure, value, limit in (
        ("bubblewrap_true_over_bare_ratio", median(warm / plain for plain, warm in rounds), 1.3),
        ("bubblewrap_self_test_ms", median(tested) * 1000, 500.0),
    ):
        over += value > limit
        print(f"{figure} {value:.3f} {limit:g} {'ok' if value <= limit else 'over'}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
