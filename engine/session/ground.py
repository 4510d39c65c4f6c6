"""What the planner was told of the repository, read again for whoever works on the plan."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from engine.vocabulary.errors import JournalError

if TYPE_CHECKING:
    from engine.vocabulary.ports import Blobs
    from engine.vocabulary.sessions import Session


def ground_of(session: Session, blobs: Blobs) -> tuple[str, str]:
    """The survey and the project's own instructions, as data; both empty for a session that has none. That the record
    of them is gone is no reason to stop the work."""
    if not session.survey:
        return "", ""
    try:
        found = json.loads(blobs.get(session.survey))
    except (JournalError, ValueError):
        return "", ""
    return str(found.get("survey", "")), str(found.get("instructions", ""))
