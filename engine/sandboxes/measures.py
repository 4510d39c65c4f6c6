"""A hardening measure as a named value, so that a sandbox is built from a list and tests can leave one out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

Settings = TypeVar("Settings")


@dataclass(frozen=True, slots=True)
class Measure(Generic[Settings]):
    """One thing that makes a sandbox tighter. `settings` are the adapter's own (arguments of bubblewrap, fields of a
    container's configuration); `without` stands in their place when a test leaves the measure out, and is the weaker
    form where the sandbox could not start at all otherwise."""

    name: str
    settings: Settings
    without: Settings


def in_force(measures: Iterable[Measure[Settings]], left_out: frozenset[str] = frozenset()) -> list[Settings]:
    """The settings in order, the weaker form for each measure that is left out. Nothing but a test leaves one out."""
    return [measure.without if measure.name in left_out else measure.settings for measure in measures]
