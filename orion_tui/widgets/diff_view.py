"""A patch on the screen, unified or side by side: only the lines that can be seen are ever drawn, so its length does
not matter."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from time import perf_counter
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.cache import FIFOCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from orion_tui.bridge import ask
from orion_tui.widgets.diff_file import RowKind
from orion_tui.widgets.diff_paint import CSS, STYLES, DiffPainter
from orion_tui.widgets.diff_parse import Anchor, Patch
from orion_tui.widgets.diff_split import NOTHING, SplitRows
from orion_tui.widgets.diff_words import LINE_LIMIT, SIGNS, gutter_width, shown_line

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADERS = (RowKind.FILE, RowKind.HUNK)

_FRAME_S = 0.010
"""How long one frame may look at words and syntax; the lines it did not get to are plain until the next."""


_KEPT_SCREENS = 8  # full of drawn lines, or half as many of two columns; a line takes some 2 kB


class DiffView(ScrollView, can_focus=True):
    """Shows one patch with old and new line numbers. `j` and `k` of the screen call `next_hunk` and `previous_hunk`;
    the widget itself scrolls with arrows, page keys, home and end. All text is drawn literally and made visible."""

    DEFAULT_CSS = CSS
    COMPONENT_CLASSES: ClassVar[set[str]] = set(STYLES)

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
        self._current, self._wide = 0, 0
        self._strips: FIFOCache[tuple[int, int, bool, bool], Strip] = FIFOCache(0)
        self._painter = DiffPainter(lambda name, partial: self.get_component_rich_style(name, partial=partial))
        self._split: SplitRows | None = None
        self._line: int | None = None
        self._hit: int | None = None
        self._hits: list[int] = []
        self._topped: tuple[int, int] | None = None  # the row last put at the top, and how far that scrolled
        self._due, self.is_unfinished = 0.0, False  # whether the last frame had no time for some lines

    def on_unmount(self) -> None:
        # Its memory is not for the garbage collector to find.
        self._patch, self._split = Patch(b""), None
        self._strips.clear()

    # -- where it stands

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
        return file.header.path, 0 if hunk is None else hunk.index + 1

    @property
    def split(self) -> bool:  # side by side
        return self._split is not None

    @property
    def line(self) -> tuple[str, int, int] | None:
        """Path, hunk and changed line (both from 1) that the line cursor is on; None while there is none."""
        found = None if self._line is None else self._patch.change_at(self._line)
        return None if found is None else (found[0].header.path, found[1].index + 1, found[2])

    @property
    def line_text(self) -> tuple[int | None, str]:
        """The number and the text of the line that the line cursor, or the last hit of a search, is on; nothing while
        there is none."""
        at = self._hit if self._line is None else self._line
        row = None if at is None else self._patch.row(at)
        return (None, "") if row is None else (row.new or row.old, shown_line(row.raw))

    @property
    def searched(self) -> tuple[str, int, int]:
        """What is looked for, which hit is shown (0 for none) and how many there are."""
        at = 0 if self._hit is None else bisect_right(self._hits, self._hit)
        return self._painter.needle, at, len(self._hits)

    # -- what it shows

    def load(self, patch: Patch | bytes, *, empty: str = "no changes") -> None:
        """Show another patch; `empty` is said when it has no file. The same one again, or the whole of one whose
        beginning is shown, stays where it is read, another begins at the file that was read, if it has it. A large one
        is best made into a `Patch` in the thread that fetched it."""
        before, reading = self._patch, self.current[0]
        self._patch = Patch(patch) if isinstance(patch, bytes) else patch
        self._empty = empty
        if self._patch.goes_on(before) or (self._patch.is_of(before) and self._patch.row_count == before.row_count):
            self._made_anew()
            self._tell()
            return
        self._current, self._line, self._hit = 0, None, None
        self._wide = 0
        self._made_anew()
        self.scroll_to(0, 0, animate=False, immediate=True)
        if not (reading and self.show_path(reading)):
            self._tell()

    def show_left(self, left: Mapping[tuple[str, int], frozenset[int] | None]) -> None:
        """Say in the diff what is taken and what is left out."""
        if self._painter.left != left:
            self._painter.left = dict(left)
            self._forget()

    def show_split(self, on: bool) -> None:
        """Side by side, or one below the other; what is read stays where it is."""
        if on != self.split:
            place, hit = self._placed(), self._hit
            self._split = SplitRows(self._patch) if on else None
            self._forget()
            self._fit()
            self._replace(place, hit)

    def unfolded(self, path: str) -> bool:
        """Whether the unchanged parts of that file are shown."""
        file = self._patch.file_of(path)
        return file is not None and file.unfolded

    def unfold(self, pieces: Mapping[str, bytes]) -> int:
        """Show the unchanged parts of these files, given each one's patch with all of them; of how many that could be
        done. What is read stays where it is."""
        place = self._placed()
        done = self._patch.unfold(pieces)
        self._made_anew()
        self._replace(place)
        return done

    def fold(self, path: str) -> None:
        """Show only the changed parts of that file."""
        place, file = self._placed(), self._patch.file_of(path)
        if file is not None:
            file.fold()
            self._patch.placed()
            self._made_anew()
            self._replace(place)

    def swap(self, patch: Patch) -> None:
        """Show the same patch with other parts of it folded; what is read stays where it is."""
        place = self._placed()
        self._patch = patch
        self._made_anew()
        self._replace(place)

    def _made_anew(self) -> None:
        self._split = SplitRows(self._patch) if self.split else None
        self._hits = self._patch.hits(self._painter.needle)
        self._forget()
        self._fit()

    def _placed(self) -> tuple[Anchor, Anchor | None, int]:
        """What stands where: the current row, the line cursor, and how far from the top the current row is seen."""
        offset = self._display(self._current) - self.scroll_offset.y if self._patch.files else 0
        line = None if self._line is None else self._patch.anchor(self._line)
        return (self._patch.anchor(self._current), line, offset) if self._patch.files else ((0, None, 0), None, 0)

    def _replace(self, place: tuple[Anchor, Anchor | None, int], hit: int | None = None) -> None:
        """Show what was read where it was, after its row has got another number."""
        if not self._patch.files:
            return
        self._current, self._hit = self._patch.row_of_anchor(place[0]), hit
        self._line = None if place[1] is None else self._patch.row_of_anchor(place[1])
        offset = min(max(place[2], 0), max(self.size.height - 1, 0))
        self.scroll_to(y=self._display(self._current) - offset, animate=False, immediate=True, force=True)
        self.refresh()
        self._tell()

    # -- looking for a text

    def find(self, text: str, step: int = 1) -> bool:
        """Go to the next line (or with -1 the one before) that holds the text, after the last at the top again; empty
        text ends the search."""
        if text != self._painter.needle:
            self._painter.needle, self._hit = text, None
            self._hits = self._patch.hits(text)
            self._forget()
        if not self._hits:
            return False
        start = self._hit if self._hit is not None else self._from()
        at = bisect_right(self._hits, start) if step > 0 else bisect_left(self._hits, start) - 1
        row = self._hits[at % len(self._hits)]
        self._hit, self._line = row, None
        file, hunk = self._patch.place(row)
        self._current = file.row if hunk is None else hunk.row
        self._reveal(row)
        self._tell()
        return True

    # -- the line cursor

    def begin_lines(self) -> bool:
        """Put the line cursor on the first changed line from here; false when there is none."""
        self._hit = None
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

    # -- steps

    def next_hunk(self) -> bool:
        """Go to the next hunk, into the next file if need be; false at the end."""
        return self._go(self._patch.next_hunk(self._from()))

    def previous_hunk(self) -> bool:
        """Go to the hunk before; false at the beginning."""
        return self._go(self._patch.previous_hunk(self._from()))

    def next_file(self) -> bool:
        """Go to the next file; false in the last one."""
        return self._go(self._patch.next_file(self._from()))

    def previous_file(self) -> bool:
        """Go to the file before; false in the first one."""
        row = self._from()
        return self._go(self._patch.previous_file(self._patch.place(row)[0].row) if self._patch.files else None)

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
        self._current, self._line, self._hit = row, None, None
        self._to_top(row)
        self.refresh()
        self._tell()
        return True

    def _to_top(self, row: int) -> None:
        """Put the row at the top, or as near to it as there are rows below."""
        # Forced: the scroll bar that would allow it appears only with the next layout.
        self.scroll_to(y=self._display(row), animate=False, immediate=True, force=True)
        self._topped = (row, self.scroll_offset.y)

    def _reveal(self, row: int) -> None:
        self.scroll_to_region(Region(0, self._display(row), 1, 1), animate=False, immediate=True, force=True)
        self.refresh()

    def _tell(self) -> None:
        path, hunk = self.current
        hunks = len(self._patch.place(self._current)[0].hunks) if path else 0
        if path and not self._painter.syntax.knows(path):
            # Not as a worker that is a thread: the pool's thread would keep it, and with it this widget.
            ask(self, lambda: self.learn(path), group="syntax")
        self.post_message(self.Moved(self, path, hunk, hunks))

    def learn(self, path: str) -> None:
        """Get to know the syntax of that file, which takes a while and may be done in any thread."""
        self._painter.syntax.learn(path)
        self.call_later(self._forget)

    # -- size and drawing

    def _forget(self) -> None:
        self._strips.clear()
        self.refresh()

    def _display(self, row: int) -> int:
        return row if self._split is None else self._split.display_of(row)

    @property
    def _rows(self) -> int:
        return self._patch.row_count if self._split is None else len(self._split)

    def _fit(self) -> None:
        """The size of all rows; how wide the widest line is becomes known as they are drawn."""
        width = max(self._wide, self.size.width // (1 + self.split)) if self._patch.files else 0
        self.virtual_size = Size(width * (1 + self.split), self._rows)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._painter.forget_styles()
        self._strips.clear()

    def on_resize(self) -> None:
        """The gutter depends on the width; how far the last row gone to can be scrolled to depends on the height."""
        # Textual's other cache is a ring: cleared, it would be left for the collector.
        self._strips = FIFOCache(_KEPT_SCREENS * self.size.height)
        if self._patch.files:
            self._fit()
        if self._topped == (self._current, self.scroll_offset.y):
            self._to_top(self._current)

    def render_lines(self, crop: Region) -> list[Strip]:
        self._due, self.is_unfinished = perf_counter() + _FRAME_S, False
        strips = super().render_lines(crop)
        if self.is_unfinished:
            self.call_later(self.refresh)
        return strips

    def render_line(self, y: int) -> Strip:
        width, number = self.size.width, self.scroll_offset.y + y
        if number >= self._rows:
            said = Segment(self._empty if number == 0 else "", self._painter.style("diff--note"))
            return Strip([said]).adjust_cell_length(width, self.rich_style)
        if self._split is None:
            return self._row_strip(number, width)
        left, right = self._split.at(number)
        if left == right and self._patch.row(left).kind is not RowKind.CONTEXT:
            return self._row_strip(left, width)
        half, quiet = width // 2, self._painter.style("diff--gutter")
        sides = [
            self._row_strip(row, room, side) if row != NOTHING else Strip.blank(room, quiet.without_color)
            for side, (row, room) in enumerate(((left, half), (right, width - half - 1)))
        ]
        return Strip.join([sides[0], Strip([Segment("│", quiet)]), sides[1]])

    def _row_strip(self, number: int, width: int, side: int | None = None) -> Strip:
        """One row of the patch in that width, scrolled sideways as the view is."""
        current, marked = number == self._current, number in (self._line, self._hit)
        key = (number * 2 + (side or 0), width, current, marked)
        strip, gutter = self._strips.get(key), gutter_width(self.size.width, split=self.split)
        if strip is None:
            rich = perf_counter() < self._due or not self._due
            strip = self._painter.draw(
                self._patch, number, width, gutter, current=current, marked=marked, side=side, rich=rich
            )
            if rich:
                self._strips[key] = strip
            self.is_unfinished = self.is_unfinished or not rich
            if strip.cell_length > self._wide:
                self._wide = min(strip.cell_length, LINE_LIMIT * 2)
                self.call_later(self._fit)
        row = self._patch.row(number)
        if row.kind in _HEADERS:
            return strip
        fill = self._painter.style(f"diff--{row.kind}") if row.kind in SIGNS else self.rich_style
        # A copy, since what a strip is cut into stays with it: three times what it takes itself.
        strip = Strip(strip, strip.cell_length)
        text = strip.crop(gutter + self.scroll_offset.x).adjust_cell_length(max(width - gutter, 0), fill)
        return Strip.join([strip.crop(0, gutter), text]).crop(0, width)
