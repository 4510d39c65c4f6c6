"""`engine.housekeeping`: what the configuration's retention lets go of. Nothing that a person has still to look at, and
never the journal, the audit log or the user's repository."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from engine.vocabulary.errors import OrionError
from engine.vocabulary.events import ACCOUNT, EventKind, Fact
from engine.vocabulary.housekeeping import DiskUse, Leftover, RemovalStep, Tidied
from engine.vocabulary.sessions import SessionState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.facade.core import Core
    from engine.vocabulary.sessions import SessionSummary

EVERY = timedelta(days=1)
"""How often it happens by itself."""

_LOOKED_AT = (SessionState.COMPLETED, SessionState.PROMOTED, SessionState.REJECTED)
_OVER = (SessionState.CANCELLED, SessionState.FAILED)
_BLOB = re.compile(r"\b[0-9a-f]{64}\b")


class Housekeeping:
    """What may go is worked out anew each time it is looked at or done, so that nothing stale is removed."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._left_open: dict[tuple[str, int], bool] = {}

    def look(self) -> tuple[Leftover, ...]:
        """What would be removed now; nothing is. Raises ConfigError."""
        return tuple(self._found())

    def tidy(self) -> Tidied:
        """Remove it; what was removed. A kill in between leaves the rest for the next time. Raises ConfigError."""
        from engine.workspace.beneath import remove_folder

        core, counts, size = self._core, {"session": 0, "outputs": 0, "setup": 0}, 0
        for found in self._found():
            if found.kind == "session" and core.lives(found.name):
                continue
            if found.kind == "session":
                remove_folder(core.home.session(found.name))
            elif found.kind == "outputs":
                for blob in self._outputs_of(found.name) & self._droppable(found.name):
                    core.adapters.blobs.remove(blob)
            elif not core.adapters.setups.clear(found.name):
                continue
            counts[found.kind] += 1
            size += found.size
        core.adapters.setups.clear_parts()
        done = Tidied(counts["session"], counts["outputs"], counts["setup"], size)
        core.journal.append(ACCOUNT, [Fact(EventKind.TIDIED, asdict(done))])
        return done

    def disk(self) -> DiskUse:
        """What Orion takes on the disk by now."""
        from engine.facade.removing import disk_use

        return disk_use(self._core.home.root)

    def removal(self) -> tuple[RemovalStep, ...]:
        """How to remove Orion from this machine without a trace, in commands; nothing is removed."""
        from engine.facade.removing import removal

        return removal(self._core)

    def tidy_if_due(self) -> Tidied | None:
        """The same when it was not done for a day; None when it was, and where there is no session to tidy up after."""
        events = self._core.journal.events(ACCOUNT)
        last = next((event.at for event in reversed(events) if event.kind is EventKind.TIDIED), "")
        if not self._core.journal.summaries():
            return None
        if last and self._core.clock.now() - datetime.fromisoformat(last) < EVERY:
            return None
        return self.tidy()

    # -- what may go

    def _found(self) -> Iterator[Leftover]:
        retention, now = self._core.adapters.read_settings().retention, self._core.clock.now()
        settled = self._settled()
        placed = [(at, summary) for at, summary in settled if self._core.home.session(summary.id).exists()]
        for number, (at, summary) in enumerate(placed):
            days = (now - at).days
            old = bool(retention.sessions_days) and days >= retention.sessions_days
            if old or number >= retention.sessions:
                why = f"settled {days} days ago" if old else f"more than {retention.sessions} are settled"
                yield Leftover("session", summary.id, why, _size(self._core.home.session(summary.id)))
        if retention.outputs_days:
            for at, summary in settled:
                days = (now - at).days
                if days >= retention.outputs_days:
                    blobs = self._outputs_of(summary.id) & self._droppable(summary.id)
                    size = sum(self._core.adapters.blobs.size(blob) for blob in blobs)
                    if size:
                        yield Leftover("outputs", summary.id, f"settled {days} days ago", size)
        if retention.setups_days:
            before = (now - timedelta(days=retention.setups_days)).timestamp()
            for place in self._core.adapters.setups.unused(before):
                yield Leftover(
                    "setup", place.name, f"used by no session for {retention.setups_days} days", _size(place)
                )

    def _settled(self) -> list[tuple[datetime, SessionSummary]]:
        """Sessions that nobody has to look at any more, with the time of their last fact; the newest first. One that
        was promoted in part waits for a decision on the rest, as one does whose tasks can go on."""
        found = []
        for summary in self._core.journal.summaries():
            nothing_kept = not summary.tasks.get("kept") and not summary.waiting
            over = summary.state in _LOOKED_AT or (summary.state in _OVER and nothing_kept)
            over = over and not (summary.state is SessionState.PROMOTED and self._is_open(summary))
            if over and not summary.promoting and not self._core.alive(summary.id):
                last = self._core.journal.events(summary.id, after=summary.seq - 1)
                found.append((datetime.fromisoformat(last[-1].at if last else summary.ended_at), summary))
        return sorted(found, key=lambda pair: pair[0], reverse=True)

    def _is_open(self, summary: SessionSummary) -> bool:
        """Whether a promoted session holds anything that could still be let in, decided or gone on with. What cannot be
        looked at may be such a thing."""
        from engine.review.selection import open_changes

        known = (summary.id, summary.seq)
        if known not in self._left_open:
            self._left_open[known] = True
            with suppress(OrionError, OSError):
                state = self._core.session(summary.id)
                here = self._core.home.session(summary.id).exists()
                left = here and bool(open_changes(state, self._core.repository(summary.id)).files)
                self._left_open[known] = left or bool(state.waiting) or state.can_go_on
        return self._left_open[known]

    def _outputs_of(self, session: str) -> set[str]:
        """Every kept output that the facts of a session name."""
        return {blob for event in self._core.journal.events(session) for blob in _BLOB.findall(str(event.data))}

    def _droppable(self, session: str) -> set[str]:
        """Its outputs that no other session names which keeps its own."""
        retention, now = self._core.adapters.read_settings().retention, self._core.clock.now()
        going = {summary.id for at, summary in self._settled() if (now - at).days >= (retention.outputs_days or 10**6)}
        found = self._outputs_of(session)
        for summary in self._core.journal.summaries():
            if summary.id not in going:
                found -= self._outputs_of(summary.id)
        return found


def _size(folder: Path) -> int:
    """Bytes of the files in it; what cannot be looked at counts as nothing. Links are not followed."""
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                size += (Path(parent) / name).lstat().st_size
            except OSError:
                continue
    return size
