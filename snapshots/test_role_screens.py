"""Roles: the list, the form with file and dry run, a broken role, an untrusted one, the interview; at both sizes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.vocabulary.roles import RoleSource
from tests.support.app_driver import made_app
from tests.support.fake_engine import FakeEngine
from tests.support.fake_roles import FakeRoles, starter
from tests.support.screens import settled, until

Before = Callable[[Pilot[Any]], Awaitable[None]]

DIFF = "--- trusted\n+++ now\n@@ -40,4 +40,3 @@\n   forbidden:\n-    - ci.change\n     - deploy\n"


def made() -> FakeEngine:
    """An engine with roles of all kinds."""
    engine: Any = FakeEngine()
    roles = engine.roles = FakeRoles()
    mine = (
        starter("technical-writer")
        .replace("name: technical-writer", "name: handbook")
        .replace("display_name: Technical writer", "display_name: Keeper of the handbook")
    )
    roles.put(RoleSource.USER, "handbook", mine)
    roles.put(RoleSource.USER, "night-owl", BROKEN)
    theirs = starter("qa-engineer").replace("name: qa-engineer", "name: shop-tester")
    roles.put(RoleSource.PROJECT, "shop-tester", theirs)
    roles.since["shop-tester"] = DIFF
    return engine


BROKEN = (
    starter("software-engineer")
    .replace("name: software-engineer", "name: night-owl")
    .replace("risk_tolerance: medium", "risk_tolerence: medium")
    .replace("execute_and_flag: 0.70", "execute_and_flag: 0.97")
)


def at(screen: str, *pressed: str, **arguments: Any) -> Before:
    async def before(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await until(pilot, lambda: app.bridge.state.ready, "the lists")
        app.go(screen, **arguments)
        await until(pilot, lambda: getattr(app.screen, "NAME", "") == screen, screen)
        await settled(pilot)
        for key in pressed:
            await pilot.press(key)
            await settled(pilot)

    return before


DEPS = ("down",) * 14
WRITER: dict[str, Any] = {"role": "handbook", "source": RoleSource.USER}
PICTURES: dict[str, Before] = {
    "list_broken": at("roles", "down"),
    "list_untrusted": at("roles", "down", "down"),
    "editor_typed": at("role", *DEPS, "enter", *("backspace",) * 5, *"alone", **WRITER),
    "editor_dry_run": at("role", "t", "s", **WRITER),
    "editor_wrong": at("role", *("down",) * 3, "enter", *("comma", "slash", "x"), **WRITER),
    "editor_broken": at("role", role="night-owl", source=RoleSource.USER),
    "editor_of_repository": at("role", role="shop-tester", source=RoleSource.PROJECT),
    "interview_alone": at("new_role", "enter", "enter", "down", "down", "space"),
    "interview_name": at("new_role", *("enter",) * 6, "A"),
    "interview_done": at("new_role", *("enter",) * 7),
}


@pytest.mark.parametrize("picture", sorted(PICTURES))
def test_the_screen_looks_as_it_did(picture, size, snap_compare):
    assert snap_compare(made_app(made()), terminal_size=size, run_before=PICTURES[picture])
