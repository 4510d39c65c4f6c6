"""Sessions that meet faults at random end in a state that a person understands, within their budgets, and go on."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.vocabulary.errors import OrionError
from engine.vocabulary.events import EventKind
from engine.vocabulary.plans import Plan, Task, TaskState
from engine.vocabulary.requests import SessionRequest
from engine.vocabulary.sessions import Limits, Session, SessionState
from engine.vocabulary.verdicts import ApprovalKind
from tests.support.counts import count
from tests.support.faulty import MOST_TOKENS, faulty_engine
from tests.support.sessions import TIMEOUT_S

pytestmark = [pytest.mark.mock_llm, pytest.mark.sandbox, pytest.mark.e2e, pytest.mark.slow]

SETTLED = (SessionState.PAUSED, SessionState.AWAITING_REVIEW, SessionState.FAILED, SessionState.INTERRUPTED)
BATCH = count(200)
"""Five batches; together 1,000 sessions when all are run."""
KILLED_EVERY = 10
PLAN = Plan("Do things", (Task("a", "A"), Task("b", "B", ("a",)), Task("c", "C")), "test")
WIDE = Plan("Do things at once", (Task("a", "A"), Task("b", "B"), Task("c", "C"), Task("d", "D")), "test")
"""Every fourth session works on this one, with all of its tasks side by side."""


@pytest.fixture(params=range(count(5)))
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def chaos(home: Path, seed: int) -> Iterator[Engine]:
    home.mkdir(mode=0o700)
    (home / "config.yaml").write_text("default_model: m\nmodels: {m: {api: openai, model: m, base_url: http://x/v1}}\n")
    opened = faulty_engine(home, seed)
    yield opened
    opened.close()


def test_sessions_with_random_faults_settle_within_their_budgets_and_go_on(
    chaos: Engine, home: Path, repository: Path, seed: int
) -> None:
    for number in range(seed * BATCH, (seed + 1) * BATCH):
        chance = random.Random(number)
        parallel, plan = (4, WIDE) if number % 4 == 0 else (1, PLAN)
        limits = Limits(
            cost_usd=chance.uniform(0.05, 0.6), turns=chance.randrange(2, 30), task_turns=15, parallel=parallel
        )
        request = SessionRequest(workspace=repository, plan=plan, model="m", limits=limits)
        session = chaos.sessions.create(chaos.sessions.propose(request))
        if number % KILLED_EVERY == 0:
            command = [sys.executable, "-m", "tests.support.faulty", str(home), session, str(number)]
            subprocess.run(
                [*command, str(chance.randrange(2, 40))], check=False, capture_output=True, timeout=TIMEOUT_S
            )
        else:
            ran(chaos, session)
        for _ in range(3):
            state = chaos.sessions.get(session)
            holds(chaos, state)
            decide_all(chaos, state)
            if not chaos.sessions.get(session).can_go_on:
                break
            chaos.sessions.set_limits(
                session,
                Limits(cost_usd=state.cost_usd + 0.3, turns=state.calls + 10, task_turns=40, parallel=parallel),
            )
            ran(chaos, session)
        holds(chaos, chaos.sessions.get(session))


def ran(engine: Engine, session: str) -> None:
    try:
        engine.sessions.start(session)
        engine.sessions.wait(session, TIMEOUT_S)
    except OrionError:
        # What ended the run stands in the session's reason.
        assert engine.sessions.get(session).reason


def decide_all(engine: Engine, state: Session) -> None:
    for number, approval in enumerate(state.waiting):
        if number % 2:
            engine.approvals.deny(approval.id, "no")
        else:
            words = approval.kind in (ApprovalKind.QUESTION, ApprovalKind.CIRCLE)
            engine.approvals.approve(approval.id, answer="this way" if words else "")


def holds(engine: Engine, state: Session) -> None:
    assert state.state in SETTLED, (state.state, state.reason)
    assert state.reason
    assert "internal error" not in state.reason
    events = engine.sessions.events(state.id)
    dearest = max((event.data["cost_usd"] for event in events if event.kind is EventKind.TURN), default=0.0)
    assert state.cost_usd <= state.limits.cost_usd + dearest
    assert state.calls <= state.limits.turns
    assert not [key for key, view in state.tasks.items() if view.state is TaskState.RUNNING]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    kept: set[str] = set()
    for event in events:
        if event.kind is EventKind.TASK_STARTED:
            assert event.data["task"] not in kept, "a kept task was begun again"
        if event.kind is EventKind.TASK_ENDED and event.data["state"] == "kept":
            kept.add(event.data["task"])
    assert MOST_TOKENS * state.calls >= state.tokens
