"""A view of many lines that draws only those on screen: the base of lists and logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.cache import FIFOCache
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

if TYPE_CHECKING:
    from rich.style import Style

    from orion_tui.widgets.signs import Parts

_CURSOR = "\u203a"


class LineView(ScrollView, can_focus=True):
    """Lines by number. A subclass answers `line_count` and `line_parts`; strips are cached until `forget`."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "line--title",
        "line--muted",
        "line--accent",
        "line--good",
        "line--bad",
        "line--key",
        "line--cursor",
    }
    cursor: reactive[int] = reactive(-1, repaint=False)
    """The chosen line, or -1 when this view has none."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._strips: FIFOCache[tuple[int, bool], Strip] = FIFOCache(256)
        self._tones: dict[tuple[str, bool], Style] = {}

    def line_count(self) -> int:
        """How many lines there are now."""
        raise NotImplementedError

    def line_parts(self, number: int, width: int) -> Parts:
        """One line's parts; it is cut or filled to `width` here. Text is literal, and visible already."""
        raise NotImplementedError

    def forget(self) -> None:
        """All lines may have changed: draw them anew."""
        self._strips.clear()
        self.refresh()

    def resize_to_lines(self) -> None:
        """Tell the scroll bar how many lines there are."""
        size = Size(self.scrollable_content_region.width, self.line_count())
        if size != self.virtual_size:
            self.virtual_size = size

    def on_resize(self) -> None:  # Textual calls this of every class in the line of descent
        self._strips.clear()
        self.resize_to_lines()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._tones.clear()
        self._strips.clear()

    def watch_has_focus(self, _has_focus: bool) -> None:
        super().watch_has_focus(_has_focus)
        self.forget()

    def keep_cursor_in_sight(self) -> None:
        """Scroll as far as the chosen line needs; for a view that has become smaller."""
        if self.cursor >= 0 and self.is_attached:
            self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)

    def watch_cursor(self, old: int, new: int) -> None:
        self.keep_cursor_in_sight()
        for number in (old, new):
            self.refresh_lines(number - self.scroll_offset.y, 1)

    def render_line(self, y: int) -> Strip:
        number = self.scroll_offset.y + y
        width = self.scrollable_content_region.width
        chosen = number == self.cursor and self.cursor >= 0
        if number >= self.line_count():
            return Strip.blank(width, self._style("", False))
        key = (number, chosen)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._drawn(self.line_parts(number, width), width, chosen)
            self._strips[key] = strip
        return strip

    def _drawn(self, parts: Parts, width: int, chosen: bool) -> Strip:
        if chosen and parts and parts[0][0].startswith(" "):
            # The cursor is a sign too, not only a colour.
            parts = ((_CURSOR + parts[0][0][1:], parts[0][1]), *parts[1:])
        segments = [Segment(text, self._style(tone, chosen)) for text, tone in parts if text]
        return Strip(segments).adjust_cell_length(width, self._style("", chosen))

    def _style(self, tone: str, chosen: bool) -> Style:
        key = (tone, chosen)
        style = self._tones.get(key)
        if style is None:
            style = self.rich_style
            if tone:
                style += self.get_component_rich_style(f"line--{tone}", partial=True)
            if chosen:
                style += self.get_component_rich_style("line--cursor", partial=True)
            self._tones[key] = style
        return style
