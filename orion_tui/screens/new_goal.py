"""NewGoal screen."""

from __future__ import annotations

from orion_tui.actions import bindings_for
from orion_tui.screens.base import OrionScreen


class NewGoalScreen(OrionScreen):
    NAME = "new_goal"
    BINDINGS = bindings_for("new_goal")

    def __init__(self) -> None:
        super().__init__()
