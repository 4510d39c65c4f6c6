"""A patch side by side: which rows stand next to each other. Stretches are counted, rows are never listed, so that a
long patch is put into two columns at once."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orion_tui.widgets.diff_file import FilePatch
    from orion_tui.widgets.diff_parse import Patch

NOTHING = -1

_CHANGE = re.compile(rb"-+\+*|\++")
_REPLACED = re.compile(rb"-+\++")


@dataclass(frozen=True, slots=True)
class Stretch:
    """`removed` lines beside the `added` ones that took their place. Places count from the file's first row, `row` in
    the patch and `display` on the screen."""

    row: int
    display: int
    removed: int
    added: int

    @property
    def saved(self) -> int:
        """How many rows fewer it takes than one below the other."""
        return min(self.removed, self.added)


class Columns:
    """One file in two columns."""

    def __init__(self, file: FilePatch) -> None:
        self._signs = file.signs
        replaced = _REPLACED.findall(self._signs)
        saved = sum(min(removed := found.count(b"-"), len(found) - removed) for found in replaced)
        self.length: int = file.rows - saved

    @cached_property
    def stretches(self) -> list[Stretch]:
        """All of them; made when the file is looked at, and not when its length is asked for."""
        made: list[Stretch] = []
        saved = 0
        for found in _CHANGE.finditer(self._signs):
            row = found.start() + 1
            removed = found.group().count(b"-")
            stretch = Stretch(row, row - saved, removed, len(found.group()) - removed)
            made.append(stretch)
            saved += stretch.saved
        return made

    @cached_property
    def rows(self) -> list[int]:
        return [stretch.row for stretch in self.stretches]

    @cached_property
    def displays(self) -> list[int]:
        return [stretch.display for stretch in self.stretches]

    def at(self, display: int) -> tuple[int, int]:
        """The rows of the file to the left and to the right."""
        place = bisect_right(self.displays, display) - 1
        if place < 0:
            return display, display
        stretch = self.stretches[place]
        offset = display - stretch.display
        if offset < max(stretch.removed, stretch.added):
            left = stretch.row + offset if offset < stretch.removed else NOTHING
            return left, stretch.row + stretch.removed + offset if offset < stretch.added else NOTHING
        row = stretch.row + offset + stretch.saved
        return row, row

    def display_of(self, row: int) -> int:
        """Where a row of the file stands."""
        place = bisect_right(self.rows, row) - 1
        if place < 0:
            return row
        stretch = self.stretches[place]
        offset = row - stretch.row
        if offset < stretch.removed:
            return stretch.display + offset
        if offset < stretch.removed + stretch.added:
            return stretch.display + offset - stretch.removed
        return stretch.display + offset - stretch.saved


class SplitRows:
    """Display rows of a patch in two columns: removed lines to the left of the added ones that took their place;
    headers, notes and unchanged lines stand on both sides."""

    def __init__(self, patch: Patch) -> None:
        self._patch = patch
        self._columns = [file.kept(Columns) for file in patch.files]
        self._starts = [0, *accumulate(columns.length + 1 for columns in self._columns)]

    def __len__(self) -> int:
        return max(self._starts[-1] - 1, 0)

    def at(self, display: int) -> tuple[int, int]:
        """The rows to the left and to the right, `NOTHING` where a side is empty."""
        number = min(bisect_right(self._starts, display), len(self._columns)) - 1
        first = self._patch.files[number].row
        left, right = self._columns[number].at(display - self._starts[number])
        return (first + left if left != NOTHING else left), (first + right if right != NOTHING else right)

    def display_of(self, row: int) -> int:
        """Where a row of the patch stands."""
        if not self._columns:
            return 0
        file = self._patch.place(row)[0]
        return self._starts[file.index] + self._columns[file.index].display_of(row - file.row)
