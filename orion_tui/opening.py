"""How the app opens its engine: in a thread, after the first paint."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.vocabulary.errors import ConfigError
from engine.vocabulary.text import visible
from orion_tui.actions import known_acts
from orion_tui.sweeping import keep_memory_small

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.app import App

    from engine.vocabulary.errors import OrionError
    from engine.vocabulary.settings import Settings
    from orion_tui.bridge import Lists
    from orion_tui.engine_face import EngineFace

_TURN_S = 0.001
"""How long a thread of the engine may hold up a key that is waiting; Python's 5 ms add up over the steps of one key."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What the thread that opens the engine brings back; `greets` when the wizard comes by itself."""

    engine: EngineFace
    disconnect: Callable[[], None]
    lists: Lists
    greets: bool


def settings_of(engine: EngineFace) -> Settings | None:
    """None where the file is broken: whoever needs it says so, and what it says of the app can wait."""
    try:
        return engine.settings.get()
    except ConfigError:
        return None


def opened_engine(home: Path | None) -> EngineFace:
    """The engine of a home."""
    # Imported here: git, schemas and SQLite are not needed to paint.
    from engine.build import build

    engine: EngineFace = build(home, known_acts)
    keep_memory_small()
    sys.setswitchinterval(_TURN_S)
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
