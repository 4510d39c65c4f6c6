"""What a reviewer says goes back to the agent and comes back as work: turned down with a reason, revised, reviewed
again and let in; a conflict that the agent is asked to bring together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.vocabulary.changes import ReviewNote
from engine.vocabulary.plans import TaskState
from engine.vocabulary.sessions import SessionState
from orion_tui.app import OrionApp
from tests.support.app_driver import in_time, on_screen, shown
from tests.support.recordings import acts, call, done, plan, record, task, worked, writes
from tests.support.screens import settled, typed
from tests.support.sessions import PIN, resumed

pytestmark = [pytest.mark.mock_llm, pytest.mark.sandbox, pytest.mark.e2e]

WRONG, RIGHT = "def add(a, b):\n    return a * b\n", "def add(a, b):\n    return a + b\n"
CHECK = "python3 -m unittest -q test_app"
EDITS = acts("fix", [call("edit", path="src/app.py", find="a - b", replace="a * b"), done()])
MENDS = acts("revise-1", [call("edit", path="src/app.py", find="a * b", replace="a + b"), done("it adds now")])


async def in_the_review(app: OrionApp, pilot, session: str) -> None:  # type: ignore[no-untyped-def]
    await in_time(pilot, lambda: app.bridge.state.ready, "the lists of Home")
    app.go("review", session=session)
    await on_screen(pilot, "review")
    await in_time(pilot, lambda: "TASKS" in shown(app), "the report")


async def promoted(app: OrionApp, pilot) -> None:  # type: ignore[no-untyped-def]
    """Through the gate with the PIN, and out of it."""
    await settled(pilot)
    await in_time(pilot, lambda: "✓ can promote" in shown(app), "the report of what is chosen")
    await pilot.press("P")
    await in_time(pilot, lambda: "Your PIN" in shown(app), "the PIN")
    await settled(pilot)
    await typed(pilot, PIN)
    await pilot.press("enter")
    await in_time(pilot, lambda: "✓ promoted" in shown(app), "the promotion")
    await pilot.press("enter")
    await in_time(pilot, lambda: "TASKS" in shown(app), "the review again")


async def test_what_was_turned_down_stays_on_the_branch_is_revised_and_let_in_like_any_other_work(
    engine: Engine, home: Path, repository: Path
) -> None:
    record(home, plan(task("fix"), task("note")), *EDITS, *writes("note", "docs/note.md", "# Note\n"), *MENDS)
    session = worked(engine, repository).id
    engine.auth.set_pin(PIN)
    app = OrionApp(lambda: engine, repository)
    async with app.run_test(size=(120, 36)) as pilot:
        await in_the_review(app, pilot, session)
        await pilot.press("n", "enter", "j", "m")
        await in_time(pilot, lambda: "A note on src/app.py, line 2" in shown(app), "the box")
        await typed(pilot, "plus")
        await pilot.press("enter", "escape", "r")
        await in_time(pilot, lambda: "Leave src/app.py out" in shown(app), "the box")
        await typed(pilot, "add, not multiply")
        await pilot.press("enter")
        await in_time(pilot, lambda: "✓ can promote 1 file" in shown(app), "the rest alone")
        assert "NOTES TO SEND" in shown(app)
        await in_time(pilot, lambda: "turned down" in shown(app), "what is settled")
        await promoted(app, pilot)
        assert (repository / "src" / "app.py").read_text() != WRONG
        assert (repository / "docs" / "note.md").read_text() == "# Note\n"
        assert [change.path for change in engine.review.changes(session).files] == ["src/app.py"]
        assert engine.sessions.get(session).tasks["fix"].rejected == "add, not multiply"
        await in_time(pilot, lambda: "1 file onto main" in shown(app), "what was let in, among what is settled")

        await pilot.press("e")
        await in_time(pilot, lambda: "The task revise-1 is in the plan" in shown(app), "the question")
        await pilot.press("down", "enter")
        await in_time(
            pilot,
            lambda: (
                engine.sessions.get(session).tasks["revise-1"].state is TaskState.KEPT and "return a + b" in shown(app)
            ),
            "the agent's new work on the screen",
        )
        instructions = engine.sessions.get(session).tasks["revise-1"].task.instructions
        assert "src/app.py, line 2: plus" in instructions
        assert "the line reads:     return a * b" in instructions
        assert "(turned down): add, not multiply" in instructions
        await in_time(pilot, lambda: "Revise what the" in shown(app), "the task among the others")
        await settled(pilot)
        if "☐ M app.py" in shown(app):
            await pilot.press("x")
        await in_time(pilot, lambda: "✓ can promote 1 file" in shown(app), "the revision")
        await promoted(app, pilot)
    assert (repository / "src" / "app.py").read_text() == RIGHT
    assert engine.review.changes(session).files == ()


async def test_a_conflict_brought_together_by_the_agent_is_still_the_persons_to_take(
    engine: Engine, home: Path, repository: Path, git: Callable[..., str]
) -> None:
    both = "def add(a, b):\n    return b + a  # either way round\n"
    record(home, plan(task("fix")), *EDITS, *acts("revise-1", [call("write", path="src/app.py", content=both), done()]))
    session = worked(engine, repository).id
    engine.auth.set_pin(PIN)
    (repository / "src" / "app.py").write_text("def add(a, b):\n    return b + a\n")
    git(repository, "commit", "-qam", "mine")
    app = OrionApp(lambda: engine, repository)
    async with app.run_test(size=(120, 36)) as pilot:
        await in_the_review(app, pilot, session)
        await pilot.press("c")
        await in_time(pilot, lambda: "ask the agent" in shown(app), "the three sides")
        await settled(pilot)
        await pilot.press("b")
        await in_time(pilot, lambda: "The task revise-1 is in the plan" in shown(app), "the question")
        await pilot.press("down", "enter")
        await in_time(
            pilot,
            lambda: (
                engine.sessions.get(session).tasks["revise-1"].state is TaskState.KEPT
                and "either way round" in shown(app)
            ),
            "the agent's new work on the screen",
        )
        assert "return b + a" in engine.sessions.get(session).tasks["revise-1"].task.instructions
        await in_time(pilot, lambda: "cannot promote: conflict in src/app.py" in shown(app), "not by the agent alone")
        await pilot.press("c")
        await in_time(pilot, lambda: "ask the agent" in shown(app), "the three sides")
        await settled(pilot)
        await pilot.press("t")
        await in_time(pilot, lambda: "✓ can promote 1 file" in shown(app), "the answer")
        await promoted(app, pilot)
    assert (repository / "src" / "app.py").read_text() == both


def test_a_revision_asked_for_in_the_review_begins_although_the_branch_moved_in_the_same_file(
    engine: Engine, home: Path, repository: Path, git: Callable[..., str]
) -> None:
    record(home, plan(task("fix")), *EDITS, *MENDS)
    session = worked(engine, repository).id
    (repository / "src" / "app.py").write_text("def add(a, b):\n    return a - b\n\n\nMINE = 1\n")
    git(repository, "commit", "-qam", "mine")
    engine.review.revise(session, [ReviewNote("src/app.py", "plus, please", 2)])
    ended = resumed(engine, session)
    assert (ended.state, ended.tasks["revise-1"].state) == (SessionState.AWAITING_REVIEW, TaskState.KEPT)
