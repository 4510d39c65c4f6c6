"""Chat completions: what OpenAI, OpenRouter, Ollama, llama.cpp, vLLM and LM Studio speak."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from engine.models.remembering import Growing, Remembering
from engine.models.shapes import graspable, without_sizes
from engine.models.wire import Ask, encoded, number_in, put_together, spelled, text_in
from engine.vocabulary.models import FinishReason, Message, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from engine.models.gathering import Gathered

OPENAI = "https://api.openai.com/v1"
_ENDS = {
    "stop": FinishReason.STOP,
    "tool_calls": FinishReason.TOOL,
    "function_call": FinishReason.TOOL,
    "length": FinishReason.LENGTH,
    "content_filter": FinishReason.REFUSAL,
}


class ChatCompletions:
    """How chat completions are asked and how they answer; `own` for OpenAI's own endpoint."""

    usual = OPENAI
    path = "/chat/completions"
    forms = ("strict", "schema", "object", "prompt")
    """`response_format` with a strict schema, with a plain one, with JSON of any shape, or only the prompt's words."""

    def __init__(self, *, own: bool) -> None:
        self._own = own
        self._message = Remembering[Message, bytes](_message)
        self._messages = Growing[Message, tuple[bytes, ...]]((), self._more)
        self._tools = Remembering[tuple[Any, ...], bytes](_tools)

    def kit(self) -> tuple[ModuleType, type[Any]]:
        import openai

        return openai, openai.AsyncOpenAI

    def address(self, base_url: str) -> str:
        return base_url

    def body(self, model: str, ask: Ask) -> bytes:
        fields: dict[str, bytes | tuple[bytes, ...]] = {
            "model": encoded(model),
            "messages": (b"[", *self._messages(ask.messages), b"]"),
            "stream": b"true",
            "stream_options": encoded({"include_usage": True}),
            # OpenAI's own newer models know only the longer name, most other endpoints only the shorter one.
            "max_completion_tokens" if self._own else "max_tokens": encoded(ask.max_tokens),
        }
        if ask.tools:
            fields["tools"] = self._tools(ask.tools)
        if ask.schema is not None and ask.form in ("strict", "schema"):
            strict = ask.form == "strict"
            schema = without_sizes(ask.schema) if self._own and strict else graspable(ask.schema)
            shape = {"name": "answer", "schema": schema, "strict": strict}
            fields["response_format"] = encoded({"type": "json_schema", "json_schema": shape})
        elif ask.schema is not None and ask.form == "object":
            fields["response_format"] = encoded({"type": "json_object"})
        return put_together(fields)

    def listener(self, ask: Ask, out: Gathered) -> _Listener:
        return _Listener(out)

    def _more(self, written: tuple[bytes, ...], messages: tuple[Message, ...]) -> tuple[bytes, ...]:
        pieces = [piece for message in messages for piece in (b",", self._message(message))]
        return (*written, *(pieces if written else pieces[1:]))


class _Listener:
    def __init__(self, out: Gathered) -> None:
        self._out = out

    def take(self, event: Any) -> None:
        if event.get("usage") is not None:
            self._out.usage = _usage(event["usage"])
        for choice in (event.get("choices") or ())[:1]:
            delta = choice.get("delta") or {}
            self._say(delta)
            for place, call in enumerate(delta.get("tool_calls") or ()):
                function = call.get("function")
                index = call.get("index")
                self._out.call(
                    index if isinstance(index, int) else place,
                    id_=text_in(call, "id"),
                    name=text_in(function, "name"),
                    arguments=text_in(function, "arguments"),
                )
            if choice.get("finish_reason"):
                self._out.finish = _ENDS.get(choice["finish_reason"], FinishReason.STOP)

    def _say(self, delta: Any) -> None:
        for name in ("content", "refusal"):
            text = text_in(delta, name)
            if text:
                self._out.say(text)
                self._out.refused |= name == "refusal"

    def over(self) -> None:
        """Nothing is left to do."""


def _message(message: Message) -> bytes:
    if message.role == "tool":
        return encoded({"role": "tool", "tool_call_id": spelled(message.call_id), "content": message.text})
    said: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.calls:
        said["tool_calls"] = [
            {
                "id": spelled(call.id),
                "type": "function",
                "function": {"name": spelled(call.name), "arguments": json.dumps(dict(call.arguments))},
            }
            for call in message.calls
        ]
    return encoded(said)


def _tools(tools: tuple[Mapping[str, Any], ...]) -> bytes:
    return encoded([{"type": "function", "function": dict(tool)} for tool in tools])


def _usage(said: Any) -> Usage:
    details = said.get("prompt_tokens_details") if isinstance(said, dict) else None
    came, went = number_in(said, "prompt_tokens"), number_in(said, "completion_tokens")
    return Usage(came, went, cached_in=min(number_in(details, "cached_tokens"), came))
