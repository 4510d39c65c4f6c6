"""No secret leaves for a model: every text of a request passes here last, so that nothing can go around it."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from engine.governance.secrets import redact
from engine.models.around import Around
from engine.models.remembering import Growing, Remembering
from engine.vocabulary.models import Message

if TYPE_CHECKING:
    from threading import Event as Flag

    from engine.vocabulary.models import ModelReply, ModelRequest
    from engine.vocabulary.ports import Model, ModelWatch

_REMEMBERED = 2048  # texts; a transcript comes again with every turn


class RedactingModel(Around):
    """Asks `model` with every secret cut down to its first characters, in messages and in the calls they repeat."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._clean = lru_cache(maxsize=_REMEMBERED)(redact)
        self._redacted = Remembering[Message, Message](self._message)
        self._all = Growing[Message, tuple[Message, ...]]((), self._more)
        self._told = set[int]()

    def complete(self, request: ModelRequest, stop: Flag, watch: ModelWatch | None = None) -> ModelReply:
        messages = self._all(request.messages)
        for before, after in zip(request.messages, messages, strict=True):
            if after is not before:
                self._tell(before, watch)
        return self._inner.complete(replace(request, messages=messages), stop, watch)

    def _more(self, clean: tuple[Message, ...], messages: tuple[Message, ...]) -> tuple[Message, ...]:
        return clean + tuple(map(self._redacted, messages))

    def _message(self, message: Message) -> Message:
        text = self._clean(message.text)
        calls = tuple(replace(call, arguments=redacted(call.arguments, self._clean)) for call in message.calls)
        if text == message.text and calls == message.calls:
            return message
        return replace(message, text=text, calls=calls)

    def _tell(self, message: Message, watch: ModelWatch | None) -> None:
        if watch is not None and hash(message.text) not in self._told:
            self._told.add(hash(message.text))
            watch.notice(f"a secret was taken out of what {self.name} sees")


def redacted(value: Any, clean: Any = redact) -> Any:
    """A JSON value with every text in it redacted; keys too."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        # The pair as it would stand in a file: a password is told by the name beside it.
        return {clean(key): _beside(key, inner, clean) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(inner, clean) for inner in value]
    return value


def _beside(key: str, value: Any, clean: Any) -> Any:
    if not isinstance(value, str) or "\n" in value:
        return redacted(value, clean)
    mark = f"{key}: "
    pair = clean(mark + value)
    return pair.removeprefix(mark) if pair.startswith(mark) else redacted(value, clean)
