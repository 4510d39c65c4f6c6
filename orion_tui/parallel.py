"""How many tasks at once, as it is typed, and what so many sandboxes may use of the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.vocabulary.sessions import MOST_PARALLEL

if TYPE_CHECKING:
    from engine.vocabulary.room import MemoryRoom
    from orion_tui.widgets.signs import Parts


def read_parallel(text: str) -> int | None:
    """A number of tasks, or None for what is none that a session can have."""
    said = text.strip()
    return (
        int(said) if len(said) == 1 and said.isascii() and said.isdigit() and 1 <= int(said) <= MOST_PARALLEL else None
    )


def room_parts(room: MemoryRoom | None, typed: str) -> Parts:
    """What so many sandboxes may use, with a flag where that is much; nothing while it is no number."""
    parallel = read_parallel(typed)
    if room is None or parallel is None:
        return ()
    tight = room.tight(parallel)
    return (("⚑ " if tight else "", "accent"), (room.said(parallel), "" if tight else "muted"))
