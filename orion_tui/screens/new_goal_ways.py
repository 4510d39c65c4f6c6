"""How a goal can be worked on: the role's own model with its stand-in, the other models, the playbooks. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.vocabulary.requests import PlaybookEntry
    from engine.vocabulary.roles import Role
    from engine.vocabulary.settings import Settings

ROLES_OWN = "model:"
"""The choice of whatever the role names."""


@dataclass(frozen=True, slots=True)
class Ways:
    """Texts with their values (`model:NAME`, `playbook:NAME`), and the one that is taken when nothing is chosen."""

    options: tuple[tuple[str, str], ...]
    usual: str


def ways_for(settings: Settings, role: Role | None, playbooks: Sequence[PlaybookEntry]) -> Ways:
    """All that can be chosen for a role."""
    options: list[tuple[str, str]] = []
    usual = ""
    if settings.default_model in settings.models:
        usual = f"model:{settings.default_model}"
    if role is not None and role.model:
        options.append((_own(settings, role), ROLES_OWN))
        if role.model in settings.models or role.fallback_model in settings.models:
            usual = ROLES_OWN
    options += [(f"model {name}", f"model:{name}") for name in settings.models]
    options += [(f"{entry.name}: {entry.goal}", f"playbook:{entry.name}") for entry in playbooks if not entry.problems]
    return Ways(tuple(options), usual)


def _own(settings: Settings, role: Role) -> str:
    def named(name: str) -> str:
        return name if name in settings.models else f"{name} (not set up)"

    stands_in = f", else {named(role.fallback_model)}" if role.fallback_model else ""
    return f"the role's model {named(role.model)}{stands_in}"
