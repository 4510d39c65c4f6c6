"""Recordings of a model: the same port as a live one, and no guessing."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from engine.models.observation import observation_digest
from engine.models.registry import open_model
from engine.models.replay import ReplayModel
from engine.vocabulary.errors import Cancelled, ModelError
from engine.vocabulary.models import FinishReason, Message, ModelReply, ModelRequest, ToolCall, Usage
from engine.vocabulary.settings import ModelSettings

pytestmark = pytest.mark.mock_llm

HEADER = {"format": "orion-replay/1", "about": "written by hand"}
CALL = {"name": "run", "arguments": {"command": "ls"}}


def line(task: str = "fix", turn: int = 1, **fields: Any) -> dict[str, Any]:
    reply = {"text": "look", "calls": [CALL], "usage": {"tokens_in": 5, "tokens_out": 2, "cost_usd": 0.5}}
    return {"purpose": "act", "task": task, "turn": turn, "expects": None, "reply": reply} | fields


def recording(folder: Path, *lines: Any) -> ReplayModel:
    file = folder / "talk.jsonl"
    file.write_text("".join((entry if isinstance(entry, str) else json.dumps(entry)) + "\n" for entry in lines))
    return ReplayModel("recorded", file)


def ask(model: ReplayModel, *messages: Message, task: str = "fix", turn: int = 1) -> ModelReply:
    return model.complete(ModelRequest("act", task, turn, messages), threading.Event())


def test_a_reply_is_found_by_purpose_task_and_turn(tmp_path: Path) -> None:
    model = recording(tmp_path, HEADER, line(), line(turn=2, reply={"text": "done"}), line("", purpose="plan"))
    call = ToolCall("fix-1-1", "run", {"command": "ls"})
    assert ask(model) == ModelReply("look", (call,), Usage(5, 2, 0.5), FinishReason.TOOL)
    assert ask(model, turn=2) == ModelReply("done")
    assert ask(model) == ask(model)
    assert model.complete(ModelRequest("plan", "", 1, ()), threading.Event()).text == "look"
    assert (model.name, model.about()) == ("recorded", "written by hand")


def test_a_reply_that_was_never_recorded_says_what_there_is(tmp_path: Path) -> None:
    model = recording(tmp_path, HEADER, line(), line(turn=2))
    with pytest.raises(
        ModelError, match=r"no reply for purpose 'act', task 'fix', turn 3; it has turns 1 to 2"
    ) as caught:
        ask(model, turn=3)
    assert not caught.value.retryable
    with pytest.raises(ModelError, match="task 'other', turn 1; it has nothing for it"):
        ask(model, task="other")


def test_a_reply_for_another_observation_is_refused_with_both_digests(tmp_path: Path) -> None:
    seen = (Message("system", "rules"), Message("tool", "exit 0\n3 passed in 0.02s"))
    expected = observation_digest(seen)
    model = recording(tmp_path, HEADER, line(expects=expected))
    assert ask(model, *seen).text == "look"
    assert ask(model, Message("tool", "exit 0\n3 passed in 1.7s")).text == "look"
    other = Message("tool", "exit 1\n1 failed")
    with pytest.raises(ModelError) as caught:
        ask(model, other)
    assert not caught.value.retryable
    for part in ("purpose 'act', task 'fix', turn 1", "line 2", expected, observation_digest([other]), "1 failed"):
        assert part in caught.value.message


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ran 3 tests in 0.002s\n\nOK", "Ran 3 tests in 1.250s\n\nOK"),
        ("took 1.2 s", "took 3 s"),
        ("took 12 ms", "took 9ms"),
        ("===== 3 passed in 0.02s =====", "==== 3 passed in 10.02s ===="),
        ("real 0:00:01.5", "real 0:01:59"),
        ("a  \r\nb\n", "a\nb"),
    ],
)
def test_durations_and_drawn_rules_do_not_matter(one: str, other: str) -> None:
    assert observation_digest([Message("tool", one)]) == observation_digest([Message("tool", other)])


@pytest.mark.parametrize(
    ("one", "other"),
    [("3 passed", "4 passed"), ("exit 0", "exit 1"), ("v1.2", "v1.3"), ("line 3", "line 4"), ("f3s", "f4s")],
)
def test_everything_else_matters(one: str, other: str) -> None:
    assert observation_digest([Message("tool", one)]) != observation_digest([Message("tool", other)])


def test_the_digest_is_of_the_last_thing_that_the_model_was_told() -> None:
    asked = [Message("user", "task"), Message("assistant", "hm"), Message("tool", "seen"), Message("assistant", "x")]
    assert observation_digest(asked) == observation_digest([Message("tool", "seen")])
    assert observation_digest([]) == observation_digest([Message("tool", "")])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "line 1 of the recording talk.jsonl is not JSON"),
        ([line()], "line 1 .* is no header"),
        ([{"format": "orion-replay/2", "about": "x"}], "line 1 .* is no header"),
        ([{"format": "orion-replay/1"}], "line 1 .* does not say what the recording is"),
        ([HEADER, "{"], "line 2 .* is not JSON"),
        ([HEADER, "[]"], "line 2 .* is not a JSON object"),
        ([HEADER, line(), line()], "line 3 .* repeats purpose 'act', task 'fix', turn 1, which line 2 has"),
        ([HEADER, line(trun=1)], "line 2 .* has the unknown field 'trun'"),
        ([HEADER, line(purpose="talk")], "line 2 .* has no known `purpose`"),
        ([HEADER, line(turn=0)], "line 2 .* needs `task`"),
        ([HEADER, line(expects="abc")], "line 2 .* has an `expects` that is no digest"),
        ([HEADER, line(reply="hello")], "line 2 .* has no `reply`"),
        ([HEADER, line(reply={"calls": [{"name": "x"}]})], "line 2 .* has a call"),
        ([HEADER, line(reply={"usage": {"tokens": 1}})], "line 2 .* has a `usage`"),
        ([HEADER, line(reply={"usage": {"tokens_in": "many"}})], "line 2 .* has a `usage`"),
        ([HEADER, line(reply={"finish": "tired"})], "line 2 .* has no known `finish`"),
        ([HEADER, line(reply={"calls": [{"name": "x", "arguments": {}, "id": 1}]})], "line 2 .* has a call"),
    ],
)
def test_a_broken_recording_is_an_error_that_names_the_line(tmp_path: Path, lines: list[Any], said: str) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        ask(recording(tmp_path, *lines))
    assert not caught.value.retryable


def test_a_stopped_call_is_cancelled(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        recording(tmp_path, HEADER).complete(ModelRequest("act", "a", 1, ()), stop)


def test_a_configured_recording_is_found_beside_the_configuration(tmp_path: Path) -> None:
    recording(tmp_path, HEADER, line())
    model = open_model(ModelSettings("recorded", "replay", file="talk.jsonl"), tmp_path)
    assert model.complete(ModelRequest("act", "fix", 1, ()), threading.Event()).text == "look"
    with pytest.raises(ModelError, match="is not there"):
        open_model(ModelSettings("recorded", "replay", file="none.jsonl"), tmp_path)
    with pytest.raises(ModelError, match="names no recording"):
        open_model(ModelSettings("recorded", "replay"), tmp_path)
