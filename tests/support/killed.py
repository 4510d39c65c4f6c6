"""A runner in a process of its own, to be killed at an event."""

from __future__ import annotations

import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Flag

from engine.engine import Engine

_RUN = (
    "import sys; from pathlib import Path; from engine.build import build\n"
    "engine = build(Path(sys.argv[1])); engine.sessions.start(sys.argv[2]); print('runs', flush=True)\n"
    "engine.sessions.wait(sys.argv[2])\n"
)


def runner(home: Path, session: str) -> subprocess.Popen[bytes]:
    """One that runs the session already: what is killed before that, is killed while it loads its modules."""
    command = [sys.executable, "-c", _RUN, str(home), session]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert child.stdout is not None
    assert child.stdout.readline() == b"runs\n"
    return child


@dataclass(frozen=True, slots=True)
class Kill:
    """The number of a runner's process, and the kind of event that it was killed after: empty when it was through
    before."""

    pid: int
    after: str


def killed(engine: Engine, home: Path, session: str, chance: random.Random, *, events: int, after_s: float) -> Kill:
    """Run the session and kill its runner at one of the next so many events, and up to so many seconds after it:
    commands, checkouts and commits have none of their own."""
    seen = engine.sessions.get(session).seq
    child = runner(home, session)
    # At an event, not at a time: the same seed kills at the same place on any machine.
    left, last = chance.randrange(1, events), "nothing"
    for event in engine.sessions.follow(session, seen, Flag()):
        left, last = left - 1, str(event.kind)
        if left == 0:
            break
    with child:
        try:
            child.wait(timeout=chance.random() * after_s)
        except subprocess.TimeoutExpired:
            child.kill()
        else:
            last = ""
    return Kill(child.pid, last)
