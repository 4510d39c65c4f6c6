"""What a person at a terminal hears of a model while a goal is planned."""

from __future__ import annotations

from orion_tui.cli.out import note
from orion_tui.cli.progress import seconds as spoken


class TellsWaiting:
    """Says that it waits and why; the text of a plan is shown once it is whole, notices stand in the proposal."""

    def text(self, delta: str) -> None:
        """Not shown."""

    def call(self, delta: str) -> None:
        """Not shown."""

    def waiting(self, reason: str, seconds: float) -> None:
        note(f"orion: waiting {spoken(seconds)}: {reason}")

    def waited(self, seconds: float) -> None:
        note("orion: asking again …")

    def notice(self, message: str) -> None:
        """Told with the proposal."""
