"""What stands around every live endpoint: waits, redaction, a fallback, a recording."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from engine.models.fallback import AGAIN_AFTER_S, FallbackModel
from engine.models.recording import RecordingModel, recorded_line, write_recording
from engine.models.redacting import RedactingModel
from engine.models.registry import open_model, open_with_fallback
from engine.models.replay import ReplayModel
from engine.models.retrying import MAX_TOLD_WAITS, RetryingModel
from engine.vocabulary.errors import Cancelled, ModelError, ModelFault
from engine.vocabulary.models import FinishReason, Message, ModelReply, ModelRequest, Price, ToolCall, Usage
from engine.vocabulary.ports import Model, ModelWatch
from tests.support.endpoint import OPENAI, endpoint, fails, says
from tests.support.models import Heard, ask, live, settings

pytestmark = pytest.mark.mock_llm

SECRET = "AKIA" + "QYLPMN5HHHFPZAM2"


class Scripted:
    """Answers or raises, one after the other."""

    max_output_tokens = 100

    def __init__(self, *answers: ModelReply | ModelError, name: str = "first", context_tokens: int = 1000) -> None:
        self.answers = list(answers)
        self.name = name
        self.context_tokens = context_tokens
        self.price = Price(len(name))
        self.asked: list[ModelRequest] = []

    def complete(self, request: ModelRequest, stop: threading.Event, watch: ModelWatch | None = None) -> ModelReply:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, ModelError):
            raise answer
        return answer


class Time:
    """A clock that moves only by waiting."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def wait(self, stop: threading.Event, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def retrying(model: Model, time: Time, **more: Any) -> RetryingModel:
    return RetryingModel(model, clock=lambda: time.now, wait=time.wait, **more)


def fault(kind: ModelFault = ModelFault.SERVER, *, retryable: bool = True, wait_s: float | None = None) -> ModelError:
    return ModelError("it failed", "a hint", retryable=retryable, fault=kind, wait_s=wait_s)


DONE = ModelReply("done")


# Waits


def test_a_model_that_does_not_answer_is_asked_again_after_30_s_1_5_and_15_min() -> None:
    time, heard, model = Time(), Heard(), Scripted(fault())
    with pytest.raises(ModelError, match=r"it failed \(tried 5 times\)") as caught:
        ask(retrying(model, time), watch=heard)
    assert time.waits == [30, 60, 300, 900]
    assert [seconds for _, seconds in heard.waits] == time.waits == heard.waited_s
    assert "try 2 of 5" in heard.waits[0][0]
    assert caught.value.retryable
    assert caught.value.pauses
    assert caught.value.hint == "a hint"


def test_an_answer_after_some_faults_is_an_answer() -> None:
    time = Time()
    assert ask(retrying(Scripted(fault(), fault(ModelFault.BUSY), DONE), time)) == DONE
    assert time.waits == [30, 60]


@pytest.mark.parametrize("kind", [ModelFault.KEY, ModelFault.UNKNOWN_MODEL, ModelFault.OVERFLOW, ModelFault.REQUEST])
def test_what_will_not_pass_by_itself_is_not_waited_for(kind: ModelFault) -> None:
    time = Time()
    with pytest.raises(ModelError):
        ask(retrying(Scripted(fault(kind, retryable=False)), time))
    assert time.waits == []


def test_a_wait_that_is_asked_for_is_kept_to_and_costs_no_try() -> None:
    time, heard = Time(), Heard()
    model = Scripted(fault(wait_s=7200), fault(wait_s=2), *[fault()] * 4, DONE)
    assert ask(retrying(model, time), watch=heard) == DONE
    assert time.waits == [7201, 3, 30, 60, 300, 900]
    assert heard.notices == []


def test_an_endpoint_that_always_says_soon_is_given_up_too() -> None:
    time = Time()
    with pytest.raises(ModelError):
        ask(retrying(Scripted(fault(wait_s=1)), time))
    assert len(time.waits) == MAX_TOLD_WAITS + 4


def test_a_wait_of_days_pauses_at_once() -> None:
    time = Time()
    with pytest.raises(ModelError) as caught:
        ask(retrying(Scripted(fault(wait_s=3 * 86_400)), time))
    assert (time.waits, caught.value.wait_s, caught.value.pauses) == ([], 3 * 86_400, True)


def test_a_stop_ends_a_wait_at_once() -> None:
    stop, heard = threading.Event(), Heard()
    model = RetryingModel(Scripted(fault()))

    class Stopping(Heard):
        def waiting(self, reason: str, seconds: float) -> None:
            super().waiting(reason, seconds)
            stop.set()

    heard = Stopping()
    with pytest.raises(Cancelled):
        ask(model, stop=stop, watch=heard)
    assert heard.waited_s[0] < 1


def test_the_waits_of_a_real_endpoint_are_its_own(tmp_path: Path) -> None:
    time = Time()
    with endpoint([fails(429, "slow down", retry_after="11"), fails(500), fails(503), says("hi")]) as server:
        assert ask(retrying(live(OPENAI, server.base_url, tmp_path), time)).text == "hi"
    assert time.waits == [12, 30, 60]


# Secrets


def test_no_secret_leaves_for_a_model(tmp_path: Path) -> None:
    heard = Heard()
    talk = (
        Message("system", f"rules {SECRET}"),
        Message("user", f"aws_key = {SECRET}\n"),
        Message("assistant", f"I saw {SECRET}", (ToolCall("a", "run", {"command": f"echo {SECRET}", "n": [SECRET]}),)),
        Message("tool", f"postgres://me:{'hunter' + '2hunter2'}@db/x", call_id="a"),
    )
    with endpoint([says("ok")]) as server:
        model = open_model(settings(OPENAI, server.base_url), tmp_path)
        ask(model, *talk, watch=heard)
        ask(model, *talk, watch=heard)
        for asked in server.asked:
            assert SECRET not in asked.text
            assert "hunter2hunter2" not in asked.text
            assert "AKIA" in asked.text, "enough is left to know which one was meant"
    assert len(heard.notices) == 4, "each text is told of once"
    assert SECRET not in "".join(heard.notices)


def test_what_holds_no_secret_goes_out_as_it_is() -> None:
    model = Scripted(DONE)
    talk = (Message("user", "x = 1"), Message("assistant", "", (ToolCall("a", "write", {"content": "token = ''"}),)))
    ask(RedactingModel(model), *talk)
    assert model.asked[0].messages == talk


# The fallback


def test_a_fallback_stands_in_and_the_session_is_told_once() -> None:
    heard, first = Heard(), Scripted(fault(ModelFault.KEY, retryable=False))
    model = FallbackModel(first, Scripted(DONE, name="second"))
    assert [ask(model, watch=heard) for _ in range(3)] == [DONE] * 3
    assert heard.notices == ["the fallback model second stands in: it failed"]
    assert len(first.asked) == 1, "a key does not mend itself"


def test_the_first_model_is_tried_again_after_a_while() -> None:
    time = Time()
    first = Scripted(fault(), ModelReply("first again"))
    model = FallbackModel(first, Scripted(DONE, name="second"), clock=lambda: time.now)
    assert ask(model) == ask(model) == DONE
    time.now += AGAIN_AFTER_S
    assert ask(model).text == "first again"


def test_both_models_failing_is_the_second_ones_error() -> None:
    second = Scripted(ModelError("second failed", fault=ModelFault.QUOTA), name="second")
    with pytest.raises(ModelError, match="second failed"):
        ask(FallbackModel(Scripted(fault()), second))


def test_a_long_conversation_goes_to_the_fallback_only_where_there_is_more_room() -> None:
    overflow = fault(ModelFault.OVERFLOW, retryable=False)
    roomy = FallbackModel(Scripted(overflow, DONE), Scripted(ModelReply("roomy"), name="second", context_tokens=9000))
    assert [ask(roomy).text, ask(roomy).text] == ["roomy", "done"]
    with pytest.raises(ModelError):
        ask(FallbackModel(Scripted(overflow), Scripted(DONE, name="second", context_tokens=500)))


def test_a_fallback_is_as_small_and_as_dear_as_the_worse_of_both() -> None:
    model = FallbackModel(Scripted(DONE), Scripted(DONE, name="the second", context_tokens=500))
    assert (model.name, model.context_tokens, model.price) == ("first", 500, Price(10))


def test_a_model_that_cannot_even_be_opened_has_its_fallback(tmp_path: Path) -> None:
    heard = Heard()
    with endpoint([says("hi")]) as server:
        first = settings(OPENAI, server.base_url, name="keyed", api_key_env="ORION_NO_SUCH_KEY")
        model = open_with_fallback(first, settings(OPENAI, server.base_url, name="other"), tmp_path)
        reply = ask(model, watch=heard)
    assert (reply.text, reply.model) == ("hi", "other")
    assert "ORION_NO_SUCH_KEY is not set" in heard.notices[0]


# Recordings


def conversation() -> Iterable[tuple[ModelRequest, ModelReply]]:
    def request(purpose: str, task: str, turn: int, seen: str) -> ModelRequest:
        return ModelRequest(purpose, task, turn, (Message("system", "rules"), Message("user", seen)))

    usage = Usage(10, 5, 0.25, 3, 2, True)
    calls = (ToolCall("x1", "run", {"command": "ls"}), ToolCall("x2", "read", {}, "not valid JSON"))
    yield request("intake", "", 1, "goal"), ModelReply("brief", usage=usage)
    yield request("plan", "", 1, "goal"), ModelReply("{}", usage=usage)
    yield request("act", "fix", 1, "task"), ModelReply("look\x1b", calls, usage, FinishReason.TOOL)
    yield request("act", "fix", 2, "3 passed in 0.02s"), ModelReply("no", finish=FinishReason.REFUSAL)
    # The task ran again, and saw something else at the same turn.
    yield request("act", "fix", 2, "1 failed"), ModelReply("hm")


def test_a_recorded_conversation_replays_to_the_same_replies(tmp_path: Path) -> None:
    pairs, lines = list(conversation()), list[Any]()
    recorder = RecordingModel(Scripted(*[reply for _, reply in pairs]), lines.append)
    for request, _ in pairs:
        recorder.complete(request, threading.Event())
    file = tmp_path / "talk.jsonl"
    assert write_recording(file, "recorded from a test", lines) == 5
    assert file.stat().st_mode & 0o777 == 0o600
    told = ReplayModel("told", file)
    assert told.about() == "recorded from a test"
    for request, reply in pairs:
        assert told.complete(request, threading.Event()) == reply


def test_a_replay_that_sees_something_else_stops(tmp_path: Path) -> None:
    pairs = list(conversation())
    file = tmp_path / "talk.jsonl"
    write_recording(file, "recorded", [recorded_line(*pair) for pair in pairs])
    other = ModelRequest("act", "fix", 2, (Message("user", "2 failed"),))
    with pytest.raises(ModelError, match="recorded for another observation") as caught:
        ReplayModel("told", file).complete(other, threading.Event())
    assert caught.value.fault is ModelFault.RECORDING
    assert not caught.value.pauses


def test_a_recording_holds_no_secret_and_still_fits(tmp_path: Path) -> None:
    seen = ModelRequest("act", "fix", 1, (Message("user", f"key {SECRET}"),))
    call = ToolCall("a", "write", {"path": "x", "content": f"K = {SECRET}"})
    file = tmp_path / "talk.jsonl"
    write_recording(file, f"about {SECRET}", [recorded_line(seen, ModelReply(f"saw {SECRET}", (call,)))])
    assert SECRET not in file.read_text()
    assert ReplayModel("told", file).complete(seen, threading.Event()).calls[0].name == "write"


def test_what_repeats_a_secret_fits_what_repeats_the_rest_of_it(tmp_path: Path) -> None:
    seen = ModelRequest("act", "fix", 1, (Message("tool", f"exit 0\n{SECRET}\n"),))
    line = recorded_line(seen, ModelReply("", (ToolCall("a", "run", {"command": f"echo {SECRET}"}),)))
    left = line["reply"]["calls"][0]["arguments"]["command"].removeprefix("echo ")
    file = tmp_path / "talk.jsonl"
    write_recording(file, "recorded", [line])
    told = ReplayModel("told", file)
    again = ModelRequest("act", "fix", 1, (Message("tool", f"exit 0\n{left}\n"),))
    assert told.complete(again, threading.Event()).calls
    with pytest.raises(ModelError, match="another observation"):
        told.complete(ModelRequest("act", "fix", 1, (Message("tool", "exit 0\n\n"),)), threading.Event())


def test_of_two_answers_to_one_question_the_last_is_recorded(tmp_path: Path) -> None:
    request = ModelRequest("act", "fix", 1, (Message("user", "task"),))
    file = tmp_path / "talk.jsonl"
    lines = [recorded_line(request, ModelReply(text)) for text in ("lost in a crash", "kept")]
    assert write_recording(file, "recorded", lines) == 1
    assert ReplayModel("told", file).complete(request, threading.Event()).text == "kept"
