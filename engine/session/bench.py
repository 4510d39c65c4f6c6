"""Everything a runner works with, in one value."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from threading import Event as Flag
from typing import TYPE_CHECKING

from engine.session.stop_conditions import DISK_NEEDED_BYTES, Stop, disk_full, stop_for
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.outlook import History
from engine.vocabulary.sessions import SessionState

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Thread

    from engine.session.budgets import Budget
    from engine.session.ledger import Ledger
    from engine.session.setup_phase import SetupDesk
    from engine.session.worktime import Worktime
    from engine.vocabulary.ports import Blobs, Clock, Model, Sandbox, SessionRepository
    from engine.vocabulary.roles import Role
    from engine.vocabulary.sessions import Session


class Overtaken(Exception):
    """What was kept meanwhile does not go with what this task has done: it is done again on top."""


def _no_places(number: int) -> tuple[SessionRepository, Sandbox]:
    raise SandboxUnavailable(f"there is no place for worker {number}")


@dataclass(slots=True)
class Bench:
    """`stop` ends the running command at once; `pause` ends the work after it. `moved` answers with the commit that the
    user's branch is at now and the paths that changed in the workspace since the session began; `watch` starts a thread
    that calls back with paths as they change there, until its flag is set. `live` shows the end of what a task's model
    is writing; an empty text ends it.

    Where several work side by side, each has a bench of its own with its tree, its sandbox and these two: `outset` is
    the session as it stood when they began, `my_turn` returns when all that come before in the plan are over (the clock
    that it is given stands still meanwhile) and may raise Cancelled or Overtaken. `beside` makes the tree and the
    sandbox of the worker with that number, from 2."""

    ledger: Ledger
    repository: SessionRepository
    sandbox: Sandbox
    blobs: Blobs
    clock: Clock
    role: Role
    model: Model | None
    moved: Callable[[], tuple[str, tuple[str, ...]]]
    watch: Callable[[Flag, Callable[[frozenset[str]], None]], Thread]
    work: Worktime
    budget: Budget
    setup: SetupDesk | None = None
    free_bytes: Callable[[], int] = lambda: sys.maxsize
    live: Callable[[str, str], None] = lambda _task, _text: None
    history: History = field(default_factory=History)
    stop: Flag = field(default_factory=Flag)
    pause: Flag = field(default_factory=Flag)
    outset: Session | None = None
    my_turn: Callable[[Worktime], None] = lambda _: None
    beside: Callable[[int], tuple[SessionRepository, Sandbox]] = _no_places

    def seen(self) -> Session:
        """The session as a task that begins may know it."""
        return self.outset or self.ledger.session

    def run_s(self) -> float:
        """Seconds that the present run has worked; waiting for working hours, a person or a busy model is not work."""
        return self.work.seconds()

    def time_left_s(self) -> float:
        """Seconds until the session's time limit; at or below 0 it is reached."""
        session = self.ledger.session
        return session.limits.time_s - session.elapsed_s - self.run_s()

    def stop_now(self) -> Stop | None:
        """The stop condition that holds now, if any."""
        if self.budget.reached is not None:
            return Stop(SessionState.PAUSED, self.budget.reached.reason)
        return stop_for(self.ledger.session, self.run_s()) or self.starved()

    def starved(self) -> Stop | None:
        """A pause while the disk that the session is on is full: what fails then is not the work's fault."""
        free = self.free_bytes()
        return disk_full(free) if free < DISK_NEEDED_BYTES else None
