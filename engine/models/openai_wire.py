"""Chat completions, through the official kit: what OpenAI, OpenRouter, Ollama, llama.cpp, vLLM and LM Studio speak."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from engine.models import faults
from engine.models.remembering import Remembering
from engine.models.shapes import graspable, without_sizes
from engine.models.wire import Ask, Timing, check_content, ended, paced, spelled, translated
from engine.vocabulary.models import FinishReason, Message, Usage

if TYPE_CHECKING:
    from ssl import SSLContext

    from engine.models.faults import Endpoint
    from engine.models.gathering import Gathered

OPENAI = "https://api.openai.com/v1"
_ENDS = {
    "stop": FinishReason.STOP,
    "tool_calls": FinishReason.TOOL,
    "function_call": FinishReason.TOOL,
    "length": FinishReason.LENGTH,
    "content_filter": FinishReason.REFUSAL,
}


class OpenAiWire:
    """One endpoint that speaks chat completions."""

    forms = ("strict", "schema", "object", "prompt")
    """`response_format` with a strict schema, with a plain one, with JSON of any shape, or only the prompt's words."""

    def __init__(self, endpoint: Endpoint, base_url: str, timing: Timing) -> None:
        self.endpoint = endpoint
        self._base_url = base_url or OPENAI
        self._timing = timing
        self._tls: SSLContext | None = None
        self._spelled = Remembering(_message)

    async def stream(self, ask: Ask, out: Gathered) -> None:
        import openai

        if self._tls is None:
            from httpx2 import create_ssl_context

            self._tls = create_ssl_context()
        # A client of this call's own: a pool of connections belongs to one loop, and a loop to one call.
        client = openai.AsyncOpenAI(
            api_key=self.endpoint.key or "none",
            base_url=self._base_url,
            max_retries=0,
            timeout=openai.Timeout(None, connect=self._timing.connect_s),
            http_client=openai.DefaultAsyncHttpxClient(verify=self._tls),
        )
        try:
            async with client:
                await self._read(client, ask, out)
        except Exception as error:
            fault = translated(openai, self.endpoint, error, out)
            if fault is not None:
                raise fault from error

    async def _read(self, client: Any, ask: Ask, out: Gathered) -> None:
        try:
            async with asyncio.timeout(self._timing.first_s):
                # The kit looks at every field of every message by its type: 70 ms at 200 turns. As an extra body they
                # go out as they are.
                whole = self._body(ask)
                stream = await client.chat.completions.create(
                    model=whole.pop("model"), messages=[], stream=whole.pop("stream"), extra_body=whole
                )
        except TimeoutError as late:
            raise faults.timed_out(self.endpoint, "answer", self._timing.first_s) from late
        async with stream:
            check_content(self.endpoint, stream.response.headers)
            async for chunk in paced(self.endpoint, stream, self._timing):
                _take(chunk, out)
        ended(self.endpoint, out)

    def _body(self, ask: Ask) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.endpoint.model,
            "messages": [self._spelled(message) for message in ask.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            # OpenAI's own newer models know only the longer name, most other endpoints only the shorter one.
            "max_completion_tokens" if self._base_url == OPENAI else "max_tokens": ask.max_tokens,
        }
        if ask.tools:
            body["tools"] = [{"type": "function", "function": dict(tool)} for tool in ask.tools]
        if ask.schema is not None and ask.form in ("strict", "schema"):
            own = self._base_url == OPENAI and ask.form == "strict"
            schema = without_sizes(ask.schema) if own else graspable(ask.schema)
            shape = {"name": "answer", "schema": schema, "strict": ask.form == "strict"}
            body["response_format"] = {"type": "json_schema", "json_schema": shape}
        elif ask.schema is not None and ask.form == "object":
            body["response_format"] = {"type": "json_object"}
        return body


def _message(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": spelled(message.call_id), "content": message.text}
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
    return said


def _take(chunk: Any, out: Gathered) -> None:
    if chunk.usage is not None:
        out.usage = _usage(chunk.usage)
    for choice in (chunk.choices or ())[:1]:
        delta = choice.delta
        if delta is not None and delta.content:
            out.say(delta.content)
        if delta is not None and getattr(delta, "refusal", None):
            out.say(delta.refusal)
            out.refused = True
        for place, call in enumerate((delta.tool_calls if delta is not None else None) or ()):
            function = call.function
            index = call.index if isinstance(call.index, int) else place
            out.call(
                index,
                id_=call.id or "",
                name=(function.name if function else "") or "",
                arguments=(function.arguments if function else "") or "",
            )
        if choice.finish_reason:
            out.finish = _ENDS.get(choice.finish_reason, FinishReason.STOP)


def _usage(said: Any) -> Usage:
    details = getattr(said, "prompt_tokens_details", None)
    cached = getattr(details, "cached_tokens", None) or 0
    return Usage(said.prompt_tokens or 0, said.completion_tokens or 0, cached_in=cached)
