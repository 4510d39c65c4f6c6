"""A reply put together from the pieces of a stream, with nothing in it that could not be written down again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.vocabulary.models import FinishReason, ModelReply, ToolCall, Usage

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_REPLY_CHARS = 4 * 1024 * 1024
MAX_CALLS = 64


class TooMuch(Exception):
    """The reply is larger than any reply should be."""


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class Gathered:
    """What has come so far. `finish` stays None until the endpoint said why the reply ended."""

    told: Callable[[str], None]
    told_call: Callable[[str], None] = lambda _delta: None
    text: list[str] = field(default_factory=list)
    calls: dict[int, _Call] = field(default_factory=dict)
    usage: Usage | None = None
    finish: FinishReason | None = None
    refused: bool = False
    _size: int = 0

    def say(self, delta: str) -> None:
        self._grow(delta)
        clean = whole(delta)
        self.text.append(clean)
        self.told(clean)

    def call(self, index: int, *, id_: str = "", name: str = "", arguments: str = "") -> None:
        """One more piece of the call at that place; ids and names come once, arguments in pieces."""
        self._grow(name + arguments)
        if index not in self.calls and len(self.calls) >= MAX_CALLS:
            raise TooMuch(f"more than {MAX_CALLS} tool calls in one reply")
        call = self.calls.setdefault(index, _Call())
        call.id = call.id or id_
        more = name if call.name != name else ""
        call.name += more
        call.arguments += arguments
        if more or arguments:
            self.told_call(whole(f"\n→ {more} {arguments}" if more else arguments))

    def reply(self, turn: int) -> ModelReply:
        """The whole, after the stream ended by itself."""
        cut = self.finish is FinishReason.LENGTH
        calls, ids = [], set[str]()
        for number, (_, call) in enumerate(sorted(self.calls.items()), 1):
            arguments, problem = read_arguments(call.arguments, cut=cut)
            given = whole(call.id)
            id_ = given if given and given not in ids else f"call-{turn}-{number}"
            ids.add(id_)
            calls.append(ToolCall(id_, whole(call.name), arguments, problem))
        finish = FinishReason.REFUSAL if self.refused else self.finish or FinishReason.STOP
        if calls and finish is FinishReason.STOP:
            finish = FinishReason.TOOL
        return ModelReply("".join(self.text), tuple(calls), self.usage or Usage(), finish)

    def _grow(self, piece: str) -> None:
        self._size += len(piece)
        if self._size > MAX_REPLY_CHARS:
            raise TooMuch(f"more than {MAX_REPLY_CHARS:,} characters in one reply")


def read_arguments(raw: str, *, cut: bool = False) -> tuple[dict[str, Any], str]:
    """The arguments of a call, or none and a sentence for the model that says what is wrong with them."""
    if not raw.strip():
        return {}, ""
    try:
        found = json.loads(raw, parse_constant=_refused)
    except (ValueError, RecursionError) as bad:
        if cut:
            return {}, "your reply was cut at its limit in the middle of this call; make it shorter, in several steps"
        why = bad.msg if isinstance(bad, json.JSONDecodeError) else "it cannot be read"
        return {}, f"the arguments are not valid JSON ({why}); send one JSON object"
    if not isinstance(found, dict):
        return {}, "the arguments must be one JSON object"
    return _mended(found), ""


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def whole(text: str) -> str:
    """The text without halves of surrogate pairs, which no file can hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, dict):
        return {whole(key): _mended(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_mended(inner) for inner in value]
    return value
