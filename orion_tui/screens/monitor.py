"""Monitor screen."""

from __future__ import annotations

from orion_tui.actions import bindings_for
from orion_tui.screens.base import OrionScreen


class MonitorScreen(OrionScreen):
    NAME = "monitor"
    BINDINGS = bindings_for("monitor")

    def __init__(self, session: str) -> None:
        super().__init__()
