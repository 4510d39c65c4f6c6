"""Endpoints that go wrong: each fault is a sentence with a hint, and says whether it may pass by itself."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from copy import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.access.keychain_file import FileKeychain
from engine.models.lines import Lines
from engine.models.registry import open_live, open_model
from engine.models.waits import told_wait
from engine.vocabulary.errors import ModelError, ModelFault
from engine.vocabulary.models import Message
from engine.vocabulary.settings import ModelSettings
from tests.support.endpoint import ANTHROPIC, OPENAI, Answer, cuts, endpoint, event, fails, hangs, says, stream_of
from tests.support.models import TOOLS, ask, live, settings

pytestmark = pytest.mark.mock_llm
both = pytest.mark.parametrize("api", [OPENAI, ANTHROPIC])
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

PERMANENT, PASSING = False, True
NONSENSE = Answer(pieces=0, extra=("data: {nonsense\n\n", "event: x\ndata: {\n\n"))


@both
@pytest.mark.parametrize(
    ("answer", "fault", "retryable", "said"),
    [
        (fails(401, "Incorrect API key provided: sk-not-a-real-one"), ModelFault.KEY, PERMANENT, "key was refused"),
        (fails(403, "not for you"), ModelFault.KEY, PERMANENT, "key was refused"),
        (fails(404, "The model `served` does not exist"), ModelFault.UNKNOWN_MODEL, PERMANENT, "no model 'served'"),
        (fails(404, "page not found"), ModelFault.REQUEST, PERMANENT, "nothing answers at this path"),
        (
            fails(400, "This model's maximum context length is 8192 tokens", "context_length_exceeded"),
            ModelFault.OVERFLOW,
            PERMANENT,
            "too long",
        ),
        (fails(400, "prompt is too long: 250000 tokens > 200000"), ModelFault.OVERFLOW, PERMANENT, "too long"),
        (fails(413, "request exceeds the available context size"), ModelFault.OVERFLOW, PERMANENT, "too long"),
        (fails(400, "unknown field"), ModelFault.REQUEST, PERMANENT, "not accepted"),
        (fails(402, "no money"), ModelFault.QUOTA, PERMANENT, "nothing left to spend"),
        (
            fails(429, "You exceeded your current quota", "insufficient_quota"),
            ModelFault.QUOTA,
            PERMANENT,
            "nothing left",
        ),
        (fails(429, "slow down", retry_after="7"), ModelFault.BUSY, PASSING, "busy"),
        (fails(500, "boom"), ModelFault.SERVER, PASSING, "500: boom"),
        (fails(503, "Loading model"), ModelFault.SERVER, PASSING, "Loading model"),
        (fails(529, "overloaded", "overloaded_error"), ModelFault.BUSY, PASSING, "busy"),
        (Answer(status=502, body="<html>Bad gateway</html>"), ModelFault.SERVER, PASSING, "Bad gateway"),
        (Answer(body="<html>hello</html>"), ModelFault.REPLY, PERMANENT, "text/html instead of a stream"),
        (cuts(2), ModelFault.CUT, PASSING, "broke off"),
        (cuts(4, "", (("read", '{"path": "a.py"}'),)), ModelFault.CUT, PASSING, "broke off"),
        (Answer("hi", pieces=2), ModelFault.CUT, PASSING, "without saying why"),
        (
            Answer(pieces=0, extra=("data: {nonsense\n\n", "event: x\ndata: {\n\n")),
            ModelFault.REPLY,
            PASSING,
            "not JSON",
        ),
    ],
    ids=lambda value: getattr(value, "value", None) if not isinstance(value, Answer) else None,
)
def test_each_fault_has_its_kind_its_sentence_and_a_hint(
    api: str, tmp_path: Path, answer: Answer, fault: ModelFault, retryable: bool, said: str
) -> None:
    with endpoint([answer]) as server, pytest.raises(ModelError) as caught:
        ask(live(api, server.base_url, tmp_path, api_key_env="KEY"))
    error = caught.value
    assert (error.fault, error.retryable) == (fault, retryable)
    assert said in error.message
    assert error.hint
    assert "sk-not-a-real-one" not in error.message + error.hint
    assert error.pauses


@both
def test_a_wait_that_the_endpoint_asks_for_is_known(api: str, tmp_path: Path) -> None:
    with endpoint([fails(429, "slow down", retry_after="7")]) as server, pytest.raises(ModelError) as caught:
        ask(live(api, server.base_url, tmp_path))
    assert caught.value.wait_s == 7


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "20"}, 20),
        ({"retry-after": "1.5", "x-ratelimit-reset-tokens": "6m0s"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Fri, 02 Jan 2026 03:05:05 GMT"}, 60),
        ({"retry-after": "Fri, 02 Jan 2026 03:00:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"x-ratelimit-reset-tokens": "6m0s", "x-ratelimit-remaining-tokens": "0"}, 360),
        ({"x-ratelimit-reset-requests": "1h2m3.5s", "x-ratelimit-reset-tokens": "12ms"}, 3723.5),
        (
            {"x-ratelimit-reset-requests": "24h0m0s", "x-ratelimit-remaining-requests": "9"}
            | {"x-ratelimit-reset-tokens": "1s", "x-ratelimit-remaining-tokens": "0"},
            1,
        ),
        ({"anthropic-ratelimit-tokens-reset": "2026-01-02T03:14:05Z"}, 600),
        (
            {"anthropic-ratelimit-requests-reset": "2026-01-03T03:04:05Z"}
            | {"anthropic-ratelimit-requests-remaining": "40"},
            None,
        ),
        ({"x-ratelimit-reset": "1767323075000"}, 30),
        ({"x-ratelimit-limit-tokens": "5"}, None),
    ],
)
def test_waits_are_read_as_the_big_endpoints_write_them(headers: dict[str, str], seconds: float | None) -> None:
    assert told_wait(headers, NOW) == (None if seconds is None else pytest.approx(seconds))


@both
@pytest.mark.parametrize("after", [0, 2])
def test_an_endpoint_that_hangs_is_given_up_after_its_time(api: str, tmp_path: Path, after: int) -> None:
    with endpoint([says("warm"), hangs(after)]) as server:
        model = live(api, server.base_url, tmp_path, timeout_s=0.3)
        ask(model)
        with pytest.raises(ModelError) as caught:
            ask(model)
    assert (caught.value.fault, caught.value.retryable) == (ModelFault.TIMED_OUT, True)
    assert "within 0.3 s" in caught.value.message


def test_a_reply_that_drips_for_ever_is_given_up_too() -> None:
    from engine.models.faults import Endpoint
    from engine.models.pacing import Timing, paced

    class Dripping:
        def __aiter__(self) -> Dripping:
            return self

        async def __anext__(self) -> str:
            await asyncio.sleep(0.01)
            return "drop"

    async def read() -> None:
        async for _ in paced(Endpoint("live", "served", "here"), Dripping(), Timing(1, 1, 1, total_s=0.1)):
            pass

    with pytest.raises(ModelError, match=r"no end of the answer within 0\.1 s"):
        asyncio.run(read())


@both
def test_an_endpoint_that_is_not_there_says_where_it_was_looked_for(api: str, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with pytest.raises(ModelError) as caught:
            ask(live(api, address, tmp_path))
    assert (caught.value.fault, caught.value.retryable) == (ModelFault.UNREACHABLE, True)
    assert address in caught.value.message


@both
def test_a_name_that_leads_nowhere_is_unreachable(api: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        ask(live(api, "http://no-such-host.invalid/v1", tmp_path))
    assert caught.value.fault is ModelFault.UNREACHABLE


@pytest.mark.parametrize(
    ("about", "fault", "retryable"),
    [
        ({"message": "upstream is busy", "code": 429}, ModelFault.BUSY, True),
        ({"message": "no more slots", "type": "server_error", "code": 500}, ModelFault.SERVER, True),
        ({"message": "bad", "type": "invalid_request_error"}, ModelFault.REQUEST, False),
    ],
)
def test_a_fault_told_in_the_middle_of_a_stream_counts_as_if_it_had_come_first(
    tmp_path: Path, about: dict[str, object], fault: ModelFault, retryable: bool
) -> None:
    with (
        endpoint([Answer("some words", pieces=2, extra=(event({"error": about}),))]) as server,
        pytest.raises(ModelError) as caught,
    ):
        ask(live(OPENAI, server.base_url, tmp_path))
    assert (caught.value.fault, caught.value.retryable) == (fault, retryable)


def test_an_overload_in_the_middle_of_a_message_may_pass(tmp_path: Path) -> None:
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    with (
        endpoint([Answer("some words", pieces=2, extra=(event(body, "error"),))]) as server,
        pytest.raises(ModelError) as caught,
    ):
        ask(live(ANTHROPIC, server.base_url, tmp_path))
    assert (caught.value.fault, caught.value.retryable) == (ModelFault.BUSY, True)


@both
def test_what_an_endpoint_says_reaches_no_terminal_as_it_is(api: str, tmp_path: Path) -> None:
    said = "\x1b[2Jpassword: hunter2hunter2 " + "AKIA" + "QYLPMN5HHHFPZAM2 " + "x" * 1000
    with endpoint([fails(500, said)]) as server, pytest.raises(ModelError) as caught:
        ask(live(api, server.base_url, tmp_path))
    message = caught.value.message
    assert "\x1b" not in message
    assert "QYLPMN5HHHFPZAM2" not in message
    assert len(message) < 500


def with_each_value(value: Any, wrong: Any) -> Iterator[Any]:
    """The JSON value with each of its values in turn replaced."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        for inner in (wrong, *with_each_value(value[key], wrong)):
            changed = copy(value)
            changed[key] = inner
            yield changed


@pytest.mark.parametrize("wrong", [None, 5, "text", [1], {"a": 1}, -1], ids=repr)
@both
def test_a_value_of_the_wrong_kind_anywhere_in_a_stream_ends_in_an_answer_or_in_a_sentence(
    api: str, tmp_path: Path, wrong: Any
) -> None:
    good = stream_of(api, says("words", ("read", {"path": "a"})))
    scripts = []
    for place, told in enumerate(good):
        name, _, data = told.partition("data: ")
        if "[DONE]" not in data:
            broken = (f"{name}data: {json.dumps(value)}\n\n" for value in with_each_value(json.loads(data), wrong))
            scripts += [Answer(pieces=0, extra=(*good[:place], each, *good[place + 1 :])) for each in broken]
    with endpoint(scripts) as server, closing(Lines(1)) as lines:
        model = live(api, server.base_url, tmp_path, lines)
        for _ in scripts:
            with suppress(ModelError):
                reply = ask(model)
                json.dumps([reply.text, *(dict(call.arguments) for call in reply.calls)], ensure_ascii=False).encode()
                assert reply.usage.cost_usd >= 0


def test_a_flood_of_calls_is_refused(tmp_path: Path) -> None:
    able = says("", ("report", {"word": "x"}))
    with endpoint([able, says("", *[("read", "{}")] * 65)]) as server, pytest.raises(ModelError, match="more than 64"):
        ask(live(OPENAI, server.base_url, tmp_path), tools=TOOLS)


@pytest.mark.parametrize("key", ["", "  ", "sk-with\nnewline", "schlüssel"])
def test_a_key_that_is_missing_or_none_is_told_before_anything_is_sent(tmp_path: Path, key: str) -> None:
    asked = settings(OPENAI, "http://127.0.0.1:9/v1", api_key_env="MY_KEY")
    with pytest.raises(ModelError) as caught:
        open_model(asked, tmp_path, environment={"MY_KEY": key} if key else {})
    assert caught.value.fault is ModelFault.KEY
    assert "MY_KEY" in caught.value.message + caught.value.hint
    assert not key.strip() or key.strip() not in caught.value.message


def test_a_key_comes_from_the_keychain_by_name(tmp_path: Path) -> None:
    chain = FileKeychain(tmp_path / "keychain")
    chain.set("model-orion-live", "sk-from-the-chain")
    chain.set("other", "no key of a model")
    with endpoint([says("hi")]) as server:
        named = settings(OPENAI, server.base_url, keychain="orion-live")
        ask(open_live(named, tmp_path, keychain=lambda _: chain, environment={}))
        assert server.asked[0].headers["authorization"] == "Bearer sk-from-the-chain"
    with pytest.raises(ModelError, match="no entry 'other'"):
        open_live(settings(OPENAI, "", keychain="other"), tmp_path, keychain=lambda _: chain, environment={})
    with pytest.raises(ModelError, match="no keychain to read") as caught:
        open_live(settings(OPENAI, "", keychain="orion-live"), tmp_path, environment={})
    assert "api_key_env" in caught.value.hint


def test_anthropic_without_its_kit_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "anthropic", None)
    with pytest.raises(ModelError, match="kit is not installed") as caught:
        open_model(settings(ANTHROPIC, "http://x"), tmp_path)
    assert "orion-tui[anthropic]" in caught.value.hint


def test_an_unknown_api_offers_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="unknown api 'opnai'") as caught:
        open_model(ModelSettings("x", "opnai"), tmp_path)
    assert caught.value.hint == "did you mean 'openai'?"


def test_a_long_message_is_still_sent_as_it_is(tmp_path: Path) -> None:
    with endpoint([says("ok")]) as server:
        ask(live(OPENAI, server.base_url, tmp_path), Message("user", "é" * 300_000))
        assert server.asked[0].body["messages"][0]["content"] == "é" * 300_000
