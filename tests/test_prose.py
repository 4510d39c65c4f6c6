"""Text with hanging indents: nothing is lost, nothing is too wide, what follows stands below the mark."""

from __future__ import annotations

import random

import pytest
from rich.cells import cell_len

from orion_tui.widgets.prose import HANG, laid


def lines(text: str, width: int) -> list[str]:
    return ["".join(part for part, _ in line) for line in laid([(text, "")], width)]


def test_what_follows_begins_below_the_mark() -> None:
    assert lines(f"why   {HANG}because it was asked for", 20) == ["why   because it was", "      asked for"]


def test_a_rule_before_the_mark_is_drawn_on() -> None:
    assert lines(f"  │ {HANG}pip install bcrypt", 16) == ["  │ pip install", "  │ bcrypt"]


def test_a_word_that_is_too_long_is_broken_and_not_lost() -> None:
    assert lines(f"a {HANG}abcdefghijklmno", 12) == ["a abcdefghij", "  klmno"]


def test_a_short_line_is_left_alone() -> None:
    assert lines(f"  · {HANG}one  two", 30) == ["  · one  two"]


@pytest.mark.parametrize("seed", range(60))
def test_any_text_fits_and_keeps_its_characters(seed: int) -> None:
    chance = random.Random(seed)
    text = "".join(chance.choice("ab漢 é-") for _ in range(chance.randrange(120)))
    width = chance.randrange(2, 40)
    found = lines(f"{'label'[: chance.randrange(6)]}{HANG if chance.random() < 0.7 else ''}{text}", width)
    assert all(cell_len(line) <= width for line in found)
    assert [c for c in "".join(found) if c not in " label"] == [c for c in text if c not in " label"]
