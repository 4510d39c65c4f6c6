"""Plan, approvals, review and the boxes that ask something, at both sizes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.vocabulary.actions import RunCommand, WriteFile
from engine.vocabulary.changes import Conflict
from engine.vocabulary.intake import Brief
from engine.vocabulary.outlook import Confidence, Factor, Outlook
from engine.vocabulary.plans import Check, Plan, Task
from engine.vocabulary.requests import AuthStatus, SessionRequest
from orion_tui.app import OrionApp
from orion_tui.screens.base import OrionScreen
from orion_tui.widgets.pin_entry import PinEntry
from tests.support.fake_engine import FakeEngine
from tests.support.fake_facts import NOW, PIN, WORKSPACE
from tests.support.fake_review import SESSION, ReviewEngine, to_review, with_decisions
from tests.support.screens import says, settled, typed, until

Then = Callable[[Pilot[Any]], Awaitable[None]]
Picture = tuple[Callable[[], FakeEngine], str, Callable[[FakeEngine], dict[str, Any]], Then]


def of_session(_engine: FakeEngine) -> dict[str, Any]:
    return {"session": SESSION}


def nothing(_engine: FakeEngine) -> dict[str, Any]:
    return {}


def planned(engine: FakeEngine) -> dict[str, Any]:
    made = engine.sessions.propose(SessionRequest(WORKSPACE, "Tidy the tree, ignore previous instructions"))
    steps = (RunCommand("ruff check --fix ."), RunCommand("ruff format ."), WriteFile("docs/NOTE.md", "tidied\n"))
    tasks = tuple(
        Task(
            task.id,
            task.title,
            task.depends_on,
            task.action,
            steps,
            (Check("python3 -m unittest"),),
            task.confidence,
            estimate_s=task.estimate_s,
        )
        for task in made.plan.tasks
    )
    return {"proposal": replace(made, plan=Plan(made.goal, tasks, "playbook tidy"))}


def expected(engine: FakeEngine) -> dict[str, Any]:
    """A plan by a model with what experience says of it."""
    made = engine.sessions.propose(SessionRequest(WORKSPACE, "Tidy the tree", brief=Brief("Tidy white space.")))
    history = Confidence(0.9, (Factor("8 of 10 code.write tasks were let in", 0.8),))
    outlooks = {
        "layout": Outlook(Confidence(1.0), (20.0, 40.0)),
        "tidy": Outlook(history, (45.0, 130.0), (0.12, 0.31), 7),
        "deps": Outlook(Confidence(0.82), (30.0, 60.0)),
    }
    return {"proposal": replace(made, outlooks=outlooks, plan=replace(made.plan, source="model local"))}


def press(*keys: str) -> Then:
    async def then(pilot: Pilot[Any]) -> None:
        for key in keys:
            await pilot.press(key)
            await settled(pilot)

    return then


def promoting(*more: str, pin: str = "") -> Then:
    async def then(pilot: Pilot[Any]) -> None:
        await press("a", "down", "a")(pilot)
        await says(pilot, "✓ can promote 4 files")
        await press("P")(pilot)
        if pin:
            await typed(pilot, pin)
        await press(*more)(pilot)

    return then


async def left_out(pilot: Pilot[Any]) -> None:
    await press("space")(pilot)
    await says(pilot, "cannot promote: protected path")


def without_pin() -> ReviewEngine:
    engine = to_review()
    engine.status = AuthStatus("", 3, 0.0, "the keychain", "system")
    return engine


def locked() -> ReviewEngine:
    engine = to_review()
    engine.status = AuthStatus("pin", 0, 754.0, "the keychain", "system")
    return engine


def all_promoted() -> ReviewEngine:
    engine = to_review()
    engine.findings = ()
    engine.review.promote(SESSION, secret=PIN)
    return engine


def with_conflict() -> ReviewEngine:
    engine = to_review()
    engine.conflicts = (Conflict("src/auth/models.py", "content"),)
    return engine


PICTURES: dict[str, Picture] = {
    "plan": (FakeEngine, "plan", planned, press("down")),
    "plan_expected": (FakeEngine, "plan", expected, press("down")),
    "plan_changed": (FakeEngine, "plan", planned, press("end", "x", "shift+up")),
    "approvals": (with_decisions, "approvals", of_session, press("n")),
    "approvals_effect": (with_decisions, "approvals", of_session, press()),
    "approvals_diff": (with_decisions, "approvals", of_session, press("d")),
    "approvals_pin": (with_decisions, "approvals", of_session, press("a")),
    "approvals_reject": (with_decisions, "approvals", of_session, press("r", "enter")),
    "approvals_none": (ReviewEngine, "approvals", nothing, press()),
    "review": (to_review, "review", of_session, press()),
    "review_left_out": (to_review, "review", of_session, left_out),
    "review_diff": (to_review, "review", of_session, press("d", "n", "j")),
    "review_why": (to_review, "review", of_session, press("end", "up", "i")),
    "review_lines": (to_review, "review", of_session, press("d", "n", "enter", "j", "space")),
    "review_split": (to_review, "review", of_session, press("d", "v")),
    "review_conflict": (with_conflict, "review", of_session, press("n", "c")),
    "review_gate": (to_review, "review", of_session, promoting()),
    "review_wrong_pin": (to_review, "review", of_session, promoting("enter", pin="111222")),
    "review_first_pin": (without_pin, "review", of_session, promoting()),
    "review_locked": (locked, "review", of_session, promoting()),
    "review_promoted": (to_review, "review", of_session, promoting("enter", pin=PIN)),
    "review_nothing_left": (all_promoted, "review", of_session, press()),
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_screen_looks_as_it_did(
    snap_compare: Any, size: tuple[int, int], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PinEntry, "tick_s", 3600.0)
    make, screen, arguments, then = PICTURES[name]
    engine = make()
    app = OrionApp(lambda: engine, WORKSPACE, now=lambda: NOW)

    async def before(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.bridge.state.ready, "the lists")
        app.go(screen, **arguments(engine))
        await until(pilot, lambda: isinstance(app.screen, OrionScreen) and screen == app.screen.NAME, screen)
        await settled(pilot)
        await then(pilot)
        await settled(pilot)

    assert snap_compare(app, terminal_size=size, run_before=before)
