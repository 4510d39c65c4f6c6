"""When a role may work."""

from __future__ import annotations

from datetime import datetime

import pytest

from engine.governance.hours import next_opening, within_hours
from engine.vocabulary.roles import WorkingHours

NIGHT = WorkingHours(("fri",), "22:00", "06:00")
DAY = WorkingHours(("mon", "tue"), "09:00", "17:30")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+02:00")


@pytest.mark.parametrize(
    ("hours", "when", "open_now"),
    [
        (DAY, "2026-11-23T09:00", True),
        (DAY, "2026-11-23T17:30", False),
        (DAY, "2026-11-25T10:00", False),
        (NIGHT, "2026-11-20T23:00", True),
        (NIGHT, "2026-11-21T05:59", True),
        (NIGHT, "2026-11-21T23:00", False),
        (NIGHT, "2026-11-20T05:00", False),
        (None, "2026-11-20T05:00", True),
    ],
)
def test_hours_that_cross_midnight_belong_to_the_day_they_begin_on(
    hours: WorkingHours | None, when: str, open_now: bool
) -> None:
    assert within_hours(hours, at(when)) is open_now


def test_the_next_opening_is_the_next_listed_day_at_its_start() -> None:
    assert next_opening(DAY, at("2026-11-24T18:00")) == at("2026-11-30T09:00")
    assert next_opening(NIGHT, at("2026-11-21T12:00")) == at("2026-11-27T22:00")
    assert next_opening(DAY, at("2026-11-24T10:00")) == at("2026-11-24T10:00")
