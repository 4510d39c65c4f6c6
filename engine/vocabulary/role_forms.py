"""A role file as something to fill in: its fields as words, what is wrong with it, and what it would allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.vocabulary.errors import Problem
    from engine.vocabulary.roles import Role
    from engine.vocabulary.verdicts import Verdict

LISTED = ("alone", "asks", "never")
"""How a person says autonomous, requires approval and forbidden."""


@dataclass(frozen=True, slots=True)
class RoleField:
    """One field of the form. `words` is what the file says as a person would type it, empty when it says nothing and
    `default` counts; `choices` are the words to choose from where there are such. `places` are the dotted fields of the
    file that it stands for, `line` that of the first one, from 1."""

    key: str
    label: str
    group: str
    words: str
    default: str
    help: str
    choices: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """A typical action in words, and what the gate says to it."""

    label: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class RolePreview:
    """What a text would be as a role file. `role` is None and `trials` is empty while there are problems; `fields` is
    empty only when the text cannot be read at all."""

    text: str
    role: Role | None
    problems: tuple[Problem, ...]
    fields: tuple[RoleField, ...]
    trials: tuple[Trial, ...]

    def problems_of(self, field: RoleField) -> tuple[Problem, ...]:
        """Those that are about the field or about something in it."""
        return tuple(problem for problem in self.problems if _is_about(problem.field, field.places))


def _is_about(place: str, places: tuple[str, ...]) -> bool:
    return any(place == known or (known and place.startswith((f"{known}.", f"{known}["))) for known in places)
