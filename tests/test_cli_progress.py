"""Events as lines, spans as words, options as values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click
import pytest

from engine.vocabulary.events import Event, EventKind
from engine.vocabulary.plans import Task, TaskState
from engine.vocabulary.sessions import Session, SessionState, TaskView
from orion_tui.cli.follow import end_code, next_step
from orion_tui.cli.options import Duration, Money
from orion_tui.cli.out import say, table
from orion_tui.cli.progress import line_of, seconds


def event(kind: EventKind, **data: Any) -> Event:
    return Event("s1", 1, "2026-01-02T03:04:05.678+00:00", kind, data)


def session(state: SessionState, *tasks: TaskState, reason: str = "") -> Session:
    views = {f"t{n}": TaskView(Task(f"t{n}", "T"), state=found) for n, found in enumerate(tasks)}
    return Session("s1", state=state, reason=reason, tasks=views)


@pytest.mark.parametrize(
    ("text", "value"), [("2h", 7200.0), ("90m", 5400.0), ("45s", 45.0), ("1h30m", 5400.0), ("1.5h", 5400.0), ("30", 30)]
)
def test_a_duration_can_be_written_as_people_do(text: str, value: float) -> None:
    assert Duration().convert(text, None, None) == value


@pytest.mark.parametrize("text", ["", "h", "soon", "-1h", "0", "1d", "1m1h"])
def test_a_wrong_duration_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="2h, 90m"):
        Duration().convert(text, None, None)


def test_money_is_dollars() -> None:
    assert Money().convert("2.50", None, None) == 2.5
    assert Money().convert("$3", None, None) == 3.0
    for wrong in ("-1", "nan", "1e9", "inf", ""):
        with pytest.raises(click.BadParameter):
            Money().convert(wrong, None, None)


def test_spans_are_said_in_words() -> None:
    assert [seconds(value) for value in (0.04, 59.0, 190, 7500)] == ["0.0 s", "59.0 s", "3 m 10 s", "2 h 05 m"]


def test_an_allowed_gate_says_nothing_and_a_refusal_says_its_rule() -> None:
    allowed = {"decision": "allow", "message": "fine", "rule": "code.write", "subject": "a.py"}
    assert line_of(event(EventKind.GATE, verdict=allowed)) is None
    blocked = {"decision": "block", "message": "never", "rule": "forbidden: ci.change", "subject": "ci.yml"}
    line = line_of(event(EventKind.GATE, verdict=blocked))
    assert str(line) == "03:04:05 ⊘ gate block never [forbidden: ci.change]"


def test_a_failed_check_shows_its_exit_and_first_words() -> None:
    line = line_of(event(EventKind.CHECK, run="make test", passed=False, exit=2, excerpt="\nboom\nmore"))
    assert "✗ check" in str(line)
    assert "failed, exit 2: boom" in str(line)


def test_the_exit_code_of_work_is_the_first_rule_that_applies() -> None:
    kept, parked, blocked = TaskState.KEPT, TaskState.PARKED, TaskState.BLOCKED
    assert end_code(session(SessionState.FAILED, parked)) == 5
    assert end_code(session(SessionState.PAUSED, parked, reason="time_limit")) == 3
    assert end_code(session(SessionState.PAUSED, parked, reason="cost_limit")) == 3
    assert end_code(session(SessionState.PAUSED, parked, reason="paused by the user")) == 0
    assert end_code(session(SessionState.CANCELLED, parked)) == 0
    assert end_code(session(SessionState.AWAITING_REVIEW, kept, parked, TaskState.PENDING)) == 4
    assert end_code(session(SessionState.AWAITING_REVIEW, kept, blocked)) == 0


def test_the_next_step_is_a_command() -> None:
    assert "orion review s1" in next_step(session(SessionState.AWAITING_REVIEW, TaskState.KEPT))
    assert "orion resume s1" in next_step(session(SessionState.INTERRUPTED))
    assert next_step(session(SessionState.PROMOTED)) == ""
    assert "orion resume s1" in next_step(session(SessionState.AWAITING_REVIEW, TaskState.KEPT, TaskState.READY))
    assert "orion resume s1" in next_step(session(SessionState.PROMOTED, TaskState.KEPT, TaskState.READY))


def test_a_session_that_changed_nothing_is_not_offered_for_promotion() -> None:
    unchanged = session(SessionState.AWAITING_REVIEW, TaskState.KEPT)
    assert "nothing was changed" in next_step(unchanged)
    view = replace(unchanged.tasks["t0"], files=("a.txt",))
    assert "orion promote s1" in next_step(replace(unchanged, tasks={"t0": view}))


def test_hostile_text_is_shown_and_not_acted_on(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\x1b[2Jb\u202ec [red]d[/red]")
    table(("name",), [("x\x1b]0;t\x07",)])
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "[red]d[/red]" in shown
