"""What a right PIN or code of a moment ago still covers: looked at when a screen comes back from a prompt, and each
second while there is any. Shown in every header, for nobody should have to guess whether it will be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orion_tui.bridge import ask
from orion_tui.durations import waiting_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.app import App

    from engine.vocabulary.errors import OrionError
    from orion_tui.engine_face import EngineFace
    from orion_tui.widgets.signs import Parts

LOOK_AGAIN_S = 1.0


class WindowWatch:
    """Keeps `left_s` true (session to seconds left); `changed` is called in the app's thread when it is another."""

    def __init__(self, app: App[int], engine: EngineFace, changed: Callable[[], None]) -> None:
        self.left_s: Mapping[str, float] = {}
        self._app = app
        self._engine = engine
        self._changed = changed
        self._looking = False
        app.set_interval(LOOK_AGAIN_S, self._again)

    def look(self) -> None:
        """Look now."""
        if not self._looking:
            self._looking = True
            ask(self._app, self._engine.auth.windows, self._found, self._failed, group="windows")

    def end(self) -> None:
        """Let nothing be covered from now on."""
        engine = self._engine

        def ended() -> dict[str, float]:
            engine.auth.end_windows()
            return engine.auth.windows()

        ask(self._app, ended, self._found, group="windows")

    def _again(self) -> None:
        if self.left_s:
            self.look()

    def _found(self, left_s: Mapping[str, float]) -> None:
        self._looking = False
        if left_s != self.left_s:
            self.left_s = left_s
            self._changed()

    def _failed(self, _error: OrionError) -> None:
        # A configuration that cannot be read: it covers nothing, and whoever asks next is told.
        self._found({})


def window_parts(left_s: Mapping[str, float], session: str) -> Parts:
    """`PIN counts 42 s` for the session that a screen shows, for any of them where it shows none; else nothing."""
    left = left_s.get(session, 0.0) if session else max(left_s.values(), default=0.0)
    return ((f"PIN counts {waiting_words(left)}", "accent"),) if left > 0 else ()
