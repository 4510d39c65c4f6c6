"""What is heard of a model while a goal is planned: passed on to whoever watches, notices kept for the proposal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.vocabulary.ports import ModelWatch


class Hearing:
    """A `ModelWatch` that remembers notices."""

    def __init__(self, watch: ModelWatch | None) -> None:
        self._watch = watch
        self.notices: list[str] = []

    def text(self, delta: str) -> None:
        if self._watch is not None:
            self._watch.text(delta)

    def call(self, delta: str) -> None:
        if self._watch is not None:
            self._watch.call(delta)

    def waiting(self, reason: str, seconds: float) -> None:
        if self._watch is not None:
            self._watch.waiting(reason, seconds)

    def waited(self, seconds: float) -> None:
        if self._watch is not None:
            self._watch.waited(seconds)

    def notice(self, message: str) -> None:
        if message not in self.notices:
            self.notices.append(message)
        if self._watch is not None:
            self._watch.notice(message)
