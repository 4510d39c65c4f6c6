"""Approve, review, promote and undo by keyboard on the real engine, a real repository and a real sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.engine import Engine
from engine.vocabulary.requests import SessionRequest
from engine.vocabulary.sessions import SessionState
from orion_tui.app import OrionApp
from orion_tui.screens.base import OrionScreen
from tests.support.screens import notified, says, settled, typed, until
from tests.support.sessions import PIN, created, playbook, worked

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e]

FIX = {
    "id": "fix",
    "steps": [{"edit": {"path": "src/app.py", "find": "a - b", "replace": "a + b"}}],
    "checks": [{"run": "python3 -m unittest -q test_app"}],
}
NOTE = {"id": "note", "steps": [{"write": {"path": "docs/note.md", "content": "# A note\n"}}]}
DEPENDENCY = {"id": "deps", "steps": [{"write": {"path": "requirements.txt", "content": "bcrypt==4.2.0\n"}}]}


@asynccontextmanager
async def opened(engine: Engine, workspace: Path, screen: str, **arguments: Any) -> AsyncIterator[Pilot[Any]]:
    app = OrionApp(lambda: engine, workspace)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: app.bridge.state.ready, "the lists")
        app.go(screen, **arguments)
        await until(pilot, lambda: isinstance(app.screen, OrionScreen) and screen == app.screen.NAME, screen)
        await settled(pilot)
        yield pilot


async def test_one_of_two_files_goes_in_with_a_first_pin_and_comes_out_again(
    engine: Engine, repository: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    before = git(repository, "rev-parse", "HEAD")
    session = worked(engine, repository, playbook(tmp_path, FIX, NOTE, goal="Mend adding"))
    async with opened(engine, repository, "review", session=session.id) as pilot:
        await says(pilot, "✓ can promote 2 files")
        await says(pilot, "+ return a + b")
        await pilot.press("n", "k", "space")
        await says(pilot, "✓ can promote 1 file")
        await pilot.press("P")
        await says(pilot, "No PIN was ever set")
        await settled(pilot)
        for _ in range(2):
            await typed(pilot, PIN)
            await pilot.press("enter")
        await says(pilot, "✓ promoted 1 file onto main")
        assert git(repository, "rev-parse", "HEAD^") == before
        await pilot.press("enter")
        await says(pilot, "1 file ")
        await pilot.press("U")
        await says(pilot, "A new commit on main takes")
        await settled(pilot)
        await typed(pilot, PIN)
        await pilot.press("enter")
        await notified(pilot, "taken back with the revert commit")
        assert git(repository, "rev-parse", "HEAD^{tree}") == git(repository, "rev-parse", f"{before}^{{tree}}")
        await settled(pilot)


async def test_what_parked_is_approved_and_the_session_goes_on(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    session = worked(engine, repository, playbook(tmp_path, NOTE, DEPENDENCY))
    assert session.waiting
    async with opened(engine, repository, "approvals", session=session.id) as pilot:
        await says(pilot, "Task deps")
        await says(pilot, "requirements.txt")
        await says(pilot, "the role is as it was")
        await pilot.press("a")
        await says(pilot, "✓ approved")
        await settled(pilot)
    assert not engine.sessions.get(session.id).waiting


async def test_a_rejected_session_leaves_the_repository_alone(
    engine: Engine, repository: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    before = git(repository, "rev-parse", "HEAD")
    session = worked(engine, repository, playbook(tmp_path, NOTE))
    async with opened(engine, repository, "review", session=session.id) as pilot:
        await pilot.press("R")
        await typed(pilot, "no")
        await pilot.press("enter")
        await says(pilot, "cannot promote: this session was rejected")
    assert engine.sessions.get(session.id).state is SessionState.REJECTED
    assert git(repository, "rev-parse", "HEAD") == before


async def test_a_plan_is_pruned_and_the_rest_is_stored(engine: Engine, repository: Path, tmp_path: Path) -> None:
    proposal = engine.sessions.propose(SessionRequest(repository, playbook=playbook(tmp_path, FIX, NOTE)))
    async with opened(engine, repository, "plan", proposal=proposal) as pilot:
        await says(pilot, "✓ allowed by authority")
        await pilot.press("end", "x")
        await says(pilot, "1 change by you")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: getattr(pilot.app.screen, "NAME", "") == "monitor", "the monitor")
        await settled(pilot)
    (summary,) = engine.sessions.list()
    assert engine.sessions.wait(summary.id, 60).state is SessionState.AWAITING_REVIEW
    assert list(engine.sessions.get(summary.id).tasks) == ["fix"]


async def test_a_session_that_has_not_begun_says_that_there_is_nothing_to_review(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    session = created(engine, repository, playbook(tmp_path, NOTE))
    async with opened(engine, repository, "review", session=session) as pilot:
        await until(pilot, lambda: "reading what" not in str(pilot.app.screen.query_one("#review-status").visual), "it")
        await pilot.press("P")
        await settled(pilot)


async def test_a_find_that_is_no_secret_goes_onto_the_allow_list_with_a_reason_and_the_pin(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    token = "ghp_" + "aB3dE5fG7hJ9kL2mN4pQ6rS8tU1vW0xYZz12"
    leak = {"id": "leak", "steps": [{"write": {"path": "docs/sample.md", "content": f"token: {token}\n"}}]}
    session = worked(engine, repository, playbook(tmp_path, leak))
    async with opened(engine, repository, "review", session=session.id) as pilot:
        await says(pilot, "cannot promote: secret")
        await pilot.press("A")
        await says(pilot, "why it is no secret")
        await pilot.press("enter")
        await says(pilot, "a reason is needed")
        await pilot.press(*"a-sample", "enter")
        await says(pilot, "No PIN was ever set")
        await settled(pilot)
        for _ in range(2):
            await typed(pilot, PIN)
            await pilot.press("enter")
        await says(pilot, "✓ can promote 1 file")
        await pilot.press("A")
        await notified(pilot, "no find of the secret scanner")
    (entry,) = engine.scan.allow_list().entries
    assert (entry.reason, len(entry.digest)) == ("a-sample", 64)
    assert token not in (engine.scan.allow_list_path()).read_text()


async def test_an_earlier_promotion_is_taken_back_by_its_row_and_let_in_again(
    engine: Engine, repository: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    engine.auth.set_pin(PIN)
    made = worked(engine, repository, playbook(tmp_path, FIX, NOTE)).id
    engine.review.promote(made, secret=PIN, paths=["src/app.py"])
    engine.review.promote(made, secret=PIN, paths=["docs/note.md"])
    async with opened(engine, repository, "review", session=made) as pilot:
        # The mark stands on the last promotion; the one below it was the first.
        await pilot.press("home", "down", "U")
        await says(pilot, "src/app.py")
        await typed(pilot, PIN)
        await pilot.press("enter")
        await notified(pilot, "taken back with the revert commit")
        await says(pilot, "base unchanged")
        await says(pilot, "1 file +")
    assert [each.path for each in engine.review.changes(made).files] == ["src/app.py"]
    assert git(repository, "show", "--stat", "--format=", "HEAD").count("|") == 1
    assert (repository / "docs" / "note.md").exists()
    assert engine.review.promote(made, secret=PIN).promoted
    assert "a + b" in (repository / "src" / "app.py").read_text()
