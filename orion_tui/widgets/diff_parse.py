"""A unified patch as numbered rows, without drawing anything. Opening one only finds where its files begin; what a file
holds is worked out when somebody looks at it."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from typing import TYPE_CHECKING
from weakref import ref

from orion_tui.widgets.diff_file import FilePatch, Hunk, Row, RowKind

if TYPE_CHECKING:
    from collections.abc import Mapping

Anchor = tuple[int, int | None, int]
"""The index of a file, that of a hunk in it, and the rows below the beginning of the hunk (or else of the file)."""

_FILE = b"\ndiff --git "


class Patch:
    """The rows of a patch. Order: for each file a header row, then for each hunk a header row and its lines; a file
    without hunks has one note instead; files are set apart by a blank row. `whole` is false for the beginning of a
    patch of which the rest is still to come."""

    def __init__(self, *data: bytes, whole: bool = True) -> None:
        """From its pieces, in order."""
        # With a break in front of every line; one copy of a long patch is enough.
        self._text = b"".join((b"\n", *data))
        self.whole = whole
        self.files = self._files()
        self._paths: dict[str, FilePatch] = {}
        self.placed()

    def _files(self) -> list[FilePatch]:
        # Inside a hunk every line begins with a blank, a sign or a backslash, so this can only be a file's header.
        text = self._text
        starts = []
        at = text.find(_FILE)
        while at >= 0:
            starts.append(at)
            at = text.find(_FILE, at + 1)
        end = len(text) - text.endswith(b"\n")
        stops = [*starts[1:], max(end, starts[-1])] if starts else []
        ends, looked_at = enumerate(zip(starts, stops, strict=True)), deque[ref[FilePatch]]()
        return [FilePatch(n, text, start, stop, looked_at) for n, (start, stop) in ends]

    @property
    def data(self) -> bytes:
        """The patch as it came."""
        return self._text[1:]

    def is_of(self, other: Patch) -> bool:
        """Whether both are of the same text."""
        return self._text == other._text

    def goes_on(self, beginning: Patch) -> bool:
        """Whether it is a longer part of the text that the other is the beginning of."""
        return not beginning.whole and bool(beginning.files) and self._text.startswith(beginning._text)

    def placed(self) -> None:
        """Number all rows again, after a file was folded or unfolded."""
        row = 0
        for file in self.files:
            file.row = row
            row += file.rows + 1
        self._starts = [file.row for file in self.files]
        self.row_count = max(row - 1, 0)

    def unfold(self, pieces: Mapping[str, bytes]) -> int:
        """Show the unchanged parts of these files too, given the patch of each with all of them; of how many that
        could be done."""
        done = sum(file.unfold(pieces[file.header.path]) for file in self.files if file.header.path in pieces)
        self.placed()
        return done

    def by_path(self) -> dict[str, bytes]:
        """The patch of each file by its path."""
        return {file.header.path: file.text for file in self.files}

    def anchor(self, row: int) -> Anchor:
        """Where the row is, in words that still hold when other parts are folded."""
        file, hunk = self.place(row)
        return file.index, (hunk.index if hunk else None), row - (hunk.row if hunk else file.row)

    def row_of_anchor(self, anchor: Anchor) -> int:
        """The row that is there now."""
        file = self.files[anchor[0]]
        hunk = None if anchor[1] is None else file.hunks[anchor[1]]
        return file.row + anchor[2] if hunk is None else hunk.row + min(anchor[2], hunk.lines)

    def place(self, row: int) -> tuple[FilePatch, Hunk | None]:
        """The file and hunk that the row belongs to; a file's header row and note have no hunk. Rows beyond the ends
        count as the first and the last. Raises IndexError for an empty patch."""
        file = self.files[max(bisect_right(self._starts, row) - 1, 0)]
        return file, file.hunk_at(row)

    def row(self, number: int) -> Row:
        """The row with that number, from 0. Raises IndexError."""
        if not 0 <= number < self.row_count:
            raise IndexError(number)
        return self.files[max(bisect_right(self._starts, number) - 1, 0)].row_at(number)

    def change_at(self, number: int) -> tuple[FilePatch, Hunk, int] | None:
        """The file, the hunk and which of its changed lines (from 1) that row is; None when it is none."""
        if not 0 <= number < self.row_count or self.row(number).kind not in (RowKind.ADDED, RowKind.REMOVED):
            return None
        file, hunk = self.place(number)
        return None if hunk is None else (file, hunk, hunk.change_number(number - hunk.row - 1))

    def next_change(self, row: int, step: int) -> int | None:
        """The next row, down (1) or up (-1), that is an added or a removed line."""
        at = row + step
        while 0 <= at < self.row_count:
            file = self.place(at)[0]
            offset = at - file.row - 1
            lines = file.lines
            while 0 <= offset < len(lines):
                if lines[offset][:1] in (b"+", b"-"):
                    return file.row + 1 + offset
                offset += step
            at = file.row + file.rows + 1 if step > 0 else file.row - 1
        return None

    def hits(self, text: str) -> list[int]:
        """Every row with a line that holds the text in any case, and the header of a file whose name does."""
        found: list[int] = []
        for file in self.files if text else ():
            if text.casefold() in f"{file.header.old_path}\n{file.header.path}".casefold():
                found.append(file.row)
            found += (file.row + 1 + line for line in file.holding(text))
        return found

    def next_hunk(self, row: int) -> int | None:
        """The header row of the first hunk that begins after `row`."""
        for file in self.files[max(bisect_right(self._starts, row) - 1, 0) :]:
            for hunk in file.hunks:
                if hunk.row > row:
                    return hunk.row
        return None

    def previous_hunk(self, row: int) -> int | None:
        """The header row of the last hunk that begins before `row`."""
        for file in reversed(self.files[: bisect_right(self._starts, row)]):
            for hunk in reversed(file.hunks):
                if hunk.row < row:
                    return hunk.row
        return None

    def next_file(self, row: int) -> int | None:
        """The header row of the first file that begins after `row`."""
        at = bisect_right(self._starts, row)
        return self._starts[at] if at < len(self._starts) else None

    def previous_file(self, row: int) -> int | None:
        """The header row of the last file that begins before `row`."""
        at = bisect_right(self._starts, row - 1)
        return self._starts[at - 1] if at > 0 else None

    def row_of(self, path: str) -> int | None:
        """The header row of the file with that path (the old or the new one), None when it is not in the patch."""
        file = self.file_of(path)
        return None if file is None else file.row

    def file_of(self, path: str) -> FilePatch | None:
        """The file with that path, by its new name if it has two."""
        if not self._paths:
            for file in self.files:
                self._paths.setdefault(file.header.old_path, file)
            self._paths |= {file.header.path: file for file in self.files}
        return self._paths.get(path)

    def row_of_line(self, path: str, line: int) -> int | None:
        """The row that shows line `line` of the new file, else the hunk that comes closest after it, else the file."""
        file = self.file_of(path)
        return None if file is None else file.row_of_line(line)
