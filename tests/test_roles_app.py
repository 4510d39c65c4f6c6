"""Roles in the app, over the real engine: list, editor, trust, interview, and files that change meanwhile."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Select

from engine.engine import Engine
from engine.vocabulary.roles import RoleSource
from orion_tui.app import OrionApp
from orion_tui.file_watch import FileWatch
from tests.support.counts import count
from tests.support.screens import BEST, SMALL, notified, says, settled, shown, typed, until

PIN = "493817"
WRONG = "271828"
TEXT = (Path(__file__).parents[1] / "roles" / "software-engineer.yaml").read_text("utf-8")


def called(name: str, text: str = TEXT) -> str:
    return text.replace("name: software-engineer", f"name: {name}", 1)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FileWatch, "every_s", 0.2)


@pytest.fixture
def mine(engine: Engine, home: Path) -> Path:
    engine.auth.set_pin(PIN)
    engine.roles.save("night-owl", called("night-owl"), secret=PIN)
    return home / "roles" / "night-owl.yaml"


@pytest.fixture
def theirs(repository: Path) -> Path:
    file = repository / ".orion" / "roles" / "guest.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(called("guest"))
    return file


@asynccontextmanager
async def at_roles(engine: Engine, workspace: Path, size: tuple[int, int] = BEST) -> AsyncIterator[Pilot[Any]]:
    """The list of roles, reached as a person does."""
    app = OrionApp(lambda: engine, workspace)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.bridge.state.ready, "the lists")
        await pilot.press("o")
        await says(pilot, "STARTERS")
        await settled(pilot)
        yield pilot


@asynccontextmanager
async def at_role(
    engine: Engine, workspace: Path, name: str, source: RoleSource = RoleSource.USER, size: tuple[int, int] = BEST
) -> AsyncIterator[Pilot[Any]]:
    """The screen of one role, read."""
    app = OrionApp(lambda: engine, workspace)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.bridge.state.ready, "the lists")
        app.go("role", role=name, source=source)
        await says(pilot, f"Role · {name}")
        await until(pilot, lambda: bool(app.screen._preview.fields or app.screen._preview.problems), "the role")  # type: ignore[attr-defined]
        await settled(pilot)
        yield pilot


async def choose(pilot: Pilot[Any], key: str) -> None:
    """Put the cursor of the form on a field."""
    pilot.app.screen.query_one("#form-rows").choose(key)  # type: ignore[attr-defined]
    await pilot.pause()


async def replaced(pilot: Pilot[Any], key: str, words: str) -> None:
    """Go to a field and type other words for it, without taking them yet."""
    await choose(pilot, key)
    await pilot.press("enter")
    await pilot.pause()
    pilot.app.screen.query_one("#form-words", Input).value = words
    await settled(pilot)


async def pin(pilot: Pilot[Any], secret: str = PIN) -> None:
    await until(pilot, lambda: not pilot.app.screen.query_one("#pin", Input).disabled, "the prompt")
    await typed(pilot, secret)
    await pilot.press("enter")


async def test_the_list_has_every_role_with_source_trust_and_faults_and_a_broken_one_hides_none(
    engine: Engine, repository: Path, mine: Path, theirs: Path
) -> None:
    mine.with_name("bad.yaml").write_text("name: [broken\n")
    (theirs.parent / "qa-engineer.yaml").write_text(called("qa-engineer"))
    async with at_roles(engine, repository) as pilot:
        lines = [line.partition("│")[0].split() for line in shown(pilot).splitlines()]
        for row in (["▸", "✗", "bad", "broken"], ["✓", "night-owl"], ["◐", "guest", "untrusted"], ["✓", "qa-engineer"]):
            assert row in lines
        assert ["-", "qa-engineer", "hidden", "by", "a", "starter"] in lines
        await says(pilot, "✗ line 2")
        assert "D delete" in shown(pilot)
        await pilot.press("down", "down", "down", "down", "D")
        await notified(pilot, "delete: it ships with Orion and is protected")
        await pilot.press("T")
        await notified(pilot, "trust: only roles of a repository need trust")


async def test_the_dry_run_the_file_and_the_faults_follow_each_key(
    engine: Engine, repository: Path, mine: Path
) -> None:
    async with at_role(engine, repository, "night-owl") as pilot:
        assert "add a dependency         ◐ park   authority · asks: deps.change" in shown(pilot)
        await choose(pilot, "authority:deps.change")
        await pilot.press("enter", *["backspace"] * 4)
        await typed(pilot, "alone")
        await settled(pilot)
        assert "add a dependency         ✓ allow  was ◐ · authority · alone:" in shown(pilot)
        assert "dry run: add a dependency ◐→✓" in shown(pilot)
        await typed(pilot, "x")
        await says(pilot, "'alonex' is not understood; did you mean 'alone'?")
        await pilot.press("escape")
        await says(pilot, "add a dependency         ◐ park")
        assert "not saved" not in shown(pilot)
        await replaced(pilot, "confidence_thresholds.execute_and_flag", "0.97")
        text = " ".join(shown(pilot).split())
        assert "line 51" in text
        assert "1 fault" in text
        assert "DRY RUN of the version before the fault" in text
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press("w")
        await says(pilot, "What is wrong in night-owl")
        await pilot.press("escape", "ctrl+s")
        await notified(pilot, "save: something is wrong in it still")
        await pilot.press("u")
        await says(pilot, "✓ nothing is wrong in it")


async def test_saving_asks_for_the_pin_and_keeps_every_comment(engine: Engine, repository: Path, mine: Path) -> None:
    async with at_role(engine, repository, "night-owl") as pilot:
        await choose(pilot, "authority:deps.change")
        await pilot.press("space")
        await settled(pilot)
        await pilot.press("ctrl+s")
        await pin(pilot, WRONG)
        await says(pilot, "2 tries left")
        assert mine.read_text() == called("night-owl")
        await pin(pilot)
        await notified(pilot, f"saved in {mine}")
    before, after = called("night-owl").splitlines(), mine.read_text().splitlines()
    assert [line for line in before if line.strip().startswith("#")][:5] == [
        line for line in after if line.strip().startswith("#")
    ][:5]
    assert [rule.action.value for rule in engine.roles.get("night-owl").authority.forbidden][-1] == "deps.change"


async def test_a_starter_is_saved_as_a_copy_and_the_screen_says_so(
    engine: Engine, repository: Path, home: Path
) -> None:
    engine.auth.set_pin(PIN)
    async with at_role(engine, repository, "qa-engineer", RoleSource.STARTER) as pilot:
        await says(pilot, "saving makes a copy in your own folder, which hides it")
        await pilot.press("D")
        await notified(pilot, "it ships with Orion and is protected")
        await replaced(pilot, "replan_every", "3")
        await pilot.press("ctrl+s")
        await says(pilot, "A copy of the shipped role")
        await pin(pilot)
        await notified(pilot, f"saved in {home / 'roles' / 'qa-engineer.yaml'}")
        await says(pilot, "yours")
        assert engine.roles.get("qa-engineer").replan_every == 3
        assert (home / "roles" / "qa-engineer.yaml").exists()
        await pilot.press("D")
        await pin(pilot)
        await until(pilot, lambda: not (home / "roles" / "qa-engineer.yaml").exists(), "the deletion")
    assert engine.roles.entry("qa-engineer").source is RoleSource.STARTER


async def test_a_file_that_somebody_else_changed_is_never_overwritten_in_silence(
    engine: Engine, repository: Path, mine: Path
) -> None:
    async with at_role(engine, repository, "night-owl") as pilot:
        mine.write_text(called("night-owl") + "# mended elsewhere\n")
        await notified(pilot, "read again: the file was changed on disk")
        await replaced(pilot, "replan_every", "3")
        await pilot.press("enter")
        mine.write_text(called("night-owl") + "# and again\n")
        await says(pilot, "changed on disk since you opened it: ctrl+r reads it again")
        await pilot.press("ctrl+s")
        await says(pilot, "Write mine over it")
        await pilot.press("escape")
        assert "# and again" in mine.read_text()
        await pilot.press("ctrl+s")
        await says(pilot, "Write mine over it")
        await pilot.press("down", "down", "enter")
        await pin(pilot)
        await notified(pilot, "saved in")
        assert "replan_every: 3" in mine.read_text()
        mine.unlink()
        await says(pilot, "the file is gone from the disk")


async def test_a_role_of_the_repository_is_trusted_as_it_was_shown_with_what_changed(
    engine: Engine, repository: Path, mine: Path, theirs: Path
) -> None:
    async with at_roles(engine, repository) as pilot:
        pilot.app.screen.query_one("#roles-list").choose(str(theirs))  # type: ignore[attr-defined]
        await says(pilot, "Whoever wrote the repository wrote this")
        await pilot.press("T")
        await pin(pilot)
        await notified(pilot, "guest is trusted as it is now")
        assert engine.roles.get("guest", repository).trusted
        theirs.write_text(theirs.read_text().replace("    - ci.change\n", ""))
        await says(pilot, "SINCE YOU TRUSTED IT")
        assert "-    - ci.change" in shown(pilot)
        await pilot.press("enter")
        await says(pilot, "it can only be read here")
        await pilot.press("space")
        await notified(pilot, "it belongs to the repository")
        await pilot.press("T")
        await says(pilot, "What changed since you trusted it")
        await pin(pilot)
        await says(pilot, "repository, trusted")
        await pilot.press("U", "y")
        await says(pilot, "repository, untrusted")


async def test_a_new_role_takes_a_dozen_keys_and_shows_its_dry_run_before_it_is_saved(
    engine: Engine, repository: Path, home: Path
) -> None:
    engine.auth.set_pin(PIN)
    async with at_roles(engine, repository, SMALL) as pilot:
        keys = ["n", *["enter"] * 7]
        for key in keys:
            await pilot.press(key)
            await settled(pilot)
        await says(pilot, "DRY RUN 11 ✓")
        assert not (home / "roles" / "my-software-engineer.yaml").exists()
        await pilot.press("ctrl+s")
        await pin(pilot)
        await notified(pilot, "saved in")
        assert len(keys) + 1 <= 12
    role = engine.roles.get("my-software-engineer")
    assert role.display_name == "My software engineer"


async def test_the_interview_asks_one_question_a_step_and_its_answers_stand_in_the_role(
    engine: Engine, repository: Path
) -> None:
    async with at_roles(engine, repository) as pilot:
        await pilot.press("n")
        await settled(pilot)
        await typed(pilot, "write documentation")
        await pilot.press("enter")
        await settled(pilot)
        await until(pilot, lambda: "▸ technical-writer" in shown(pilot), "the nearest role")
        await pilot.press("enter")
        await says(pilot, "What may it do alone?")
        marked = [line for line in shown(pilot).splitlines() if "✓ docs.write" in line]
        assert marked
        pilot.app.screen.query_one("#ask-options").choose("deps.change")  # type: ignore[attr-defined]
        await pilot.press("space")
        await says(pilot, "technical-writer: never")
        await pilot.press("enter", "enter", "enter")
        await says(pilot, "Where may it change something?")
        pilot.app.screen.query_one("#ask-words", Input).value = "/etc/**"
        await pilot.press("enter")
        await says(pilot, "it is absolute")
        pilot.app.screen.query_one("#ask-words", Input).value = "docs/**, *.md"
        await pilot.press("enter")
        await says(pilot, "What is it called?")
        pilot.app.screen.query_one("#ask-words", Input).value = "qa-engineer"
        await pilot.press("enter")
        await says(pilot, "choose another name")
        pilot.app.screen.query_one("#ask-words", Input).value = "handbook"
        await pilot.press("enter")
        await says(pilot, "not saved yet")
        role = pilot.app.screen._preview.role  # type: ignore[attr-defined]
        assert role.scope == ("docs/**", "*.md")
        assert role.description == "write documentation"
        assert "deps.change" in [rule.action.value for rule in role.authority.autonomous]
        await pilot.press("q")
        await says(pilot, "Leave without saving?")


async def test_files_that_change_are_picked_up_by_the_list_and_by_new_goal(
    engine: Engine, repository: Path, mine: Path
) -> None:
    async with at_roles(engine, repository) as pilot:
        mine.with_name("early-bird.yaml").write_text(called("early-bird"))
        await says(pilot, "✓ early-bird")
        await pilot.press("q", "n")
        await until(pilot, lambda: getattr(pilot.app.screen, "_offer", None) is not None, "what can be chosen")
        role = pilot.app.screen.query_one("#role", Select)
        role.value = "early-bird"
        mine.with_name("third.yaml").write_text(called("third"))
        await until(pilot, lambda: "third" in [value for _, value in role._options], "the new role")
        assert role.value == "early-bird"
        mine.with_name("early-bird.yaml").write_text("name: [")
        await notified(pilot, "the role early-bird cannot be used any more")
        await says(pilot, "broken, not offered: early-bird")


async def test_every_key_of_the_role_screens_is_listed_and_one_that_is_off_says_why(
    engine: Engine, repository: Path, mine: Path
) -> None:
    async with at_role(engine, repository, "night-owl", size=SMALL) as pilot:
        assert "FILE" not in shown(pilot)
        await pilot.press("t")
        await says(pilot, "DRY RUN")
        await pilot.press("s")
        await says(pilot, "at confidence 0.85")
        await pilot.press("y")
        await says(pilot, "FILE")
        assert "DRY RUN" not in shown(pilot)
        await pilot.press("ctrl+s")
        await notified(pilot, "save: nothing is changed, so there is nothing to save")
        await pilot.press("question_mark")
        await says(pilot, "Keys on role")
        await pilot.press("escape", "ctrl+p")
        await typed(pilot, "dry run")
        await says(pilot, "Typical actions and what would become of them")


HOSTILE = (
    "\\e[2J\\e]0;owned\\a",
    "\\u202Egnp.exe",
    "a\\u200Bb\\uFEFF",
    "[red]not markup[/] [@click=app.exit]x[/]",
    "[/] ]] [[ {0} %s $(id)",
    "\\r\\b\\x7F\\x9B31m",
    "🏴‍☠️ﷺ",
    "\\t\\n two lines",
    "x" * 500,
)


@pytest.mark.parametrize("size", [BEST, SMALL])
async def test_hostile_text_of_a_role_is_drawn_literally_everywhere(
    engine: Engine, repository: Path, theirs: Path, size: tuple[int, int]
) -> None:
    seed = random.Random(7)
    async with at_roles(engine, repository, size) as pilot:
        for number in range(count(40)):
            words = "".join(seed.sample(HOSTILE, 3))
            text = called("guest").replace("display_name: Software engineer", f'display_name: "{words}"')
            text = text.replace("risk_tolerance: medium", f'risk_tolerance: "{words}"' if number % 2 else "auth: 1")
            text = text.replace("    - code.write\n", f'    - code.write: ["{words}"]\n', 1)
            text = ("# \u202egnp \u200b \x1b[2J\n" if number % 2 else "# \u202egnp \u200b\n") + text
            theirs.write_text(text)
            pilot.app.screen.read()  # type: ignore[attr-defined]
            await settled(pilot)
            pilot.app.screen.query_one("#roles-list").choose(str(theirs))  # type: ignore[attr-defined]
            await settled(pilot)
            for keys in ((), ("enter",), ("y",), ("down",) * 9, ("q",)):
                await pilot.press(*keys)
                await settled(pilot)
                drawn = shown(pilot)
                assert drawn.replace("\n", "").isprintable(), repr(drawn)
                assert "this is a bug" not in " ".join(note.message for note in pilot.app._notifications)
