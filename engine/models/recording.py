"""A conversation written down so that `ReplayModel` can tell it again, with secrets redacted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from engine.governance.secrets import redact
from engine.models.around import Around
from engine.models.observation import observation_digest
from engine.models.redacting import redacted
from engine.models.replay import FORMAT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path
    from threading import Event as Flag

    from engine.vocabulary.models import ModelReply, ModelRequest
    from engine.vocabulary.ports import Model, ModelWatch


class RecordingModel(Around):
    """Asks `model` and hands each question with its answer to `keep`, as one line of a recording."""

    def __init__(self, model: Model, keep: Callable[[Mapping[str, Any]], None]) -> None:
        super().__init__(model)
        self._keep = keep

    def complete(self, request: ModelRequest, stop: Flag, watch: ModelWatch | None = None) -> ModelReply:
        reply = self._inner.complete(request, stop, watch)
        self._keep(recorded_line(request, reply))
        return reply


def recorded_line(request: ModelRequest, reply: ModelReply) -> dict[str, Any]:
    """One line: the reply under its purpose, task and turn, with the digest of what the model had just seen."""
    usage = reply.usage
    return {
        "purpose": request.purpose,
        "task": request.task,
        "turn": request.turn,
        "expects": observation_digest(request.messages),
        "reply": {
            "text": redact(reply.text),
            "calls": [
                {"id": call.id, "name": call.name, "arguments": redacted(dict(call.arguments))}
                | ({"problem": call.problem} if call.problem else {})
                for call in reply.calls
            ],
            "finish": reply.finish.value,
            "usage": {
                "tokens_in": usage.tokens_in,
                "tokens_out": usage.tokens_out,
                "cost_usd": usage.cost_usd,
                "cached_in": usage.cached_in,
                "cache_written": usage.cache_written,
                "estimated": usage.estimated,
            },
        },
    }


def write_recording(path: Path, about: str, lines: Iterable[Mapping[str, Any]]) -> int:
    """Write the file whole, readable by its owner only, and say how many replies stand in it. `about` says where it
    comes from. Of replies to the same question (a kill in between) the last one counts. Raises OSError."""
    from engine.storage.files import write_private

    kept: dict[tuple[object, ...], Mapping[str, Any]] = {}
    for line in lines:
        kept[line["purpose"], line["task"], line["turn"], line["expects"]] = line
    header = {"format": FORMAT, "about": redact(about)}
    text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in (header, *kept.values()))
    write_private(path, text.encode("utf-8", "replace"))
    return len(kept)
