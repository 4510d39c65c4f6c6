"""The review of the session that Home rests on is made ready before it is asked for, and is never a stale one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.vocabulary.errors import WorkspaceError
from engine.vocabulary.sessions import SessionState, SessionSummary
from orion_tui.app import OrionApp
from orion_tui.bridge import Lists
from orion_tui.screens.review import ReviewScreen
from orion_tui.widgets.diff_view import DiffView
from tests.support.fake_facts import NOW, WORKSPACE
from tests.support.fake_review import PATCH, SESSION, ReviewEngine, to_review
from tests.support.screens import BEST, settled, shown, until


@asynccontextmanager
async def resting(engine: ReviewEngine) -> AsyncIterator[tuple[OrionApp, Pilot[Any]]]:
    """The app on Home, its cursor at rest on the session to review, whose review is ready."""
    app = OrionApp(lambda: engine, WORKSPACE, now=lambda: NOW)
    app.ready_review.rest_s = 0.001
    async with app.run_test(size=BEST) as pilot:
        await until(pilot, lambda: app.bridge.state.ready, "the lists")
        await until(pilot, lambda: app.ready_review.session == SESSION, "a review made ready")
        await settled(pilot)
        yield app, pilot


def one_line_more(app: OrionApp) -> tuple[SessionSummary, ...]:
    """The sessions of Home after the one to review has got another line."""
    rows = app.bridge.state.sessions
    return tuple(replace(row, additions=row.additions + 1) if row.id == SESSION else row for row in rows)


def on_top(app: OrionApp) -> bool:
    return isinstance(app.screen, ReviewScreen)


async def test_the_first_frame_of_a_ready_review_shows_its_diff_while_the_rest_is_still_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine, go_on = to_review(), Event()
    report = engine.review.report
    monkeypatch.setattr(engine.review, "report", lambda *given, **named: go_on.wait(60) and report(*given, **named))
    async with resting(engine) as (app, pilot):
        assert "NEEDS YOU" in shown(pilot), "Home is what is seen meanwhile"
        app.go("review", session=SESSION)
        assert "runs-on: ubuntu-latest" in shown(pilot), "before a single message was handled"
        assert "reading what the session changed" in shown(pilot)
        go_on.set()
        await until(pilot, lambda: "FINDINGS" in shown(pilot), "what was found")
        assert app.screen.query_one(DiffView).patch.data == PATCH


async def test_a_ready_review_is_given_away_once_and_made_ready_again_after_it() -> None:
    async with resting(to_review()) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: on_top(app), "the review")
        first = app.screen
        assert app.ready_review.session == ""
        await settled(pilot)
        await pilot.press("q")
        await until(pilot, lambda: app.ready_review.session == SESSION, "another one")
        assert not first.is_attached, "the one that was left is gone"
        await pilot.press("d")
        await until(pilot, lambda: on_top(app), "the review again")
        assert app.screen is not first


async def test_a_session_that_went_on_meanwhile_is_read_anew() -> None:
    engine = to_review()
    async with resting(engine) as (app, pilot):
        app.bridge.set_lists(Lists(one_line_more(app), (), {}))
        app.go("review", session=SESSION)
        assert not app.screen.query(DiffView), "a screen of its own, which is only now being made"
        await settled(pilot)
        assert "FINDINGS" in shown(pilot)


async def test_another_look_or_another_size_makes_another_review() -> None:
    async with resting(to_review()) as (app, pilot):
        app.theme = "orion-light" if app.theme != "orion-light" else "orion-dark"
        app.go("review", session=SESSION)
        assert not app.screen.query(DiffView)
        await settled(pilot)
    async with resting(to_review()) as (app, pilot):
        first = app.get_screen("ready")
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        app.go("review", session=SESSION)
        assert app.screen is not first
        await settled(pilot)
        assert app.screen.size == (80, 24)


async def test_a_review_that_cannot_be_made_ready_says_why_only_when_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(_session: str) -> Iterator[bytes]:
        raise WorkspaceError("the session's repository cannot be read", "look at its folder")

    engine = to_review()
    monkeypatch.setattr(engine.review, "diff_pieces", broken)
    async with resting(engine) as (app, pilot):
        assert not app._notifications
        await pilot.press("d")
        await until(pilot, lambda: "repository cannot be read" in shown(pilot), "the reason")


async def test_a_session_that_changes_while_home_rests_on_it_is_made_ready_again() -> None:
    async with resting(to_review()) as (app, pilot):
        first = app.get_screen("ready")
        app.bridge.set_lists(Lists(one_line_more(app), (), {}))
        await until(pilot, lambda: not first.is_attached, "the first one gone")
        await until(pilot, lambda: app.ready_review.session == SESSION, "another one")
        second = app.get_screen("ready")
        app.go("review", session=SESSION)
        assert app.screen is second is not first
        await settled(pilot)


async def test_a_session_that_runs_is_not_made_ready_time_and_again() -> None:
    async with resting(to_review()) as (app, pilot):
        rows = tuple(replace(row, state=SessionState.RUNNING) for row in one_line_more(app))
        first = app.get_screen("ready")
        app.bridge.set_lists(Lists(rows, (), {}))
        app.bridge.tick()
        await until(pilot, lambda: "1 running" in shown(pilot), "the new state")
        await settled(pilot)
        assert app.get_screen("ready") is first


async def test_the_app_is_left_in_peace_while_a_review_is_being_made() -> None:
    async with resting(to_review()) as (app, _pilot):
        app.theme = "orion-light"  # so that the ready one does not count
        app.go("review", session=SESSION)
        app.exit(0)
    assert app.return_code == 0


async def test_the_next_visit_reads_on_in_the_file_where_the_last_one_stopped() -> None:
    async with resting(to_review()) as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: on_top(app), "the review")
        await settled(pilot)
        while app.screen.query_one(DiffView).current[0] != "src/auth/models.py":
            await pilot.press("n")
        await pilot.press("q")
        await until(pilot, lambda: app.ready_review.session == SESSION, "ready again")
        await settled(pilot)
        await pilot.press("d")
        await until(pilot, lambda: on_top(app), "the review again")
        await settled(pilot)
        assert app.screen.query_one(DiffView).current[0] == "src/auth/models.py"
