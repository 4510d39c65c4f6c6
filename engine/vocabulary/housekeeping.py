"""What housekeeping removes, and what of it there is by now."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something that may go: `kind` is session (its trees and repository), outputs (of one session's commands) or
    setup. `name` is the session's id or the set-up's key, `why` a sentence, `size` bytes on disk."""

    kind: str
    name: str
    why: str
    size: int


@dataclass(frozen=True, slots=True)
class Tidied:
    """How many of each kind are gone, and the bytes that they had."""

    sessions: int = 0
    outputs: int = 0
    setups: int = 0
    size: int = 0
