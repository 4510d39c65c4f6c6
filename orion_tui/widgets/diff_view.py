"""A patch on the screen: only the lines that can be seen are ever drawn, so its length does not matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from engine.vocabulary.text import decoded, visible
from orion_tui.widgets.diff_parse import FilePatch, Hunk, Patch, Row, RowKind

if TYPE_CHECKING:
    from rich.style import Style

LINE_LIMIT = 4_000
"""Bytes of one line that are drawn; what is beyond is said in numbers."""

_TAB = 4
_BOTH_NUMBERS, _ONE_NUMBER = 70, 34
"""Widths from which both line numbers, or at least one, leave room for the text."""

_SIGNS = {RowKind.ADDED: "+", RowKind.REMOVED: "-"}


class DiffView(ScrollView, can_focus=True):
    """Shows one patch with old and new line numbers. `j` and `k` of the screen call `next_hunk` and `previous_hunk`;
    the widget itself scrolls with arrows, page keys, home and end. All text is drawn literally and made visible."""

    DEFAULT_CSS = """
    DiffView {
        overflow-x: auto;
        overflow-y: auto;
        scrollbar-size: 1 1;
        background: $background;
        & .diff--file { text-style: bold; background: $surface; }
        & .diff--hunk { color: $text-muted; }
        & .diff--current { text-style: bold; }
        & .diff--added { color: $text-success; background: $success 12%; }
        & .diff--removed { color: $text-error; background: $error 12%; }
        & .diff--gutter { color: $text-muted; }
        & .diff--note { color: $text-muted; text-style: italic; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "diff--file",
        "diff--hunk",
        "diff--current",
        "diff--added",
        "diff--removed",
        "diff--gutter",
        "diff--note",
        "diff--context",
    }

    class Moved(Message):
        """Another file or hunk is the current one. `hunk` counts from 1; 0 stands for the file's header."""

        def __init__(self, view: DiffView, path: str, hunk: int, hunks: int) -> None:
            super().__init__()
            self.view = view
            self.path = path
            self.hunk = hunk
            self.hunks = hunks

        @property
        def control(self) -> DiffView:
            return self.view

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._patch = Patch(b"")
        self._empty = ""
        self._current = 0
        self._strips: LRUCache[tuple[int, int, bool], Strip] = LRUCache(2_048)
        self._styles: dict[str, Style] = {}

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
        self._current = 0
        self._strips.clear()
        self.virtual_size = Size(min(self._patch.longest, LINE_LIMIT) + self._gutter_width, self._patch.row_count)
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
        self.scroll_to_region(Region(0, row, 1, 1), animate=False, immediate=True)
        return found

    def _from(self) -> int:
        """Where a step starts: the current row while it can be seen, else the top of what can be seen."""
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        return self._current if top <= self._current < top + height else top

    def _go(self, row: int | None) -> bool:
        if row is None:
            return False
        self._current = row
        # Forced: the scroll bar that would allow it appears only with the next layout.
        self.scroll_to(y=row, animate=False, immediate=True, force=True)
        self.refresh()
        self._tell()
        return True

    def _tell(self) -> None:
        path, hunk = self.current
        hunks = len(self._patch.hunks(self._patch.place(self._current)[0].index)) if path else 0
        self.post_message(self.Moved(self, path, hunk, hunks))

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()

    def on_resize(self) -> None:
        """The gutter depends on the width."""
        self._strips.clear()

    @property
    def _gutter_width(self) -> int:
        width = self.size.width
        return 14 if width >= _BOTH_NUMBERS else 8 if width >= _ONE_NUMBER else 2

    def _style(self, name: str) -> Style:
        if name not in self._styles:
            self._styles[name] = self.get_component_rich_style(name)
        return self._styles[name]

    def render_line(self, y: int) -> Strip:
        left, top = self.scroll_offset
        width, number = self.size.width, top + y
        if number >= self._patch.row_count:
            said = self._empty if number == 0 else ""
            return Strip([Segment(said, self._style("diff--note"))]).adjust_cell_length(width, self.rich_style)
        is_current = number == self._current
        key = (number, width, is_current)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._draw(number, width, is_current)
        row = self._patch.row(number)
        if row.kind in (RowKind.FILE, RowKind.HUNK):
            return strip
        gutter = self._gutter_width
        fill = self._style(f"diff--{row.kind}") if row.kind in _SIGNS else self.rich_style
        text = strip.crop(gutter + left).adjust_cell_length(max(width - gutter, 0), fill)
        return Strip.join([strip.crop(0, gutter), text]).crop(0, width)

    def _draw(self, number: int, width: int, is_current: bool) -> Strip:
        row = self._patch.row(number)
        file, hunk = self._patch.place(number)
        if row.kind is RowKind.FILE:
            return self._header_strip(self._file_words(file), "diff--file", width, is_current)
        if row.kind is RowKind.HUNK and hunk is not None:
            return self._header_strip(self._hunk_words(file, hunk), "diff--hunk", width, is_current)
        if row.kind is RowKind.BLANK:
            return Strip([])
        if row.kind is RowKind.NOTE:
            gutter = Segment(" " * self._gutter_width)
            return Strip([gutter, Segment(self._note(row), self._style("diff--note"))])
        style = self._style(f"diff--{row.kind}")
        strip = Strip([self._gutter(row), Segment(self._shown(row.raw), style)])
        if strip.cell_length > self.virtual_size.width:
            self.call_later(self._widen, strip.cell_length)
        return strip

    def _widen(self, width: int) -> None:
        """Tabs and stand-ins can make a line longer than its bytes; known once it is drawn."""
        if width > self.virtual_size.width:
            self.virtual_size = Size(width, self._patch.row_count)

    def _header_strip(self, words: str, name: str, width: int, is_current: bool) -> Strip:
        style = self._style(name)
        if is_current:
            style += self._style("diff--current")
        line = Segment(("▸ " if is_current else "  ") + words, style)
        return Strip([line]).crop(0, width).adjust_cell_length(width, style)

    def _gutter(self, row: Row) -> Segment:
        sign = _SIGNS.get(row.kind, " ")
        old, new = "" if row.old is None else str(row.old), "" if row.new is None else str(row.new)
        width = self._gutter_width
        if width == 14:
            text = f"{old:>5} {new:>5} {sign} "
        elif width == 8:
            text = f"{new or old:>5} {sign} "
        else:
            text = f"{sign} "
        style = self._style(f"diff--{row.kind}") if row.kind in _SIGNS else self._style("diff--gutter")
        return Segment(text[-width:], style)

    def _shown(self, raw: bytes) -> str:
        text = visible(decoded(raw[:LINE_LIMIT]), keep="\t").expandtabs(_TAB)
        return text if len(raw) <= LINE_LIMIT else f"{text} … {len(raw) - LINE_LIMIT:,} more bytes on this line"

    def _file_words(self, file: FilePatch) -> str:
        header = self._patch.header(file.index)
        added, removed = self._patch.counts(file.index)
        name = visible(header.path)
        if header.status in ("renamed", "copied"):
            name = f"{visible(header.old_path)} → {name}"
        parts = [name, header.status]
        if added or removed:
            parts.append(f"+{added} -{removed}")
        return " · ".join([*parts, *header.words])

    def _hunk_words(self, file: FilePatch, hunk: Hunk) -> str:
        count = len(self._patch.hunks(file.index))
        context = visible(decoded(self._patch.hunk_context(hunk)[:200]), keep="\t").expandtabs(_TAB)
        gap = "" if not hunk.gap else f"{hunk.gap:,} unchanged line{'s' if hunk.gap > 1 else ''} above"
        parts = [f"hunk {hunk.index + 1}/{count}", gap, context]
        return "─── " + " · ".join(part for part in parts if part)

    def _note(self, row: Row) -> str:
        if row.raw:
            return visible(decoded(row.raw))
        header = self._patch.header(row.file)
        if header.binary:
            return "binary file: its lines are not shown"
        if header.status in ("renamed", "copied"):
            return f"{header.status} without a change of content"
        return "empty file" if header.status in ("added", "deleted") else "no line changed"
