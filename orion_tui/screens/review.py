"""Review screen."""

from __future__ import annotations

from orion_tui.actions import bindings_for
from orion_tui.screens.base import OrionScreen


class ReviewScreen(OrionScreen):
    NAME = "review"
    BINDINGS = bindings_for("review")

    def __init__(self, session: str) -> None:
        super().__init__()
