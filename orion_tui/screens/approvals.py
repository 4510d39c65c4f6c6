"""Approvals screen."""

from __future__ import annotations

from orion_tui.actions import bindings_for
from orion_tui.screens.base import OrionScreen


class ApprovalsScreen(OrionScreen):
    NAME = "approvals"
    BINDINGS = bindings_for("approvals")

    def __init__(self, session: str | None = None, approval: str = "") -> None:
        super().__init__()
