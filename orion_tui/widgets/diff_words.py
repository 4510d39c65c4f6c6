"""The words of a diff: what headers say, what stands in the gutter, a line made safe to draw, what is left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.vocabulary.text import decoded, visible
from orion_tui.widgets.diff_file import RowKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orion_tui.widgets.diff_file import FilePatch, Hunk, Row
    from orion_tui.widgets.diff_parse import Patch

LINE_LIMIT = 4_000
"""Bytes of one line that are drawn; what is beyond is said in numbers."""

SIGNS = {RowKind.ADDED: "+", RowKind.REMOVED: "-"}
_TAB = 4
_BOTH_NUMBERS, _ONE_NUMBER, _NO_NUMBER = 14, 8, 2
_WIDE, _NARROW = 70, 34
"""Widths of a view from which both line numbers, or at least one, leave room for the text."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What of a patch is not taken, by path and hunk (from 1): the numbers of its changed lines, None for all of them.
    Hunk 0 is a file that is taken as a whole, whether it shows hunks (a link, or what became one) or none."""

    patch: Patch
    parts: Mapping[tuple[str, int], frozenset[int] | None]

    def holds(self, row: int) -> bool:
        """Whether that line is left out."""
        found = self.patch.change_at(row)
        if found is None:
            return False
        key = self._known(found[0].header.path, found[1].index + 1)
        if key not in self.parts:
            return False
        lines = self.parts[key]
        return lines is None or found[2] in lines

    def _known(self, path: str, hunk: int) -> tuple[str, int]:
        return (path, 0) if (path, 0) in self.parts else (path, hunk)

    def box(self, path: str, hunk: int) -> str:
        """A sign for a hunk that is taken, taken in part, or left."""
        key = self._known(path, hunk)
        if key not in self.parts:
            return "✓ "
        return "☐ " if self.parts[key] is None else "◪ "


def gutter_width(width: int, *, split: bool) -> int:
    """Cells for line numbers and signs in a view that wide; in two columns each side has one number."""
    if split or _NARROW <= width < _WIDE:
        return _ONE_NUMBER
    return _BOTH_NUMBERS if width >= _WIDE else _NO_NUMBER


def shown_line(raw: bytes) -> str:
    """A line as it is drawn: cut where it is far too long, nothing in it that a terminal would obey."""
    text = visible(decoded(raw[:LINE_LIMIT]), keep="\t").expandtabs(_TAB)
    return text if len(raw) <= LINE_LIMIT else f"{text} … {len(raw) - LINE_LIMIT:,} more bytes on this line"


def file_words(file: FilePatch, left: LeftOut | None) -> str:
    """Name, what became of it, counts, and what git says of modes."""
    header = file.header
    added, removed = file.counts
    name = visible(header.path)
    if header.status in ("renamed", "copied"):
        name = f"{visible(header.old_path)} → {name}"
    box = left.box(header.path, 0) if left is not None and not file.hunks else ""
    parts = [f"{box}{name}", header.status]
    if added or removed:
        parts.append(f"+{added} -{removed}")
    return " · ".join([*parts, *header.words])


def hunk_words(hunk: Hunk, left: LeftOut | None) -> str:
    """Which of how many it is, what is folded above it, and the function it is in."""
    file = hunk.file
    count = len(file.hunks)
    context = visible(decoded(file.lines[hunk.line].split(b"@@", 2)[-1].strip()[:200]), keep="\t").expandtabs(_TAB)
    folded = hunk.gap and not file.unfolded
    gap = f"{hunk.gap:,} unchanged line{'s' if hunk.gap > 1 else ''} above" if folded else ""
    box = left.box(file.header.path, hunk.index + 1) if left is not None else ""
    parts = [f"hunk {hunk.index + 1}/{count}", gap, context]
    return f"─── {box}" + " · ".join(part for part in parts if part)


def note_words(patch: Patch, row: Row) -> str:
    """What stands in place of lines."""
    if row.raw:
        return visible(decoded(row.raw))
    header = patch.files[row.file].header
    if header.binary:
        return "binary file: its lines are not shown"
    if header.status in ("renamed", "copied"):
        return f"{header.status} without a change of content"
    return "empty file" if header.status in ("added", "deleted") else "no line changed"


def gutter_text(row: Row, width: int, *, is_line: bool, left_out: bool, new_side: bool | None) -> str:
    """Line numbers as far as there is room, the line cursor, the sign, and whether the line is left out. `new_side`
    says which of two columns it is in, None for a single one."""
    marks = f"{'▸' if is_line else ' '}{SIGNS.get(row.kind, ' ')}{'☐' if left_out else ' '}"
    old, new = "" if row.old is None else str(row.old), "" if row.new is None else str(row.new)
    if new_side is not None:
        text = f"{(new if new_side else old):>5}{marks}"
    elif width == _BOTH_NUMBERS:
        text = f"{old:>5} {new:>5}{marks}"
    elif width == _ONE_NUMBER:
        text = f"{new or old:>5}{marks}"
    else:
        text = marks[1:]
    return text[-width:]
