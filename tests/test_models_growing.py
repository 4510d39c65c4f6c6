"""A conversation that grows: what was made of it before goes out again, and only in what is new is anything looked
for. It must be what a model would be sent that sees it for the first time."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from engine.models.lines import Lines
from engine.models.redacting import RedactingModel
from engine.vocabulary.models import Message, ToolCall
from tests.support.endpoint import ANTHROPIC, OPENAI, Answer, Asked, endpoint, says
from tests.support.models import TOOLS, ask, live

pytestmark = pytest.mark.mock_llm
TOKEN = "ghp_" + "aB3dE5fG7hJ9kL2mN4pQ6rS8tU1vW0xYZz12"
TURNS = 60


def _spoken(chance: random.Random, number: int) -> list[Message]:
    """A turn of a model and what it was told: answers, words of the engine, a secret now and then."""
    secret = f" {TOKEN}" if chance.random() < 0.2 else ""
    calls = tuple(
        ToolCall(f"{number}-{place}", "run", {"command": f"echo {number}{secret}", "quietly": chance.choice([True, 1])})
        for place in range(chance.randrange(3))
    )
    said = [Message("assistant", f"turn {number}", calls)]
    said += [Message("tool", f"it printed {number}{secret}", call_id=made.id) for made in calls]
    if not calls or chance.random() < 0.3:
        said.append(Message("user", f"go on{secret}"))
    return said


def _changed(chance: random.Random, talk: list[Message]) -> None:
    """What happens to a conversation besides growing: a word more at its end, the oldest turns dropped, a note."""
    what = chance.random()
    if what < 0.1 and talk[-1].role == "user":
        talk[-1] = Message("user", f"{talk[-1].text}\n\nand mind the tests")
    elif what < 0.2 and len(talk) > 12:
        del talk[2 : next(place for place in range(6, len(talk)) if talk[place].role == "assistant")]
    elif what < 0.3:
        talk[1] = Message("user", f"{talk[1].text}\n- a note")


@pytest.mark.parametrize("ability", ["native", "schema"])
@pytest.mark.parametrize("api", [OPENAI, ANTHROPIC])
def test_what_goes_out_of_a_growing_conversation_is_what_would_go_out_of_it_whole(
    api: str, ability: str, tmp_path: Path
) -> None:
    def script(asked: Asked) -> Answer:
        if [tool.get("function", tool)["name"] for tool in asked.body.get("tools", ())] == ["report"]:
            return says("", ("report", {"word": "ready"})) if ability == "native" else says("I cannot")
        return says('{"thought": "", "call": {"tool": "read", "arguments": {"path": "x"}}}')

    chance = random.Random(f"{api} {ability}")
    talks = [[Message("system", "rules"), Message("user", f"the task {number}")] for number in range(5)]
    lines = Lines(keep=2)
    with endpoint(script) as server:
        warm = RedactingModel(live(api, server.base_url, tmp_path, lines))
        ask(warm, tools=TOOLS)
        for number in range(TURNS):
            talk = chance.choice(talks)
            talk += _spoken(chance, number)
            _changed(chance, talk)
            server.asked.clear()
            for model in (warm, RedactingModel(live(api, server.base_url, tmp_path, lines))):
                ask(model, *talk, tools=TOOLS)
            first, second = (asked.text for asked in server.asked)
            assert first == second, number
            assert TOKEN[:30] not in first
    lines.close()
