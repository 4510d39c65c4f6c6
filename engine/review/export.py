"""A session as one file, for a colleague or a bug report: what was asked, planned, decided and changed.

A zip archive with a manifest of hashes. Everything in it is text that was redacted; no object of the session's
repository is in it.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from engine.governance.secrets import redact
from engine.vocabulary.errors import UsageError
from engine.vocabulary.events import event_to_json
from engine.vocabulary.plans import plan_to_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from engine.vocabulary.events import Event
    from engine.vocabulary.ports import SessionRepository
    from engine.vocabulary.sessions import Session

FORMAT = 1
CHECKPOINTS = 3
MANIFEST = "manifest.json"
# A zip's own times would make every export another file.
_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was written: its members without the manifest, and its size in bytes."""

    session: str
    members: int
    size: int


def export(target: Path, session: Session, events: Sequence[Event], repository: SessionRepository, at: str) -> Exported:
    """Write the archive, mode 0600. Raises UsageError when something stands there, or it cannot be written."""
    texts = _members(session, events, repository)
    members = {name: redact(text).encode("utf-8", "surrogateescape") for name, text in texts}
    manifest = {
        "format": FORMAT,
        "session": session.id,
        "exported_at": at,
        "members": {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for name, data in members.items()
        },
    }
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise UsageError(f"{target} is there already", "choose another name; nothing is written over") from None
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}", "choose another place") from error
    try:
        with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in ((MANIFEST, _json(manifest).encode()), *members.items()):
                archive.writestr(_entry(name), data)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise UsageError(f"{target} cannot be written: {error.strerror}", "free some space and try again") from error
    return Exported(session.id, len(members), target.stat().st_size)


def _members(session: Session, events: Sequence[Event], repository: SessionRepository) -> Iterator[tuple[str, str]]:
    yield "state.json", _json(asdict(session))
    if session.plan is not None:
        yield "plan.json", _json(plan_to_json(session.plan))
    yield "events.jsonl", "".join(json.dumps(event_to_json(event)) + "\n" for event in events)
    yield "changes.patch", _patch(repository, session.base_commit, session.tip)
    last = session.checkpoints[-CHECKPOINTS:]
    yield "checkpoints.json", _json([asdict(checkpoint) for checkpoint in last])
    for checkpoint in last:
        yield f"checkpoints/{checkpoint.number}.patch", _patch(repository, session.base_commit, checkpoint.commit)


def _patch(repository: SessionRepository, old: str, new: str) -> str:
    return repository.diff(old, new).decode("utf-8", "surrogateescape")


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, default=str) + "\n"
