"""A session in figures: cost, time, what AEGIS said, and each task's confidence against the role's thresholds."""

from __future__ import annotations

from dataclasses import replace

from engine.vocabulary.actions import ActionClass
from engine.vocabulary.errors import RoleError
from engine.vocabulary.events import EventKind
from engine.vocabulary.verdicts import Decision, Layer, verdict_to_json
from orion_tui.modals.detail import DetailModal
from orion_tui.screens.session_figures import read_figures, session_figures
from tests.support.app_driver import driven, on_screen, shown, wait_for
from tests.support.fake_facts import NOW, verdict
from tests.support.fake_nights import night


def lines_of(engine, session: str = "s002") -> list[str]:
    parts = session_figures(read_figures(engine, session), NOW, 70)
    return "".join(text for text, _ in parts).splitlines()


def line(lines: list[str], wanted: str) -> str:
    return next(each for each in lines if wanted in each)


def test_used_budgets_stand_beside_their_limits():
    lines = lines_of(night())
    assert "$0.47 of $2.00" in line(lines, "cost")
    assert "6h 39m of 8h 00m !" in line(lines, "time")
    assert "no limit" in line(lines, "turns")


def test_what_aegis_said_is_counted_with_the_layer_that_refused():
    engine = night()
    refused = replace(verdict(Decision.BLOCK, ActionClass.DEPLOY), layer=Layer.BASE)
    engine.tell("s002", EventKind.GATE, task="tests", step=1, verdict=verdict_to_json(refused), phase="action")
    lines = lines_of(engine)
    assert "5 allowed · 0 parked · 1 blocked" in line(lines, "AEGIS")
    assert "1 by base" in lines[lines.index(line(lines, "AEGIS")) + 1]


def test_a_surer_task_has_a_longer_line_and_one_not_begun_has_none():
    lines = lines_of(night())
    schema, login, last = (line(lines, title) for title in ("Design auth", "Create login", "Write integration"))
    assert (schema.count("━"), login.count("━"), last.count("━")) == (19, 18, 0)
    assert "┊" in login
    assert login.endswith("0.88⚑")
    assert last.endswith("-")


def test_without_the_roles_file_the_chart_has_no_marks():
    engine = night()

    def gone(name: str, workspace: object = None) -> None:
        raise RoleError("there is no such role")

    engine.roles.thresholds = gone
    assert "┊" not in "\n".join(lines_of(engine))


async def test_one_key_shows_it_on_the_monitor_and_in_the_review():
    async with driven(night(), (80, 24)) as (app, pilot):
        for key, screen in (("l", "monitor"), ("d", "review")):
            await pilot.press("home", key)
            await on_screen(pilot, screen)
            await pilot.press("s")
            await wait_for(pilot, lambda: isinstance(app.screen, DetailModal), "the figures")
            assert "Confidence per task" in shown(app)
            await pilot.press("escape", "q")
            await on_screen(pilot, "home")
