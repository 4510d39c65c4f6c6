"""A list whose cursor is a mark and not only a colour, for screens in which `j` and `k` step through a diff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType

from engine.vocabulary.text import visible
from orion_tui.widgets.columns import cell
from orion_tui.widgets.rows import Row, RowList

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orion_tui.widgets.signs import Part, Parts

_MARK = 2
_BETWEEN, _LEAST_MORE = 2, 12
"""Cells between a row's text and what more is said, and the fewest in which that says anything."""


class MarkedList(RowList, inherit_bindings=False):
    """As `RowList`, with `▸` before the chosen row; arrows and page keys move."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "up", show=False),
        Binding("down", "move(1)", "down", show=False),
        Binding("home", "move(-1000000)", "first", show=False),
        Binding("end", "move(1000000)", "last", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
    ]

    def line_parts(self, number: int, width: int) -> Parts:
        row = self._rows[number]
        if not row.key:
            return row.parts
        return (("▸ " if number == self.cursor else "  ", "accent"), *row.parts)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row before it is fitted to a width: `sign` stays, `text` (untrusted) gives way, `right` stands at the right
    edge while at least `least` cells of the text remain; `more` (untrusted) follows the text where there is room.
    `indent` in cells; an empty `key` makes a heading."""

    key: str
    sign: Part
    text: str
    right: Parts = ()
    tone: str = ""
    indent: int = 0
    least: int = 14
    more: str = ""


def heading(text: str, right: str = "") -> Entry:
    """A heading that the cursor passes over."""
    return Entry("", (" ", ""), text, ((f"{right} ", "muted"),) if right else (), "title")


def gap() -> Entry:
    """An empty line between groups."""
    return Entry("", ("", ""), "")


def rows_of(entries: Sequence[Entry], width: int) -> tuple[Row, ...]:
    """The entries as rows of exactly that width."""
    return tuple(Row(entry.key, _fitted(entry, width)) for entry in entries)


def _fitted(entry: Entry, width: int) -> Parts:
    room = width - (_MARK if entry.key else 0) - entry.indent - cell_len(entry.sign[0])
    right = tuple(part for part in entry.right if part[0])
    right_width = sum(cell_len(text) for text, _ in right)
    text = visible(entry.text)
    if right and min(cell_len(text), entry.least) + right_width + 1 > room:
        right, right_width = (), 0
    room = max(room - right_width - (1 if right else 0), 0)
    spare = room - cell_len(text) - _BETWEEN
    said = entry.more if spare >= _LEAST_MORE else ""
    return (
        (" " * entry.indent, ""),
        entry.sign,
        (cell(text, cell_len(text) + _BETWEEN if said else room), entry.tone),
        (cell(said, spare) if said else "", "muted"),
        (" " if right else "", ""),
        *right,
    )
