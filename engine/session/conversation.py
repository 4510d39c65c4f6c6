"""What has been said between a task's worker and the engine: it grows turn by turn, is made shorter before the model's
context is full, and is written down whole so that a task can go on later."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.session.observing import cut_middle
from engine.vocabulary.models import Message, ToolCall
from engine.vocabulary.text import first_line, shortened
from engine.vocabulary.tokens import BYTES_PER_TOKEN, message_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

EARLIER_LINES = 120
_LEAST_ANSWER = 400
"""Characters of a tool's answer that are left when even the last turn is too long."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """What went to make room, in full, and estimates of the tokens before and after."""

    messages: tuple[Message, ...]
    tokens_before: int
    tokens_after: int

    def to_bytes(self) -> bytes:
        """JSON lines, one for each message."""
        return "".join(json.dumps(message_to_json(message)) + "\n" for message in self.messages).encode()


class Conversation:
    """The messages of one task after those that stand before the model at every turn."""

    def __init__(self) -> None:
        self.turn = 0
        self.notes: list[str] = []
        self.earlier: list[str] = []
        self.pending: list[ToolCall] = []
        self._messages: list[Message] = []
        self._sizes: list[int] = []

    @property
    def messages(self) -> tuple[Message, ...]:
        return tuple(self._messages)

    @property
    def tokens(self) -> int:
        """An estimate for all messages, kept as they come."""
        return sum(self._sizes)

    def add(self, message: Message) -> None:
        self._messages.append(message)
        self._sizes.append(message_tokens(message))

    def say(self, text: str) -> None:
        """Add what the engine tells; what it told just before becomes one message with it."""
        if self._messages and self._messages[-1].role == "user":
            text = f"{self._messages[-1].text}\n\n{text}"
            self._messages.pop()
            self._sizes.pop()
        self.add(Message("user", text))

    def answer(self, text: str) -> None:
        """Answer the oldest call that has none yet."""
        call = self.pending.pop(0)
        self.add(Message("tool", text, call_id=call.id))

    def shrink(self, room: int) -> Dropped | None:
        """Drop the oldest turns until the rest is about half of `room` tokens; a line for each of their calls stays in
        `earlier`. The last turn stays; when it alone is too long, its answers are cut in the middle."""
        before = self.tokens
        starts = [number for number, message in enumerate(self._messages) if message.role == "assistant"]
        cut = 0
        for start in starts[1:]:
            if sum(self._sizes[cut:]) <= room // 2:
                break
            cut = start
        dropped = tuple(self._messages[:cut])
        for message in dropped:
            self.earlier += _in_short(message, dropped)
        del self.earlier[:-EARLIER_LINES], self._messages[:cut], self._sizes[:cut]
        dropped += self._shorten(room)
        return Dropped(dropped, before, self.tokens) if dropped else None

    def _shorten(self, room: int) -> tuple[Message, ...]:
        """Cut the longest answers until everything fits; the whole ones."""
        whole = []
        while self.tokens > room:
            place = max(range(len(self._messages)), key=lambda number: self._sizes[number])
            message = self._messages[place]
            most = max(int((self._sizes[place] - (self.tokens - room)) * BYTES_PER_TOKEN * 0.8), _LEAST_ANSWER)
            if message.role != "tool" or len(message.text) <= most:
                break
            whole.append(message)
            self._messages[place] = Message(
                message.role, cut_middle(message.text, most, "ask for less at once"), call_id=message.call_id
            )
            self._sizes[place] = message_tokens(self._messages[place])
        return tuple(whole)

    def to_json(self) -> dict[str, Any]:
        return {
            "turn": self.turn,
            "notes": self.notes,
            "earlier": self.earlier,
            "messages": [message_to_json(message) for message in self._messages],
            "pending": [call_to_json(call) for call in self.pending],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Conversation:
        made = cls()
        made.turn, made.notes, made.earlier = data["turn"], list(data["notes"]), list(data["earlier"])
        for message in data["messages"]:
            made.add(message_from_json(message))
        made.pending = [ToolCall(**call) for call in data["pending"]]
        return made


def _in_short(message: Message, among: Sequence[Message]) -> list[str]:
    """A line for each call of a dropped message with the beginning of its answer."""
    answers = {answer.call_id: answer.text for answer in among if answer.role == "tool"}
    lines = []
    for call in message.calls:
        about = next((str(call.arguments[key]) for key in ("command", "path", "pattern") if key in call.arguments), "")
        came = answers.get(call.id, "").removeprefix("<data")
        _, _, inner = came.partition(">\n") if came else ("", "", "")
        outcome = shortened(first_line(inner or came), 100)
        lines.append(f"- {call.name} {shortened(' '.join(about.split()), 100)}: {outcome}")
    return lines


def call_to_json(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "name": call.name, "arguments": dict(call.arguments), "problem": call.problem}


def message_to_json(message: Message) -> dict[str, Any]:
    return {
        "role": message.role,
        "text": message.text,
        "calls": [call_to_json(call) for call in message.calls],
        "call_id": message.call_id,
    }


def message_from_json(data: dict[str, Any]) -> Message:
    calls = tuple(ToolCall(**call) for call in data["calls"])
    return Message(data["role"], data["text"], calls, data["call_id"])
