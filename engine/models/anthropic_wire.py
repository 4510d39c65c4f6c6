"""Anthropic's Messages, whose official kit is an extra: `pip install 'orion-tui[anthropic]'`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from engine.models.remembering import Growing, Remembering
from engine.models.wire import Ask, encoded, number_in, put_together, spelled, text_in
from engine.vocabulary.errors import ModelError, ModelFault
from engine.vocabulary.models import FinishReason, Message, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from engine.models.gathering import Gathered

ANTHROPIC = "https://api.anthropic.com"
ANSWER = "answer"
"""The tool that a model must call when it is asked for JSON of a schema."""

_ENDS = {
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "pause_turn": FinishReason.STOP,
    "tool_use": FinishReason.TOOL,
    "max_tokens": FinishReason.LENGTH,
    "model_context_window_exceeded": FinishReason.LENGTH,
    "refusal": FinishReason.REFUSAL,
}
_CACHED = {"cache_control": {"type": "ephemeral"}}
_MARK = b"," + encoded(_CACHED)[1:]
_BEGINS = {side: b'{"role":"%s","content":[' % side.encode() for side in ("user", "assistant")}
_MARKED_TURNS = 2
"""The end of the last turn, and that of the one before, where the call before it left what the cache holds."""


class Messages:
    """How Messages are asked and how they answer."""

    usual = ANTHROPIC
    path = "/v1/messages"
    forms = ("tool", "prompt")
    """A tool that must be called with the schema as its input, or only the prompt's words."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._blocks = Remembering[Message, bytes](_blocks)
        self._sides = Growing[Message, _Sides](_Sides(), self._more)
        self._tools = Remembering[tuple[Any, ...], bytes](_tools)

    def kit(self) -> tuple[ModuleType, type[Any]]:
        check_installed(self._name)
        import anthropic

        return anthropic, anthropic.AsyncAnthropic

    def address(self, base_url: str) -> str:
        """The path has /v1 already; people write it as they do for every other endpoint."""
        return base_url.rstrip("/").removesuffix("/v1")

    def body(self, model: str, ask: Ask) -> bytes:
        system = "\n\n".join(message.text for message in ask.messages if message.role == "system")
        fields: dict[str, bytes | tuple[bytes, ...]] = {
            "model": encoded(model),
            "messages": self._turns(ask.messages),
            "max_tokens": encoded(ask.max_tokens),
            "stream": b"true",
        }
        if system:
            fields["system"] = encoded([{"type": "text", "text": system, **_CACHED}])
        if ask.tools:
            fields["tools"] = self._tools(ask.tools)
        if ask.schema is not None and ask.form == "tool":
            about = "Give the answer that was asked for."
            fields["tools"] = encoded([{"name": ANSWER, "description": about, "input_schema": ask.schema}])
            fields["tool_choice"] = encoded({"type": "tool", "name": ANSWER})
        return put_together(fields)

    def listener(self, ask: Ask, out: Gathered) -> _Listener:
        return _Listener(out, answering=ask.schema is not None and ask.form == "tool")

    def _turns(self, messages: tuple[Message, ...]) -> tuple[bytes, ...]:
        sides = self._sides(messages)
        parts = list(sides.parts)
        for end in sides.ends[-_MARKED_TURNS:]:
            parts[end] = parts[end][:-1] + _MARK
        return (b"[", *parts, b"]}]" if parts else b"]")

    def _more(self, before: _Sides, messages: tuple[Message, ...]) -> _Sides:
        parts, ends, side = list(before.parts), list(before.ends), before.side
        for message in messages:
            if message.role == "system":
                continue
            its = "assistant" if message.role == "assistant" else "user"
            if its == side:
                parts.append(b",")
            else:
                parts.append((b"]}," if side else b"") + _BEGINS[its])
                side = its
                if its == "user":
                    ends.append(0)
            parts.append(self._blocks(message))
            if its == "user":
                ends[-1] = len(parts) - 1
        return _Sides(tuple(parts), tuple(ends), side)


@dataclass(frozen=True, slots=True)
class _Sides:
    """Messages as user and assistant in turn, as the API wants them: neighbours of one side are put together. `ends`
    are the places in `parts` of the last block of each of the user's turns; `side` is who speaks last."""

    parts: tuple[bytes, ...] = ()
    ends: tuple[int, ...] = ()
    side: str = ""


class _Listener:
    """With `answering` the input of the one tool is the answer, and the words around it would spoil its JSON."""

    def __init__(self, out: Gathered, *, answering: bool) -> None:
        self._out = out
        self._answering = answering
        self._aside: list[str] = []
        self._counted: dict[str, int] = {}

    def take(self, event: Any) -> None:
        match event.get("type"):
            case "message_start":
                self._count(event["message"].get("usage"))
            case "content_block_start" if event["content_block"].get("type") == "tool_use" and not self._answering:
                block = event["content_block"]
                self._out.call(number_in(event, "index"), id_=text_in(block, "id"), name=text_in(block, "name"))
            case "content_block_delta":
                self._piece(number_in(event, "index"), event["delta"])
            case "message_delta":
                self._count(event.get("usage"))
                if event["delta"].get("stop_reason"):
                    self._out.finish = _ENDS.get(event["delta"]["stop_reason"], FinishReason.STOP)

    def _piece(self, index: int, delta: Any) -> None:
        said, arguments = text_in(delta, "text"), text_in(delta, "partial_json")
        match delta.get("type"):
            case "text_delta" if self._answering:
                self._aside.append(said)
            case "text_delta":
                self._out.say(said)
            case "input_json_delta" if self._answering:
                self._out.say(arguments)
            case "input_json_delta":
                self._out.call(index, arguments=arguments)

    def over(self) -> None:
        out, counted = self._out, self._counted
        if self._answering and not out.text:
            # The tool was not called, whatever the endpoint was told: the words are all there is.
            out.say("".join(self._aside))
        if counted:
            cached, written = counted["cache_read_input_tokens"], counted["cache_creation_input_tokens"]
            total = counted["input_tokens"] + cached + written
            out.usage = Usage(total, counted["output_tokens"], cached_in=cached, cache_written=written)
        if self._answering and out.finish is FinishReason.TOOL:
            out.finish = FinishReason.STOP

    def _count(self, usage: Any) -> None:
        """Counts come twice, the later one whole: not to be added."""
        for key in ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"):
            self._counted[key] = max(number_in(usage, key), self._counted.get(key, 0))


def check_installed(name: str) -> None:
    """Raises ModelError when the extra is not there. Looks only: the import takes most of a second."""
    if find_spec("anthropic") is None:
        raise ModelError(
            f"the model {name!r} speaks Anthropic's API, and its kit is not installed",
            "install it: pip install 'orion-tui[anthropic]'",
            fault=ModelFault.REQUEST,
        )


def _blocks(message: Message) -> bytes:
    """The blocks of one message with commas between them, at least one."""
    if message.role == "tool":
        content = [{"type": "text", "text": message.text or "(nothing)"}]
        return encoded({"type": "tool_result", "tool_use_id": spelled(message.call_id), "content": content})
    said = message.text if message.text.strip() or message.calls else "(nothing)"
    blocks: list[dict[str, Any]] = [{"type": "text", "text": said}] if said.strip() else []
    for call in message.calls:
        blocks.append(
            {"type": "tool_use", "id": spelled(call.id), "name": spelled(call.name), "input": dict(call.arguments)}
        )
    return b",".join(map(encoded, blocks))


def _tools(tools: tuple[Mapping[str, Any], ...]) -> bytes:
    return encoded(
        [
            {"name": tool["name"], "description": tool["description"], "input_schema": tool["parameters"]}
            for tool in tools
        ]
    )
