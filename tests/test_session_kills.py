"""Whatever moment a runner is killed at, nothing is lost and nothing is done twice."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest

from engine.build import build
from engine.vocabulary.events import EventKind
from engine.vocabulary.sessions import SessionState
from tests.support.counts import count
from tests.support.killed import killed
from tests.support.sessions import created, fingerprint, playbook, resumed, states

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e, pytest.mark.slow]

TASKS = [
    {
        "id": f"t{number}",
        "depends_on": [f"t{number - 1}"] if number else [],
        "steps": [{"run": f"echo {number} >> log.txt"}, {"write": {"path": f"made/{number}.txt", "content": "x\n"}}],
        "checks": [{"run": f"test $(wc -l < log.txt) = {number + 1}"}],
    }
    for number in range(4)
]
HELD = """
import os, sys
from pathlib import Path
from engine.build import build
from engine.vocabulary.events import EventKind, Fact
engine = build(Path(sys.argv[1]))
journal = engine._core.journal
lease = journal.acquire(sys.argv[2])
box = {"name": "bubblewrap", "network": "off", "detail": ""}
journal.append(sys.argv[2], [Fact(EventKind.SESSION_STARTED, {
    "sandbox": box, "generation": lease.generation, "pid": os.getpid(), "host": "here", "resumed": False,
})], lease=lease)
if os.fork() == 0:
    # As a process does that has not become its program yet: it holds a copy of everything.
    os.close(1)
    sys.stdin.read()
    os._exit(0)
print("running", flush=True)
sys.stdin.read()
"""


def test_a_lock_that_outlives_its_runner_for_a_moment_stops_nobody(
    home: Path, repository: Path, tmp_path: Path
) -> None:
    engine = build(home)
    try:
        session = created(engine, repository, playbook(tmp_path, *TASKS))
        child = subprocess.Popen(
            [sys.executable, "-c", HELD, str(home), session], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == b"running\n"
        child.kill()
        child.wait()
        assert engine.sessions.get(session).state is SessionState.INTERRUPTED, "though its lock is not free yet"
        letting_go = Timer(0.2, child.stdin.close)
        letting_go.start()
        assert set(states(resumed(engine, session)).values()) == {"kept"}
        letting_go.join()
        child.stdout.close()
    finally:
        engine.close()


@pytest.mark.parametrize("seed", range(count(80, part=40)))
def test_a_run_killed_again_and_again_ends_as_if_nothing_had_happened(
    seed: int, home: Path, repository: Path, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    before = fingerprint(repository)
    engine = build(home)
    try:
        session = created(engine, repository, playbook(tmp_path, *TASKS))
        for _ in range(3):
            if engine.sessions.get(session).state not in (SessionState.CREATED, SessionState.INTERRUPTED):
                break
            killed(engine, home, session, chance, events=25, after_s=0.0)
        state = engine.sessions.get(session)
        if state.state is not SessionState.AWAITING_REVIEW:
            state = resumed(engine, session)
        assert set(states(state).values()) == {"kept"}
        events = engine.sessions.events(session)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        kept = [e.data["task"] for e in events if e.kind is EventKind.TASK_ENDED and e.data["state"] == "kept"]
        assert kept == [task["id"] for task in TASKS], "no kept task was done again"
        patch = engine.review.diff(session).decode()
        assert "+0\n+1\n+2\n+3\n" in patch
        assert fingerprint(repository) == before
    finally:
        engine.close()
