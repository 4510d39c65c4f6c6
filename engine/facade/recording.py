"""A session's conversation with its model, kept as it goes and written down so that it can be told again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from engine.vocabulary.errors import UsageError
from engine.vocabulary.events import EventKind
from engine.vocabulary.text import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.facade.core import Core
    from engine.vocabulary.events import Event
    from engine.vocabulary.ports import Model

TALK = "talk.jsonl"


def taped(core: Core, session: str, model: Model | None) -> Model | None:
    """The same model; what it answers is kept beside the session, secrets redacted."""
    from engine.models.recording import RecordingModel
    from engine.storage.files import append_private

    if model is None:
        return None
    tape = core.home.session(session) / TALK
    return RecordingModel(model, lambda line: append_private(tape, (json.dumps(line) + "\n").encode()))


def record(core: Core, session: str, path: Path) -> int:
    """Write the session's conversation to `path` in the replay format; how many replies stand in it. Raises UsageError
    when no model has answered in it, or the file cannot be written."""
    from engine.models.recording import write_recording

    state = core.session(session)
    lines = [line for event in core.journal.events(session) if (line := _outside_tasks(event)) is not None]
    tape = core.home.session(session) / TALK
    if tape.is_file():
        # The last line may be half of one, when the disk was full or the machine went down.
        lines += [json.loads(line) for line in tape.read_text("utf-8").splitlines() if line.endswith("}}")]
    if not lines:
        raise UsageError("no model has answered in this session", "only a session with a model has a conversation")
    about = f"Recorded from the session {session}, model {state.model or 'unknown'}: {shortened(state.goal, 200)}"
    try:
        return write_recording(path, about, lines)
    except OSError as error:
        raise UsageError(f"the recording cannot be written: {error.strerror} ({path})", "name another file") from error


def _outside_tasks(event: Event) -> Mapping[str, Any] | None:
    """A call that was made for no task, before the session was there to keep it: intake, planning, weighing."""
    data = event.data
    purpose = data.get("purpose", "act")
    if event.kind is not EventKind.TURN or purpose not in ("intake", "plan"):
        return None
    from engine.governance.secrets import redact

    usage = {key: data.get(key, 0) for key in ("tokens_in", "tokens_out", "cost_usd", "cached_in", "cache_written")}
    reply = {"text": redact(data["text"]), "calls": [], "usage": usage}
    return {"purpose": purpose, "task": "", "turn": data["turn"], "expects": None, "reply": reply}
