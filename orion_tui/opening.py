"""How the app opens its engine: in a thread, after the first paint."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

from orion_tui.actions import known_acts

if TYPE_CHECKING:
    from pathlib import Path

    from orion_tui.engine_face import EngineFace

_YOUNG = 2_000
"""Allocations between two looks at young objects; with Python's 700 every paint of a screen is looked through twice."""

_TURN_S = 0.001
"""How long a thread of the engine may hold up a key that is waiting; Python's 5 ms add up over the steps of one key."""


def opened_engine(home: Path | None) -> EngineFace:
    """The engine of a home. What is loaded by then lives as long as the process, so the collector of garbage is told
    to leave it alone: looking through all of it takes 100 ms, and would come upon some key."""
    # Imported here: git, schemas and SQLite are not needed to paint.
    from engine.build import build

    engine: EngineFace = build(home, known_acts)
    gc.freeze()
    sys.setswitchinterval(_TURN_S)
    gc.set_threshold(_YOUNG, 10, 10)
    return engine
