"""A session whose work changed nothing is reviewed like any other, and its review ends in `completed`."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.engine import Engine
from engine.vocabulary.errors import UsageError
from engine.vocabulary.sessions import SessionState
from tests.support.cli import Orion
from tests.support.screens import opened, says, until
from tests.support.sessions import playbook, worked

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e]

LOOK = {"id": "look", "steps": [{"run": "ls"}]}
NOTE = {"id": "note", "steps": [{"write": {"path": "docs/note.md", "content": "x\n"}}]}
DEPENDENCY = {"id": "deps", "steps": [{"write": {"path": "requirements.txt", "content": "bcrypt==4.2.0\n"}}]}


async def test_a_review_without_anything_to_promote_is_ended_with_one_key(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    session = worked(engine, repository, playbook(tmp_path, LOOK))
    assert session.state is SessionState.AWAITING_REVIEW
    async with opened(engine, "monitor", session=session.id) as pilot:
        await says(pilot, "D says that the review is done")
        await pilot.press("D")
        await says(pilot, "✓ completed: reviewed, nothing to promote")
        await until(pilot, lambda: not pilot.app.bridge.state.approvals, "the lists")  # type: ignore[attr-defined]
    after = engine.sessions.get(session.id)
    assert (after.state, after.over) == (SessionState.COMPLETED, True)
    assert engine.sessions.list()[0].state is SessionState.COMPLETED
    with pytest.raises(UsageError, match="completed"):
        engine.sessions.resume(session.id)


async def test_the_review_screen_offers_it_too(engine: Engine, repository: Path, tmp_path: Path) -> None:
    session = worked(engine, repository, playbook(tmp_path, LOOK))
    async with opened(engine, "review", session=session.id) as pilot:
        await says(pilot, "D done")
        await pilot.press("D")
        await says(pilot, "cannot promote: this session is completed")


def test_what_has_something_to_promote_or_to_decide_is_not_completed(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    changed = worked(engine, repository, playbook(tmp_path, NOTE))
    with pytest.raises(UsageError, match="a file to promote"):
        engine.review.complete(changed.id)
    waiting = worked(engine, repository, playbook(tmp_path, DEPENDENCY))
    with pytest.raises(UsageError, match="1 of its decisions wait"):
        engine.review.complete(waiting.id)


def test_the_command_completes_and_the_audit_log_says_who_did(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    orion = Orion(home, repository)
    session = worked(engine, repository, playbook(tmp_path, LOOK))
    assert orion("complete", session.id, "--json").json == {"session": session.id, "state": "completed"}
    assert orion("complete", session.id).code == 2
    (entry,) = (each for each in engine.audit.entries() if each.record.event == "completed")
    assert entry.record.actor == "user"
    assert "nothing to promote" in orion("log", session.id).out
