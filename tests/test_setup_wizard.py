"""The first run: five steps in the app by keyboard, and the same from a script."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pyotp
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from engine.build import build
from engine.engine import Engine
from engine.planning.suggesting import suggest
from engine.vocabulary.errors import ConfigError
from engine.vocabulary.events import ACCOUNT, EventKind
from engine.vocabulary.requests import DoctorCheck, DoctorReport
from orion_tui.app import OrionApp
from orion_tui.qr import grouped, qr_lines
from tests.support.cli import Orion
from tests.support.screens import SMALL, says, settled, shown, until

PIN = "482915"


@asynccontextmanager
async def first_start(engine: Engine, workspace: Path, size: tuple[int, int] = SMALL) -> AsyncIterator[Pilot[Any]]:
    """The app as `orion` opens it."""
    app = OrionApp(lambda: engine, workspace, wizard="new")
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.bridge.state.ready, "the lists")
        await settled(pilot)
        yield pilot


def on(pilot: Pilot[Any]) -> str:
    return getattr(pilot.app.screen, "NAME", type(pilot.app.screen).__name__)


async def press(pilot: Pilot[Any], keys: list[str], *more: str) -> None:
    """Press and wait, and keep count in `keys`."""
    for key in more:
        keys.append(key)
        await pilot.press(key)
        await settled(pilot)


async def test_from_start_to_ready_with_the_defaults_takes_at_most_forty_keys(engine: Engine, repository: Path) -> None:
    keys: list[str] = []
    async with first_start(engine, repository) as pilot:
        await says(pilot, "step 1 of 5")
        await until(pilot, lambda: "looking" not in shown(pilot), "the checks")
        await press(pilot, keys, "enter")
        await says(pilot, "software-engineer · ✓ starter")
        await press(pilot, keys, "enter")
        await until(pilot, lambda: isinstance(pilot.app.focused, Input), "the PIN's field")
        await press(pilot, keys, *PIN, "enter", *PIN, "enter")
        await says(pilot, "step 4 of 5")
        for scenario in (
            "✓ write code         allowed",
            "✓ run the tests      allowed",
            "◐ add a dependency   asks you",
        ):
            await says(pilot, scenario)
        for scenario in (
            "◐ merge to main      asks you",
            "⊘ deploy             blocked",
            "⊘ change AEGIS       blocked",
        ):
            await says(pilot, scenario)
        await press(pilot, keys, "enter")
        await says(pilot, "orion work --playbook test-report --yes")
        await press(pilot, keys, "enter")
        await until(pilot, lambda: on(pilot) == "home", "Home")
    assert len(keys) <= 40
    assert engine.setup.standing().finished
    assert engine.setup.standing().role == engine.settings.get().default_role == "software-engineer"
    engine.auth.verify(PIN)


async def test_it_opens_by_itself_on_a_new_home_only(engine: Engine, repository: Path) -> None:
    async with first_start(engine, repository) as pilot:
        assert on(pilot) == "setup"
        await pilot.press("ctrl+l")
        await until(pilot, lambda: on(pilot) == "home", "Home")
    again = build(engine.home)
    try:
        async with first_start(again, repository) as pilot:
            assert on(pilot) == "home"
            await pilot.press("f2")
            await until(pilot, lambda: on(pilot) == "setup", "the set-up")
    finally:
        again.close()


async def test_it_is_taken_up_where_it_was_left_and_nothing_half_done_counts(engine: Engine, repository: Path) -> None:
    keys: list[str] = []
    async with first_start(engine, repository) as pilot:
        await press(pilot, keys, "enter", "down", "enter")
        await says(pilot, "step 3 of 5")
        await until(pilot, lambda: isinstance(pilot.app.focused, Input), "the PIN's field")
        await press(pilot, keys, *PIN, "enter", *PIN[:3], "ctrl+l")
        await until(pilot, lambda: on(pilot) == "home", "Home")
        assert engine.auth.status().method == ""
        assert engine.setup.standing().role == "technical-writer"
        await press(pilot, keys, "f2")
        await says(pilot, "step 3 of 5")
    events = [e.data for e in engine._core.journal.events(ACCOUNT) if e.kind is EventKind.FIRST_RUN]
    assert events == [{"state": "left", "step": "secret"}]


async def test_a_step_can_be_left_for_later_and_the_last_one_says_so(engine: Engine, repository: Path) -> None:
    keys: list[str] = []
    async with first_start(engine, repository) as pilot:
        await press(pilot, keys, "ctrl+n", "ctrl+n", "ctrl+n", "ctrl+n")
        await says(pilot, "step 5 of 5")
        await says(pilot, "left for later: a PIN or codes: nothing can be promoted before one is set")
        assert engine.setup.standing().role == ""
        await press(pilot, keys, "escape")
        await says(pilot, "step 4 of 5")
        await press(pilot, keys, "ctrl+n", "n")
        await until(pilot, lambda: on(pilot) == "new_goal", "New goal")
        assert pilot.app.screen.query_one("#how").value == "playbook:test-report"  # type: ignore[attr-defined]


async def test_what_is_missing_is_said_with_what_to_do_about_it(
    engine: Engine, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    async with first_start(engine, repository) as pilot:
        await until(pilot, lambda: "looking" not in shown(pilot), "the checks")
        await says(pilot, "✗ git")
        await says(pilot, "→ install git 2.38 or newer: apt install git")
        await says(pilot, "✗ No, not before what is marked ✗ is mended")
        monkeypatch.undo()
        await pilot.press("ctrl+r")
        await says(pilot, "✓ git")


def test_every_check_that_is_not_well_says_what_to_do(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    report = engine.doctor.report()
    assert [check.name for check in report.checks if check.status != "ok" and not check.hint] == []


def test_checks_are_told_one_by_one_as_they_are_known(engine: Engine) -> None:
    told: list[DoctorCheck] = []
    report: DoctorReport = engine.doctor.report(told=told.append)
    assert tuple(told) == report.checks


async def test_one_time_codes_are_set_up_from_the_wizard(engine: Engine, repository: Path) -> None:
    keys: list[str] = []
    async with first_start(engine, repository) as pilot:
        await press(pilot, keys, "ctrl+n", "ctrl+n", "ctrl+o")
        await says(pilot, "Scan this with an")
        # Nothing counts before a live code, and leaving leaves nothing.
        await press(pilot, keys, "escape")
        assert engine.auth.status().method == ""
        await press(pilot, keys, "ctrl+o")
        await says(pilot, "Scan this with an")
        secret = pilot.app.screen._offer.secret  # type: ignore[attr-defined]
        assert all(group in shown(pilot) for group in grouped(secret).split())
        await press(pilot, keys, *"000000", "enter")
        await says(pilot, "✗ the code is not")
        assert engine.auth.status().method == ""
        await press(pilot, keys, *pyotp.TOTP(secret).now(), "enter")
        await says(pilot, "Six backup codes")
        assert secret not in shown(pilot)
        await press(pilot, keys, "escape", "enter")
        await says(pilot, "they are not shown again")
        await press(pilot, keys, "y")
        await says(pilot, "step 4 of 5")
    assert engine.auth.status().method == "totp"
    assert engine.auth.status().backup_codes_left == 6


async def test_a_window_too_small_for_the_qr_code_says_how_else(engine: Engine, repository: Path) -> None:
    async with first_start(engine, repository, (70, 20)) as pilot:
        await pilot.press("ctrl+n", "ctrl+n")
        await settled(pilot)
        await pilot.press("ctrl+o")
        await says(pilot, "or type the secret into the app")
        assert "█" not in shown(pilot)


def test_the_qr_code_is_drawn_module_for_module() -> None:
    import segno

    uri = "otpauth://totp/Orion:ada@machine?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Orion"
    modules = [list(row) for row in segno.make(uri, error="l").matrix]
    halves = {"█": (1, 1), "▀": (1, 0), "▄": (0, 1), " ": (0, 0)}
    rows: list[list[int]] = []
    for line in qr_lines(uri, dark_on_light=True):
        rows.append([halves[sign][0] for sign in line])
        rows.append([halves[sign][1] for sign in line])
    assert [row[2 : 2 + len(modules)] for row in rows[2 : 2 + len(modules)]] == modules
    assert not any(any(row) for row in (*rows[:2], *rows[2 + len(modules) :]))


# -- what is suggested


def test_a_first_try_is_taken_from_the_repository() -> None:
    assert suggest({"notes.txt": 3}, model=False).playbook == "tidy"
    assert suggest({"package.json": 3}, model=False).playbook == "dependency-report"
    assert suggest({"a.py": 1, "tests/test_a.py": 3}, model=False).playbook == "test-report"
    assert "README" in suggest({"a.py": 3}, model=True).goal
    tree = {"README.md": 1, "src/big.py": 90, "src/small.py": 5, "tests/test_small.py": 200, "src/__init__.py": 100}
    assert suggest(tree, model=True).goal == "Write tests for src/big.py"


def test_a_hostile_file_name_stays_one_word_of_the_command() -> None:
    found = suggest({"README": 1, "x'; rm -rf ~ #.py": 9}, model=True)
    import shlex

    assert shlex.split(found.command) == ["orion", "work", found.goal]


# -- from a script


def test_a_script_takes_every_step_with_its_defaults(home: Path, repository: Path) -> None:
    orion = Orion(home, repository)
    ran = orion("setup", "--yes", "--pin-stdin", "--role", "qa-engineer", "--json", given=f"{PIN}\n")
    assert ran.code in (0, 6), ran.err
    said = ran.json
    assert (said["role"], said["method"]) == ("qa-engineer", "pin")
    assert [trial["decision"] for trial in said["dry_run"]][-2:] == ["block", "block"]
    assert orion("auth", "verify", "--pin-stdin", given=f"{PIN}\n").code == 0
    assert orion("settings", "get", "default_role").out.strip() == "qa-engineer"
    # Again: the role stays, the PIN given is tried.
    again = orion("setup", "--yes", "--pin-stdin", given="111119\n")
    assert again.code == 7
    assert orion("setup", "--yes").out.count("role: qa-engineer") == 1


def test_without_a_terminal_it_says_which_option_is_missing(home: Path, repository: Path) -> None:
    orion = Orion(home, repository)
    ran = orion("setup")
    assert (ran.code, ran.out) == (2, "")
    assert "--yes" in ran.err
    assert "--yes" in orion("setup", "--role", "qa-engineer").err


def test_a_role_that_is_not_there_sets_nothing_up(home: Path, repository: Path) -> None:
    orion = Orion(home, repository)
    ran = orion("setup", "--yes", "--role", "qa-enginer", "--pin-stdin", given=f"{PIN}\n")
    assert ran.code == 2
    assert "qa-engineer" in ran.err
    assert orion("auth", "status", "--json").json["method"] is None


async def test_a_home_that_cannot_be_opened_says_why_and_what_to_do_where_the_lists_would_be(repository: Path) -> None:
    def refused() -> Engine:
        raise ConfigError("Orion's home /x belongs to another user (uid 7)", "set ORION_HOME to a folder of your own")

    app = OrionApp(refused, repository, wizard="new")
    async with app.run_test(size=SMALL) as pilot:
        await says(pilot, "✗ Orion could not be opened here")
        text = shown(pilot)
        assert "Opening the journal" not in text
        assert "✗ not opened" in text
        assert "→ set ORION_HOME" in text
