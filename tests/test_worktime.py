"""Work is counted once however many work, and waiting is not counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from engine.session.budgets import Spent, exceeded, used_up
from engine.session.worktime import Worktime
from engine.vocabulary.events import Event, EventKind
from engine.vocabulary.fold import fold, fold_all


class SetClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = 100.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.at


def test_two_at_once_count_once_and_waiting_counts_nothing() -> None:
    clock = SetClock()
    work = Worktime(clock)
    with work.working():
        clock.at += 5
        with work.working():
            clock.at += 3
        with work.waiting():
            clock.at += 1_000
        clock.at += 2
    clock.at += 50
    assert work.seconds() == 10


def test_the_first_limit_that_is_passed_is_named_and_none_is_zero() -> None:
    assert exceeded(Spent(1, 0.3, 10, 2), Spent(2, 0.2, 5, 0)) == "cost"
    assert exceeded(Spent(9, 9, 9, 9), Spent()) == ""
    assert exceeded(Spent(0, 0.1 + 0.2, 0, 0), Spent(0, 0.3, 0, 0)) == "", "a rounding error is no dollar"
    assert used_up(Spent(0, 0, 0, 5), Spent(0, 0, 0, 5)) == "turn"


def test_the_time_that_is_shown_stands_still_while_a_model_is_waited_for() -> None:
    def at(seconds: float) -> datetime:
        return datetime(2026, 1, 6, 22, 0, tzinfo=UTC) + timedelta(seconds=seconds)

    def told(seq: int, seconds: float, kind: EventKind, **data: object) -> Event:
        return Event("s", seq, at(seconds).isoformat(), kind, data)

    session = fold_all(
        "s",
        [
            told(1, 0, EventKind.SESSION_STARTED, sandbox={"name": "b"}),
            told(2, 40, EventKind.WAITING, task="t", reason="busy", until=at(340).isoformat(), run_s=38.0),
        ],
    )
    assert session.worked_s(at(40)) == 38
    assert session.worked_s(at(300)) == 38, "five minutes that nobody worked in"
    assert session.worked_s(at(350)) == 48, "it is asked again"
    ended = fold(session, told(3, 360, EventKind.SESSION_ENDED, state="paused", reason="", elapsed_s=58.0))
    assert ended.worked_s(at(999)) == 58
