"""What the warm bubblewrap sandbox adds to `true` in the bare program, and what its self-test costs a session.

Prints one line per figure: name, value, limit, `ok` or `over`. Exit status 1 when one is over. The bare command is
bubblewrap with the same namespaces and mounts, started the same way (behind a drop of privileges when Orion runs as
root), without Orion, its filter and its limits. Both take turns, so that a slow moment hits both.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

from engine.sandboxes import layout
from engine.sandboxes.bubblewrap import BubblewrapProvider, BubblewrapSandbox
from engine.sandboxes.launcher import launch, sandbox_owner
from engine.sandboxes.measures import in_force
from engine.sandboxes.self_test import self_test
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.runs import SandboxSpec

ROUNDS = 60
SELF_TESTS = 9


def bare(sandbox: BubblewrapSandbox, tree: Path) -> list[str]:
    """The command line of bubblewrap alone, without what it would have to be handed through descriptors."""
    start = launch(sandbox.binary, tree, [])
    measures = [
        *layout.isolation(),
        *layout.system_files(),
        *layout.private_files({}),
        *layout.own_folders(start.tree, []),
    ]
    arguments = [word for words in in_force(measures) for word in words]
    return [*start.command, "--unshare-user", *arguments, "--", "/bin/true"]


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
        command = bare(sandbox, folder)
        plain, warm = [], []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin"})
            plain.append(time.perf_counter() - began)
            began = time.perf_counter()
            sandbox.run("true", timeout_s=20, stop=threading.Event())
            warm.append(time.perf_counter() - began)
        tested = [self_test(sandbox).duration_s for _ in range(SELF_TESTS)]
        sandbox.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    over = 0
    print(f"bare {median(plain) * 1000:.2f} ms, in the warm sandbox {median(warm) * 1000:.2f} ms", file=sys.stderr)
    for figure, value, limit in (
        ("bubblewrap_true_over_bare_ratio", median(warm) / median(plain), 1.3),
        ("bubblewrap_self_test_ms", median(tested) * 1000, 500.0),
    ):
        over += value > limit
        print(f"{figure} {value:.3f} {limit:g} {'ok' if value <= limit else 'over'}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
