"""The facade: all that a screen, a command or another program can ask of Orion, grouped by noun."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.facade.approvals import Approvals
from engine.facade.doctor import Doctor
from engine.facade.nouns import Auth, Playbooks, SettingsFace
from engine.facade.reviews import Reviews
from engine.facade.roles import Roles
from engine.facade.scanning import Scan
from engine.facade.sessions import Sessions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.facade.core import Core
    from engine.vocabulary.events import Event


class Engine:
    """One open Orion home. Any number of processes may have one open; a session is run by one of them at a time."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.home: Path = core.home.root
        self.sessions = Sessions(core)
        self.approvals = Approvals(core)
        self.review = Reviews(core)
        self.roles = Roles(core)
        self.playbooks = Playbooks(core)
        self.auth = Auth(core)
        self.settings = SettingsFace(core)
        self.scan = Scan()
        self.doctor = Doctor(core)

    def subscribe(self, callback: Callable[[tuple[Event, ...]], None]) -> Callable[[], None]:
        """Call back with the events of every session and process, in order, from a thread of the engine. The callback
        must return at once; the answer ends it."""
        return self._core.feed.subscribe(callback)

    def wait_idle(self, timeout_s: float = 60.0) -> bool:
        """Until no runner of this process works and all its events are told; false when that took too long."""
        for runner in tuple(self._core.runners.values()):
            if not runner.join(timeout_s):
                return False
        return self._core.feed.wait_drained(timeout_s)

    def close(self) -> None:
        """Pause what this process runs, then let go of everything."""
        for runner in tuple(self._core.runners.values()):
            runner.pause()
            runner.join()
        self._core.feed.close()
        self._core.journal.close()
