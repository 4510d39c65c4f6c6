"""Schemas made narrow enough that an endpoint can hold a model to them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from engine.models.shapes import fitted, graspable, without_sizes
from engine.planning.planner import reply_schema
from tests.support.endpoint import OPENAI, Answer, Asked, endpoint, says
from tests.support.models import ask, live

pytestmark = pytest.mark.mock_llm


def test_a_number_from_0_to_1_becomes_a_choice_that_a_grammar_can_hold() -> None:
    shape = graspable({"type": "object", "properties": {"c": {"type": "number", "minimum": 0, "maximum": 1}}})
    assert shape["properties"]["c"]["enum"][:2] == [0.0, 0.05]
    assert shape["properties"]["c"]["enum"][-1] == 1.0


def test_a_field_that_is_called_like_a_rule_stays() -> None:
    shape = {"type": "object", "properties": {"maxLength": {"type": "string", "maxLength": 3}}}
    assert without_sizes(shape) == {"type": "object", "properties": {"maxLength": {"type": "string"}}}


@pytest.mark.parametrize("chars", [640, 2_000, 8_000, 1_000_000])
def test_a_fitted_schema_is_narrower_and_holds_the_longest_answer_to_its_room(chars: int) -> None:
    shape = fitted(reply_schema(), chars)
    tasks = shape["properties"]["tasks"]
    task = tasks["items"]["properties"]
    longest = {
        "id": "a" * 38,
        "title": "t" * task["title"]["maxLength"],
        "instructions": "i" * task["instructions"]["maxLength"],
        "depends_on": ["d" * task["depends_on"]["items"]["maxLength"]] * task["depends_on"]["maxItems"],
        "action": "governance.change",
        "confidence": 0.95,
        "expected_files": ["f" * task["expected_files"]["items"]["maxLength"]] * task["expected_files"]["maxItems"],
        "estimate_s": [1, 2],
        "checks": ["c" * task["checks"]["items"]["maxLength"]] * task["checks"]["maxItems"],
    }
    assert len(json.dumps({"tasks": [longest] * tasks["maxItems"]})) <= max(chars, 640)
    assert re.fullmatch(task["id"]["pattern"], longest["id"][:12])
    assert not re.fullmatch(task["id"]["pattern"], "a" * 200)
    assert tasks["maxItems"] <= reply_schema()["properties"]["tasks"]["maxItems"]


def test_json_that_broke_off_is_asked_for_again_within_bounds_and_from_then_on(tmp_path: Path) -> None:
    whole = '{"tasks": []}'

    def endless(asked: Asked) -> Answer:
        bounded = asked.body["response_format"]["json_schema"]["schema"]["properties"]["tasks"]["maxItems"] < 10
        return says(whole) if bounded else says('{"tasks": [{"id": "a', finish="length")

    with endpoint(endless) as server:
        model = live(OPENAI, server.base_url, tmp_path, max_output_tokens=1000)
        first = ask(model, schema=reply_schema())
        assert (first.text, len(server.asked)) == (whole, 2)
        assert first.usage.tokens_in == 200, "both are paid for"
        ask(live(OPENAI, server.base_url, tmp_path, max_output_tokens=1000), schema=reply_schema())
        assert len(server.asked) == 3


def test_an_endpoint_that_overlooks_a_schema_is_told_it_in_words(tmp_path: Path) -> None:
    def overlooking(asked: Asked) -> Answer:
        return says('{"tasks": []}' if "JSON Schema" in asked.text and "json_object" not in asked.text else "Sure!")

    with endpoint(overlooking) as server:
        model = live(OPENAI, server.base_url, tmp_path)
        assert ask(model, schema=reply_schema()).text == '{"tasks": []}'
        assert len(server.asked) == 4
        ask(model, schema=reply_schema())
        assert len(server.asked) == 5
