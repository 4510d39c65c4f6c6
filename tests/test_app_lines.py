"""Lines on the screen: hostile text is drawn literally, columns stay where they are, formats never jump."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len

from engine.vocabulary.events import Event, EventKind
from engine.vocabulary.text import visible
from orion_tui.widgets.activity import activity_parts
from orion_tui.widgets.columns import ago, cell, clock, exact, folded, meter, span
from orion_tui.widgets.header import fitted, styled

NASTY = "[]/@=()'\"\\bclick{}#$ \t\n\x1b\x07\x9b\u202e\u200b\u2066漢字é́🏳️‍🌈aZ0"
TODAY = datetime(2026, 1, 6, 12, tzinfo=UTC)


def fuzzed(count: int) -> list[str]:
    chance = random.Random(20260106)
    return ["".join(chance.choices(NASTY, k=chance.randrange(1, 60))) for _ in range(count)]


def test_fuzzed_text_is_never_parsed_as_markup():
    for text in fuzzed(10_000):
        assert styled(((visible(text), "accent"),)).plain == visible(text)


def test_fuzzed_events_fill_their_line_exactly_and_send_nothing_to_the_terminal():
    for text in fuzzed(2_000):
        event = Event("s", 1, TODAY.isoformat(), EventKind.NOTICE, {"message": text, "level": "error"})
        for width in (20, 80):
            line = "".join(part for part, _ in activity_parts(event, width, str))
            assert cell_len(line) <= width
            assert line.isprintable()


@pytest.mark.parametrize("width", [0, 1, 2, 7, 30])
def test_a_cell_is_exactly_as_wide_as_asked(width):
    for text in (*fuzzed(300), "", "漢字漢字漢字", "plain"):
        assert cell_len(cell(text, width)) == width
        assert cell_len(cell(text, width, right=True)) == width


def test_folding_keeps_every_word_and_the_width():
    text = "a sentence that is folded at spaces and " + "x" * 40
    lines = folded(text, 20)
    assert all(len(line) <= 20 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0s"), (0, "0s"), (59.9, "59s"), (60, "1m"), (3_599, "59m"), (8_040, "2h 14m"), (100_000, "1d 3h")],
)
def test_spans_are_short(seconds, text):
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("before", "text"),
    [(5, "just now"), (300, "5m ago"), (7_300, "2h ago"), (200_000, "2d ago"), (-60, "just now")],
)
def test_ages_are_relative(before, text):
    assert ago((TODAY - timedelta(seconds=before)).isoformat(), TODAY) == text


def test_a_time_that_is_none_is_said_and_never_breaks_a_screen():
    assert ago("", TODAY) == ""
    assert exact("yesterday") == "unknown"
    assert len(clock("")) == len(clock(TODAY.isoformat())) == 8


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.999, 1, 7])
def test_a_meter_keeps_its_width(share):
    assert len(meter(share * 3, 3, 10)) == 12


def test_a_meter_without_a_limit_is_empty():
    assert meter(5, 0, 4) == "▕    ▏"


@pytest.mark.parametrize("width", [1, 6, 12, 30, 60])
def test_a_header_gives_way_but_keeps_the_sign_of_the_state(width):
    parts = fitted((("A long goal that needs room", "title"), ("  ● running 2h", "")), width)
    text = "".join(part for part, _ in parts)
    assert len(text) <= width
    if width >= 6:
        assert "●" in text
