"""A model that answers what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from engine.vocabulary.errors import Cancelled
from engine.vocabulary.models import ModelReply, ModelRequest, Price, Usage
from engine.vocabulary.ports import ModelWatch


class ScriptedModel:
    """Gives the texts one after the other."""

    def __init__(self, replies: Iterable[str], name: str = "scripted") -> None:
        self._replies = list(replies)
        self._name = name
        self.asked: list[ModelRequest] = []

    @property
    def name(self) -> str:
        return self._name

    @property
    def context_tokens(self) -> int:
        return 32_768

    @property
    def max_output_tokens(self) -> int:
        return 4_096

    @property
    def price(self) -> Price:
        return Price(1.0, 2.0)

    def complete(self, request: ModelRequest, stop: threading.Event, watch: ModelWatch | None = None) -> ModelReply:
        if stop.is_set():
            raise Cancelled
        self.asked.append(request)
        return ModelReply(self._replies.pop(0), usage=Usage(100, 10, 0.001))
