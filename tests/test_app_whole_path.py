"""The app over the real engine, a real repository and a real sandbox: from New goal to what waits for review."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Select

from engine.vocabulary.sessions import SessionState
from orion_tui.app import OrionApp
from tests.support.app_driver import in_time, on_screen, shown, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.sandbox]

PLAYBOOK = """
name: greet
goal: Greet whoever reads this
tasks:
  - id: greet
    title: Write the greeting
    steps:
      - run: "printf 'hello\\\\n' > greeting.md"
    checks:
      - run: "test -s greeting.md"
  - id: sign
    title: Sign the greeting
    depends_on: [greet]
    steps:
      - run: "printf 'Orion\\\\n' >> greeting.md"
"""


def app_over(engine: Any, workspace: Path) -> OrionApp:
    return OrionApp(lambda: engine, workspace)


async def start_playbook(app: OrionApp, pilot: Pilot[Any]) -> None:
    await wait_for(pilot, lambda: app.bridge.state.ready, "the lists of Home")
    await pilot.press("n")
    await on_screen(pilot, "new_goal")
    await in_time(pilot, lambda: app.screen._offer is not None, "what can be chosen")
    app.screen.query_one("#how", Select).value = "playbook:greet"
    await pilot.press("ctrl+s")
    await in_time(pilot, lambda: getattr(app.screen, "NAME", "") == "monitor", "the monitor")


@pytest.fixture
def greeting(home: Path) -> None:
    folder = home / "playbooks"
    folder.mkdir(parents=True)
    (folder / "greet.yaml").write_text(PLAYBOOK)


async def test_a_playbook_runs_from_the_form_to_what_waits_for_review(greeting, engine, repository):
    before = subprocess.run(["git", "-C", repository, "status", "--porcelain"], capture_output=True, check=True).stdout
    app = app_over(engine, repository)
    async with app.run_test(size=(120, 36)) as pilot:
        await start_playbook(app, pilot)
        await in_time(pilot, lambda: "awaiting review" in shown(app), "the end of the work")
        text = shown(app)
        assert "Write the greeting" in text
        assert "✓ verified" in text
        assert "bubblewrap · net off" in text
        assert "d reviews 2 kept tasks" in text
        await pilot.press("enter")
        await on_screen(pilot, "story")
        await pilot.press("d")
        await in_time(pilot, lambda: "+hello" in shown(app), "the diff of the task")
        await pilot.press("q", "q")
        await on_screen(pilot, "home")
        await in_time(pilot, lambda: "ready to review, 2 tasks kept" in shown(app), "Home")
    after = subprocess.run(["git", "-C", repository, "status", "--porcelain"], capture_output=True, check=True).stdout
    assert after == before
    assert not (repository / "greeting.md").exists()


async def test_leaving_the_app_leaves_the_session_running_and_the_next_app_shows_it(greeting, engine, home, repository):
    slow = PLAYBOOK.replace("printf 'hello", "sleep 3; printf 'hello")
    (home / "playbooks" / "greet.yaml").write_text(slow)
    app = app_over(engine, repository)
    async with app.run_test(size=(80, 24)) as pilot:
        await start_playbook(app, pilot)
        await in_time(pilot, lambda: "● running" in shown(app), "the start")
        session = app.screen.session_id
    engine.close()

    from engine.build import build

    second = build(home)
    try:
        again = app_over(second, repository)
        async with again.run_test(size=(80, 24)) as pilot:
            await in_time(pilot, lambda: "ready to review, 2 tasks kept" in shown(again), "the finished session")
        assert second.sessions.get(session).state is SessionState.AWAITING_REVIEW
    finally:
        second.close()


async def test_pause_and_resume_by_key_end_with_everything_kept(greeting, engine, home, repository):
    slow = PLAYBOOK.replace("printf 'hello", "sleep 2; printf 'hello")
    (home / "playbooks" / "greet.yaml").write_text(slow)
    app = app_over(engine, repository)
    async with app.run_test(size=(120, 36)) as pilot:
        await start_playbook(app, pilot)
        await in_time(pilot, lambda: "p pause" in shown(app), "the start")
        await pilot.press("p")
        await in_time(pilot, lambda: "p resume" in shown(app), "the pause")
        await pilot.press("p")
        await in_time(pilot, lambda: "awaiting review" in shown(app), "the end of the work")
        assert "d reviews 2 kept tasks" in shown(app)


async def test_a_workspace_that_is_no_repository_is_told_at_the_workspace(greeting, engine, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    app = app_over(engine, empty)
    async with app.run_test(size=(120, 36)) as pilot:
        await wait_for(pilot, lambda: app.bridge.state.ready, "the lists of Home")
        await pilot.press("n")
        await on_screen(pilot, "new_goal")
        await in_time(pilot, lambda: app.screen._offer is not None, "what can be chosen")
        app.screen.query_one("#how", Select).value = "playbook:greet"
        await pilot.press("ctrl+s")
        await in_time(pilot, lambda: app.focused is app.screen.query_one("#workspace"), "the focus on the workspace")
        assert "✗" in shown(app)
        assert engine.sessions.list() == ()
