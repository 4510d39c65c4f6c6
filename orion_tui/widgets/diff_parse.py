"""A unified patch as numbered rows, without drawing anything. Opening one only finds where files and hunks begin; the
text of a row, its line numbers and what a header says are worked out when somebody looks at them."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from orion_tui.widgets.diff_header import FileHeader, parse_header

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILE = b"diff --git "
_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


class RowKind(StrEnum):
    """What a row of the diff is."""

    FILE = "file"
    HUNK = "hunk"
    CONTEXT = "context"
    ADDED = "added"
    REMOVED = "removed"
    NOTE = "note"
    BLANK = "blank"


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `old` and `new` are line numbers from 1, None where the line does not exist on that side. `raw` is the
    line without its sign, as it stands in the patch; header rows carry none and are described by file and hunk."""

    kind: RowKind
    file: int
    hunk: int | None = None
    old: int | None = None
    new: int | None = None
    raw: bytes = b""


@dataclass(slots=True)
class Hunk:
    """One hunk: `row` and `line` are where its header stands among the rows and in the patch, `lines` how many follow.
    `index` counts from 0 within the file `file`, `gap` is the number of unchanged lines above it, back to the hunk
    before or the file's first line."""

    file: int
    index: int
    row: int
    line: int
    lines: int
    old_start: int
    old_count: int
    new_start: int
    new_count: int
    gap: int
    _olds: array[int] = field(default_factory=lambda: array("l"))
    _news: array[int] = field(default_factory=lambda: array("l"))
    _changes: array[int] = field(default_factory=lambda: array("l"))

    def change_number(self, patch_lines: list[bytes], offset: int) -> int:
        """Which of the hunk's changed lines the body line `offset` is, from 1."""
        self.numbers(patch_lines, offset)
        return self._changes[offset] + 1

    def numbers(self, patch_lines: list[bytes], offset: int) -> tuple[int, int]:
        """Old and new line number in force at the body line `offset`; counted only as far as anybody has looked."""
        olds, news = self._olds, self._news
        if not olds:
            olds.append(self.old_start)
            news.append(self.new_start)
            self._changes.append(0)
        if offset >= len(olds):
            old, new, changed = olds[-1], news[-1], self._changes[-1]
            for raw in patch_lines[self.line + len(olds) : self.line + 1 + offset]:
                sign = raw[:1]
                if sign == b"+":
                    new += 1
                    changed += 1
                elif sign == b"-":
                    old += 1
                    changed += 1
                elif sign != b"\\":
                    old += 1
                    new += 1
                olds.append(old)
                news.append(new)
                self._changes.append(changed)
        return olds[offset], news[offset]


@dataclass(slots=True)
class FilePatch:
    """One file of the patch: its lines go from `line` (the `diff --git`) to `end`, its hunks begin at `body`; `start`
    and `stop` are the same ends in bytes. `row` is its header's row."""

    index: int
    line: int
    body: int
    end: int
    start: int
    stop: int
    row: int = 0

    @property
    def rows(self) -> int:
        """Its header and its lines, or one note in place of lines."""
        return 1 + max(self.end - self.body, 1)


class Patch:
    """The rows of a patch. Order: for each file a header row, then for each hunk a header row and its lines; a file
    without hunks has one note instead; files are set apart by a blank row."""

    def __init__(self, data: bytes) -> None:
        self.lines = data.split(b"\n")
        if self.lines[-1] == b"":
            self.lines.pop()
        # With a line break in front, every line can be found by the break before it.
        self._text = b"\n" + data
        self.files = self._files()
        self._starts = [file.row for file in self.files]
        self._headers: dict[int, FileHeader] = {}
        self._hunks: dict[int, tuple[Hunk, ...]] = {}
        self.row_count = self.files[-1].row + self.files[-1].rows if self.files else 0

    def _files(self) -> list[FilePatch]:
        # Inside a hunk every line begins with a blank, a sign or a backslash, so this can only be a file's header.
        text, mark = self._text, b"\n" + _FILE
        starts: list[tuple[int, int]] = []
        line = position = 0
        at = text.find(mark)
        while at >= 0:
            line += text.count(b"\n", position, at)
            position = at
            starts.append((line, at))
            at = text.find(mark, at + 1)
        files: list[FilePatch] = []
        row = 0
        for index, (start, begin) in enumerate(starts):
            end, stop = starts[index + 1] if index + 1 < len(starts) else (len(self.lines), len(text))
            body = next((n for n in range(start + 1, end) if self.lines[n].startswith(b"@@ ")), end)
            file = FilePatch(index, start, body, end, begin, stop, row)
            files.append(file)
            row += file.rows + 1
        return files

    def hunks(self, file: int) -> tuple[Hunk, ...]:
        """The hunks of that file, in order; found when first asked for."""
        if file not in self._hunks:
            self._hunks[file] = tuple(self._find_hunks(self.files[file]))
        return self._hunks[file]

    def _find_hunks(self, file: FilePatch) -> Iterator[Hunk]:
        text, mark = self._text, b"\n@@ -"
        found = []
        number, position = file.line, file.start
        at = text.find(mark, file.start, file.stop)
        while at >= 0:
            number += text.count(b"\n", position, at)
            position = at
            match = _HUNK.match(self.lines[number])
            if match is not None:
                found.append((number, *(1 if group is None else int(group) for group in match.groups())))
            at = text.find(mark, at + 1, file.stop)
        seen = 1
        for index, (number, old, old_count, new, new_count) in enumerate(found):
            end = found[index + 1][0] if index + 1 < len(found) else file.end
            # A hunk that only adds names the line before it.
            first = old if old_count else old + 1
            row = file.row + 1 + number - file.body
            gap = max(first - seen, 0)
            yield Hunk(file.index, index, row, number, end - number - 1, old, old_count, new, new_count, gap)
            seen = first + old_count

    @cached_property
    def longest(self) -> int:
        """Length in bytes of the longest line of any hunk, its sign left out."""
        return max((max(map(len, self.lines[f.body : f.end]), default=1) - 1 for f in self.files), default=0)

    def place(self, row: int) -> tuple[FilePatch, Hunk | None]:
        """The file and hunk that the row belongs to; a file's header row and note have no hunk. Rows beyond the ends
        count as the first and the last. Raises IndexError for an empty patch."""
        file = self.files[max(bisect_right(self._starts, row) - 1, 0)]
        hunks = self.hunks(file.index)
        at = bisect_right(hunks, row, key=lambda hunk: hunk.row) - 1
        return file, hunks[at] if at >= 0 else None

    def row(self, number: int) -> Row:
        """The row with that number, from 0. Raises IndexError."""
        if not 0 <= number < self.row_count:
            raise IndexError(number)
        file, hunk = self.place(number)
        if number >= file.row + file.rows:
            return Row(RowKind.BLANK, file.index)
        if hunk is None:
            return Row(RowKind.FILE if number == file.row else RowKind.NOTE, file.index)
        offset = number - hunk.row - 1
        if offset < 0:
            return Row(RowKind.HUNK, file.index, hunk.index)
        raw = self.lines[hunk.line + 1 + offset]
        old, new = hunk.numbers(self.lines, offset)
        match raw[:1]:
            case b"+":
                return Row(RowKind.ADDED, file.index, hunk.index, None, new, raw[1:])
            case b"-":
                return Row(RowKind.REMOVED, file.index, hunk.index, old, None, raw[1:])
            case b"\\":
                return Row(RowKind.NOTE, file.index, hunk.index, raw=raw[1:].strip())
            case _:
                return Row(RowKind.CONTEXT, file.index, hunk.index, old, new, raw[1:])

    def change_at(self, number: int) -> tuple[FilePatch, Hunk, int] | None:
        """The file, the hunk and which of its changed lines (from 1) that row is; None when it is none."""
        if not 0 <= number < self.row_count or self.row(number).kind not in (RowKind.ADDED, RowKind.REMOVED):
            return None
        file, hunk = self.place(number)
        if hunk is None:
            return None
        return file, hunk, hunk.change_number(self.lines, number - hunk.row - 1)

    def next_change(self, row: int, step: int) -> int | None:
        """The next row, down (1) or up (-1), that is an added or a removed line."""
        at = row + step
        while 0 <= at < self.row_count:
            if self.row(at).kind in (RowKind.ADDED, RowKind.REMOVED):
                return at
            at += step
        return None

    def find(self, text: str, row: int) -> int | None:
        """The first row after `row`, or else from the top, with a line of a hunk that holds the text in any case."""
        needle = text.casefold().encode("utf-8", "surrogateescape")
        if not needle or not self.files:
            return None
        bodies = ((file, line) for file in self.files for line in range(file.body, file.end))
        hits = (file.row + 1 + line - file.body for file, line in bodies if needle in self.lines[line].lower())
        first = None
        for hit in hits:
            if hit > row:
                return hit
            first = hit if first is None else first
        return first

    def header(self, file: int) -> FileHeader:
        """What the header of that file says."""
        if file not in self._headers:
            entry = self.files[file]
            self._headers[file] = parse_header(self.lines[entry.line : entry.body])
        return self._headers[file]

    def hunk_context(self, hunk: Hunk) -> bytes:
        """What stands behind the second `@@` of a hunk's header: the function it is in."""
        return self.lines[hunk.line].split(b"@@", 2)[-1].strip()

    def counts(self, file: int) -> tuple[int, int]:
        """Lines added and removed in that file."""
        entry, text = self.files[file], self._text
        body = text.find(b"\n@@ ", entry.start, entry.stop)
        if body < 0:
            return 0, 0
        return text.count(b"\n+", body, entry.stop), text.count(b"\n-", body, entry.stop)

    def next_hunk(self, row: int) -> int | None:
        """The header row of the first hunk that begins after `row`."""
        for file in self.files[max(bisect_right(self._starts, row) - 1, 0) :]:
            for hunk in self.hunks(file.index):
                if hunk.row > row:
                    return hunk.row
        return None

    def previous_hunk(self, row: int) -> int | None:
        """The header row of the last hunk that begins before `row`."""
        for file in reversed(self.files[: bisect_right(self._starts, row)]):
            for hunk in reversed(self.hunks(file.index)):
                if hunk.row < row:
                    return hunk.row
        return None

    def next_file(self, row: int) -> int | None:
        """The header row of the first file that begins after `row`."""
        at = bisect_right(self._starts, row)
        return self._starts[at] if at < len(self._starts) else None

    def row_of(self, path: str) -> int | None:
        """The header row of the file with that path (the old or the new one), None when it is not in the patch."""
        for file in self.files:
            header = self.header(file.index)
            if path in (header.new_path, header.old_path):
                return file.row
        return None

    def row_of_line(self, path: str, line: int) -> int | None:
        """The row that shows line `line` of the new file, else the hunk that comes closest after it, else the file."""
        start = self.row_of(path)
        if start is None:
            return None
        for hunk in self.hunks(self.place(start)[0].index):
            if line < hunk.new_start + hunk.new_count:
                for offset in range(hunk.lines):
                    number = self.row(hunk.row + 1 + offset).new
                    if number is not None and number >= line:
                        return hunk.row + 1 + offset
        return start
