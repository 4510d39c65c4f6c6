"""How a row of a diff is drawn: its gutter, its signs, the words that changed, its syntax. What takes long is left for
the next frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.strip import Strip

from orion_tui.widgets.diff_file import Row, RowKind
from orion_tui.widgets.diff_marks import Syntax, changed_words, found_in, partner, pieces
from orion_tui.widgets.diff_words import (
    SIGNS,
    LeftOut,
    file_words,
    gutter_text,
    hunk_words,
    note_words,
    shown_line,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rich.style import Style

    from orion_tui.widgets.diff_parse import Patch

STYLES = (
    *("diff--file", "diff--hunk", "diff--current", "diff--added", "diff--removed", "diff--gutter", "diff--note"),
    *("diff--context", "diff--left", "diff--line", "diff--found", "diff--added-word", "diff--removed-word"),
    *("diff--keyword", "diff--string", "diff--number", "diff--comment"),
)


CSS = """
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


class DiffPainter:
    """Draws single rows of one patch. `style_of` gives a component's style, or with True only what it adds to another;
    `left` says what is not taken, by path and hunk, and is None where nothing can be taken."""

    def __init__(self, style_of: Callable[[str, bool], Style]) -> None:
        self._style_of = style_of
        self._styles: dict[str, Style] = {}
        self.syntax = Syntax()
        self.left: Mapping[tuple[str, int], frozenset[int] | None] | None = None
        self.needle = ""

    def forget_styles(self) -> None:
        """Another theme holds."""
        self._styles.clear()

    def style(self, name: str) -> Style:
        if name not in self._styles:
            self._styles[name] = self._style_of(name, False)
        return self._styles[name]

    def draw(
        self, patch: Patch, number: int, width: int, gutter: int, *, current: bool, marked: bool, side: int | None,
        rich: bool,
    ) -> Strip:  # fmt: skip
        """One row, not cut to the width unless it is a header. `marked` is the row of the line cursor; `side` is 0 for
        the left and 1 for the right of two columns; without `rich` neither words nor syntax are looked at."""
        row = patch.row(number)
        file, hunk = patch.place(number)
        taken = LeftOut(patch, self.left) if self.left is not None else None
        if row.kind is RowKind.FILE:
            return self._heading(file_words(file, taken), "diff--file", width, current)
        if row.kind is RowKind.HUNK and hunk is not None:
            return self._heading(hunk_words(hunk, taken), "diff--hunk", width, current)
        if row.kind is RowKind.BLANK:
            return Strip([])
        if row.kind is RowKind.NOTE:
            return Strip([Segment(" " * gutter + note_words(patch, row), self.style("diff--note"))])
        left_out = bool(self.left) and taken is not None and taken.holds(number)
        first = self._gutter(row, gutter, marked, left_out, side)
        return Strip([first, *self._line(patch, number, row, file.header.path, left_out, rich)])

    def _line(self, patch: Patch, number: int, row: Row, path: str, left_out: bool, rich: bool) -> list[Segment]:
        text = shown_line(row.raw)
        spans = self.syntax.spans(path, text) if rich else []
        if rich and row.kind in SIGNS:
            other = partner(patch, number)
            if other is not None:
                words = changed_words(text, shown_line(patch.row(other).raw))
                spans += [(start, end, f"{row.kind}-{name}") for start, end, name in words]
        spans += found_in(text, self.needle)
        names = (str(row.kind), *(("left",) if left_out else ()))
        return [Segment(piece, self._mixed(*names, *more)) for piece, more in pieces(text, spans)]

    def _mixed(self, kind: str, *names: str) -> Style:
        """The style of a line with what each name adds to it."""
        key = "|".join((kind, *names))
        if key not in self._styles:
            style = self.style(f"diff--{kind}")
            for name in names:
                style += self._part(f"diff--{name}")
            self._styles[key] = style
        return self._styles[key]

    def _gutter(self, row: Row, width: int, marked: bool, left_out: bool, side: int | None) -> Segment:
        style = self.style(f"diff--{row.kind}") if row.kind in SIGNS else self.style("diff--gutter")
        if marked:
            style += self._part("diff--line")
        new_side = None if side is None else bool(side)
        return Segment(gutter_text(row, width, is_line=marked, left_out=left_out, new_side=new_side), style)

    def _part(self, name: str) -> Style:
        """What that style adds to another."""
        key = f"{name}+"
        if key not in self._styles:
            self._styles[key] = self._style_of(name, not name.endswith("-word"))
        return self._styles[key]

    def _heading(self, words: str, name: str, width: int, current: bool) -> Strip:
        style = self.style(name)
        if current:
            style += self.style("diff--current")
        strip = Strip([Segment(("▸ " if current else "  ") + words, style)])
        return strip.crop(0, width).adjust_cell_length(width, style)
