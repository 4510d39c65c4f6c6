"""A list to choose from: headings and rows, with a cursor that stays on its row while the list changes around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from orion_tui.widgets.lines import LineView

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual import events

    from orion_tui.widgets.signs import Parts

_HEADING = 3
"""Lines between two rows that are passed over: a gap and a heading."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line. An empty `key` is a heading or a gap, which the cursor passes over."""

    key: str
    parts: Parts


class RowList(LineView):
    """Rows made for a width by the function given to `show`, so that columns fit whatever the size."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("home", "move(-1000000)", "first", show=False),
        Binding("end", "move(1000000)", "last", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
    ]

    class Chosen(Message):
        """The cursor went to another row."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._build: Callable[[int], Sequence[Row]] = lambda _width: ()
        self._rows: Sequence[Row] = ()
        self._width = self._height = 0
        self._wanted = ""

    @property
    def chosen(self) -> str:
        """The key of the row under the cursor, or an empty string."""
        return self._rows[self.cursor].key if 0 <= self.cursor < len(self._rows) else ""

    def show(self, build: Callable[[int], Sequence[Row]]) -> None:
        """Show these rows; the cursor stays on the row with the same key, else near where it was."""
        self._build = build
        self._rebuild()

    def choose(self, key: str) -> None:
        """Put the cursor on the row with that key, if there is one; before the first layout, as soon as there are
        rows."""
        self._wanted = key if not self._rows else ""
        for number, row in enumerate(self._rows):
            if row.key == key:
                self.cursor = number
                return

    def line_count(self) -> int:
        return len(self._rows)

    def line_parts(self, number: int, width: int) -> Parts:
        return self._rows[number].parts

    def on_resize(self) -> None:
        if self.scrollable_content_region.width != self._width:
            self._rebuild()
        before, self._height = self._height, self.scrollable_content_region.height
        if self.scroll_offset.y <= self.cursor < self.scroll_offset.y + before:
            self.keep_cursor_in_sight()

    def _rebuild(self) -> None:
        before, place = self.chosen or self._wanted, self.cursor
        self._width = self.scrollable_content_region.width
        if not self._width:
            return
        rows = self._build(self._width)
        if rows == self._rows:
            return
        self._rows, self._wanted = rows, ""
        self._strips.clear()
        self.resize_to_lines()
        same = next((number for number, row in enumerate(rows) if row.key and row.key == before), None)
        self.set_reactive(RowList.cursor, self._near(place) if same is None else same)
        if same is not None and same != place >= 0:
            # What came or went above it does not carry the chosen row away.
            if self.scroll_offset.y:
                self._scroll_lines(self.scroll_offset.y + same - place)
            self.keep_cursor_in_sight()
        self.refresh()
        if self.chosen != before:
            self.post_message(self.Chosen(self.chosen))

    def _near(self, place: int) -> int:
        """The selectable line nearest to `place`, or -1."""
        lines = self._selectable()
        return min(lines, key=lambda number: abs(number - place)) if lines else -1

    def watch_cursor(self, old: int, new: int) -> None:
        super().watch_cursor(old, new)
        self.post_message(self.Chosen(self.chosen))

    def reveal(self) -> None:
        """Bring what is opened below the chosen row into view, as far as that row can stay there."""
        after = self._rows[self.cursor + 1 :] if self.cursor >= 0 else ()
        opened = next((number for number, row in enumerate(after) if row.key or not row.parts), len(after))
        self._scroll_lines(max(self.scroll_offset.y, min(self.cursor, self.cursor + opened + 1 - self.size.height)))

    def action_move(self, by: int) -> None:
        """The cursor by so many selectable rows; at the top the headings above come into view too. Where a long text
        stands between two rows, it goes by line by line first."""
        lines = self._selectable()
        if not lines:
            return
        place = lines.index(self.cursor) if self.cursor in lines else 0
        target = max(0, min(len(lines) - 1, place + by))
        if abs(by) == 1 and self._text_before(lines[target]):
            self._scroll_lines(self.scroll_offset.y + by)
            return
        self.cursor = lines[target]
        if target == 0:
            self.scroll_home(animate=False)

    def action_page(self, by: int) -> None:
        """A screenful further, whatever stands there; the cursor goes along to a row that is in view."""
        page = max(1, self.size.height - 2)
        before, aim = self.scroll_offset.y, self.cursor + by * page
        self._scroll_lines(before + by * page)
        top = self.scroll_offset.y
        if top == before:
            self.action_move(by * len(self._rows))
            return
        seen = [number for number in self._selectable() if top <= number < top + self.size.height]
        if seen:
            self.cursor = min(seen, key=lambda number: abs(number - aim))

    def _selectable(self) -> list[int]:
        return [number for number, row in enumerate(self._rows) if row.key]

    def _text_before(self, line: int) -> bool:
        """Whether more than a heading is still to be seen between the view and that line, and the cursor came here from
        the other side of it."""
        top = self.scroll_offset.y
        bottom = top + self.size.height - 1
        return self.cursor <= bottom < line - _HEADING or line + _HEADING < top <= self.cursor

    def _scroll_lines(self, top: int) -> None:
        self.scroll_to(y=max(0, top), animate=False, immediate=True, force=True)

    def on_click(self, event: events.Click) -> None:
        number = event.y + self.scroll_offset.y
        if 0 <= number < len(self._rows) and self._rows[number].key:
            self.cursor = number
