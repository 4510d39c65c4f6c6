"""Text to read, broken into lines with hanging indents: what belongs to a label or a number stays beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len, get_character_cell_size
from textual.widget import Widget

from orion_tui.widgets.header import styled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textual.content import Content

    from orion_tui.widgets.signs import Part, Parts

HANG = "\t"
"""Marks, once in a line, where its continuation begins. Text of others cannot have one: it is made visible."""

_LEAST = 8


class Prose(Widget):
    """Shows parts as `Static` would, but breaks the lines itself; it takes no room while it is empty."""

    DEFAULT_CSS = "Prose { height: auto; }"

    def __init__(self, parts: Parts = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._parts: Parts = parts
        self._laid: tuple[int, list[list[Part]]] | None = None
        self.display = bool(parts)

    def show(self, parts: Parts) -> None:
        """Draw these parts from now on."""
        if parts == self._parts:
            return
        self._parts, self._laid = parts, None
        self.display = any(text for text, _ in parts)
        self.refresh(layout=True)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        parts: list[Part] = []
        for number, line in enumerate(self._lines(self.size.width)):
            parts += [("\n", ""), *line] if number else line
        return styled(parts)

    def _lines(self, width: int) -> list[list[Part]]:
        if self._laid is None or self._laid[0] != width:
            self._laid = (width, [line for whole in _split(self._parts) for line in laid(whole, width)])
        return self._laid[1]


def _split(parts: Parts) -> Iterator[list[Part]]:
    """The parts of each line that the text itself has."""
    line: list[Part] = []
    for text, tone in parts:
        first, *rest = text.split("\n")
        line.append((first, tone))
        for piece in rest:
            yield line
            line = [(piece, tone)]
    yield line


def laid(line: Sequence[Part], width: int) -> list[list[Part]]:
    """One line as lines of at most `width` cells, broken at spaces where there are any. What follows begins below the
    mark; a rule that stands before the mark is drawn on."""
    before, found, _ = "".join(text for text, _ in line).partition(HANG)
    lead = "".join(char if char == "│" else " " * get_character_cell_size(char) for char in before) if found else ""
    if cell_len(lead) > width - _LEAST:
        lead = ""
    cells = [(char, tone) for text, tone in line for char in text if char != HANG]
    if sum(get_character_cell_size(char) for char, _ in cells) <= width:
        return [_joined(cells)]
    rule = [(char, "muted") for char in lead]
    lines: list[list[Part]] = []
    while True:
        end = _fits(cells, max(width, 2))
        if end == len(cells):
            return [*lines, _joined(cells)]
        # Never inside the lead, or nothing would be placed.
        least = len(before) if not lines and found else len(rule)
        space = next((n for n in range(end, least, -1) if cells[n][0] == " "), 0)
        cut = space or end
        lines.append(_joined(cells[:cut]))
        cells = rule + cells[cut + 1 if space else cut :]


def _fits(cells: Sequence[Part], width: int) -> int:
    """How many of the characters fit into the width, at least one."""
    used = 0
    for number, (char, _) in enumerate(cells):
        used += get_character_cell_size(char)
        if used > width:
            return max(number, 1)
    return len(cells)


def _joined(cells: Sequence[Part]) -> list[Part]:
    """Characters of one tone as one part."""
    parts: list[Part] = []
    for char, tone in cells:
        if parts and parts[-1][1] == tone:
            parts[-1] = (parts[-1][0] + char, tone)
        else:
            parts.append((char, tone))
    return parts
