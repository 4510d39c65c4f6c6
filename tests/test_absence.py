"""What went on while nobody looked: counted from the journal, told once by Home's first lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.build import build
from engine.storage.clock import SystemClock
from engine.storage.journal import SqliteJournal
from engine.vocabulary.absence import Absence
from engine.vocabulary.events import EventKind, Fact
from engine.vocabulary.plans import Plan, Task, plan_to_json
from orion_tui.app import OrionApp
from tests.support.app_driver import driven, shown, wait_for
from tests.support.fake_facts import NOW, WORKSPACE
from tests.support.fake_nights import night

NIGHT = Absence("2026-03-01T00:00:00+00:00", "2026-03-01T06:40:00+00:00", 24_000, 8, 1, 1, 38, 0.47, 2.0)
CREATED = {"goal": "g", "role": "r", "role_digest": "", "workspace": "/w", "base_commit": "c", "branch": "main"}


def happened(home: Path, session: str, *states: str, calls: int = 0) -> None:
    """Write a session as another process would: a task for each state, and a model's calls at ten cents."""
    journal = SqliteJournal(home / "journal.db", home / "locks", SystemClock())
    tasks = tuple(Task(f"t{place}", "a task") for place, _ in enumerate(states))
    facts = [
        Fact(EventKind.SESSION_CREATED, {**CREATED, "limits": {"cost_usd": 2.0}}),
        Fact(EventKind.PLAN_MADE, {"plan": plan_to_json(Plan("g", tasks, "model m")), "verdicts": {}}),
        *(Fact(EventKind.TURN, {"task": "t0", "turn": turn, "text": "", "cost_usd": 0.1}) for turn in range(calls)),
        *(
            Fact(EventKind.TASK_ENDED, {"task": task.id, "state": state, "reason": "", "confidence": 0.9})
            for task, state in zip(tasks, states, strict=True)
        ),
    ]
    journal.append(session, facts)
    journal.close()


def test_only_what_came_after_the_last_look_is_counted(tmp_path):
    engine = build(tmp_path / "home")
    happened(engine.home, "before", "kept", "kept", calls=5)
    engine.attendance.seen()
    happened(engine.home, "night", "kept", "kept", "failed", "blocked", "denied", calls=3)
    found = engine.attendance.absence()
    engine.close()
    assert found
    assert (found.kept, found.failed, found.blocked, found.calls) == (2, 1, 1, 3)
    assert (round(found.cost_usd, 2), found.limit_usd) == (0.3, 2.0)
    assert found.since <= found.until


def test_who_never_looked_was_never_away(tmp_path):
    engine = build(tmp_path / "home")
    assert engine.attendance.absence() is None
    engine.close()


def test_a_record_that_cannot_be_read_is_none(tmp_path):
    engine = build(tmp_path / "home")
    for broken in ("", "{", "[]", '{"at": "yesterday", "row": 1}', '{"at": "2026-01-01T00:00:00+00:00"}'):
        (engine.home / "seen.json").write_text(broken)
        assert engine.attendance.absence() is None
    engine.close()


async def test_home_tells_the_night_in_its_first_lines():
    engine = night()
    engine.attendance.last = NIGHT
    async with driven(engine) as (app, pilot):
        await wait_for(pilot, lambda: "While you were away" in shown(app), "the absence")
        text = shown(app)
        assert "While you were away (6h 40m)" in text
        assert "$0.47 of $2.00 · 38 calls" in text
        assert "✓ 8 kept   ✗ 1 failed   ⊘ 1 blocked" in text


@pytest.mark.parametrize(
    "absence",
    [replace(NIGHT, away_s=600.0), Absence(NIGHT.since, NIGHT.until, NIGHT.away_s)],
    ids=["ten minutes", "nothing happened"],
)
async def test_a_short_absence_and_an_uneventful_one_are_not_worth_a_line(absence):
    engine = night()
    engine.attendance.last = absence
    async with driven(engine) as (app, pilot):
        await wait_for(pilot, lambda: engine.attendance.seen_times, "the look")
        await pilot.pause()
        assert "While you were away" not in shown(app)


async def test_an_app_left_open_overnight_tells_the_night_at_the_first_key():
    engine, hours = night(), [0.0]
    app = OrionApp(lambda: engine, WORKSPACE, now=lambda: NOW + timedelta(hours=hours[0]))
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, lambda: engine.attendance.seen_times == 1, "the first look")
        engine.attendance.last = NIGHT
        hours[0] = 0.4
        await pilot.press("down")
        await wait_for(pilot, lambda: engine.attendance.seen_times == 2, "that they are here")
        assert "While you were away" not in shown(app)
        hours[0] = 7.0
        await pilot.press("down")
        await wait_for(pilot, lambda: "While you were away" in shown(app), "the absence")
