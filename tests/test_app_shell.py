"""What holds on every screen: help, palette, themes, and an import that stays light."""

from __future__ import annotations

import subprocess
import sys

from textual.command import CommandPalette

from engine.vocabulary.errors import UsageError
from orion_tui.actions import ACTS, acts_for
from orion_tui.bridge import ask
from orion_tui.palette import Actions
from tests.support.app_driver import driven, on_screen, shown, told, wait_for
from tests.support.fake_nights import night


async def test_the_list_of_keys_names_every_key_of_the_screen_and_why_one_is_off():
    async with driven(night(), (120, 56)) as (app, pilot):
        await pilot.press("question_mark")
        await wait_for(pilot, lambda: "Keys on home" in shown(app), "the list")
        text = shown(app)
        for act in acts_for("home"):
            assert act.shown_key in text
            assert act.help[:30] in text
        await pilot.press("escape")
        await on_screen(pilot, "home")


async def test_the_palette_lists_every_action_by_name():
    async with driven(night()) as (app, pilot):
        provider = Actions(app.screen)
        labels = [str(hit.display) async for hit in provider.discover()]
        for act in (act for act in ACTS if act.footer and act.id != "palette"):
            assert any(f"{act.label}  ({act.shown_key})" in label for label in labels), act.id
        await pilot.press("ctrl+p")
        await wait_for(pilot, lambda: isinstance(app.screen, CommandPalette), "the palette")


async def test_an_action_of_the_palette_is_done_on_the_screen_below():
    async with driven(night()) as (app, pilot):
        await pilot.press("ctrl+p")
        await wait_for(pilot, lambda: isinstance(app.screen, CommandPalette), "the palette")
        await pilot.press(*"new goal")
        await wait_for(pilot, lambda: "Give Orion a goal" in shown(app), "the hit")
        await pilot.press("enter")
        await on_screen(pilot, "new_goal")


async def test_a_failing_call_shows_message_and_hint_and_the_app_lives_on():
    async with driven(night()) as (app, pilot):

        def failing() -> None:
            raise UsageError("no such session", "orion sessions lists them")

        ask(app.screen, failing)
        await wait_for(pilot, lambda: "orion sessions lists them" in told(app), "the hint")
        ask(app.screen, lambda: 1 // 0)
        await wait_for(pilot, lambda: "ZeroDivisionError" in told(app), "the bug")
        await pilot.press("n")
        await on_screen(pilot, "new_goal")


async def test_the_theme_can_be_light_or_dark():
    async with driven(night()) as (app, pilot):
        assert app.current_theme.dark
        await pilot.press("ctrl+t")
        assert not app.current_theme.dark


def test_importing_the_app_does_not_load_the_engine():
    code = (
        "import sys, orion_tui.app, orion_tui.screens.home\n"
        "heavy = {'engine.build', 'engine.engine', 'git', 'jsonschema', 'yaml', 'bcrypt', 'watchfiles', 'sqlite3'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
