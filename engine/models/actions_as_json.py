"""The same actions for a model without tool calls: it answers with one JSON object that names a tool and its
arguments, held to a schema by the endpoint."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.models.gathering import read_arguments
from engine.models.remembering import Remembering
from engine.vocabulary.models import FinishReason, Message, ModelReply, ToolCall

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL)
UNREADABLE = "unreadable"
"""The name of a call that stands for a reply which is no call at all; its problem says why."""


def calls_schema(tools: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One object: a thought, then one call of one of the tools."""
    options = [
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["tool", "arguments"],
            "properties": {"tool": {"const": tool["name"]}, "arguments": tool["parameters"]},
        }
        for tool in tools
    ]
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["thought", "call"],
        "properties": {"thought": {"type": "string", "maxLength": 2000}, "call": {"anyOf": options}},
    }


class Explaining:
    """Conversations in words only: the tools told in the first message, calls and results as texts."""

    def __init__(self) -> None:
        self._rule = Remembering[tuple[Any, ...], str](_rule)
        self._called = Remembering[Message, Message](_called)
        self._result = Remembering[Message, Message](_result)
        self._opened = Remembering[Message, tuple[Message, ...]](lambda first, rule: with_rule((first,), rule))

    def __call__(self, messages: Sequence[Message], tools: tuple[Mapping[str, Any], ...]) -> tuple[Message, ...]:
        names: dict[str, str] = {}
        plain: list[Message] = []
        for message in messages:
            if message.role == "tool":
                plain.append(self._result(message, names.get(message.call_id, "the call")))
            elif message.calls:
                names |= {call.id: call.name for call in message.calls}
                plain.append(self._called(message))
            else:
                plain.append(message)
        rule = self._rule(tools)
        return (*self._opened(plain[0], rule), *plain[1:]) if plain else with_rule((), rule)


def with_rule(messages: Sequence[Message], rule: str) -> tuple[Message, ...]:
    """The conversation with one more rule at the end of its first system message."""
    if messages and messages[0].role == "system":
        first, *rest = messages
        return (replace(first, text=f"{first.text}\n\n{rule}"), *rest)
    return (Message("system", rule), *messages)


def schema_in_words(schema: Mapping[str, Any]) -> str:
    return f"Answer with one JSON object of this JSON Schema and nothing else:\n{json.dumps(dict(schema))}"


def looks_like_json(text: str) -> bool:
    """Whether an answer is JSON, or would be were it whole."""
    return text.lstrip().removeprefix("```json").removeprefix("```").lstrip().startswith("{")


def _rule(tools: tuple[Mapping[str, Any], ...]) -> str:
    told = "\n".join(
        f"- {tool['name']}: {tool['description']} arguments: {json.dumps(tool['parameters'])}" for tool in tools
    )
    return (
        "You act by calling one tool at a time. Answer with one JSON object and nothing else: "
        '{"thought": "…", "call": {"tool": "NAME", "arguments": {…}}}\nThe tools:\n' + told
    )


def _called(message: Message) -> Message:
    return Message("assistant", "\n".join(_written(message, call) for call in message.calls))


def _result(message: Message, name: str) -> Message:
    return Message("user", f"Result of {name}:\n{message.text}")


def _written(message: Message, call: ToolCall) -> str:
    said = {"thought": message.text, "call": {"tool": call.name, "arguments": dict(call.arguments)}}
    return json.dumps(said, ensure_ascii=False)


def as_call(reply: ModelReply, turn: int) -> ModelReply:
    """The reply with the call that its JSON names. One that cannot be read becomes a call with a problem, so that the
    loop can answer it; an empty one and a refusal stay as they are."""
    if not reply.text.strip() or reply.finish is FinishReason.REFUSAL:
        return reply
    fenced = _FENCE.match(reply.text)
    found, problem = read_arguments(fenced.group(1) if fenced else reply.text, cut=reply.finish is FinishReason.LENGTH)
    call = found.get("call", found)
    id_ = f"call-{turn}-1"
    if not problem and isinstance(call, dict) and isinstance(call.get("tool"), str):
        arguments = call.get("arguments", {})
        if isinstance(arguments, dict):
            made = ToolCall(id_, call["tool"], arguments)
            thought = found.get("thought", "")
            return replace(
                reply, text=thought if isinstance(thought, str) else "", calls=(made,), finish=FinishReason.TOOL
            )
    problem = problem or 'answer with {"thought": "…", "call": {"tool": "NAME", "arguments": {…}}}'
    return replace(reply, calls=(ToolCall(id_, UNREADABLE, {}, problem),))
