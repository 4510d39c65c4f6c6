"""What was turned down: it is not let in by the way, and it is not lost."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.vocabulary.changes import Finding
from tests.support.cli import Orion
from tests.support.sessions import PIN, playbook, worked

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e]

TASKS = (
    {"id": "good", "steps": [{"write": {"path": "good.txt", "content": "1\n"}}]},
    {"id": "bad", "steps": [{"write": {"path": "bad.txt", "content": "1\n"}}, {"run": "echo 2 >> shared.txt"}]},
    {"id": "mended", "steps": [{"run": "echo 3 >> shared.txt"}]},
)


@pytest.fixture
def session(engine: Engine, repository: Path, tmp_path: Path) -> str:
    engine.auth.set_pin(PIN)
    return worked(engine, repository, playbook(tmp_path, *TASKS)).id


def turned_down(engine: Engine, session: str) -> list[Finding]:
    return [finding for finding in engine.review.report(session).findings if "was rejected" in finding.message]


def test_the_files_of_a_rejected_task_are_not_let_in_unless_said_so(
    engine: Engine, repository: Path, session: str
) -> None:
    assert turned_down(engine, session) == []
    engine.review.reject(session, "no need for it", task="bad")
    (found,) = turned_down(engine, session)
    assert (found.path, found.task, found.acceptable) == ("bad.txt", "bad", True), "a later task took on shared.txt"
    assert "no need for it" in found.message
    assert not engine.review.promote(session, secret=PIN).promoted
    assert engine.review.promote(session, secret=PIN, paths=["good.txt", "shared.txt"]).promoted
    assert not (repository / "bad.txt").exists()
    assert engine.review.promote(session, secret=PIN, accept=[found.id]).promoted
    assert (repository / "bad.txt").exists()


def test_the_branch_of_a_rejected_session_comes_over_on_request(
    home: Path, repository: Path, session: str, git: Callable[..., str]
) -> None:
    orion = Orion(home, repository)
    command = orion("reject", session, "--reason", "another way").out.splitlines()[-1]
    refused = orion("promote", session, "--pin-stdin", given=PIN)
    assert (refused.code, command.strip() in refused.err) == (2, True)
    program, *arguments = shlex.split(command)
    assert program == "git"
    git(repository, *arguments)
    assert git(repository, "show", f"orion-ara/{session}:good.txt") == "1"
