"""Every screen by name. The module behind a name is imported when the screen is first opened, so that starting the app
pays only for Home."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

    from orion_tui.screens.base import OrionScreen

ROUTES: dict[str, tuple[str, str]] = {
    "home": ("orion_tui.screens.home", "HomeScreen"),
    "new_goal": ("orion_tui.screens.new_goal", "NewGoalScreen"),
    "plan": ("orion_tui.screens.plan", "PlanScreen"),
    "monitor": ("orion_tui.screens.monitor", "MonitorScreen"),
    "story": ("orion_tui.screens.story", "StoryScreen"),
    "approvals": ("orion_tui.screens.approvals", "ApprovalsScreen"),
    "review": ("orion_tui.screens.review", "ReviewScreen"),
    "roles": ("orion_tui.screens.roles", "RolesScreen"),
    "role": ("orion_tui.screens.role", "RoleScreen"),
    "new_role": ("orion_tui.screens.new_role", "NewRoleScreen"),
    "audit": ("orion_tui.screens.audit", "AuditScreen"),
    "settings": ("orion_tui.screens.settings", "SettingsScreen"),
    "second_factor": ("orion_tui.screens.second_factor", "SecondFactorScreen"),
    "setup": ("orion_tui.screens.setup", "SetupScreen"),
}


def load_module(name: str) -> ModuleType:
    """The module of a screen, imported if need be; from any thread."""
    return import_module(ROUTES[name][0])


def make_screen(name: str, **arguments: Any) -> OrionScreen:
    """A new screen. `plan` takes `proposal` or a whole `session`, `monitor` and `review` take `session`, `story`
    takes `session` and `task`, `new_goal` an optional `goal` and `playbook`, `approvals` an optional `session` and
    `approval`, `role` takes `role` with either the `source` of a file or the `text` of a new role."""
    screen: OrionScreen = getattr(load_module(name), ROUTES[name][1])(**arguments)
    return screen
