"""Keys that a person may give to the actions of the app: what is wrong with a choice of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.vocabulary.text import nearest, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

KEY_PATTERN = r"^([A-Za-z0-9]|ctrl\+[abdefghklnoprstuvwxy]|f([1-9]|1[0-2]))$"
"""A letter, a digit, ctrl with a letter that no terminal takes for something else, or a function key."""

_MOVES = frozenset("jk")
"""They move in every list."""


@dataclass(frozen=True, slots=True)
class KnownAct:
    """An action of the app as far as its key goes: `screens` are where it works, `*` for everywhere."""

    id: str
    key: str
    screens: tuple[str, ...]

    def meets(self, other: KnownAct) -> bool:
        """Whether there is a screen on which both work."""
        return "*" in (*self.screens, *other.screens) or bool(set(self.screens) & set(other.screens))


def key_faults(keys: Mapping[str, str], acts: Sequence[KnownAct]) -> Iterator[tuple[str, str, str]]:
    """For each choice that cannot be: the action's name as it was written, what is wrong, and a hint. Nothing is wrong
    where no `acts` are known."""
    known = {act.id: act for act in acts}
    if not known:
        return
    now = {act.id: keys.get(act.id, act.key) for act in acts}
    for name, key in keys.items():
        act = known.get(name)
        if act is None:
            yield name, f"there is no action {visible(name)!r}", nearest(name, known)
        elif key in _MOVES and key != act.key:
            yield name, f"{key} moves the cursor in every list", "choose another letter"
        else:
            for other in acts:
                # Two that share a key of themselves never work at the same time.
                if other.id != name and now[other.id] == key and other.key != act.key and act.meets(other):
                    yield name, f"{key} is the key of {other.id} there", f"give {other.id} another one, too"
                    break
