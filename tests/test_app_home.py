"""Home by keyboard: what waits for a person stands first and is one key away."""

from __future__ import annotations

import pytest

from engine.vocabulary.events import EventKind
from orion_tui.app import OrionApp
from tests.support.app_driver import driven, on_screen, shown, told, wait_for
from tests.support.fake_engine import FakeEngine
from tests.support.fake_nights import interrupted, night


async def test_what_waits_for_me_stands_above_the_sessions():
    async with driven(night()) as (app, _):
        text = shown(app)
        assert text.index("Add bcrypt dependency") < text.index("ready to review") < text.index("SESSIONS")
        assert "1 decision to make" in text


async def test_the_oldest_decision_is_under_the_cursor_and_enter_opens_it():
    async with driven(night()) as (_app, pilot):
        await pilot.press("enter")
        await on_screen(pilot, "approvals")


async def test_enter_on_finished_work_opens_the_review():
    async with driven(night()) as (_app, pilot):
        await pilot.press("down", "enter")
        await on_screen(pilot, "review")


async def test_enter_on_a_session_opens_its_monitor_and_q_comes_back():
    async with driven(night()) as (_app, pilot):
        await pilot.press("down", "down", "enter")
        await on_screen(pilot, "monitor")
        await pilot.press("q")
        await on_screen(pilot, "home")


async def test_an_empty_home_says_what_to_do_next():
    async with driven(FakeEngine()) as (app, _):
        text = shown(app)
        assert "Press n to give Orion a goal" in text
        assert "orion demo" in text


async def test_a_key_that_is_off_says_why_instead_of_being_silent():
    async with driven(FakeEngine()) as (app, pilot):
        await pilot.press("enter")
        assert "nothing in the list yet" in told(app)


async def test_a_new_session_appears_without_being_asked_for():
    engine = night()
    async with driven(engine) as (app, pilot):
        engine.created("s003", "Another goal", ())
        await wait_for(pilot, lambda: "Another goal" in shown(app), "the new session")


async def test_the_cursor_stays_on_its_row_when_rows_come_in_above_it():
    engine = night()
    async with driven(engine) as (app, pilot):
        await pilot.press("end")
        before = app.screen.query_one("#rows").chosen
        engine.created("s003", "Another goal", ())
        await wait_for(pilot, lambda: "Another goal" in shown(app), "the new session")
        assert app.screen.query_one("#rows").chosen == before == "session:s001"


async def test_an_interrupted_session_waits_for_me():
    engine = night()
    interrupted(engine, "s002")
    async with driven(engine) as (app, _):
        assert "↺ interrupted: p lets it go on" in shown(app)


async def test_hostile_text_is_drawn_and_never_obeyed():
    engine = FakeEngine()
    engine.created("s001", "[@click=app.exit]x[/] \x1b]52;c;eA==\x07 \u202eevil", ())
    async with driven(engine) as (app, _):
        text = shown(app)
        assert "[@click=app.exit]x[/]" in text
        assert "\x1b" not in text
        assert "\u202e" not in text


@pytest.mark.parametrize("width", [20, 40, 80, 200])
async def test_home_survives_any_width(width):
    async with driven(night(), (width, 24)) as (app, _):
        for line in shown(app).splitlines():
            assert len(line) <= width
        assert "? keys" in shown(app)


async def test_quitting_while_a_session_runs_asks_and_keeps_it_running_by_default():
    engine = night()
    async with driven(engine) as (app, pilot):
        await pilot.press("q")
        await wait_for(pilot, lambda: "still running" in shown(app), "the question")
        await pilot.press("enter")
        await wait_for(pilot, lambda: app._exit, "the end")
    assert not [call for call in engine.calls if call[0] == "pause"]


async def test_quitting_can_pause_what_runs():
    engine = night()
    async with driven(engine) as (app, pilot):
        await pilot.press("q")
        await wait_for(pilot, lambda: "still running" in shown(app), "the question")
        await pilot.press("down", "enter")
        await wait_for(pilot, lambda: app._exit, "the end")
    assert ("pause", "s002") in engine.calls


async def test_ctrl_q_asks_too_and_only_once():
    async with driven(night()) as (app, pilot):
        await pilot.press("ctrl+q")
        await wait_for(pilot, lambda: "still running" in shown(app), "the question")
        await pilot.press("ctrl+q")
        await pilot.press("escape")
        await on_screen(pilot, "home")
        assert not app._exit


async def test_quitting_can_be_taken_back():
    async with driven(night()) as (app, pilot):
        await pilot.press("q")
        await wait_for(pilot, lambda: "still running" in shown(app), "the question")
        await pilot.press("escape")
        await on_screen(pilot, "home")
        assert not app._exit


async def test_quitting_asks_nothing_when_nothing_runs():
    async with driven(FakeEngine()) as (app, pilot):
        await pilot.press("q")
        await wait_for(pilot, lambda: app._exit, "the end")


async def test_an_engine_that_cannot_open_says_what_to_do():
    from engine.vocabulary.errors import JournalError

    def broken() -> FakeEngine:
        raise JournalError("the journal is of a newer version", "update Orion")

    app = OrionApp(broken, FakeEngine().settings.path().parent)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, lambda: "→ update Orion" in shown(app), "the error")
        assert "newer version" in shown(app)
        await pilot.press("n")
        assert "could not be opened" in told(app)


async def test_a_notice_of_another_session_moves_nothing_on_home():
    engine = night()
    async with driven(engine) as (app, pilot):
        before = shown(app)
        engine.tell("s002", EventKind.NOTICE, message="nothing for a list")
        await pilot.pause()
        assert shown(app) == before


async def test_a_paused_session_goes_on_from_home():
    engine = night()
    interrupted(engine, "s002")
    async with driven(engine) as (_, pilot):
        await pilot.press("down", "down", "p")
        await wait_for(pilot, lambda: ("resume", "s002", "detach") in engine.calls, "the order")


async def test_a_session_that_cannot_go_on_says_so_on_home():
    async with driven(night()) as (app, pilot):
        await pilot.press("down", "p")
        assert "resume: the session under the cursor does not wait to go on" in told(app)


async def test_on_an_empty_home_a_key_about_a_session_names_the_way_to_one():
    async with driven(FakeEngine()) as (app, pilot):
        await pilot.press("d")
        assert "press n for a new goal" in told(app)


async def test_the_palette_is_not_opened_over_a_question():
    async with driven(night()) as (app, pilot):
        await pilot.press("question_mark")
        await pilot.press("ctrl+p")
        assert "leave this box first" in told(app)


async def test_a_wider_terminal_shows_the_whole_detail_at_once():
    async with driven(night(), (24, 30)) as (app, pilot):
        assert "a new dependency is for a person to decide" not in shown(app)
        await pilot.resize_terminal(120, 36)
        await wait_for(pilot, lambda: "a new dependency is for a person to decide" in shown(app), "the detail")
