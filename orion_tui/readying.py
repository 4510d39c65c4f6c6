"""A review made ready while Home rests on its session: opening one takes several frames, so the one that will most
likely be asked for is opened beforehand, out of sight, up to the first lines of its diff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orion_tui.bridge import ask
from orion_tui.routes import load_module, make_screen

if TYPE_CHECKING:
    from textual.timer import Timer

    from orion_tui.app import OrionApp
    from orion_tui.screens.base import OrionScreen

_NAME = "ready"


class ReadyReview:
    """At most one screen, of one session in one state. It is given away once, and only while it still looks just as a
    new one would. `rest_s` is for how long the cursor must rest before it is made."""

    rest_s = 0.25

    def __init__(self, app: OrionApp) -> None:
        self._app = app
        self._timer: Timer | None = None
        self._screen: OrionScreen | None = None
        self._made_for: object = None

    @property
    def session(self) -> str:
        """Whose review is ready, or an empty string."""
        return self._screen.shows if self._screen is not None else ""

    def rest_on(self, session: str) -> None:
        """The cursor has come to that session, or with an empty string to none that can be reviewed."""
        self._stop()
        if session and self._state_of(session) != self._made_for:
            self._timer = self._app.set_timer(self.rest_s, lambda: self._begin(session))

    def taken(self, session: str) -> OrionScreen | None:
        """The screen of that session, if it is ready and still true; it belongs to the caller then."""
        self._stop()
        screen = self._screen
        if screen is None or self._made_for != self._state_of(session):
            return None
        self._screen = self._made_for = None
        self._app.uninstall_screen(_NAME)
        return screen

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _state_of(self, session: str) -> object:
        """All that a screen of the session does not draw anew by itself when it comes into view."""
        summary = next((each for each in self._app.bridge.state.sessions if each.id == session), None)
        return summary, self._app.theme, self._app.size

    def _begin(self, session: str) -> None:
        # A screen has many modules; to load them is nothing to hold keys up for.
        ask(self._app, lambda: load_module("review"), lambda _: self._make(session), group="ready", exclusive=True)

    def _make(self, session: str) -> None:
        app = self._app
        if len(app.screen_stack) > 1:
            return
        if self._screen is not None:
            app.uninstall_screen(_NAME)
            self._screen.remove()
            app.littered()
        self._made_for, self._screen = self._state_of(session), make_screen("review", session=session)
        app.install_screen(self._screen, _NAME)
        # There and back in one step: it is mounted and laid out, and never seen.
        app.push_screen(self._screen)
        app.pop_screen()
