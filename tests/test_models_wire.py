"""Both wires over loopback: what goes out, what comes back, and what it cost."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from engine.vocabulary.errors import Cancelled
from engine.vocabulary.models import FinishReason, Message, Price, ToolCall, Usage
from tests.support.endpoint import ANTHROPIC, OPENAI, Answer, endpoint, event, hangs, says
from tests.support.models import SCHEMA, TOOLS, Heard, ask, live

pytestmark = pytest.mark.mock_llm
both = pytest.mark.parametrize("api", [OPENAI, ANTHROPIC])

ABLE = says("", ("report", {"word": "ready"}))
"""How an endpoint with tool calls answers the probe."""


@both
def test_a_reply_streams_and_says_what_it_took(api: str, tmp_path: Path) -> None:
    heard = Heard()
    with endpoint([says("hello there", usage=(1000, 100, 400))]) as server:
        reply = ask(live(api, server.base_url, tmp_path), watch=heard)
    assert (reply.text, reply.finish, reply.model) == ("hello there", FinishReason.STOP, "live")
    assert heard.deltas == ["hello", " there"]
    usage = reply.usage
    assert (usage.tokens_in, usage.cached_in, usage.tokens_out, usage.estimated) == (1000, 400, 100, False)
    # 600 plain tokens at 1, 400 cached at 0.1 and 100 out at 10 dollars a million.
    assert usage.cost_usd == pytest.approx((600 * 1 + 400 * 0.1 + 100 * 10) / 1e6)


@both
def test_an_endpoint_that_does_not_count_gets_an_estimate_marked_as_such(api: str, tmp_path: Path) -> None:
    with endpoint([says("hello there", usage=None)]) as server:
        usage = ask(live(api, server.base_url, tmp_path), Message("user", "word " * 100)).usage
    assert usage.estimated
    assert usage.tokens_in > 50
    assert usage.cost_usd > 0


@both
def test_the_key_of_the_configuration_goes_out_and_no_other(
    api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.setenv(name, "sk-somebody-elses")
    with endpoint([says("hi")]) as server:
        ask(live(api, server.base_url, tmp_path, api_key_env="KEY"))
        ask(live(api, server.base_url, tmp_path))
        with_key, without = (str(asked.headers) for asked in server.asked)
    assert "sk-not-a-real-one" in with_key
    assert "sk-" not in without
    assert "somebody" not in with_key


@both
def test_ten_tool_calls_at_once_come_in_their_order_with_ids_of_their_own(api: str, tmp_path: Path) -> None:
    calls = [("read", {"path": f"file{n}.py"}) for n in range(10)]
    with endpoint([ABLE, says("looking", *calls)]) as server:
        reply = ask(live(api, server.base_url, tmp_path), tools=TOOLS)
    assert [call.arguments["path"] for call in reply.calls] == [f"file{n}.py" for n in range(10)]
    assert len({call.id for call in reply.calls}) == 10
    assert (reply.text, reply.finish) == ("looking", FinishReason.TOOL)


@both
def test_a_conversation_with_calls_and_results_goes_out_whole(api: str, tmp_path: Path) -> None:
    calls = (ToolCall("a1", "read", {"path": "x"}), ToolCall("b 2", "no.such", {}, "bad"))
    talk = (
        Message("system", "rules"),
        Message("user", "task"),
        Message("assistant", "", calls),
        Message("tool", "content of x", call_id="a1"),
        Message("tool", "", call_id="b 2"),
        Message("user", "go on"),
        Message("assistant", ""),
        Message("user", "well?"),
    )
    with endpoint([ABLE, says("ok")]) as server:
        ask(live(api, server.base_url, tmp_path), *talk, tools=TOOLS)
        body = server.asked[-1].body
    sent = body["messages"]
    if api == OPENAI:
        assert [message["role"] for message in sent] == [m.role for m in talk]
        assert [call["id"] for call in sent[2]["tool_calls"]] == ["a1", "b_2"]
        assert (sent[4]["tool_call_id"], sent[3]["content"]) == ("b_2", "content of x")
        assert body["stream_options"] == {"include_usage": True}
    else:
        assert body["system"][0]["text"] == "rules"
        assert [turn["role"] for turn in sent] == ["user", "assistant", "user", "assistant", "user"]
        assert [block["type"] for block in sent[2]["content"]] == ["tool_result", "tool_result", "text"]
        assert [block["name"] for block in sent[1]["content"]] == ["read", "no_such"]
        assert sent[-1]["content"][-1]["cache_control"] == {"type": "ephemeral"}
        assert all(block.get("text", "x") for turn in sent for block in turn["content"])


def test_the_cache_may_begin_where_the_call_before_left_off(tmp_path: Path) -> None:
    talk = [Message("system", "rules"), Message("user", "task")]

    def marked(body: dict[str, Any]) -> list[str]:
        blocks = [(turn["role"], block) for turn in body["messages"] for block in turn["content"]]
        return [block.get("tool_use_id", role) for role, block in blocks if "cache_control" in block]

    with endpoint([ABLE, says("ok")]) as server:
        model = live(ANTHROPIC, server.base_url, tmp_path)
        for number in range(3):
            ask(model, *talk, tools=TOOLS)
            many = tuple(ToolCall(f"{number}-{place}", "read", {"path": "x"}) for place in range(16))
            talk += [Message("assistant", "", many), *(Message("tool", "content", call_id=call.id) for call in many)]
        bodies = [asked.body for asked in server.asked[1:]]
    assert [marked(body) for body in bodies] == [["user"], ["user", "0-15"], ["0-15", "1-15"]]
    assert all("cache_control" in body["system"][0] for body in bodies)


@both
@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ('{"path": "a', "not valid JSON"),
        ("[1, 2]", "must be one JSON object"),
        ('{"n": NaN}', "not valid JSON"),
        ("{" * 100_000, "not valid JSON"),
        ('{"path": "\\ud800"}', ""),
        ("", ""),
    ],
    ids=["half", "list", "nan", "deep", "surrogate", "empty"],
)
def test_arguments_that_cannot_be_read_are_a_call_that_the_loop_can_answer(
    api: str, tmp_path: Path, raw: str, said: str
) -> None:
    with endpoint([ABLE, says("", ("read", raw))]) as server:
        (call,) = ask(live(api, server.base_url, tmp_path), tools=TOOLS).calls
    assert said in call.problem
    assert bool(call.problem) is bool(said)
    json.dumps(dict(call.arguments), ensure_ascii=False).encode()


@both
def test_a_call_cut_at_the_limit_says_so_to_the_model(api: str, tmp_path: Path) -> None:
    with endpoint([ABLE, says("", ("read", '{"path": "a'), finish="length")]) as server:
        reply = ask(live(api, server.base_url, tmp_path), tools=TOOLS)
    assert reply.finish is FinishReason.LENGTH
    assert "cut at its limit" in reply.calls[0].problem


@both
@pytest.mark.parametrize(
    ("answer", "text", "finish"),
    [
        (says(""), "", FinishReason.STOP),
        (says("I cannot help with that.", finish="content_filter"), "I cannot help with that.", FinishReason.REFUSAL),
        (says("so far", finish="length"), "so far", FinishReason.LENGTH),
        (says("\x1b]0;owned\x07\x1b[2J"), "\x1b]0;owned\x07\x1b[2J", FinishReason.STOP),
    ],
    ids=["empty", "refusal", "cut at the limit", "terminal escapes"],
)
def test_odd_answers_are_replies(api: str, tmp_path: Path, answer: Answer, text: str, finish: FinishReason) -> None:
    with endpoint([answer]) as server:
        reply = ask(live(api, server.base_url, tmp_path))
    assert (reply.text, reply.finish, reply.calls) == (text, finish, ())


def test_a_provider_that_will_not_pass_a_prompt_on_is_a_refusal_too(tmp_path: Path) -> None:
    body = {
        "error": {"message": "The response was filtered by the content management policy.", "code": "content_filter"}
    }
    with endpoint([Answer(status=400, body=body)]) as server:
        assert ask(live(OPENAI, server.base_url, tmp_path)).finish is FinishReason.REFUSAL


def test_calls_without_ids_or_with_the_same_one_get_their_own(tmp_path: Path) -> None:
    def call(index: int, id_: str | None) -> str:
        function = {"name": "read", "arguments": "{}"}
        delta = {"tool_calls": [{"index": index, "id": id_, "type": "function", "function": function}]}
        return event({"id": "c", "object": "x", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})

    end = event({"id": "c", "object": "x", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    odd = Answer(pieces=0, extra=(call(0, None), call(1, "same"), call(2, "same"), end))
    with endpoint([ABLE, odd]) as server:
        reply = ask(live(OPENAI, server.base_url, tmp_path), tools=TOOLS, turn=7)
    assert [call.id for call in reply.calls] == ["call-7-1", "same", "call-7-3"]
    assert reply.finish is FinishReason.TOOL


@both
def test_json_of_a_schema_comes_as_text_whichever_way_it_was_asked_for(api: str, tmp_path: Path) -> None:
    text = json.dumps({"word": "yes"})
    answer = says(text) if api == OPENAI else says("Here you are: ", ("answer", text))
    with endpoint([answer]) as server:
        reply = ask(live(api, server.base_url, tmp_path), schema=SCHEMA)
        body = server.asked[0].body
    assert (json.loads(reply.text), reply.calls, reply.finish) == ({"word": "yes"}, (), FinishReason.STOP)
    if api == OPENAI:
        assert body["response_format"]["json_schema"] == {"name": "answer", "schema": SCHEMA, "strict": True}
    else:
        assert body["tool_choice"] == {"type": "tool", "name": "answer"}


@both
@pytest.mark.parametrize("fault", [hangs(), hangs(2)], ids=["before it answers", "in the middle"])
def test_a_call_that_hangs_stops_within_100_ms(api: str, tmp_path: Path, fault: Answer) -> None:
    stop, late, heard = threading.Event(), list[float](), Heard()
    with endpoint([says("warm"), fault]) as server:
        model = live(api, server.base_url, tmp_path)
        ask(model)

        def calling() -> None:
            with pytest.raises(Cancelled):
                ask(model, stop=stop, watch=heard)
            late.append(time.monotonic())

        thread = threading.Thread(target=calling)
        thread.start()
        while len(server.asked) < 2:
            thread.join(0.005)
        asked_to = time.monotonic()
        stop.set()
        thread.join(10)
    assert late[0] - asked_to < 0.1


@both
def test_a_stopped_call_is_not_begun(api: str, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with endpoint([says("x")]) as server:
        with pytest.raises(Cancelled):
            ask(live(api, server.base_url, tmp_path), stop=stop)
        assert server.asked == []


@both
def test_several_threads_may_ask_at_once(api: str, tmp_path: Path) -> None:
    def echo(asked: Any) -> Answer:
        return says(asked.text.split("number ")[1][0])

    said = dict[int, str]()
    with endpoint(echo) as server:
        model = live(api, server.base_url, tmp_path)

        def one(number: int) -> None:
            said[number] = ask(model, Message("user", f"number {number}")).text

        threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert said == {number: str(number) for number in range(4)}


def test_cached_input_costs_as_plain_input_unless_a_price_is_set() -> None:
    usage = Usage(tokens_in=1000, tokens_out=0, cached_in=400, cache_written=100)
    assert Price(2.0).cost(usage) == pytest.approx(1000 * 2 / 1e6)
    assert Price(2.0, 0.0, 0.5, 2.5).cost(usage) == pytest.approx((500 * 2 + 400 * 0.5 + 100 * 2.5) / 1e6)
