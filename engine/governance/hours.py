"""Working hours of a role: when a session may work, and when it may again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.vocabulary.roles import WorkingHours

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def within_hours(hours: WorkingHours | None, now: datetime) -> bool:
    """Whether work may go on at `now`, a time in the user's zone. Hours that cross midnight belong to the day on which
    they begin; the end itself is outside."""
    if hours is None:
        return True
    start, end = _minutes(hours.start), _minutes(hours.end)
    minute = now.hour * 60 + now.minute
    if start < end:
        return _DAYS[now.weekday()] in hours.days and start <= minute < end
    late = _DAYS[now.weekday()] in hours.days and minute >= start
    early = _DAYS[now.weekday() - 1] in hours.days and minute < end
    return late or early


def next_opening(hours: WorkingHours | None, now: datetime) -> datetime:
    """The moment from which work may go on: `now` itself inside the hours, else the next beginning."""
    if hours is None or within_hours(hours, now):
        return now
    start = _minutes(hours.start)
    today = now.replace(hour=start // 60, minute=start % 60, second=0, microsecond=0)
    openings = (today + timedelta(days=day) for day in range(8))
    return next(at for at in openings if at > now and _DAYS[at.weekday()] in hours.days)


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)
