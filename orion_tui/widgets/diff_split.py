"""A patch side by side: which rows stand next to each other. Made when it is first asked for, in one pass."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orion_tui.widgets.diff_parse import Patch

NOTHING = -1


class SplitRows:
    """Display rows of a patch in two columns: removed lines to the left of the added ones that took their place;
    headers, notes and unchanged lines stand on both sides."""

    def __init__(self, patch: Patch) -> None:
        self._left: array[int] = array("l")
        self._right: array[int] = array("l")
        self._where: array[int] = array("l", bytes(array("l").itemsize * patch.row_count))
        for file in patch.files:
            hunks = patch.hunks(file.index)
            first = hunks[0].row if hunks else file.row + file.rows
            for row in range(file.row, first):
                self._add(row, row)
            for hunk in hunks:
                self._add(hunk.row, hunk.row)
                self._hunk(patch.lines, hunk.line + 1, hunk.lines, hunk.row + 1)
            if file.row + file.rows < patch.row_count:
                self._add(file.row + file.rows, file.row + file.rows)

    def __len__(self) -> int:
        return len(self._left)

    def at(self, display: int) -> tuple[int, int]:
        """The rows to the left and to the right, `NOTHING` where a side is empty."""
        return self._left[display], self._right[display]

    def display_of(self, row: int) -> int:
        """Where a row of the patch stands."""
        return self._where[row] if 0 <= row < len(self._where) else 0

    def _hunk(self, lines: list[bytes], start: int, count: int, row: int) -> None:
        removed: list[int] = []
        added: list[int] = []
        for raw in lines[start : start + count]:
            sign = raw[:1]
            if sign == b"-":
                if added:
                    self._pair(removed, added)
                removed.append(row)
            elif sign == b"+":
                added.append(row)
            else:
                self._pair(removed, added)
                self._add(row, row)
            row += 1
        self._pair(removed, added)

    def _pair(self, removed: list[int], added: list[int]) -> None:
        for number in range(max(len(removed), len(added))):
            self._add(
                removed[number] if number < len(removed) else NOTHING,
                added[number] if number < len(added) else NOTHING,
            )
        removed.clear()
        added.clear()

    def _add(self, left: int, right: int) -> None:
        for row in (left, right):
            if row != NOTHING:
                self._where[row] = len(self._left)
        self._left.append(left)
        self._right.append(right)
