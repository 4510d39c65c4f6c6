"""What an Orion that is killed at the wrong instant leaves of bubblewrap: the next start ends it, and nothing else."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest

from engine.sandboxes.bubblewrap import BubblewrapSandbox
from engine.vocabulary.ports import SandboxProvider
from tests.support.sandboxes import FINDERS, Box, a_box, processes_with, provider_called

pytestmark = pytest.mark.sandbox

_provider_called = cache(provider_called)
_KILLED_BEFORE_GO = """
import os, signal, sys, threading
from pathlib import Path
from engine.sandboxes import process
from engine.sandboxes.binaries import Binary
from engine.sandboxes.bubblewrap import BubblewrapSandbox
from engine.vocabulary.runs import SandboxSpec, SandboxStatus
process.set_counters = lambda pid, counters: os.kill(os.getpid(), signal.SIGKILL)
tree, command, program, *folders = sys.argv[1:]
binary = Binary(Path(program), "test", tuple(map(Path, folders)))
deaf = frozenset({"dies with Orion"})
sandbox = BubblewrapSandbox(SandboxSpec("killed", Path(tree)), binary, SandboxStatus("", True, ""), deaf)
sandbox.run(command, timeout_s=600, stop=threading.Event())
"""


@pytest.fixture(params=FINDERS)
def provider(request: pytest.FixtureRequest) -> SandboxProvider:
    found = _provider_called(request.param)
    if isinstance(found, str):
        pytest.skip(found)
    return found


def test_what_was_never_released_runs_nothing_and_goes_with_the_next_start_while_others_work_on(
    provider: SandboxProvider,
) -> None:
    """Orion dies before it gave the word, and bubblewrap had not asked yet to die with it."""
    marker = uuid.uuid4().hex
    with a_box(provider) as box, ThreadPoolExecutor(1) as pool:
        sandbox = box.sandbox
        assert isinstance(sandbox, BubblewrapSandbox)
        words = [str(box.tree), f"touch ran; sleep 1000; : {marker}", str(sandbox.binary.path)]
        started = _python(_KILLED_BEFORE_GO, *words, *map(str, sandbox.binary.folders))
        started.communicate(timeout=30)
        assert started.returncode == -9
        working = pool.submit(box.run, "echo works > begun; until [ -e go ]; do sleep 0.01; done")
        while not (box.tree / "begun").exists():
            assert not working.done()
        with a_box(provider):
            # None at all when another start on this machine, of a test beside this one, has seen them before.
            assert all(_ends(pid) for pid in processes_with(marker))
        assert not (box.tree / "ran").exists()
        (box.tree / "go").touch()
        assert working.result().exit == 0, "a sandbox in use is left alone"


def test_an_orion_that_is_killed_leaves_no_process_that_a_later_start_does_not_clear(provider: SandboxProvider) -> None:
    """It is killed while bubblewrap starts and while the command runs."""
    with a_box(provider) as box:
        marker = _kill_some(box)
    # The last one may still have been on its way when the first of these starts looks.
    for _ in range(20):
        with a_box(provider) as box:
            assert box.says("echo works") == "works"
        if all(_ends(pid) for pid in processes_with(marker)):
            break
    assert not processes_with(marker), "a process outlived its Orion"


def _kill_some(box: Box) -> str:
    program = (
        "import sys, threading\nfrom pathlib import Path\n"
        "from engine.sandboxes.bubblewrap import BubblewrapProvider\nfrom engine.vocabulary.runs import SandboxSpec\n"
        "sandbox = BubblewrapProvider().open(SandboxSpec('killed', Path(sys.argv[1])))\n"
        "print('open', flush=True)\n"
        "sandbox.run(sys.argv[2], timeout_s=600, stop=threading.Event(), on_output=lambda _: print('on', flush=True))\n"
    )
    marker = uuid.uuid4().hex
    command = f"echo running; setsid sleep 1000 & sleep 1000; : {marker}"
    for moment in ("open", "open", "open", "open", "open", "on", "on"):
        holder = _python(program, str(box.tree), command)
        assert holder.stdout is not None
        while holder.stdout.readline().strip() != moment:
            assert holder.poll() is None
        holder.kill()
        holder.communicate()
    return marker


def _python(program: str, *words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    line = [sys.executable, "-c", program, *words]
    return subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment)


def _ends(pid: int) -> bool:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    ended = bool(select.select([handle], [], [], 2)[0])
    os.close(handle)
    return ended
