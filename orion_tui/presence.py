"""Whether a person is here: what happened while nobody was, for Home's first line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orion_tui.bridge import ask

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from textual.app import App

    from engine.vocabulary.absence import Absence
    from orion_tui.engine_face import AttendanceFace

AWAY_S = 1_800.0
"""A person who touched nothing for half an hour was away."""
KEEP_EVERY_S = 60.0
"""How often it is kept that they are here; a kill makes an absence begin that much too early at most."""


class Presence:
    """Told of every key; `changed` is called in the app's thread when `absence` is another one."""

    def __init__(
        self, app: App[int], attendance: AttendanceFace, now: Callable[[], datetime], changed: Callable[[], None]
    ) -> None:
        self.absence: Absence | None = None
        self._app = app
        self._attendance = attendance
        self._now = now
        self._changed = changed
        self._key_at = self._kept_at = now()
        self._come_back()

    def key(self) -> None:
        """A key was pressed."""
        now = self._now()
        idle, self._key_at = (now - self._key_at).total_seconds(), now
        if idle >= AWAY_S:
            self._come_back()
        elif (now - self._kept_at).total_seconds() >= KEEP_EVERY_S:
            self._kept_at = now
            ask(self._app, self._attendance.seen, group="presence")

    def _come_back(self) -> None:
        def look() -> Absence | None:
            absence = self._attendance.absence()
            self._attendance.seen()
            return absence

        self._kept_at = self._now()
        ask(self._app, look, self._looked, group="presence")

    def _looked(self, absence: Absence | None) -> None:
        self.absence = absence if absence and absence.eventful and absence.away_s >= AWAY_S else None
        self._changed()
