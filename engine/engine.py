"""The facade: all that a screen, a command or another program can ask of Orion, grouped by noun."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from engine.facade.approvals import Approvals
from engine.facade.reviews import Reviews
from engine.facade.sessions import Sessions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.facade.attendance import Attendance
    from engine.facade.audit import Audit
    from engine.facade.auth import Auth
    from engine.facade.core import Core
    from engine.facade.doctor import Doctor
    from engine.facade.feedback import FeedbackFace
    from engine.facade.first_run import Setup
    from engine.facade.housekeeping import Housekeeping
    from engine.facade.models import Models
    from engine.facade.nouns import Playbooks
    from engine.facade.roles import Roles
    from engine.facade.scanning import Scan
    from engine.facade.settings import SettingsFace
    from engine.vocabulary.events import Event


def hidden(text: str) -> str:
    """The text with every secret in it made unreadable, for what is written without an engine: the report of a bug."""
    from engine.governance.secrets import redact

    return redact(text)


class Engine:
    """One open Orion home. Any number of processes may have one open; a session is run by one of them at a time.

    Nouns that a list of sessions does not need are made when they are first asked for."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.home: Path = core.home.root
        self.sessions = Sessions(core)
        self.approvals = Approvals(core)
        self.review = Reviews(core)
        self.settled: tuple[str, ...] = ()
        """What was put in order when this home was opened, a sentence for each promotion that a kill had cut short."""

    @cached_property
    def attendance(self) -> Attendance:
        from engine.facade.attendance import Attendance

        return Attendance(self._core)

    @cached_property
    def roles(self) -> Roles:
        from engine.facade.roles import Roles

        return Roles(self._core)

    @cached_property
    def playbooks(self) -> Playbooks:
        from engine.facade.nouns import Playbooks

        return Playbooks(self._core)

    @cached_property
    def auth(self) -> Auth:
        from engine.facade.auth import Auth

        return Auth(self._core)

    @cached_property
    def feedback(self) -> FeedbackFace:
        from engine.facade.feedback import FeedbackFace

        return FeedbackFace(self._core)

    @cached_property
    def models(self) -> Models:
        from engine.facade.models import Models

        return Models(self._core)

    @cached_property
    def audit(self) -> Audit:
        from engine.facade.audit import Audit

        return Audit(self._core)

    @cached_property
    def housekeeping(self) -> Housekeeping:
        from engine.facade.housekeeping import Housekeeping

        return Housekeeping(self._core)

    @cached_property
    def settings(self) -> SettingsFace:
        from engine.facade.settings import SettingsFace

        return SettingsFace(self._core)

    @cached_property
    def scan(self) -> Scan:
        from engine.facade.scanning import Scan

        return Scan(self._core)

    @cached_property
    def doctor(self) -> Doctor:
        from engine.facade.doctor import Doctor

        return Doctor(self._core)

    @cached_property
    def setup(self) -> Setup:
        from engine.facade.first_run import Setup

        return Setup(self._core)

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
        self._core.feeder.close()
        self._core.adapters.close()
