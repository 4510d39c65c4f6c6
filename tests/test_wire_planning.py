"""What can go wrong at an endpoint before a session is there, over the real wire of both APIs: the goal is taken in and
planned, or a sentence says why not and what to do; nothing is left behind, and the same goal can be given again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.vocabulary.errors import ModelError, OrionError
from engine.vocabulary.requests import SessionRequest
from tests.support.endpoint import ANTHROPIC, OPENAI, Answer, Asked, cuts, endpoint, fails, hangs, says, slams
from tests.support.recordings import task
from tests.support.wire import KEY, KEY_ENV, TOO_LONG, set_up, worker

pytestmark = pytest.mark.mock_llm
BOTH = pytest.mark.parametrize("api", [OPENAI, ANTHROPIC])


def _json(api: str, text: str) -> Answer:
    return says(text) if api == OPENAI else says("", ("answer", text))


FAULTS: dict[str, tuple[Callable[[str], Answer], str]] = {
    "wrong key": (lambda _: fails(401, "invalid api key", "invalid_api_key"), "the key was refused"),
    "unknown model": (lambda _: fails(404, "no such model", "model_not_found"), "no model 'served'"),
    "not there": (lambda _: slams(), "broke off"),
    "hangs": (lambda _: hangs(), "no answer within 1 s"),
    "cut": (lambda _: cuts(1), "broke off"),
    "busy": (lambda _: fails(429, "slow down"), "busy"),
    "broken": (lambda _: fails(500, "boom"), "500: boom"),
    "too long": (lambda _: TOO_LONG, "too long"),
}
"""Told as they are, whatever was asked."""
REPLIES: dict[str, tuple[Callable[[str], Answer], str]] = {
    "half JSON": (lambda api: _json(api, '{"tasks": ['), "not JSON"),
    "empty": (lambda _: says(""), "the reply is empty"),
    "refusal": (lambda _: says("I must not.", finish="content_filter"), "refuses"),
    "another tool": (lambda _: says("", ("teleport", {"to": "x"})), "no valid plan in 3 tries"),
    "500 tasks": (
        lambda api: _json(api, json.dumps({"tasks": [task(f"t{n}") for n in range(500)]})),
        "at most 60 entries, has 500",
    ),
    "escapes": (lambda api: _json(api, '{"tasks": "\\u001b]0;owned\\u0007\\u001b[2J"}'), "no valid plan in 3 tries"),
}
"""No plan; sent back with what is wrong with it, twice."""


def _asks_for_a_plan(asked: Asked) -> bool:
    return '"expected_files"' in asked.text and "maxItems" in asked.text


def _asks_for_a_brief(asked: Asked) -> bool:
    return '"left_out"' in asked.text and '"questions"' in asked.text and "maxItems" in asked.text


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_ENV, KEY)
    monkeypatch.setattr("engine.models.registry.WAITS_S", (0.01,))


@BOTH
@pytest.mark.parametrize("fault", [*FAULTS, *REPLIES])
def test_what_goes_wrong_while_a_goal_is_planned_is_told_and_the_goal_can_be_given_again(
    fault: str, api: str, engine: Engine, home: Path, repository: Path
) -> None:
    make, said = (FAULTS | REPLIES)[fault]
    wrong, tries = True, 0

    def script(asked: Asked) -> Answer:
        nonlocal tries
        if wrong and _asks_for_a_plan(asked):
            tries += 1
            return make(api)
        return worker(asked)

    with endpoint(script) as server:
        set_up(home, api, server, timeout_s=1 if fault == "hangs" else 20)
        request = SessionRequest(repository, "Mend adding")
        with pytest.raises(OrionError) as caught:
            engine.sessions.propose(request)
        error = caught.value
        assert isinstance(error, ModelError)
        assert said in error.message
        assert error.hint
        assert "\x1b" not in error.message + error.hint
        assert KEY not in error.message + error.hint
        # Words in place of JSON: an endpoint is asked for it in other forms too.
        assert fault not in REPLIES or (tries == 1 if fault == "refusal" else tries >= 3)
        assert engine.sessions.list() == ()
        wrong = False
        set_up(home, api, server)
        assert [task.id for task in engine.sessions.propose(request).plan.tasks] == ["fix", "note"]


@BOTH
@pytest.mark.parametrize("fault", ["wrong key", "cut", "too long", "half JSON", "empty", "refusal", "another tool"])
def test_what_goes_wrong_while_a_goal_is_taken_in_is_told_or_the_goal_is_planned_as_it_stands(
    fault: str, api: str, engine: Engine, home: Path, repository: Path
) -> None:
    make, said = (FAULTS | REPLIES)[fault]
    with endpoint(lambda asked: make(api) if _asks_for_a_brief(asked) else worker(asked)) as server:
        set_up(home, api, server)
        request = SessionRequest(repository, "Mend adding")
        if fault in FAULTS:
            with pytest.raises(ModelError, match=said):
                engine.sessions.take_in(request)
        else:
            taken = engine.sessions.take_in(request)
            assert taken.request.brief is None
            assert any("planned as it stands" in notice for notice in taken.notices)
            assert engine.sessions.propose(taken.request).plan.tasks
