"""A conversation is made shorter before it is too long, and nothing of it is lost for the log."""

from __future__ import annotations

import json

from engine.session.conversation import Conversation
from engine.vocabulary.models import Message, ToolCall


def grown(turns: int, size: int = 400) -> Conversation:
    talk = Conversation()
    for turn in range(turns):
        call = ToolCall(f"c{turn}", "read", {"path": f"file{turn}.py"})
        talk.add(Message("assistant", f"turn {turn}", (call,)))
        talk.pending = [call]
        talk.answer(f'<data name="read">\ncontent {turn} ' + "x" * size + "\n</data>")
    return talk


def test_the_oldest_turns_go_and_leave_a_line_each() -> None:
    talk = grown(50)
    before = talk.messages
    dropped = talk.shrink(2_000)
    assert dropped is not None
    assert talk.tokens <= 2_000
    assert dropped.messages + talk.messages == before
    assert talk.messages[0].role == "assistant", "a turn goes whole, its answers with it"
    assert talk.earlier[0].startswith("- read file0.py: content 0")
    assert len(dropped.to_bytes().splitlines()) == len(dropped.messages)


def test_the_last_turn_stays_and_its_answer_is_cut_when_it_is_too_long_alone() -> None:
    talk = grown(1, size=200_000)
    dropped = talk.shrink(3_000)
    assert dropped is not None
    assert talk.tokens <= 3_000
    assert len(talk.messages) == 2
    assert "cut from the middle" in talk.messages[1].text


def test_what_fits_is_left_alone() -> None:
    assert grown(3).shrink(100_000) is None


def test_it_goes_on_from_what_was_written_down() -> None:
    talk = grown(3)
    talk.notes.append("the port is 8080")
    talk.pending = [ToolCall("c9", "run", {"command": "true"}, "half a call")]
    again = Conversation.from_json(json.loads(json.dumps(talk.to_json())))
    assert again.to_json() == talk.to_json()
    assert again.tokens == talk.tokens
