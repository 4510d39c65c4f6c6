"""`engine.attendance`: when a person last looked, and what went on meanwhile."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.storage.files import write_private
from engine.vocabulary.absence import Absence
from engine.vocabulary.events import EventKind
from engine.vocabulary.plans import TaskState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.facade.core import Core
    from engine.vocabulary.events import Event

_BATCH = 2_000


class Attendance:
    """Kept beside the journal and not in it: that somebody looked decides nothing, and would be told every minute."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def seen(self) -> None:
        """A person looks now. That it cannot be kept is no reason to stop them; the log says so."""
        seen = {"at": self._core.clock.now().isoformat(timespec="seconds"), "row": self._core.journal.last_row()}
        try:
            write_private(self._core.home.seen, json.dumps(seen).encode(), sync=False)
        except OSError as error:
            logging.getLogger("orion").warning("when somebody last looked could not be kept: %s", error)

    def absence(self) -> Absence | None:
        """What happened since `seen` was called last, in whichever process; None when it never was, or when what it
        left cannot be read. Reads the journal from there on."""
        try:
            seen = json.loads(self._core.home.seen.read_bytes())
            since, row = datetime.fromisoformat(seen["at"]).astimezone(UTC), int(seen["row"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        now = self._core.clock.now()
        ended = dict.fromkeys((TaskState.KEPT.value, TaskState.FAILED.value, TaskState.BLOCKED.value), 0)
        calls, cost, paying = 0, 0.0, set()
        for event in self._since(row):
            if event.kind is EventKind.TASK_ENDED and event.data["state"] in ended:
                ended[event.data["state"]] += 1
            elif event.kind is EventKind.TURN:
                calls += 1
                cost += float(event.data["cost_usd"])
                paying.add(event.session)
        return Absence(
            seen["at"],
            now.isoformat(timespec="seconds"),
            max((now - since).total_seconds(), 0.0),
            ended[TaskState.KEPT.value],
            ended[TaskState.FAILED.value],
            ended[TaskState.BLOCKED.value],
            calls,
            cost,
            sum(self._core.session(session).limits.cost_usd for session in paying),
        )

    def _since(self, row: int) -> Iterator[Event]:
        while events := self._core.journal.since(row, _BATCH):
            yield from events
            row = events[-1].row
