"""What tests ask a model with, and how they hear of the call while it goes on."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.models.lines import Lines
from engine.models.registry import open_live
from engine.vocabulary.models import Message, ModelReply, ModelRequest, Price
from engine.vocabulary.ports import Model
from engine.vocabulary.settings import ModelSettings

TOOLS = (
    {
        "name": "read",
        "description": "Read a file.",
        "parameters": {
            "type": "object",
            "properties": {"path": {"type": "string"}},
            "required": ["path"],
            "additionalProperties": False,
        },
    },
    {
        "name": "run",
        "description": "Run a command.",
        "parameters": {
            "type": "object",
            "properties": {"command": {"type": "string"}},
            "required": ["command"],
            "additionalProperties": False,
        },
    },
)
SCHEMA = {
    "type": "object",
    "properties": {"word": {"type": "string"}},
    "required": ["word"],
    "additionalProperties": False,
}
PRICE = Price(input=1.0, output=10.0, cached_input=0.1)


@dataclass
class Heard:
    """A watch that remembers."""

    deltas: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    waits: list[tuple[str, float]] = field(default_factory=list)
    waited_s: list[float] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def text(self, delta: str) -> None:
        self.deltas.append(delta)

    def call(self, delta: str) -> None:
        self.calls.append(delta)

    def waiting(self, reason: str, seconds: float) -> None:
        self.waits.append((reason, seconds))

    def waited(self, seconds: float) -> None:
        self.waited_s.append(seconds)

    def notice(self, message: str) -> None:
        self.notices.append(message)


def settings(api: str, base_url: str, **more: Any) -> ModelSettings:
    return ModelSettings(
        **{"name": "live", "api": api, "model": "served", "base_url": base_url, "price": PRICE, **more}
    )


def live(api: str, base_url: str, home: Path, lines: Lines | None = None, **more: Any) -> Model:
    """The bare endpoint, without the retries around it."""
    return open_live(settings(api, base_url, **more), home, environment={"KEY": "sk-not-a-real-one"}, lines=lines)


def ask(model: Model, *messages: Message, stop: threading.Event | None = None, **more: Any) -> ModelReply:
    """A request with no tools and no schema unless they are given."""
    watch = more.pop("watch", None)
    said = messages or (Message("system", "rules"), Message("user", "the task"))
    request = ModelRequest(**{"purpose": "act", "task": "fix", "turn": 1, "messages": said, **more})
    return model.complete(request, stop or threading.Event(), watch)
