"""A conflict as three columns: lines that belong together stand beside each other, and keys go from place to place."""

from __future__ import annotations

import pytest

from engine.vocabulary.workspaces import ConflictSides
from orion_tui.modals.conflict import ConflictModal, Resolved
from orion_tui.widgets.three_ways import ThreeWays, abreast, conflicting, is_binary
from tests.support.fake_review import SESSION, to_review
from tests.support.screens import SMALL, opened, settled, shown

BASE = [f"line {number}" for number in range(1, 61)]
OURS = [*BASE[:9], "mine", *BASE[10:39], "also mine", *BASE[40:]]
THEIRS = [*BASE[:9], "its", "its second", *BASE[10:49], *BASE[50:]]


def data(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def sides(base: bytes | None, ours: bytes | None, theirs: bytes | None, marked: bytes = b"") -> ConflictSides:
    return ConflictSides("src/app.py", base, ours, theirs, marked)


def test_lines_that_belong_together_stand_in_one_row() -> None:
    rows = abreast(BASE, OURS, THEIRS)
    assert (rows[9].ours, rows[9].base, rows[9].theirs) == ((10, "mine"), (10, "line 10"), (10, "its"))
    assert (rows[10].ours, rows[10].base, rows[10].theirs) == (None, None, (11, "its second"))
    assert (rows[11].ours, rows[11].theirs) == ((11, "line 11"), (12, "line 11"))
    assert rows[50].theirs is None
    assert rows[50].base == (50, "line 50")
    assert rows[-1].ours == (60, "line 60")
    for side, lines in (("ours", OURS), ("base", BASE), ("theirs", THEIRS)):
        kept = [getattr(row, side)[1] for row in rows if getattr(row, side) is not None]
        assert kept == lines, "nothing is lost and nothing doubled"


def test_places_are_where_both_changed_and_else_where_one_did() -> None:
    assert conflicting(abreast(BASE, OURS, THEIRS)) == [range(9, 11)]
    assert conflicting(abreast(BASE, BASE, THEIRS)) == [range(9, 11), range(50, 51)]
    assert conflicting(abreast(BASE, BASE, BASE)) == []
    assert conflicting(abreast([], ["a"], ["b"])) == [range(1)]


def test_versions_in_which_everything_differs_cost_no_comparison() -> None:
    rows = abreast([f"a{n}" for n in range(5_000)], [f"b{n}" for n in range(5_000)], [f"c{n}" for n in range(4_000)])
    assert len(rows) == 5_000


@pytest.mark.parametrize(("text", "says"), [(None, "it is not there on your branch"), (b"a\0b", "3 bytes")])
async def test_a_side_that_is_gone_or_binary_is_said_in_words(text: bytes | None, says: str) -> None:
    async with opened(to_review(), "review", SMALL, session=SESSION) as pilot:
        app = pilot.app
        app.push_screen(ConflictModal(sides(b"one\n", text, b"two\n")))
        await settled(pilot)
        assert says in shown(pilot)
        assert ("edit here" in shown(pilot)) is not is_binary(sides(b"one\n", text, b"two\n"))
        await pilot.press("e")
        await settled(pilot)
        assert isinstance(app.screen, ConflictModal)


async def test_the_first_place_is_in_sight_and_keys_go_on_from_it() -> None:
    base = [f"line {number}" for number in range(2_000)]
    ours, theirs = list(base), list(base)
    for place in (700, 1500):
        ours[place], theirs[place] = f"mine at {place}", f"its at {place}"
    async with opened(to_review(), "review", session=SESSION) as pilot:
        app = pilot.app
        app.push_screen(ConflictModal(sides(data(base), data(ours), data(theirs))))
        await settled(pilot)
        assert "mine at 700" in shown(pilot)
        assert "place 1 of 2" in shown(pilot)
        await pilot.press("j", "j")
        await settled(pilot)
        assert "its at 1500" in shown(pilot)
        assert "place 2 of 2" in shown(pilot)
        await pilot.press("k")
        await settled(pilot)
        assert "mine at 700" in shown(pilot)
        assert isinstance(app.focused, ThreeWays)


async def test_a_heading_of_equals_signs_is_no_marker_and_one_of_gits_is() -> None:
    text = b"Title\n=======\n"
    found: list[Resolved | None] = []
    async with opened(to_review(), "review", session=SESSION) as pilot:
        app = pilot.app
        app.push_screen(ConflictModal(sides(text, text + b"a\n", text + b"b\n", text + b"a\nb\n")), found.append)
        await settled(pilot)
        await pilot.press("e", *"<<<<<<< ", "ctrl+s")
        await settled(pilot)
        assert "a conflict marker still stands" in shown(pilot)
        await pilot.press("home", *["delete"] * 8, "ctrl+s")
        await settled(pilot)
    assert found == [Resolved("edited", text + b"a\nb\n")]
