"""A file as something to fill in: its fields as words, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.vocabulary.errors import Problem


@dataclass(frozen=True, slots=True)
class FormField:
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
class FormPreview:
    """What a text would be as a file; `fields` is empty only when it cannot be read at all."""

    text: str
    problems: tuple[Problem, ...]
    fields: tuple[FormField, ...]

    def problems_of(self, field: FormField) -> tuple[Problem, ...]:
        """Those that are about the field or about something in it."""
        return tuple(problem for problem in self.problems if _is_about(problem.field, field.places))


def _is_about(place: str, places: tuple[str, ...]) -> bool:
    return any(place == known or (known and place.startswith((f"{known}.", f"{known}["))) for known in places)
