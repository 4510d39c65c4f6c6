"""How the app opens its engine: in a thread, after the first paint."""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from engine.vocabulary.errors import ConfigError
from engine.vocabulary.text import visible
from orion_tui.actions import known_acts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.app import App

    from engine.vocabulary.errors import OrionError
    from engine.vocabulary.settings import Settings
    from orion_tui.bridge import Lists
    from orion_tui.engine_face import EngineFace

_YOUNG = (2_000, 5)
"""Allocations between two looks at young objects, and how many of those come between two looks at middle-aged ones."""

_NEVER = 1_000_000

_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 256 * 1024

_LOOK_EVERY_S = 5.0
_RESTED_S = 3.0
"""So long without a key, and a tenth of a second is nobody's."""

_TURN_S = 0.001
"""How long a thread of the engine may hold up a key that is waiting; Python's 5 ms add up over the steps of one key."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What the thread that opens the engine brings back; `greets` when the wizard comes by itself."""

    engine: EngineFace
    disconnect: Callable[[], None]
    lists: Lists
    greets: bool
    settings: Settings | None


def settings_of(engine: EngineFace) -> Settings | None:
    """None where the file is broken: whoever needs it says so, and what it says of the app can wait."""
    try:
        return engine.settings.get()
    except ConfigError:
        return None


def opened_engine(home: Path | None) -> EngineFace:
    """The engine of a home. What is loaded by then lives as long as the process, so the collector of garbage is told
    to leave it alone: looking through all of it takes 100 ms, and would come upon some key."""
    # Imported here: git, schemas and SQLite are not needed to paint.
    from engine.build import build

    engine: EngineFace = build(home, known_acts)
    _give_large_pieces_back()
    gc.freeze()
    sys.setswitchinterval(_TURN_S)
    gc.set_threshold(*_YOUNG, _NEVER)
    return engine


def say_unopened(app: App[int], error: OrionError) -> None:
    """Nothing can be done before it is mended, so it stands where the lists would."""
    from textual.widgets import Static

    from orion_tui.screens.base import OrionScreen

    said = f"✗ Orion could not be opened here.\n\n{error.message}\n\n→ {error.hint}\n\nq leaves."
    for place in app.query("#empty").results(Static):
        place.add_class("-failed")
        place.update(visible(said, keep="\n"))
    if isinstance(app.screen, OrionScreen):
        app.screen.update_chrome()


def _give_large_pieces_back() -> None:
    """Have the C library map what is large by itself, so that it goes back to the system when it is let go of. By
    default it stops doing so after the first large piece, and a patch that was read leaves holes of its size. Only
    glibc knows this; elsewhere nothing is changed."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


class Sweeper:
    """Looks through everything for garbage (closed screens, mostly) while the keys rest: by itself that comes in the
    middle of some key."""

    def __init__(self, app: App[int], now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._last_key = self._swept_at = now()
        app.set_interval(_LOOK_EVERY_S, self.look)

    def key(self) -> None:
        """A key was pressed."""
        self._last_key = self._now()

    def look(self) -> bool:
        """Sweep when the keys rest and one was pressed since the last time; whether it did."""
        rests = self._now() - self._last_key >= _RESTED_S
        if not rests or self._last_key < self._swept_at:
            return False
        gc.collect()
        self._swept_at = self._now()
        return True
