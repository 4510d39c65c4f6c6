"""Whole sessions over the real wire of both APIs: from the goal to the promoted commit, and through what goes wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event as Flag

import pytest

from engine.engine import Engine
from engine.vocabulary.errors import ModelError
from engine.vocabulary.events import EventKind
from engine.vocabulary.requests import SessionRequest
from engine.vocabulary.sessions import SessionState
from tests.support.cli import Orion
from tests.support.endpoint import (
    ANTHROPIC,
    OPENAI,
    Answer,
    cuts,
    endpoint,
    fails,
    hangs,
    says,
)
from tests.support.sessions import PIN, TIMEOUT_S, resumed, states
from tests.support.wire import FIX, KEY, KEY_ENV, TOO_LONG, after, begun, set_up, worker

pytestmark = [pytest.mark.mock_llm, pytest.mark.sandbox, pytest.mark.e2e]
BOTH = pytest.mark.parametrize("api", [OPENAI, ANTHROPIC])


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_ENV, KEY)


@BOTH
def test_a_goal_is_taken_in_planned_worked_on_checked_reviewed_and_promoted(
    api: str, engine: Engine, home: Path, repository: Path, git: Callable[..., str]
) -> None:
    with endpoint(worker) as server:
        set_up(home, api, server)
        intake = engine.sessions.take_in(SessionRequest(repository, "Mend adding"))
        assert intake.brief is not None
        assert [question.proposed for question in intake.brief.open] == ["No."]
        proposal = engine.sessions.propose(replace(intake.request, brief=intake.brief.taken_as_proposed()))
        session = engine.sessions.create(proposal)
        engine.sessions.start(session)
        ended = engine.sessions.wait(session, TIMEOUT_S)
    assert ended.state is SessionState.AWAITING_REVIEW, ended.reason
    assert states(ended) == {"fix": "kept", "note": "kept"}, [view.reason for view in ended.tasks.values()]
    assert ended.tasks["fix"].verified is True
    assert ended.tokens > 0
    engine.auth.set_pin(PIN)
    done = engine.review.promote(session, secret=PIN)
    assert done.promoted, done.reasons
    assert "a + b" in (repository / "src" / "app.py").read_text()
    assert git(repository, "status", "--porcelain") == ""


@BOTH
def test_a_reply_of_no_use_a_busy_endpoint_and_a_full_context_are_got_over_in_one_session(
    api: str, engine: Engine, home: Path, repository: Path
) -> None:
    read = ("read", {"path": "src/app.py"})
    script = after(
        says("", ("read", '{"path": "src/ap')),
        says("", ("teleport", {})),
        says("\x1b]0;owned\x07I look\x1b[2J", read),
        says(""),
        says("I must not.", finish="content_filter"),
        fails(429, "slow down", retry_after="0"),
        says("", *[("list", {"path": "." + "/." * number}) for number in range(10)]),
        TOO_LONG,
    )
    with endpoint(script) as server:
        set_up(home, api, server)
        session = begun(engine, repository)
        ended = engine.sessions.wait(session, TIMEOUT_S)
    assert states(ended) == {"fix": "kept"}, ended.tasks["fix"].reason
    kinds = [event.kind for event in engine.sessions.events(session)]
    assert EventKind.WAITING in kinds
    assert EventKind.COMPACTED in kinds
    shown = Orion(home, repository)("log", session)
    assert "\x1b" not in shown.out


@pytest.mark.parametrize(
    ("api", "answer", "says_so"),
    [
        (OPENAI, fails(401, "invalid api key", "invalid_api_key"), "the key was refused"),
        (ANTHROPIC, fails(401, "invalid x-api-key", "authentication_error"), "the key was refused"),
        (OPENAI, fails(404, "no such model", "model_not_found"), "no model 'served'"),
        (ANTHROPIC, fails(404, "model: served", "not_found_error"), "no model 'served'"),
        (OPENAI, fails(402, "insufficient funds", "billing_error"), "nothing left to spend"),
        (ANTHROPIC, fails(400, "Your credit balance is too low", "invalid_request_error"), "nothing left to spend"),
    ],
)
def test_what_a_person_has_to_change_pauses_with_that_and_the_session_goes_on_afterwards(
    api: str, answer: Answer, says_so: str, engine: Engine, home: Path, repository: Path
) -> None:
    with endpoint(after(says("", FIX), answer)) as server:
        set_up(home, api, server)
        session = begun(engine, repository)
        with pytest.raises(ModelError):
            engine.sessions.wait(session, TIMEOUT_S)
        paused = engine.sessions.get(session)
        assert paused.state is SessionState.PAUSED
        assert says_so in paused.reason
        assert states(resumed(engine, session)) == {"fix": "kept"}
    edits = [
        e for e in engine.sessions.events(session) if e.kind is EventKind.ACTION and e.data["action"]["tool"] == "edit"
    ]
    assert len(edits) == 1, "what was done is not done again"


@BOTH
@pytest.mark.parametrize("fault", ["gone", "cut", "hangs"])
def test_an_endpoint_that_goes_away_is_waited_for_a_pause_is_heard_and_another_one_goes_on(
    fault: str, api: str, engine: Engine, home: Path, repository: Path
) -> None:
    broken = {"gone": [says("", FIX), hangs()], "cut": [cuts(1)], "hangs": [hangs(3, "I am thinking about it")]}[fault]
    with endpoint(after(*broken)) as server:
        set_up(home, api, server, timeout_s=1 if fault == "hangs" else 30)
        session = begun(engine, repository)
        following = engine.sessions.follow(session, 0, Flag())
        if fault == "gone":
            next(event for event in following if event.kind is EventKind.ACTION)
    waiting = next(event for event in following if event.kind is EventKind.WAITING)
    assert waiting.data["reason"].startswith("live: ")
    began = time.monotonic()
    engine.sessions.pause(session)
    assert engine.sessions.wait(session, TIMEOUT_S).state is SessionState.PAUSED
    assert time.monotonic() - began < 5
    with endpoint(worker) as another:
        set_up(home, api, another)
        assert states(resumed(engine, session)) == {"fix": "kept"}


def test_what_is_being_written_can_be_read_while_it_is_and_a_cancel_ends_it(
    engine: Engine, home: Path, repository: Path
) -> None:
    with endpoint(after(hangs(4, "I am thinking about it"))) as server:
        set_up(home, OPENAI, server)
        session = begun(engine, repository)
        end = time.monotonic() + 30
        while not engine.sessions.live_text(session, "fix"):
            assert time.monotonic() < end
            time.sleep(0.02)
        assert "I am think" in engine.sessions.live_text(session, "fix")
        engine.sessions.cancel(session)
        assert engine.sessions.wait(session, TIMEOUT_S).state is SessionState.CANCELLED
        assert engine.sessions.live_text(session, "fix") == ""
    assert not [e for e in engine.sessions.events(session) if "thinking about" in json.dumps(dict(e.data))]
