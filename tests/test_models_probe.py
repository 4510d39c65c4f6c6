"""Whether a model calls tools is found out by asking it, once for each endpoint and model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.vocabulary.errors import ModelError, ModelFault
from engine.vocabulary.models import FinishReason, Message, ToolCall
from tests.support.endpoint import ANTHROPIC, OPENAI, Answer, Asked, endpoint, fails, says
from tests.support.models import SCHEMA, TOOLS, ask, live

pytestmark = pytest.mark.mock_llm
both = pytest.mark.parametrize("api", [OPENAI, ANTHROPIC])

ABLE = says("", ("report", {"word": "ready"}))
UNABLE = says("I would call report with the word ready.")


def act(api: str, tool: str = "read", **arguments: str) -> Answer:
    """A call as a model without tool calls gives it: JSON in the text, or in the one tool that Anthropic's API has."""
    text = json.dumps({"thought": "hm", "call": {"tool": tool, "arguments": arguments}})
    return says(text) if api == OPENAI else says("", ("answer", text))


@both
def test_a_model_that_calls_tools_is_asked_natively_and_probed_once(api: str, tmp_path: Path) -> None:
    with endpoint([ABLE, says("", ("read", {"path": "a"}))]) as server:
        model = live(api, server.base_url, tmp_path)
        first, second = ask(model, tools=TOOLS), ask(model, tools=TOOLS)
        again = ask(live(api, server.base_url, tmp_path), tools=TOOLS)
    assert len(server.asked) == 4, "one probe for all three, a new process included"
    assert [reply.calls[0].name for reply in (first, second, again)] == ["read"] * 3
    assert first.usage.tokens_in == 2 * second.usage.tokens_in, "the probe is paid for too"


@both
@pytest.mark.parametrize("refusal", [UNABLE, fails(400, "tools are not supported")], ids=["in words", "by a fault"])
def test_a_model_that_does_not_is_asked_for_the_same_actions_in_a_schema(
    api: str, tmp_path: Path, refusal: Answer
) -> None:
    probes = 2 if refusal is UNABLE else 1
    with endpoint([refusal] * probes + [act(api, path="a.py")]) as server:
        reply = ask(live(api, server.base_url, tmp_path), tools=TOOLS, turn=3)
        sent = server.asked[-1]
    assert reply.calls == (ToolCall("call-3-1", "read", {"path": "a.py"}),)
    assert (reply.text, reply.finish) == ("hm", FinishReason.TOOL)
    for tool in TOOLS:
        assert str(tool["description"]) in sent.text
    shape = (
        sent.body.get("response_format", {}).get("json_schema", {}).get("schema")
        or sent.body["tools"][0]["input_schema"]
    )
    assert [option["properties"]["tool"]["const"] for option in shape["properties"]["call"]["anyOf"]] == ["read", "run"]


@both
def test_a_conversation_in_words_keeps_calls_and_results(api: str, tmp_path: Path) -> None:
    talk = (
        Message("system", "rules"),
        Message("user", "task"),
        Message("assistant", "let me look", (ToolCall("a", "read", {"path": "x"}),)),
        Message("tool", "content of x", call_id="a"),
    )
    with endpoint([UNABLE, UNABLE, act(api, path="y")]) as server:
        ask(live(api, server.base_url, tmp_path), *talk, tools=TOOLS)
        sent = server.asked[-1].text
    assert "Result of read:" in sent
    assert "let me look" in sent
    assert "tool_call_id" not in sent
    assert "tool_result" not in sent


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Sure, I will read the file.", "not valid JSON"),
        ('{"thought": "x"}', '{"thought": "…"'),
        ('{"call": {"tool": 3, "arguments": {}}}', '{"thought": "…"'),
        ('{"call": {"tool": "read", "arguments": []}}', '{"thought": "…"'),
    ],
)
def test_an_answer_that_is_no_action_is_a_call_that_the_loop_can_answer(tmp_path: Path, text: str, said: str) -> None:
    with endpoint([UNABLE, UNABLE, says(text)]) as server:
        (call,) = ask(live(OPENAI, server.base_url, tmp_path), tools=TOOLS).calls
    assert said in call.problem


def test_an_action_in_a_fence_or_without_its_thought_is_understood(tmp_path: Path) -> None:
    bare = '{"tool": "run", "arguments": {"command": "ls"}}'
    with endpoint([UNABLE, UNABLE, says(f"```json\n{bare}\n```"), says("")]) as server:
        model = live(OPENAI, server.base_url, tmp_path)
        assert ask(model, tools=TOOLS).calls[0].arguments == {"command": "ls"}
        assert ask(model, tools=TOOLS).calls == (), "an empty answer stays one"


def _accepts_only(form: str) -> Callable[[Asked], Answer]:
    """An endpoint that refuses every stricter way of asking for a schema."""

    def script(asked: Asked) -> Answer:
        shape = asked.body.get("response_format", {})
        kind = {"json_schema": "strict" if shape.get("json_schema", {}).get("strict") else "schema"}.get(
            shape.get("type", ""), {"json_object": "object"}.get(shape.get("type", ""), "prompt")
        )
        return says('{"word": "yes"}') if kind == form else fails(400, "response_format is not supported")

    return script


@pytest.mark.parametrize(("form", "tries"), [("strict", 1), ("schema", 2), ("object", 3), ("prompt", 4)])
def test_the_strictest_form_of_a_schema_that_is_accepted_is_found_and_kept(
    tmp_path: Path, form: str, tries: int
) -> None:
    with endpoint(_accepts_only(form)) as server:
        model = live(OPENAI, server.base_url, tmp_path)
        assert ask(model, schema=SCHEMA).text == '{"word": "yes"}'
        assert len(server.asked) == tries
        ask(live(OPENAI, server.base_url, tmp_path), schema=SCHEMA)
        assert len(server.asked) == tries + 1
        told = "JSON Schema" in server.asked[-1].text
    assert told is (form in ("object", "prompt")), "where the endpoint is not told, the words tell it"


def test_an_endpoint_that_changed_is_probed_again(tmp_path: Path) -> None:
    read = says("", ("read", {"path": "a"}))
    with endpoint([ABLE, read, fails(400, "tools?"), UNABLE, UNABLE, act(OPENAI, path="b")]) as server:
        model = live(OPENAI, server.base_url, tmp_path)
        assert ask(model, tools=TOOLS).calls[0].arguments == {"path": "a"}
        assert ask(model, tools=TOOLS).calls[0].arguments == {"path": "b"}


def test_a_request_that_is_never_accepted_ends(tmp_path: Path) -> None:
    with endpoint([fails(400, "no")]) as server:
        with pytest.raises(ModelError) as caught:
            ask(live(OPENAI, server.base_url, tmp_path), tools=TOOLS)
        assert len(server.asked) < 15
    assert caught.value.fault is ModelFault.REQUEST


def test_a_probe_does_not_call_an_endpoint_unable_that_is_only_down(tmp_path: Path) -> None:
    down = fails(503, "Loading model")
    with endpoint([down, down, ABLE, says("", ("read", {"path": "a"}))]) as server:
        model = live(OPENAI, server.base_url, tmp_path)
        with pytest.raises(ModelError) as caught:
            ask(model, tools=TOOLS)
        assert caught.value.retryable
        assert ask(model, tools=TOOLS).calls[0].name == "read"
        assert "response_format" not in server.asked[-1].body


def test_what_was_found_is_read_back_or_found_again(tmp_path: Path) -> None:
    kept = tmp_path / "endpoints.json"
    with endpoint([ABLE, says("", ("read", {}))]) as server:
        ask(live(OPENAI, server.base_url, tmp_path), tools=TOOLS)
        assert server.base_url not in kept.read_text()
        for broken in ("", "[]", '{"endpoints": {"x": {"tools": "native", "other": 1}}}', '{"endpoints": []}'):
            kept.write_text(broken)
            count = len(server.asked)
            server.script = [*[ABLE] * (count + 1), says("", ("read", {}))]
            assert ask(live(OPENAI, server.base_url, tmp_path), tools=TOOLS).calls[0].name == "read"
            assert len(server.asked) == count + 2
