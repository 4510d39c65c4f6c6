"""Texts are replaced where they stand exactly once; where not, the worker sees what stands there."""

from __future__ import annotations

import pytest

from engine.session.editing import EditFailed, edited
from engine.session.observing import cut_middle

TEXT = "def add(a, b):\n    return a - b\n\n\ndef sub(a, b):\n    return a - b\n"


def test_several_edits_are_made_in_order() -> None:
    assert edited("one two", [("one", "1"), ("1 two", "1 2")]) == "1 2"


def test_a_text_that_is_not_there_is_answered_with_the_nearest_lines() -> None:
    with pytest.raises(EditFailed, match=r"nowhere(.|\n)*1: def add\(a, b\):\n2:     return a - b"):
        edited(TEXT, [("def add(a,b):\n  return a-b", "x")])


def test_a_text_that_is_there_twice_is_answered_with_its_lines() -> None:
    with pytest.raises(EditFailed, match=r"2 times.*lines 2, 6"):
        edited(TEXT, [("    return a - b", "x")])


def test_when_one_of_several_fails_none_is_made_and_it_is_named() -> None:
    with pytest.raises(EditFailed, match=r"edit 2 of 2: .*none of the edits was made"):
        edited(TEXT, [("def add", "def plus"), ("nothing like it 12345", "x")])


def test_a_long_text_loses_its_middle_and_says_how_much() -> None:
    text = "".join(f"line {number}\n" for number in range(10_000))
    cut = cut_middle(text, 4_000, "read a range of lines")
    assert len(cut) < 4_200
    assert cut.startswith("line 0\n")
    assert cut.endswith("line 9999\n")
    gone = len(text) - len(cut.replace(cut[cut.index("[…") : cut.index("…]") + 3], ""))
    assert f"[… {gone:,} characters" in cut
    assert "cut from the middle; read a range of lines …]" in cut


def test_one_endless_line_is_cut_too() -> None:
    assert len(cut_middle("x" * 1_000_000, 2_000)) < 2_100
