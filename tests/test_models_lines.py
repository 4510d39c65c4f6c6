"""Connections to an endpoint are kept from call to call, and one that went away costs no try."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.models.lines import Lines
from engine.vocabulary.errors import Cancelled, ModelError, ModelFault
from engine.vocabulary.models import Message
from tests.support.endpoint import ANTHROPIC, OPENAI, Answer, Asked, cuts, endpoint, fails, hangs, says, slams
from tests.support.models import ask, live

pytestmark = pytest.mark.mock_llm
both = pytest.mark.parametrize("api", [OPENAI, ANTHROPIC])


@pytest.fixture
def lines() -> Iterator[Lines]:
    kept = Lines(4)
    yield kept
    kept.close()


@both
def test_one_connection_carries_all_calls_of_an_engine(api: str, tmp_path: Path, lines: Lines) -> None:
    with endpoint([says("hi")]) as server:
        for _ in range(3):
            model = live(api, server.base_url, tmp_path, lines)
            assert [ask(model).text, ask(model).text] == ["hi", "hi"]
        assert (len(server.asked), server.connections) == (6, 1)


@both
def test_another_key_has_a_connection_of_its_own(api: str, tmp_path: Path, lines: Lines) -> None:
    with endpoint([says("hi")]) as server:
        ask(live(api, server.base_url, tmp_path, lines))
        ask(live(api, server.base_url, tmp_path, lines, api_key_env="KEY"))
        assert server.connections == 2
        assert "sk-not-a-real-one" in str(server.asked[1].headers)


@both
@pytest.mark.parametrize("lost", ["while it is idle", "when it is used again"])
def test_a_connection_that_the_endpoint_let_go_of_costs_no_try(
    lost: str, api: str, tmp_path: Path, lines: Lines
) -> None:
    script = [Answer("one", then="drop"), says("two")] if "idle" in lost else [says("one"), slams(), says("two")]
    with endpoint(script) as server:
        model = live(api, server.base_url, tmp_path, lines)
        assert [ask(model).text, ask(model).text] == ["one", "two"]
        assert server.connections == 2


@both
def test_an_endpoint_that_hangs_up_on_a_new_connection_is_asked_once(api: str, tmp_path: Path, lines: Lines) -> None:
    with endpoint([slams()]) as server:
        with pytest.raises(ModelError) as caught:
            ask(live(api, server.base_url, tmp_path, lines))
        assert (caught.value.fault, caught.value.retryable, len(server.asked)) == (ModelFault.CUT, True, 1)


@both
def test_an_answer_that_broke_off_is_not_asked_for_again_at_once(api: str, tmp_path: Path, lines: Lines) -> None:
    with endpoint([says("one"), cuts(2)]) as server:
        model = live(api, server.base_url, tmp_path, lines)
        ask(model)
        with pytest.raises(ModelError) as caught:
            ask(model)
        assert (caught.value.fault, len(server.asked)) == (ModelFault.CUT, 2)


@both
def test_a_line_goes_on_after_a_refusal_and_after_a_stop(api: str, tmp_path: Path, lines: Lines) -> None:
    stop = threading.Event()

    def script(asked: Asked) -> Answer:
        if "stop" in asked.text:
            stop.set()
            return hangs()
        return fails(500) if "fail" in asked.text else says("well")

    with endpoint(script) as server:
        model = live(api, server.base_url, tmp_path, lines)
        assert ask(model).text == "well"
        with pytest.raises(ModelError):
            ask(model, Message("user", "fail"))
        assert ask(model).text == "well"
        with pytest.raises(Cancelled):
            ask(model, Message("user", "stop"), stop=stop)
        assert ask(model).text == "well"


@both
def test_lines_can_be_closed_from_inside_a_loop_as_the_app_does(api: str, tmp_path: Path) -> None:
    lines = Lines(4)

    async def closing() -> None:
        lines.close()

    with endpoint([says("hi")]) as server:
        model = live(api, server.base_url, tmp_path, lines)
        ask(model)
        asyncio.run(closing())
        assert ask(model).text == "hi", "a call after that has a connection of its own"
        assert server.connections == 2


def test_no_more_lines_are_kept_than_asked_for(tmp_path: Path) -> None:
    lines = Lines(1)
    with endpoint([says("hi")]) as server:
        for key in ("", "KEY", ""):
            ask(live(OPENAI, server.base_url, tmp_path, lines, api_key_env=key))
        assert server.connections == 3, "the one before was let go of"
        lines.close()
