"""Tells a screen that files were changed, by whomever: a look from outside every second, in a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from orion_tui.bridge import ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from orion_tui.screens.base import OrionScreen

Stamp = tuple[tuple[str, int, int, int], ...]


class FileWatch:
    """Looks while its screen is on top. `seen` must be given the stamp that was taken before the files were read, so
    that a change in between is not lost."""

    every_s: ClassVar[float] = 1.0

    def __init__(self, screen: OrionScreen, stamp: Callable[[], Stamp], changed: Callable[[], None]) -> None:
        """`stamp` is another value whenever a file was changed; it is called in a thread."""
        self._screen = screen
        self._stamp = stamp
        self._changed = changed
        self._seen: Stamp | None = None
        self._looking = False

    def start(self) -> None:
        """Look from now on, until the screen is gone."""
        self._screen.set_interval(self.every_s, self._look)

    def seen(self, stamp: Stamp) -> None:
        """What is shown was read after this stamp."""
        self._seen = stamp

    def _look(self) -> None:
        if self._looking or self._seen is None or not self._screen.is_current:
            return
        self._looking = True
        ask(self._screen, self._stamp, self._looked, lambda _error: self._over())

    def _looked(self, stamp: Stamp) -> None:
        self._over()
        if stamp != self._seen:
            self._seen = stamp
            self._changed()

    def _over(self) -> None:
        self._looking = False


def roles_of(screen: OrionScreen) -> Callable[[], Stamp]:
    """The stamp of every role's file."""
    return lambda: screen.engine.roles.stamp(screen.orion.workspace)
