"""One line at the top of every screen: where am I, whose role, what state, which sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from engine.vocabulary.text import shortened

if TYPE_CHECKING:
    from orion_tui.widgets.signs import Parts

TITLE_LEAST = 18
"""A title is cut to this many characters before a badge beside it is left out."""

_CLASS_OF = {
    "title": "bold $foreground",
    "muted": "$orion-muted",
    "accent": "bold $orion-accent",
    "good": "$text-success",
    "bad": "$text-error",
    "key": "bold $foreground",
}


def styled(parts: Parts) -> Content:
    """Parts as content; nothing in them is parsed as markup."""
    return Content.assemble(*((text, _CLASS_OF.get(tone, "")) for text, tone in parts))


class OrionHeader(Widget):
    """Left what matters most, right what supports it. A long title gives way first, then the right side."""

    def __init__(self) -> None:
        super().__init__(id="header")
        self._left: Parts = (("ORION", "title"),)
        self._right: Parts = ()

    def show(self, left: Parts, right: Parts = ()) -> None:
        """Draw these parts from now on. Untrusted text in them is made visible by the caller."""
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.refresh()

    def render(self) -> Content:
        width = self.size.width
        right = list(self._right)
        first, *rest = (len(text) for text, _ in self._left)
        least = min(first, TITLE_LEAST) + sum(rest)
        while right and least + sum(len(text) for text, _ in right) + 2 > width:
            right.pop(0)
        room = width - sum(len(text) for text, _ in right) - (2 if right else 0)
        left = fitted(self._left, room)
        gap = width - sum(len(text) for text, _ in (*left, *right))
        return styled([*left, (" " * max(gap, 0), ""), *right])


def fitted(parts: Parts, width: int) -> list[tuple[str, str]]:
    """The parts cut to `width` characters: the first part gives way first, since the rest are short badges."""
    fixed = sum(len(text) for text, _ in parts[1:])
    if parts and fixed + 8 <= width:
        head = shortened(parts[0][0], width - fixed)
        return [(head, parts[0][1]), *parts[1:]]
    if len(parts) < 2 or width < 6:
        return [(shortened(text, width), tone) for text, tone in parts[:1]]
    # No room for the badges: the sign of the first one still says the state.
    sign, tone = parts[1][0].strip()[:1], parts[1][1]
    return [(shortened(parts[0][0], width - 2), parts[0][1]), (f" {sign}", tone)]
