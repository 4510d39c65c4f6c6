"""A model that cannot be asked for a while: the wait is told, is no work, and ends at once when a person wants it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as Flag

import pytest

from engine.build import _Adapters
from engine.engine import Engine
from engine.facade.core import Core
from engine.models.retrying import RetryingModel
from engine.vocabulary.errors import ModelError, ModelFault
from engine.vocabulary.events import Event, EventKind
from engine.vocabulary.models import ModelReply, ModelRequest
from engine.vocabulary.plans import Plan, Task
from engine.vocabulary.ports import ModelWatch
from engine.vocabulary.requests import SessionRequest
from engine.vocabulary.sessions import SessionState
from tests.support.faulty import FaultyModel
from tests.support.sessions import TIMEOUT_S

pytestmark = [pytest.mark.mock_llm, pytest.mark.sandbox, pytest.mark.e2e]


class BusyModel(FaultyModel):
    """Never has time."""

    def complete(self, request: ModelRequest, stop: Flag, watch: ModelWatch | None = None) -> ModelReply:
        raise ModelError("the endpoint is busy (429)", retryable=True, fault=ModelFault.BUSY)


def _at(event: Event) -> datetime:
    return datetime.fromisoformat(event.at)


@pytest.mark.parametrize("order", ["pause", "cancel"])
def test_a_pause_and_a_cancel_are_heard_while_the_model_is_waited_for(order: str, home: Path, repository: Path) -> None:
    home.mkdir(mode=0o700)
    (home / "config.yaml").write_text("default_model: m\nmodels: {m: {api: openai, model: m, base_url: http://x/v1}}\n")
    adapters = _Adapters(home)
    adapters.open_model = lambda *_, **__: RetryingModel(BusyModel(1))  # type: ignore[assignment, method-assign, misc]
    engine = Engine(Core(adapters))
    try:
        request = SessionRequest(workspace=repository, plan=Plan("g", (Task("t", "T"),), "test"), model="m")
        session = engine.sessions.create(engine.sessions.propose(request))
        engine.sessions.start(session)
        waiting = next(e for e in engine.sessions.follow(session, 0, Flag()) if e.kind is EventKind.WAITING)
        assert "busy (429)" in waiting.data["reason"]
        time.sleep(0.5)  # the wait itself is what must not count
        asked_at, began = datetime.now(UTC), time.monotonic()
        (engine.sessions.pause if order == "pause" else engine.sessions.cancel)(session)
        state = engine.sessions.wait(session, TIMEOUT_S)
        assert time.monotonic() - began < 20, "not after the 30 seconds of the wait"
        assert state.state is (SessionState.PAUSED if order == "pause" else SessionState.CANCELLED)
        ended = engine.sessions.events(session)[-1]
        whole = state.elapsed_s
        assert ended.data["elapsed_s"] == whole
        if order == "pause":
            assert state.tasks["t"].suspension is not None
            # All that is not between the two: what the machine took besides is work, however slow it is.
            events = engine.sessions.events(session)
            started = next(event for event in events if event.kind is EventKind.TASK_STARTED)
            whole_s = (_at(ended) - _at(started)).total_seconds()
            assert state.tasks["t"].worked_s <= whole_s - (asked_at - _at(waiting)).total_seconds()
    finally:
        engine.close()
