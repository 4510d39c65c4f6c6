"""What housekeeping removes, what of it there is by now, and what all of Orion takes on the disk."""

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


@dataclass(frozen=True, slots=True)
class DiskUse:
    """What Orion keeps at `root` takes on its disk: `parts` are names and bytes, the largest first."""

    root: str
    parts: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        """Bytes."""
        return sum(size for _, size in self.parts)

    def said(self) -> str:
        """`48.2 MiB`."""
        return f"{self.total / 1024**2:.1f} MiB"


@dataclass(frozen=True, slots=True)
class RemovalStep:
    """One step of taking Orion off a machine: `what` goes, by which `command` of a shell; empty when it cannot be told
    now."""

    what: str
    command: str
