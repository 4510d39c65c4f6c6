"""A look around: lines of shell, read from a person and carried out in the sandbox, until they leave."""

from __future__ import annotations

import signal
import sys
from threading import Event as Flag
from typing import TYPE_CHECKING, Protocol

from engine.vocabulary.text import visible
from orion_tui.cli.out import note, say_bytes

if TYPE_CHECKING:
    from types import FrameType


class Place(Protocol):
    """Where the lines are carried out."""

    folder: str

    def run(self, command: str, stop: Flag | None = None) -> tuple[bytes, str]: ...


class _Interrupt:
    """What ctrl+c does: it ends the line that runs, or the typing of one."""

    def __init__(self) -> None:
        self.running: Flag | None = None

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if self.running is None:
            raise KeyboardInterrupt
        self.running.set()


def look_around(place: Place) -> None:
    """Read lines and show what comes of each. Ctrl+c ends what runs, or the line that is being typed; `exit` and ctrl+d
    leave. Raises SandboxUnavailable."""
    note("orion: in the sandbox, network off, on a copy that is thrown away; `exit` or ctrl+d leaves")
    interrupt = _Interrupt()
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        while _one_line(place, interrupt):
            pass
    finally:
        signal.signal(signal.SIGINT, before)


def _one_line(place: Place, interrupt: _Interrupt) -> bool:
    """Read a line and carry it out; false when it leaves."""
    try:
        line = input(f"{visible(place.folder)} $ ") if sys.stdin.isatty() else input()
        if line.strip() in ("exit", "quit"):
            return False
        interrupt.running = Flag()
        output, ended = place.run(line, interrupt.running)
        interrupt.running = None
        say_bytes(output)
        if ended:
            note(f"\n[{ended}]")
    except EOFError:
        return False
    except KeyboardInterrupt:
        note("")
    finally:
        interrupt.running = None
    return True
