"""A patch on the screen, unified or side by side: only the lines that can be seen are ever drawn, so its length does
not matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from orion_tui.widgets.diff_marks import Syntax, changed_words, found_in, partner, pieces
from orion_tui.widgets.diff_parse import Patch, Row, RowKind
from orion_tui.widgets.diff_split import NOTHING, SplitRows
from orion_tui.widgets.diff_words import (
    LINE_LIMIT,
    SIGNS,
    LeftOut,
    file_words,
    gutter_text,
    hunk_words,
    note_words,
    shown_line,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.style import Style

_BOTH_NUMBERS, _ONE_NUMBER = 70, 34
"""Widths from which both line numbers, or at least one, leave room for the text."""

_HEADERS = (RowKind.FILE, RowKind.HUNK)


class DiffView(ScrollView, can_focus=True):
    """Shows one patch with old and new line numbers. `j` and `k` of the screen call `next_hunk` and `previous_hunk`;
    the widget itself scrolls with arrows, page keys, home and end. All text is drawn literally and made visible."""

    DEFAULT_CSS = """
    DiffView {
        overflow-x: auto;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size: 1 1;
        background: $background;
        & .diff--file { text-style: bold; background: $surface; }
        & .diff--current { text-style: bold; }
        & .diff--added { color: $text-success; background: $success 12%; }
        & .diff--removed { color: $text-error; background: $error 12%; }
        & .diff--gutter, & .diff--hunk { color: $text-muted; }
        & .diff--note { color: $text-muted; text-style: italic; }
        & .diff--left { text-style: dim strike; }
        & .diff--line, & .diff--found { text-style: reverse; }
        & .diff--added-word { color: $foreground; background: $success 30%; text-style: underline; }
        & .diff--removed-word { color: $foreground; background: $error 30%; text-style: underline; }
        & .diff--keyword { color: $text-primary; text-style: bold; }
        & .diff--string, & .diff--number, & .diff--comment { color: $text-secondary; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *("diff--file", "diff--hunk", "diff--current", "diff--added", "diff--removed", "diff--gutter", "diff--note"),
        *("diff--context", "diff--left", "diff--line", "diff--found", "diff--added-word", "diff--removed-word"),
        *("diff--keyword", "diff--string", "diff--number", "diff--comment"),
    }

    class Moved(Message):
        """Another file or hunk is the current one. `hunk` counts from 1; 0 stands for the file's header."""

        def __init__(self, view: DiffView, path: str, hunk: int, hunks: int) -> None:
            super().__init__()
            self.view = view
            self.path = path
            self.hunk = hunk
            self.hunks = hunks

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._patch = Patch(b"")
        self._empty = ""
        self._current = 0
        self._strips: LRUCache[tuple[int, int, bool, bool], Strip] = LRUCache(2_048)
        self._styles: dict[str, Style] = {}
        self._left: Mapping[tuple[str, int], frozenset[int] | None] = {}
        self._takes = False
        self._split: SplitRows | None = None
        self._syntax = Syntax()
        self._needle = ""
        self._line: int | None = None

    @property
    def patch(self) -> Patch:
        """What is shown."""
        return self._patch

    @property
    def current(self) -> tuple[str, int]:
        """Path and hunk (from 1, 0 for the header) that the keys move from; an empty path for an empty patch."""
        if not self._patch.files:
            return "", 0
        file, hunk = self._patch.place(self._current)
        return self._patch.header(file.index).path, 0 if hunk is None else hunk.index + 1

    @property
    def split(self) -> bool:  # whether old and new stand side by side
        return self._split is not None

    @property
    def line(self) -> tuple[str, int, int] | None:
        """Path, hunk and changed line (both from 1) that the line cursor is on; None while there is none."""
        found = None if self._line is None else self._patch.change_at(self._line)
        if found is None:
            return None
        return self._patch.header(found[0].index).path, found[1].index + 1, found[2]

    @property
    def line_text(self) -> tuple[int | None, str]:
        """The number and the text of the line that the line cursor is on; nothing while there is none."""
        row = None if self._line is None else self._patch.row(self._line)
        return (None, "") if row is None else (row.new or row.old, shown_line(row.raw))

    def show_left(self, left: Mapping[tuple[str, int], frozenset[int] | None]) -> None:
        """Say in the diff what is taken and what is left out."""
        if self._left != left or not self._takes:
            self._left, self._takes = dict(left), True
            self._forget()

    def show_split(self, on: bool) -> None:
        """Side by side, or one below the other."""
        if on != self.split:
            self._split = SplitRows(self._patch) if on else None
            self._forget()
            self._fit()
            self._go(self._current)

    def find(self, text: str) -> bool:
        """Go to the next line that holds the text, after the last at the top again; empty text ends the search."""
        if text != self._needle:
            self._needle = text
            self._forget()
        row = self._patch.find(text, self._line if self._line is not None else self._from())
        if row is None:
            return False
        self._line = row if self._patch.change_at(row) else None
        self._current = row
        self._reveal(row)
        self._tell()
        return True

    def begin_lines(self) -> bool:
        """Put the line cursor on the first changed line from here; false when there is none."""
        start = self._current if self._patch.change_at(self._current) is None else self._current - 1
        return self._move_line(self._patch.next_change(start, 1))

    def end_lines(self) -> None:
        """Take the line cursor away."""
        self._line = None
        self.refresh()

    def step_line(self, step: int) -> bool:
        """Move the line cursor to the next (1) or the previous (-1) changed line."""
        return self._line is not None and self._move_line(self._patch.next_change(self._line, step))

    def _move_line(self, row: int | None) -> bool:
        if row is None:
            return False
        self._line = row
        hunk = self._patch.place(row)[1]
        self._current = row if hunk is None else hunk.row
        self._reveal(row)
        self._tell()
        return True

    def _reveal(self, row: int) -> None:
        self.scroll_to_region(Region(0, self._display(row), 1, 1), animate=False, immediate=True, force=True)
        self.refresh()

    def _forget(self) -> None:
        self._strips.clear()
        self.refresh()

    def _display(self, row: int) -> int:
        return row if self._split is None else self._split.display_of(row)

    @property
    def _rows(self) -> int:
        return self._patch.row_count if self._split is None else len(self._split)

    def _fit(self) -> None:
        width = min(self._patch.longest, LINE_LIMIT) + self._gutter_width
        self.virtual_size = Size(width * (1 + self.split), self._rows)

    def load(self, patch: Patch | bytes, *, empty: str = "no changes") -> None:
        """Show another patch; `empty` is said when it has no file. The same one again stays where it is read, another
        begins at the file that was read, if it has it. A large one is best made into a `Patch` in the thread that
        fetched it."""
        before, reading = self._patch, self.current[0]
        self._patch = Patch(patch) if isinstance(patch, bytes) else patch
        self._empty = empty
        if self._patch.lines == before.lines:
            self.refresh()
            self._tell()
            return
        self._current, self._line = 0, None
        self._split = SplitRows(self._patch) if self.split else None
        self._strips.clear()
        self._fit()
        self.scroll_to(0, 0, animate=False, immediate=True)
        if not (reading and self.show_path(reading)):
            self.refresh()
            self._tell()

    def next_hunk(self) -> bool:
        """Go to the next hunk, into the next file if need be; false at the end."""
        return self._go(self._patch.next_hunk(self._from()))

    def previous_hunk(self) -> bool:
        """Go to the hunk before; false at the beginning."""
        return self._go(self._patch.previous_hunk(self._from()))

    def next_file(self) -> bool:
        """Go to the next file; false in the last one."""
        return self._go(self._patch.next_file(self._from()))

    def show_path(self, path: str) -> bool:
        """Go to the file with that path; false when the patch does not have it."""
        return self._go(self._patch.row_of(path))

    def show_line(self, path: str, line: int) -> bool:
        """Go to line `line` of the new file, or to the nearest place that the patch shows."""
        row = self._patch.row_of_line(path, line)
        if row is None:
            return False
        hunk = self._patch.place(row)[1]
        found = self._go(row if hunk is None else hunk.row)
        self._reveal(row)
        return found

    def _from(self) -> int:
        """Where a step starts: the current row while it can be seen, else the top of what can be seen."""
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        if top <= self._display(self._current) < top + height or not self._rows:
            return self._current
        if self._split is None:
            return top
        return max(self._split.at(min(top, self._rows - 1)))

    def _go(self, row: int | None) -> bool:
        if row is None:
            return False
        self._current, self._line = row, None
        # Forced: the scroll bar that would allow it appears only with the next layout.
        self.scroll_to(y=self._display(row), animate=False, immediate=True, force=True)
        self.refresh()
        self._tell()
        return True

    def _tell(self) -> None:
        path, hunk = self.current
        hunks = len(self._patch.hunks(self._patch.place(self._current)[0].index)) if path else 0
        if path and not self._syntax.knows(path):
            self.run_worker(lambda: self._learn(path), thread=True, group="syntax")
        self.post_message(self.Moved(self, path, hunk, hunks))

    def _learn(self, path: str) -> None:
        self._syntax.learn(path)
        self.call_later(self._forget)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()

    def on_resize(self) -> None:
        """The gutter depends on the width."""
        self._strips.clear()
        if self._patch.files:
            self._fit()

    @property
    def _gutter_width(self) -> int:
        width = self.size.width // 2 if self.split else self.size.width
        return 8 if self.split else 14 if width >= _BOTH_NUMBERS else 8 if width >= _ONE_NUMBER else 2

    def _style(self, name: str) -> Style:
        if name not in self._styles:
            self._styles[name] = self.get_component_rich_style(name)
        return self._styles[name]

    def render_line(self, y: int) -> Strip:
        width, number = self.size.width, self.scroll_offset.y + y
        if number >= self._rows:
            said = Segment(self._empty if number == 0 else "", self._style("diff--note"))
            return Strip([said]).adjust_cell_length(width, self.rich_style)
        if self._split is None:
            return self._row_strip(number, width)
        left, right = self._split.at(number)
        if left == right and self._patch.row(left).kind is not RowKind.CONTEXT:
            return self._row_strip(left, width)
        half = width // 2
        sides = [
            self._row_strip(row, room, side)
            if row != NOTHING
            else Strip.blank(room, self._style("diff--gutter").without_color)
            for side, (row, room) in enumerate(((left, half), (right, width - half - 1)))
        ]
        return Strip.join([sides[0], Strip([Segment("│", self._style("diff--gutter"))]), sides[1]])

    def _row_strip(self, number: int, width: int, side: int = 0) -> Strip:
        """One row of the patch in that width, scrolled sideways as the view is. `side` 1 shows the new line number."""
        is_current, is_line = number == self._current, number == self._line
        key = (number * 2 + side, width, is_current, is_line)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._draw(number, width, is_current, is_line, side)
        row = self._patch.row(number)
        if row.kind in _HEADERS:
            return strip
        gutter = self._gutter_width
        fill = self._style(f"diff--{row.kind}") if row.kind in SIGNS else self.rich_style
        text = strip.crop(gutter + self.scroll_offset.x).adjust_cell_length(max(width - gutter, 0), fill)
        return Strip.join([strip.crop(0, gutter), text]).crop(0, width)

    def _draw(self, number: int, width: int, is_current: bool, is_line: bool, side: int) -> Strip:
        row = self._patch.row(number)
        file, hunk = self._patch.place(number)
        path = self._patch.header(file.index).path
        if row.kind is RowKind.FILE:
            return self._header_strip(file_words(self._patch, file, self._taken()), "diff--file", width, is_current)
        if row.kind is RowKind.HUNK and hunk is not None:
            return self._header_strip(
                hunk_words(self._patch, file, hunk, self._taken()), "diff--hunk", width, is_current
            )
        if row.kind is RowKind.BLANK:
            return Strip([])
        if row.kind is RowKind.NOTE:
            said = " " * self._gutter_width + note_words(self._patch, row)
            return Strip([Segment(said, self._style("diff--note"))])
        left_out = bool(self._left) and LeftOut(self._patch, self._left).holds(number)
        strip = Strip([self._gutter(row, is_line, left_out, side), *self._line_segments(number, row, path, left_out)])
        if not self.split and strip.cell_length > self.virtual_size.width:
            self.call_later(self._widen, strip.cell_length)
        return strip

    def _line_segments(self, number: int, row: Row, path: str, left_out: bool) -> list[Segment]:
        text = shown_line(row.raw)
        spans = self._syntax.spans(path, text)
        if row.kind in SIGNS:
            other = partner(self._patch, number)
            if other is not None:
                words = changed_words(text, shown_line(self._patch.row(other).raw))
                spans += [(start, end, f"{row.kind}-{name}") for start, end, name in words]
        spans += found_in(text, self._needle)
        names = (str(row.kind), *(("left",) if left_out else ()))
        return [Segment(piece, self._mixed(*names, *more)) for piece, more in pieces(text, spans)]

    def _mixed(self, kind: str, *names: str) -> Style:
        """The style of a line with what each name adds to it."""
        key = "|".join((kind, *names))
        if key not in self._styles:
            style = self._style(f"diff--{kind}")
            for name in names:
                style += self._part_style(f"diff--{name}")
            self._styles[key] = style
        return self._styles[key]

    def _taken(self) -> LeftOut | None:
        return LeftOut(self._patch, self._left) if self._takes else None

    def _gutter(self, row: Row, is_line: bool, left_out: bool, side: int) -> Segment:
        style = self._style(f"diff--{row.kind}") if row.kind in SIGNS else self._style("diff--gutter")
        if is_line:
            style += self._part_style("diff--line")
        new_side = bool(side) if self.split else None
        return Segment(
            gutter_text(row, self._gutter_width, is_line=is_line, left_out=left_out, new_side=new_side), style
        )

    def _part_style(self, name: str) -> Style:
        """What that style adds to another."""
        key = f"{name}+"
        if key not in self._styles:
            self._styles[key] = self.get_component_rich_style(name, partial=not name.endswith("-word"))
        return self._styles[key]

    def _widen(self, width: int) -> None:
        """Tabs and stand-ins can make a line longer than its bytes; known once it is drawn."""
        if width > self.virtual_size.width:
            self.virtual_size = Size(width, self._rows)

    def _header_strip(self, words: str, name: str, width: int, is_current: bool) -> Strip:
        style = self._style(name)
        if is_current:
            style += self._style("diff--current")
        strip = Strip([Segment(("▸ " if is_current else "  ") + words, style)])
        return strip.crop(0, width).adjust_cell_length(width, style)
