"""A conversation with a model, independent of whose wire it goes over."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PURPOSES = ("intake", "plan", "replan", "act", "compact")
"""What a model is asked for: questions about a goal, a plan, whether a plan still holds, the next step of a task, a
shorter transcript."""


class FinishReason(StrEnum):
    """Why a reply ended: by itself, to have its calls carried out, cut at the output limit, or because the model or its
    provider would not answer."""

    STOP = "stop"
    TOOL = "tool"
    LENGTH = "length"
    REFUSAL = "refusal"


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
    """What the model asks to be done: a tool of the list it was given, and its arguments as JSON. `problem` is a
    sentence for the model when its arguments could not be read (then they are empty) and the call can only be answered
    with it."""

    id: str
    name: str
    arguments: Mapping[str, Any]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and US dollars of one call or of several. `tokens_in` counts all that was read, `cached_in` the part of it
    that came from the provider's prompt cache, `cache_written` the part that was put there. `estimated` when an
    endpoint did not say and Orion counted for itself."""

    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    cached_in: int = 0
    cache_written: int = 0
    estimated: bool = False

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            round(self.cost_usd + other.cost_usd, 9),
            self.cached_in + other.cached_in,
            self.cache_written + other.cache_written,
            self.estimated or other.estimated,
        )


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens. `cached_input` is for input that the provider had in its cache, `cache_write`
    for input that it puts there; None means as `input`."""

    input: float = 0.0
    output: float = 0.0
    cached_input: float | None = None
    cache_write: float | None = None

    def cost(self, usage: Usage) -> float:
        """US dollars for that many tokens."""
        cached = self.input if self.cached_input is None else self.cached_input
        written = self.input if self.cache_write is None else self.cache_write
        plain = max(usage.tokens_in - usage.cached_in - usage.cache_written, 0)
        total = plain * self.input + usage.cached_in * cached + usage.cache_written * written
        return round((total + usage.tokens_out * self.output) / 1_000_000, 9)


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One call: `purpose` is what it is for, one of PURPOSES, `task` the task's id (empty outside one), `turn` counts
    from 1 within the task. `tools` are JSON-Schema descriptions {name, description, parameters}; `schema` asks for one
    JSON object of that shape instead."""

    purpose: str
    task: str
    turn: int
    messages: tuple[Message, ...]
    tools: tuple[Mapping[str, Any], ...] = ()
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ModelReply:
    """What came back; `model` is the configured name of who answered, which differs from the one that was asked when a
    fallback stood in."""

    text: str
    calls: tuple[ToolCall, ...] = ()
    usage: Usage = field(default_factory=Usage)
    finish: FinishReason = FinishReason.STOP
    model: str = ""
