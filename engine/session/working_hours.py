"""Outside its role's working hours a session waits: it does nothing, uses up none of its time, and hears a pause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.governance.hours import next_opening, within_hours
from engine.vocabulary.events import EventKind

if TYPE_CHECKING:
    from datetime import datetime

    from engine.session.bench import Bench

# How soon a clock that was set, or a machine that woke up, is noticed. A pause is heard at once, a cancel this soon.
LOOK_EVERY_S = 0.25


def wait_for_hours(bench: Bench) -> bool:
    """Return at once inside the hours (false). Outside, say until when, and wait for the opening, a pause or a cancel
    (true: look at everything anew)."""
    hours = bench.role.working_hours
    if within_hours(hours, _now(bench)):
        return False
    until = next_opening(hours, _now(bench))
    message = f"outside the working hours of {bench.role.name}; it goes on at {spoken(until)}"
    worked = round(bench.work.seconds(), 3)
    bench.ledger.record(EventKind.NOTICE, message=message, level="info", until=until.isoformat(), run_s=worked)
    with bench.work.waiting():
        while not (bench.stop.is_set() or bench.pause.wait(LOOK_EVERY_S)) and not within_hours(hours, _now(bench)):
            pass
    if not (bench.stop.is_set() or bench.pause.is_set()):
        bench.ledger.record(
            EventKind.NOTICE, message=f"the working hours of {bench.role.name} have begun", level="info"
        )
    return True


def spoken(moment: datetime) -> str:
    """A time in the user's zone for people, such as `Mon 2026-11-23 09:00`."""
    return f"{moment:%a %Y-%m-%d %H:%M}"


def _now(bench: Bench) -> datetime:
    """Hours are meant in the zone of the machine, which is the user's."""
    return bench.clock.now().astimezone()
