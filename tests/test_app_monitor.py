"""Monitor by keyboard: tasks, activity, budgets, and what a person can order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.vocabulary.events import EventKind
from orion_tui.app import OrionApp
from orion_tui.screens.monitor import MonitorScreen
from orion_tui.widgets.activity import ActivityLog
from tests.support.app_driver import driven, on_screen, shown, told, wait_for
from tests.support.fake_engine import FakeEngine
from tests.support.fake_nights import interrupted, night


@asynccontextmanager
async def monitor(
    engine: FakeEngine, size: tuple[int, int] = (120, 36), session: str = "s002"
) -> AsyncIterator[tuple[OrionApp, Pilot[Any]]]:
    async with driven(engine, size) as (app, pilot):
        app.go("monitor", session=session)
        await on_screen(pilot, "monitor")
        await wait_for(pilot, lambda: session in app.bridge.state.watched, "the session")
        await pilot.pause()
        yield app, pilot


async def test_every_task_shows_its_state_as_a_word_and_what_holds_it_back():
    async with monitor(night()) as (app, _):
        text = shown(app)
        for word in ("kept", "running", "waiting", "pending", "after: Add bcrypt dependency"):
            assert word in text
        assert "bubblewrap · net off" in text


async def test_new_activity_appears_and_the_newest_line_is_in_view():
    engine = night()
    async with monitor(engine, (80, 24)) as (app, pilot):
        for number in range(40):
            engine.tell("s002", EventKind.NOTICE, message=f"notice number {number}")
        await wait_for(pilot, lambda: "notice number 39" in shown(app), "the newest line")


async def test_scrolling_up_holds_still_and_f_follows_again():
    engine = night()
    async with monitor(engine, (80, 24)) as (app, pilot):
        log = app.screen.query_one(ActivityLog)
        await pilot.press("tab", "home")
        await wait_for(pilot, lambda: "holds still" in shown(app), "the word for it")
        engine.tell("s002", EventKind.NOTICE, message="something new")
        await wait_for(pilot, lambda: log.line_count() > 32, "the new line")
        assert "something new" not in shown(app)
        await pilot.press("f")
        await wait_for(pilot, lambda: "something new" in shown(app), "the newest line")


async def test_what_runs_now_is_named_below_the_log():
    engine = night()
    async with monitor(engine) as (app, pilot):
        action = {"tool": "run", "command": "make slow"}
        engine.tell("s002", EventKind.ACTION_STARTED, task="tests", step=2, action=action, summary="make slow")
        await wait_for(pilot, lambda: "run  make slow" in shown(app), "the action")


async def test_p_pauses_what_runs_and_then_resumes_it_detached():
    engine = night()
    async with monitor(engine) as (app, pilot):
        assert "p pause" in shown(app)
        await pilot.press("p")
        await wait_for(pilot, lambda: "p resume" in shown(app), "the paused session")
        assert "‖ paused" in shown(app)
        await pilot.press("p")
        await wait_for(pilot, lambda: ("resume", "s002", "detach") in engine.calls, "the order")


async def test_cancel_asks_first_and_the_safe_answer_stands_first():
    engine = night()
    async with monitor(engine) as (app, pilot):
        await pilot.press("C")
        await wait_for(pilot, lambda: "Cancel this session?" in shown(app), "the question")
        await pilot.press("enter")
        await on_screen(pilot, "monitor")
        assert ("cancel", "s002") not in engine.calls
        await pilot.press("C")
        await wait_for(pilot, lambda: "Cancel this session?" in shown(app), "the question")
        await pilot.press("down", "enter")
        await wait_for(pilot, lambda: ("cancel", "s002") in engine.calls, "the order")


async def test_a_finished_session_says_so_and_what_to_do_next():
    async with monitor(night(), session="s001") as (app, pilot):
        assert "awaiting review: the goal is complete.  Next: d reviews 2 kept tasks" in shown(app)
        await pilot.press("C")
        assert "ended already" in told(app)


async def test_an_interrupted_session_can_be_resumed_from_here():
    engine = night()
    interrupted(engine, "s002")
    async with monitor(engine) as (app, pilot):
        assert "↺ interrupted" in shown(app)
        await pilot.press("p")
        await wait_for(pilot, lambda: ("resume", "s002", "detach") in engine.calls, "the order")


async def test_the_story_of_a_task_keeps_claimed_executed_and_verified_apart():
    engine = night()
    engine.blobs["out"] = b"line one\nline \x1b[31mtwo\n"
    engine.patches["s002"] = b"--- a/x\n+++ b/x\n-old\n+new\n"
    engine.tell(
        "s002", EventKind.ACTION, task="schema", step=1, action={"tool": "run"}, summary="make all", outcome="ok",
        exit=0, duration_s=1.0, output="out", excerpt="line",
    )  # fmt: skip
    async with monitor(engine) as (app, pilot):
        await pilot.press("enter")
        await on_screen(pilot, "story")
        await wait_for(pilot, lambda: "WHY IT IS THERE" in shown(app), "the story")
        for words in ("claimed   done", "executed  1 check", "✓ verified", "make all"):
            assert words in shown(app)
        assert "line one" not in shown(app)
        await pilot.press("down", "down", "down", "down", "down", "down", "enter")
        await wait_for(pilot, lambda: "line one" in shown(app), "the output")
        assert "␛[31mtwo" in shown(app)
        await pilot.press("d")
        await wait_for(pilot, lambda: "+new" in shown(app), "the diff")
        await pilot.press("d")
        await wait_for(pilot, lambda: "+new" not in shown(app), "the fold")


async def test_l_gives_the_whole_screen_to_the_activity():
    async with monitor(night(), (80, 24)) as (app, pilot):
        assert "TASKS" in shown(app)
        await pilot.press("l")
        await pilot.pause()
        assert "TASKS" not in shown(app)
        await pilot.press("l")
        await pilot.pause()
        assert "TASKS" in shown(app)


@pytest.mark.parametrize("width", [20, 50, 80, 160])
async def test_the_monitor_survives_any_width(width):
    async with monitor(night(), (width, 24)) as (app, _):
        assert all(len(line) <= width for line in shown(app).splitlines())
        assert "? keys" in shown(app)


async def test_markup_in_activity_is_drawn_literally():
    engine = night()
    async with monitor(engine) as (app, pilot):
        engine.tell("s002", EventKind.NOTICE, message="[/] [@click=app.exit] [b]x")
        await wait_for(pilot, lambda: "[/] [@click=app.exit] [b]x" in shown(app), "the notice")


async def test_leaving_the_monitor_forgets_its_events():
    async with monitor(night()) as (app, pilot):
        await pilot.press("escape")
        await on_screen(pilot, "home")
        await wait_for(pilot, lambda: not app.bridge.state.watched, "the forgetting")


async def test_news_that_come_before_a_screen_is_drawn_do_it_no_harm():
    async with driven(night(), (120, 36)) as (app, pilot):
        app.bridge.expect("s002")
        app.bridge.watch(*_state_of(app, "s002"))
        app.go("monitor", session="s002")
        app._tell(app.bridge.state)
        await on_screen(pilot, "monitor")
        await wait_for(pilot, lambda: "kept" in shown(app), "the tasks")


def _state_of(app: OrionApp, session: str) -> tuple[Any, Any]:
    return app.engine.sessions.get(session), app.engine.sessions.events(session)


async def test_the_limits_of_a_running_session_can_be_raised():
    engine = night()
    async with monitor(engine) as (app, pilot):
        await pilot.press("L")
        await wait_for(pilot, lambda: "Limits of this session" in shown(app), "the fields")
        await pilot.press("ctrl+u", "x", "enter")
        await wait_for(pilot, lambda: "✗ give a time such as 90m or 8h" in shown(app), "the mistake")
        await pilot.press("ctrl+u", "1", "2", "h", "tab", "ctrl+u", "9", "enter")
        await wait_for(pilot, lambda: "/12h 00m" in shown(app) and "/9.00" in shown(app), "the new limits")


async def test_a_session_that_runs_is_neither_rolled_back_nor_replanned_and_says_why():
    engine = night()
    async with monitor(engine) as (app, pilot):
        await pilot.press("B")
        assert "roll back: going back needs a checkpoint, and a session that stands still" in told(app)
        await pilot.press("e")
        assert "edit plan: the plan can be changed only" in told(app)


async def test_going_back_to_a_checkpoint_asks_to_which_and_the_safe_answer_stands_first():
    engine = night()
    async with monitor(engine) as (app, pilot):
        await pilot.press("p")
        await wait_for(pilot, lambda: "B roll back" in shown(app), "the paused session")
        await pilot.press("B")
        await wait_for(pilot, lambda: "Go back to which checkpoint?" in shown(app), "the question")
        await pilot.press("enter")
        await on_screen(pilot, "monitor")
        assert all(call[0] != "rollback" for call in engine.calls)
        await pilot.press("B")
        await wait_for(pilot, lambda: "Go back to which checkpoint?" in shown(app), "the question")
        last = app.bridge.state.watched["s002"].session.checkpoints[-1].number
        await pilot.press("down", "enter")
        await wait_for(pilot, lambda: ("rollback", "s002", str(last)) in engine.calls, "the order")


async def test_what_has_not_begun_of_a_paused_session_can_be_taken_out_of_its_plan():
    engine = night()
    async with monitor(engine) as (app, pilot):
        await pilot.press("p")
        await wait_for(pilot, lambda: "e edit plan" in shown(app), "the paused session")
        await pilot.press("e")
        await on_screen(pilot, "plan")
        await wait_for(pilot, lambda: "Write integration tests" in shown(app), "the rest of the plan")
        assert "Design auth schema" not in shown(app)
        await pilot.press("ctrl+s")
        assert "nothing is changed, so there is nothing to save" in told(app)
        before = set(engine.state["s002"].tasks)
        await pilot.press("x", "q")
        await wait_for(pilot, lambda: "Leave without saving?" in shown(app), "the question")
        await pilot.press("n")
        await on_screen(pilot, "plan")
        await pilot.press("ctrl+s")
        await on_screen(pilot, "monitor")
        assert before - set(engine.state["s002"].tasks) == {"integration"}


async def test_a_task_whose_need_was_denied_says_that_it_never_begins():
    engine = night()
    async with monitor(engine) as (app, pilot):
        engine.tell("s002", EventKind.TASK_ENDED, task="bcrypt", state="denied", reason="too big")
        await wait_for(pilot, lambda: "never, denied: Add bcrypt dependency" in shown(app), "the reason")


async def test_a_pause_that_takes_a_while_stays_in_view():
    engine = night()
    async with monitor(engine) as (app, pilot):
        engine.sessions.pause = lambda session: engine.calls.append(("pause", session))
        await pilot.press("p")
        await wait_for(pilot, lambda: ("pause", "s002") in engine.calls, "the order")
        engine.tell("s002", EventKind.ACTION_STARTED, task="tests", step=2, summary="make slow")
        await wait_for(pilot, lambda: "Pausing after the present action." in shown(app), "what is under way")


async def test_the_story_of_a_task_that_asks_leads_to_the_decision():
    async with monitor(night()) as (app, pilot):
        await pilot.press("down", "enter")
        await on_screen(pilot, "story")
        await pilot.press("a")
        assert "no decision waits for you here" in told(app)
        await pilot.press("q")
        await on_screen(pilot, "monitor")
        await pilot.press("end", "up", "enter")
        await on_screen(pilot, "story")
        await wait_for(pilot, lambda: "a approve" in shown(app), "the key")
        await pilot.press("a")
        await on_screen(pilot, "approvals")


async def test_a_runner_that_dies_while_one_looks_leaves_no_task_running():
    engine = night()
    async with monitor(engine) as (app, pilot):
        assert "● Write unit tests" in shown(app)
        interrupted(engine, "s002")
        app._lists_changed()
        await wait_for(pilot, lambda: "↺ interrupted: its runner is gone" in shown(app), "the interruption")
        await wait_for(pilot, lambda: "· Write unit tests" in shown(app), "the task that waits again")
        assert "p goes on, nothing kept is lost" in " ".join(shown(app).split())


async def test_a_session_that_ends_while_the_app_closes_disturbs_nobody(monkeypatch: pytest.MonkeyPatch):
    engine = night()
    late: list[int] = []

    def told_late(screen: MonitorScreen) -> None:
        # A screen that is closed is still the app's while its widgets are gone.
        assert not screen.query("#tasks")
        engine.ended("s002", "awaiting_review", "the goal is complete")
        screen.app.bridge.tick()  # type: ignore[attr-defined]
        screen.redraw()
        late.append(1)

    monkeypatch.setattr(MonitorScreen, "on_unmount", told_late)
    async with monitor(engine):
        pass
    assert late == [1]
