"""A file in conflict as three columns that scroll as one: the branch's version, the one before both, the session's.
Lines that belong together stand beside each other, what a side changed is marked, and keys go from place to place."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.message import Message

from engine.vocabulary.text import decoded, visible
from orion_tui.widgets.columns import cell
from orion_tui.widgets.lines import LineView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.strip import Strip

    from engine.vocabulary.workspaces import ConflictSides
    from orion_tui.widgets.signs import Parts

_COMPARED, _DEAR = 30_000_000, 250_000
"""The most pairs of lines that are compared, and from how many on with less care; more stand as one stretch."""

_SHOWN = 200_000
_SHIFT = 8
_NUMBERED = 90
"""Cells of width from which lines have numbers."""

Line = tuple[int, str] | None
"""A line's number from 1 and its text."""


@dataclass(frozen=True, slots=True)
class Abreast:
    """One row: the line of each version, None where it has none there, and which of the two sides changed it."""

    ours: Line
    base: Line
    theirs: Line
    by_ours: bool
    by_theirs: bool


def abreast(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[Abreast]:
    """The three versions line by line, what belongs together in one row."""
    of_ours, new_ours = _against(base, ours)
    of_theirs, new_theirs = _against(base, theirs)
    rows: list[Abreast] = []
    for place in range(len(base) + 1):
        left, right = new_ours.get(place, ()), new_theirs.get(place, ())
        for number in range(max(len(left), len(right))):
            mine = left[number] if number < len(left) else None
            its = right[number] if number < len(right) else None
            rows.append(Abreast(mine, None, its, mine is not None, its is not None))
        if place < len(base):
            text, mine, its = base[place], of_ours[place], of_theirs[place]
            changed = (mine is None or mine[1] != text, its is None or its[1] != text)
            rows.append(Abreast(mine, (place + 1, text), its, *changed))
    return rows


def conflicting(rows: Sequence[Abreast]) -> list[range]:
    """The stretches that both sides changed; where there is none, those that one did."""
    runs: list[range] = []
    began = -1
    for number, row in enumerate([*rows, None]):
        changed = row is not None and (row.by_ours or row.by_theirs)
        if changed and began < 0:
            began = number
        elif not changed and began >= 0:
            runs.append(range(began, number))
            began = -1
    both = [run for run in runs if any(rows[at].by_ours for at in run) and any(rows[at].by_theirs for at in run)]
    return both or runs


def _against(base: Sequence[str], side: Sequence[str]) -> tuple[list[Line], dict[int, list[tuple[int, str]]]]:
    """For each line of the base the side's line in its place, and by places of the base what is new before it."""
    first = 0
    while first < min(len(base), len(side)) and base[first] == side[first]:
        first += 1
    last = 0
    while last < min(len(base), len(side)) - first and base[-1 - last] == side[-1 - last]:
        last += 1
    end, other = len(base) - last, len(side) - last
    placed: list[Line] = [(at + 1, side[at]) for at in range(first)] + [None] * (end - first)
    placed += [(at + 1, side[at]) for at in range(other, len(side))]
    new: dict[int, list[tuple[int, str]]] = {}
    codes: Sequence[tuple[str, int, int, int, int]] = [("replace", 0, end - first, 0, other - first)]
    pairs = (end - first) * (other - first)
    if 0 < pairs <= _COMPARED:
        # In long stretches lines that stand everywhere are no help, and dear.
        matcher = SequenceMatcher(None, base[first:end], side[first:other], autojunk=pairs > _DEAR)
        codes = matcher.get_opcodes()
    for _, low, high, begin, stop in codes:
        for offset in range(stop - begin):
            line = (first + begin + offset + 1, side[first + begin + offset])
            if low + offset < high:
                placed[first + low + offset] = line
            else:
                new.setdefault(first + high, []).append(line)
    return placed, new


class ThreeWays(LineView):
    """`j` and `k` go from conflict to conflict, arrows scroll, left and right move long lines."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "step(1)", "next place", show=False),
        Binding("k", "step(-1)", "place before", show=False),
        Binding("left", "shift(-1)", "back in long lines", show=False),
        Binding("right", "shift(1)", "on in long lines", show=False),
    ]

    class Stepped(Message):
        """Another place is at hand."""

    def __init__(self, sides: ConflictSides, *, id: str | None = None) -> None:
        super().__init__(id=id)
        versions = (sides.base, sides.ours, sides.theirs)
        self.missing = _missing(versions)
        """Which version there is none of, in words; empty when all are there."""
        self._rows = abreast(*(_lines(data) for data in versions))
        self.places = conflicting(self._rows)
        """Where the sides differ: row by row stretches."""
        self.at = 0
        self._shifted = 0

    def on_mount(self) -> None:
        self.call_after_refresh(self._reveal)

    def line_count(self) -> int:
        return len(self._rows) + 1

    def line_parts(self, number: int, width: int) -> Parts:
        room = (width - 6) // 3
        if not number:
            names = ("your branch (o)", "before both (base)", "this session (t)")
            return tuple((("  " if place == 0 else "│ ") + cell(name, room), "key") for place, name in enumerate(names))
        row = self._rows[number - 1]
        here = bool(self.places) and number - 1 == self.places[self.at].start
        digits = len(str(len(self._rows))) if width >= _NUMBERED else 0
        both = row.by_ours and row.by_theirs
        columns = (
            (row.ours, row.by_ours, *_changed(row.ours)),
            (row.base, row.base is not None and (row.by_ours or row.by_theirs), "-", "bad"),
            (row.theirs, row.by_theirs, *_changed(row.theirs)),
        )
        parts: list[tuple[str, str]] = [("▸ " if here else ("▎ " if both else "  "), "accent")]
        for place, (line, changed, sign, tone) in enumerate(columns):
            parts.append(("│ ", "muted") if place else ("", ""))
            parts += self._cell(line, room, digits, sign if changed else " ", tone if changed else "")
        return tuple(parts)

    def _cell(self, line: Line, room: int, digits: int, sign: str, tone: str) -> list[tuple[str, str]]:
        number = f"{line[0] if line else '':>{digits}} " if digits else ""
        text = line[1][self._shifted :] if line else ""
        before = f"{number}{sign} "
        return [(before, tone or "muted"), (cell(text, room - cell_len(before)), tone)]

    def render_line(self, y: int) -> Strip:
        """The names stay on top, whatever is scrolled."""
        width = self.scrollable_content_region.width
        return super().render_line(y) if y else self._drawn(self.line_parts(0, width), width, False)

    def on_resize(self) -> None:
        self._reveal()

    def action_step(self, by: int) -> None:
        """To the next place, or the one before; at the ends it stays."""
        if self.places:
            self.at = max(0, min(len(self.places) - 1, self.at + by))
            self.forget()
            self._reveal()
            self.post_message(self.Stepped())

    def action_shift(self, by: int) -> None:
        """Long lines further to the left or right."""
        longest = max(
            (len(each[1]) for row in self._rows for each in (row.ours, row.base, row.theirs) if each), default=0
        )
        self._shifted = max(0, min(max(longest - _SHIFT, 0), self._shifted + by * _SHIFT))
        self.forget()

    def _reveal(self) -> None:
        """The place at hand into view, with some lines above it."""
        if self.places:
            top = self.places[self.at].start + 1
            self.scroll_to(y=max(0, top - 3) if top + 2 > self.size.height else 0, animate=False, force=True)


def _changed(line: Line) -> tuple[str, str]:
    """Sign and tone of what a side changed: its line, or that it has none any more."""
    return ("+", "good") if line else ("-", "bad")


def _missing(versions: Sequence[bytes | None]) -> str:
    names = ("before both", "on your branch", "in this session")
    gone = [name for name, data in zip(names, versions, strict=True) if data is None]
    return f"it is not there {' and not '.join(gone)}" if gone else ""


def is_binary(sides: ConflictSides) -> bool:
    """Whether no person could read the versions."""
    return any(data is not None and _unreadable(data) for data in (sides.base, sides.ours, sides.theirs))


def _unreadable(data: bytes) -> bool:
    if b"\0" in data:
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return True
    return False


def _lines(data: bytes | None) -> list[str]:
    if not data:
        return []
    lines = [visible(line.expandtabs(4)) for line in decoded(data[:_SHOWN]).split("\n")]
    if len(data) > _SHOWN:
        return [*lines, f"… {len(data) - _SHOWN:,} bytes more, which are not shown"]
    # Else a side that differs in this alone would look the same.
    return [*lines[:-1], f"{lines[-1]}⟨no newline at the end⟩"] if lines[-1] else lines[:-1]
