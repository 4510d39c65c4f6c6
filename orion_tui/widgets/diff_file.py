"""One file of a patch: where its hunks stand, which numbers its lines have, and its unchanged parts, folded or not. The
lines of a file that nobody looks at are never cut out of the patch."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, AnyStr, TypeVar
from weakref import proxy, ref

from orion_tui.widgets.diff_header import FileHeader, parse_header

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Iterator, Sequence

T = TypeVar("T")

_MARK = b"\n@@ -"
_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


_LOOKED_AT = 16
"""Of so many files the lines are kept, more than a screen has room for: they take twice their part of the patch."""


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
    """One hunk: `line` is where its header stands among the lines of its file, `lines` how many follow it, unfolded
    ones included. `index` counts from 0, `gap` is the number of unchanged lines above it, back to the hunk before or
    the file's first line. It does not keep its `file`: the two would hold each other, and with them the whole text of
    a patch that was closed."""

    file: FilePatch
    index: int
    line: int
    lines: int
    old_start: int
    old_count: int
    new_start: int
    new_count: int
    gap: int
    _olds: array[int] = field(default_factory=lambda: array("i"))
    _news: array[int] = field(default_factory=lambda: array("i"))
    _changes: array[int] = field(default_factory=lambda: array("i"))

    @property
    def row(self) -> int:
        """Where its header stands among the rows of the patch."""
        return self.file.row + 1 + self.line

    @property
    def body(self) -> Sequence[bytes]:
        """Its lines with their signs."""
        return self.file.lines[self.line + 1 : self.line + 1 + self.lines]

    def change_number(self, offset: int) -> int:
        """Which of the hunk's changed lines the line `offset` of it is, from 1."""
        self.numbers(offset)
        return self._changes[offset] + 1

    def numbers(self, offset: int) -> tuple[int, int]:
        """Old and new line number in force at the line `offset`; counted only as far as anybody has looked."""
        olds, news = self._olds, self._news
        if not olds:
            olds.append(self.old_start + (not self.old_count))
            news.append(self.new_start + (not self.new_count))
            self._changes.append(0)
        if offset >= len(olds):
            old, new, changed = olds[-1], news[-1], self._changes[-1]
            first = self.line + len(olds)
            for raw in self.file.lines[first : self.line + 1 + offset]:
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


class FilePatch:
    """One file of a patch. `start` and `stop` are its ends in the text of the patch, which has a line break in front of
    every line. Rows: its header, then each line of its hunks, or one note when it has none. `looked_at` are the files
    of the patch whose lines are cut out now, the first of them first."""

    def __init__(self, index: int, text: bytes, start: int, stop: int, looked_at: deque[ref[FilePatch]]) -> None:
        self.index = index
        self._looked_at = looked_at
        self.row = 0
        self._text = text
        self._start, self._stop = start, stop
        found = text.find(_MARK, start, stop)
        self._body = found if found >= 0 else stop
        self._count = text.count(b"\n", self._body, stop)
        self._lines: list[bytes] | None = None
        self._hunks: tuple[Hunk, ...] | None = None
        self._header: FileHeader | None = None
        self._lead = 0
        self._kept: object = None
        self.unfolded = False

    @property
    def rows(self) -> int:
        """How many rows it takes, without the blank one after it."""
        return 1 + max(self._count, 1)

    @property
    def lines(self) -> list[bytes]:
        """The headers and lines of its hunks, with what is unfolded between them."""
        if self._lines is not None:
            return self._lines
        lines = self._lines = self._folded()
        self._looked_at.append(ref(self))
        if len(self._looked_at) > _LOOKED_AT:
            first = self._looked_at.popleft()()
            if first is not None and not first.unfolded:
                first._lines = first._hunks = None
        return lines

    @property
    def signs(self) -> bytes:
        """The first character of each of its lines; asking for it keeps none of them."""
        lines = self._folded() if self._lines is None else self._lines
        return b"".join([line[:1] or b" " for line in lines])

    @property
    def header(self) -> FileHeader:
        """What its header says."""
        if self._header is None:
            self._header = parse_header(self._text[self._start + 1 : self._body].split(b"\n"))
        return self._header

    @property
    def hunks(self) -> tuple[Hunk, ...]:
        """Its hunks, in order; found when first asked for."""
        if self._hunks is None:
            self._hunks = tuple(self._find(self.lines))
        return self._hunks

    @property
    def counts(self) -> tuple[int, int]:
        """Lines added and removed."""
        text, body, stop = self._text, self._body, self._stop
        return text.count(b"\n+", body, stop), text.count(b"\n-", body, stop)

    @property
    def text(self) -> bytes:
        """Its part of the patch, as it came."""
        return self._text[self._start + 1 : self._stop] + b"\n"

    @property
    def longest(self) -> int:
        """Length in bytes of its longest line, the sign left out."""
        return max(map(len, self.lines), default=1) - 1

    def holding(self, text: str) -> Iterator[int]:
        """The numbers of the lines that hold the text in any case, a hunk's header left out."""
        body = b"\n" + b"\n".join(self.lines) if self.unfolded else self._text[self._body : self._stop]
        # Bytes are enough for plain text, and many times as fast.
        if text.isascii():
            return _holding(body.lower(), text.lower().encode(), b"\n", b"\n@@ -")
        return _holding(body.decode("utf-8", "surrogateescape").casefold(), text.casefold(), "\n", "\n@@ -")

    def hunk_at(self, row: int) -> Hunk | None:
        """The hunk that the row of the patch belongs to; its header, a note and what stands above the first have
        none."""
        hunks = self.hunks
        at = bisect_right(hunks, row, key=lambda hunk: hunk.row) - 1
        return hunks[at] if at >= 0 else None

    def row_at(self, number: int) -> Row:
        """The row of the patch with that number, which is one of its own."""
        offset = number - self.row - 1
        if offset < 0:
            return Row(RowKind.FILE, self.index)
        if offset >= self._count:
            return Row(RowKind.NOTE if not self._count and not offset else RowKind.BLANK, self.index)
        if offset < self._lead:
            return Row(RowKind.CONTEXT, self.index, None, offset + 1, offset + 1, self.lines[offset][1:])
        hunk = self.hunk_at(number)
        if hunk is None or hunk.line == offset:
            return Row(RowKind.HUNK, self.index, hunk.index if hunk else None)
        raw = self.lines[offset]
        old, new = hunk.numbers(offset - hunk.line - 1)
        match raw[:1]:
            case b"+":
                return Row(RowKind.ADDED, self.index, hunk.index, None, new, raw[1:])
            case b"-":
                return Row(RowKind.REMOVED, self.index, hunk.index, old, None, raw[1:])
            case b"\\":
                return Row(RowKind.NOTE, self.index, hunk.index, raw=raw[1:].strip())
            case _:
                return Row(RowKind.CONTEXT, self.index, hunk.index, old, new, raw[1:])

    def row_of_line(self, line: int) -> int:
        """The row that shows line `line` of the new file, else what comes closest after it, else the header's."""
        if line <= self._lead:
            return self.row + line
        for hunk in self.hunks:
            if hunk.numbers(max(hunk.lines - 1, 0))[1] < line:
                continue
            for offset in range(hunk.lines):
                number = self.row_at(hunk.row + 1 + offset).new
                if number is not None and number >= line:
                    return hunk.row + 1 + offset
        return self.row

    def kept(self, make: type[T]) -> T:
        """What was made of it, made once for as long as it is folded as it is."""
        if not isinstance(self._kept, make):
            self._kept = make(self)  # type: ignore[call-arg]
        return self._kept

    def fold(self) -> None:
        """Show the changed parts only."""
        self._set(self._folded(), 0, unfolded=False)

    def unfold(self, whole: bytes) -> bool:
        """Show the unchanged parts too. `whole` is the patch of the same change with all of them; false when it is not
        of the same change."""
        at = whole.find(_MARK)
        every = whole[at + 1 :].removesuffix(b"\n").split(b"\n")[1:] if at >= 0 else []
        self.fold()
        folded, hunks = self.lines, self.hunks
        if not hunks or not every:
            return False
        place = hunks[0].gap
        lines = every[:place]
        for hunk in hunks:
            own = folded[hunk.line + 1 : hunk.line + 1 + hunk.lines]
            if every[place : place + hunk.lines] != own:
                return False
            more = hunks[hunk.index + 1].gap if hunk.index + 1 < len(hunks) else len(every)
            lines += [folded[hunk.line], *every[place : place + hunk.lines + more]]
            place += hunk.lines + more
        self._set(lines, hunks[0].gap, unfolded=True)
        return True

    def _set(self, lines: list[bytes], lead: int, *, unfolded: bool) -> None:
        self._lines, self._hunks, self._lead, self.unfolded, self._kept = lines, None, lead, unfolded, None
        self._count = len(lines)

    def _folded(self) -> list[bytes]:
        body = self._text[self._body + 1 : self._stop]
        return body.split(b"\n") if body else []

    def _find(self, lines: list[bytes]) -> Iterator[Hunk]:
        # Inside a hunk every line begins with a blank, a sign or a backslash, so this can only be a hunk's header.
        found = [(at, match) for at, raw in enumerate(lines) if raw[:4] == b"@@ -" and (match := _HUNK.match(raw))]
        seen, file = 1, proxy(self)
        for index, (at, match) in enumerate(found):
            end = found[index + 1][0] if index + 1 < len(found) else len(lines)
            old, old_count, new, new_count = (1 if part is None else int(part) for part in match.groups())
            # A hunk that only adds names the line before it.
            first = old if old_count else old + 1
            yield Hunk(file, index, at, end - at - 1, old, old_count, new, new_count, max(first - seen, 0))
            seen = first + old_count


def _holding(body: AnyStr, needle: AnyStr, end: AnyStr, head: AnyStr) -> Iterator[int]:
    """Lines of `body`, each with a break and a sign in front, that hold the needle after the sign."""
    line = position = 0
    at = body.find(needle)
    while at >= 0:
        first = body.rfind(end, 0, at)
        line += body.count(end, position, first + 1)
        position = first + 1
        if at == first + 1 or body.startswith(head, first):
            # It begins with the sign, or is a header: look on behind that.
            at = body.find(needle, at + 1)
            continue
        yield line - 1
        after = body.find(end, at)
        at = body.find(needle, after) if after >= 0 else -1
