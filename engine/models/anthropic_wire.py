"""Anthropic's Messages, through its official kit, which is an extra: `pip install 'orion-tui[anthropic]'`."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from engine.models import faults
from engine.models.remembering import Remembering
from engine.models.wire import Ask, Timing, check_content, ended, paced, spelled, translated
from engine.vocabulary.errors import ModelError, ModelFault
from engine.vocabulary.models import FinishReason, Message, Usage

if TYPE_CHECKING:
    from collections.abc import Callable
    from ssl import SSLContext

    from engine.models.faults import Endpoint
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


class AnthropicWire:
    """One endpoint that speaks Messages."""

    forms = ("tool", "prompt")
    """A tool that must be called with the schema as its input, or only the prompt's words."""

    def __init__(self, endpoint: Endpoint, base_url: str, timing: Timing) -> None:
        self.endpoint = endpoint
        # The kit adds /v1 itself; people write it as they do for every other endpoint.
        self._base_url = (base_url or ANTHROPIC).rstrip("/").removesuffix("/v1")
        self._timing = timing
        self._tls: SSLContext | None = None
        self._spelled = Remembering(_blocks)

    async def stream(self, ask: Ask, out: Gathered) -> None:
        check_installed(self.endpoint.name)
        import anthropic as kit

        if self._tls is None:
            from httpx2 import create_ssl_context

            self._tls = create_ssl_context()
        client = kit.AsyncAnthropic(
            api_key=self.endpoint.key or "none",
            base_url=self._base_url,
            max_retries=0,
            timeout=kit.Timeout(None, connect=self._timing.connect_s),
            http_client=kit.DefaultAsyncHttpxClient(verify=self._tls),
        )
        try:
            async with client:
                await self._read(client, ask, out)
        except Exception as error:
            fault = translated(kit, self.endpoint, error, out)
            if fault is not None:
                raise fault from error

    async def _read(self, client: Any, ask: Ask, out: Gathered) -> None:
        try:
            async with asyncio.timeout(self._timing.first_s):
                # As an extra body, since the kit would look at every field of every message by its type.
                whole = self._body(ask)
                stream = await client.messages.create(
                    model=whole.pop("model"),
                    messages=[],
                    max_tokens=whole.pop("max_tokens"),
                    stream=whole.pop("stream"),
                    extra_body=whole,
                )
        except TimeoutError as late:
            raise faults.timed_out(self.endpoint, "answer", self._timing.first_s) from late
        answering = ask.schema is not None and ask.form == "tool"
        counted: dict[str, int] = {}
        aside: list[str] = []
        async with stream:
            check_content(self.endpoint, stream.response.headers)
            async for event in paced(self.endpoint, stream, self._timing):
                _take(event, out, counted, aside if answering else None)
        if answering and not out.text:
            # The tool was not called, whatever the endpoint was told: the words are all there is.
            out.say("".join(aside))
        if counted:
            cached, written = counted.get("cache_read_input_tokens", 0), counted.get("cache_creation_input_tokens", 0)
            total = counted.get("input_tokens", 0) + cached + written
            out.usage = Usage(total, counted.get("output_tokens", 0), cached_in=cached, cache_written=written)
        if answering and out.finish is FinishReason.TOOL:
            out.finish = FinishReason.STOP
        ended(self.endpoint, out)

    def _body(self, ask: Ask) -> dict[str, Any]:
        system = "\n\n".join(message.text for message in ask.messages if message.role == "system")
        body: dict[str, Any] = {
            "model": self.endpoint.model,
            "messages": _turns(ask.messages, self._spelled),
            "max_tokens": ask.max_tokens,
            "stream": True,
        }
        if system:
            body["system"] = [{"type": "text", "text": system, **_CACHED}]
        if ask.tools:
            body["tools"] = [
                {"name": tool["name"], "description": tool["description"], "input_schema": tool["parameters"]}
                for tool in ask.tools
            ]
        if ask.schema is not None and ask.form == "tool":
            about = "Give the answer that was asked for."
            body["tools"] = [{"name": ANSWER, "description": about, "input_schema": ask.schema}]
            body["tool_choice"] = {"type": "tool", "name": ANSWER}
        return body


def check_installed(name: str) -> None:
    """Raises ModelError when the extra is not there. Looks only: the import takes most of a second."""
    if find_spec("anthropic") is None:
        raise ModelError(
            f"the model {name!r} speaks Anthropic's API, and its kit is not installed",
            "install it: pip install 'orion-tui[anthropic]'",
            fault=ModelFault.REQUEST,
        )


def _turns(messages: tuple[Message, ...], blocks: Callable[[Message], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """User and assistant in turn, as the API wants them: neighbours of one side are put together, and the end of the
    last is where the cache may begin."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "system":
            continue
        side = "assistant" if message.role == "assistant" else "user"
        if not turns or turns[-1]["role"] != side:
            turns.append({"role": side, "content": []})
        turns[-1]["content"] += blocks(message)
    for turn in turns:
        turn["content"] = turn["content"] or [{"type": "text", "text": "(nothing)"}]
    if turns and turns[-1]["role"] == "user":
        # A block is remembered with its message, so it is not the one that gets the mark.
        turns[-1]["content"][-1] = turns[-1]["content"][-1] | _CACHED
    return turns


def _blocks(message: Message) -> list[dict[str, Any]]:
    if message.role == "tool":
        text = message.text or "(nothing)"
        return [
            {
                "type": "tool_result",
                "tool_use_id": spelled(message.call_id),
                "content": [{"type": "text", "text": text}],
            }
        ]
    blocks: list[dict[str, Any]] = [{"type": "text", "text": message.text}] if message.text.strip() else []
    for call in message.calls:
        blocks.append(
            {"type": "tool_use", "id": spelled(call.id), "name": spelled(call.name), "input": dict(call.arguments)}
        )
    return blocks


def _take(event: Any, out: Gathered, counted: dict[str, int], aside: list[str] | None) -> None:
    """`aside` collects the words around an answer that was asked for as a tool's input: they would spoil its JSON."""
    answering = aside is not None
    match event.type:
        case "message_start":
            _count(event.message.usage, counted)
        case "content_block_start" if event.content_block.type == "tool_use" and not answering:
            out.call(event.index, id_=event.content_block.id or "", name=event.content_block.name or "")
        case "content_block_delta" if event.delta.type == "text_delta":
            if aside is None:
                out.say(event.delta.text)
            else:
                aside.append(event.delta.text)
        case "content_block_delta" if event.delta.type == "input_json_delta":
            if answering:
                out.say(event.delta.partial_json)
            else:
                out.call(event.index, arguments=event.delta.partial_json)
        case "message_delta":
            _count(event.usage, counted)
            if event.delta.stop_reason:
                out.finish = _ENDS.get(event.delta.stop_reason, FinishReason.STOP)


def _count(usage: Any, counted: dict[str, int]) -> None:
    """Counts come twice, the later one whole: not to be added."""
    for key in ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"):
        value = getattr(usage, key, None)
        if isinstance(value, int) and value >= 0:
            counted[key] = max(value, counted.get(key, 0))
