"""A conversation with a model, independent of whose wire it goes over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Message:
    """`role` is system, user, assistant or tool; `calls` stand in an assistant's message, `call_id` in a tool's
    answer."""

    role: str
    text: str
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What the model asks to be done: a tool of the list it was given, and its arguments as JSON."""

    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Usage:
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One call: `purpose` is plan or act, `task` the task's id (empty for a plan), `turn` counts from 1 within the
    task. `tools` are JSON-Schema descriptions; `schema` asks for one JSON object of that shape instead."""

    purpose: str
    task: str
    turn: int
    messages: tuple[Message, ...]
    tools: tuple[Mapping[str, Any], ...] = ()
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ModelReply:
    text: str
    calls: tuple[ToolCall, ...] = ()
    usage: Usage = field(default_factory=Usage)
