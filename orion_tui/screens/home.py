"""Home: what waits for me first, then what runs."""

from __future__ import annotations

from orion_tui.actions import bindings_for
from orion_tui.screens.base import OrionScreen


class HomeScreen(OrionScreen):
    NAME = "home"
    BINDINGS = bindings_for("home")
