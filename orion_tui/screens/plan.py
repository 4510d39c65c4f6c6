"""Plan screen."""

from __future__ import annotations

from engine.vocabulary.requests import Proposal
from orion_tui.actions import bindings_for
from orion_tui.screens.base import OrionScreen


class PlanScreen(OrionScreen):
    NAME = "plan"
    BINDINGS = bindings_for("plan")

    def __init__(self, proposal: Proposal) -> None:
        super().__init__()
