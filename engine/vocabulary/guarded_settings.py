"""Which changes of the configuration need the second factor: the one list. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.vocabulary.settings import Settings

GUARDED: Mapping[str, str] = {
    "auth.window_s": "a longer time in which a PIN is not asked for again",
    "sandbox.toolchains": "more folders of this machine inside the sandbox",
    "notifications": "another place where notifications go",
}
"""Dotted names, with the change that needs it; towards the stricter side none does, but any change of a place does."""

DESTINATIONS = "notifications"
_AS_WRITTEN = {"auth_window_s": "auth.window_s", "notifications.email.sender": "notifications.email.from"}


def changed(before: Settings, after: Settings) -> tuple[str, ...]:
    """The dotted names whose values differ, defaults included."""
    old, new = dict(_flat(asdict(before))), dict(_flat(asdict(after)))
    return tuple(sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name)))


def weakened(before: Settings, after: Settings) -> tuple[str, ...]:
    """The names of `GUARDED` that would be less strict."""
    found = []
    if after.auth_window_s > before.auth_window_s:
        found.append("auth.window_s")
    if set(after.sandbox.toolchains or ()) - set(before.sandbox.toolchains or ()):
        found.append("sandbox.toolchains")
    if after.notifications != before.notifications:
        found.append(DESTINATIONS)
    return tuple(found)


def _flat(values: Mapping[str, Any], lead: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in values.items():
        dotted = _AS_WRITTEN.get(f"{lead}{name}", f"{lead}{name}")
        rows += _flat(value, f"{dotted}.") if isinstance(value, dict) else [(dotted, value)]
    return rows
