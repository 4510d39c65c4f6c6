"""Working hours at run time: a session waits outside them, says so, and goes on by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as Flag

import pytest

from engine.engine import Engine
from engine.storage.clock import SystemClock
from engine.vocabulary.events import EventKind
from engine.vocabulary.requests import SessionRequest
from engine.vocabulary.sessions import Limits, SessionState
from tests.support.sessions import TIMEOUT_S, created, playbook, resumed, states

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e]

ROLE = """name: day-bird
display_name: Day bird
description: Works by day
competencies: [everything]
authority:
  autonomous: [code.read, code.write, command.run, docs.write]
  requires_approval: [deps.change]
  forbidden: [deploy]
working_hours: {days: [mon], from: "09:00", to: "17:00"}
"""
SUNDAY = datetime(2026, 11, 22, 12, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)


class Wall:
    """The wall clock and the growing one, both moved by hand."""

    def __init__(self) -> None:
        self.now = SUNDAY

    def move(self, to: datetime) -> None:
        self.now = to


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[Wall]:
    made = Wall()
    (home / "roles").mkdir(parents=True)
    (home / "roles" / "day-bird.yaml").write_text(ROLE)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr(SystemClock, "now", lambda _: made.now)
    monkeypatch.setattr(SystemClock, "monotonic", lambda _: made.now.timestamp())
    yield made
    monkeypatch.undo()
    time.tzset()


def waiting(engine: Engine, repository: Path, folder: Path) -> str:
    """A session that has said that it waits."""
    steps = [{"run": "echo done > done.txt"}]
    session = created(
        engine, repository, playbook(folder, {"id": "one", "steps": steps}), role="day-bird", limits=Limits(time_s=600)
    )
    engine.sessions.start(session)
    for event in engine.sessions.follow(session, 0, Flag()):
        if event.kind is EventKind.NOTICE:
            assert event.data["message"] == (
                "outside the working hours of day-bird; it goes on at Mon 2026-11-23 09:00"
            )
            assert datetime.fromisoformat(event.data["until"]) == MONDAY
            return session
    pytest.fail("the session ended without a word on its hours")


def test_a_session_waits_for_the_opening_and_the_wait_is_not_counted(
    wall: Wall, engine: Engine, repository: Path, tmp_path: Path
) -> None:
    session = waiting(engine, repository, tmp_path)
    assert engine.sessions.get(session).state is SessionState.RUNNING
    assert states(engine.sessions.get(session)) == {"one": "pending"}
    wall.move(MONDAY)
    ended = engine.sessions.wait(session, TIMEOUT_S)
    assert (ended.state, states(ended)) == (SessionState.AWAITING_REVIEW, {"one": "kept"})
    assert ended.elapsed_s < 600


def test_a_pause_is_heard_while_it_waits_and_goes_on_inside_them_when_resumed(
    wall: Wall, engine: Engine, repository: Path, tmp_path: Path
) -> None:
    session = waiting(engine, repository, tmp_path)
    engine.sessions.pause(session)
    assert engine.sessions.wait(session, TIMEOUT_S).state is SessionState.PAUSED
    wall.move(MONDAY)
    assert states(resumed(engine, session)) == {"one": "kept"}


def test_a_cancel_is_heard_while_it_waits(wall: Wall, engine: Engine, repository: Path, tmp_path: Path) -> None:
    session = waiting(engine, repository, tmp_path)
    engine.sessions.cancel(session)
    assert engine.sessions.wait(session, TIMEOUT_S).state is SessionState.CANCELLED


def test_a_proposal_says_that_the_session_would_wait(
    wall: Wall, engine: Engine, repository: Path, tmp_path: Path
) -> None:
    request = SessionRequest(repository, playbook=playbook(tmp_path, {"id": "one"}), role="day-bird")
    assert "waits until Mon 2026-11-23 09:00" in engine.sessions.propose(request).notices[-1]
    wall.move(MONDAY)
    assert engine.sessions.propose(request).notices == ()
