"""One row of the table of what a person can do."""

from __future__ import annotations

from dataclasses import dataclass

EVERYWHERE = "*"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing a person can do. `screens` are names of screens, or `*`; `needs` are keys of `NEEDS`. An act whose key
    is a capital letter changes the world. `footer` is false for keys that everybody expects (arrows) or that have a
    second name; help lists them all the same."""

    id: str
    label: str
    key: str
    help: str
    screens: tuple[str, ...]
    needs: tuple[str, ...] = ()
    footer: bool = True

    @property
    def shown_key(self) -> str:
        """The key as a person reads it."""
        return _KEY_NAMES.get(self.key, self.key)


_KEY_NAMES = {
    "question_mark": "?",
    "comma": ",",
    "slash": "/",
    "escape": "esc",
    "space": "space",
    "pageup": "pgup",
    "pagedown": "pgdn",
}
