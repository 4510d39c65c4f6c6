"""A role file as something to fill in: its fields as words, what is wrong with it, and what it would allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.vocabulary.forms import FormPreview

if TYPE_CHECKING:
    from engine.vocabulary.roles import Role
    from engine.vocabulary.verdicts import Verdict

LISTED = ("alone", "asks", "never")
"""How a person says autonomous, requires approval and forbidden."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A typical action in words, and what the gate says to it."""

    label: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class RolePreview(FormPreview):
    """What a text would be as a role file. `role` is None and `trials` is empty while there are problems."""

    role: Role | None = None
    trials: tuple[Trial, ...] = ()
