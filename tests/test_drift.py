"""Drift: the person's own work moves under a session. It is seen every five tasks, on resume and when it happens; what
touches the session's own files pauses it with a word on it, once."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import Any

import pytest

from engine.engine import Engine
from engine.session import drifting
from engine.session.drifting import EVERY_TASKS
from engine.vocabulary.events import EventKind
from engine.vocabulary.sessions import Session, SessionState
from tests.support.cli import Orion
from tests.support.sessions import PIN, created, playbook, resumed, states, worked

pytestmark = [pytest.mark.sandbox]

FIRST = {"id": "t0", "steps": [{"write": {"path": "count.txt", "content": "1\n"}}]}
PARKED = {"id": "dep", "steps": [{"write": {"path": "requirements.txt", "content": "flask==3.0\n"}}]}
PARKED_OTHER = {"id": "dep2", "steps": [{"write": {"path": "requirements-dev.txt", "content": "x==1.0\n"}}]}


@pytest.fixture
def deaf(engine: Engine) -> None:
    """A file system on which nothing is heard of changes."""

    def watch(root: Path, stop: Flag, moved: Callable[[frozenset[str]], None]) -> Thread:
        thread = Thread(target=stop.wait)
        thread.start()
        return thread

    engine._core.adapters.watch = watch  # type: ignore[method-assign]


def drifts(engine: Engine, session: str) -> list[dict[str, Any]]:
    return [dict(each.data) for each in engine.sessions.events(session) if each.kind is EventKind.DRIFT]


def notices(engine: Engine, session: str) -> list[str]:
    told = [each.data for each in engine.sessions.events(session) if each.kind is EventKind.NOTICE]
    return [str(data["message"]) for data in told if data.get("level") == "warning"]


def chain(count: int) -> list[dict[str, Any]]:
    others = [{"id": f"t{number}", "depends_on": [f"t{number - 1}"]} for number in range(1, count)]
    return [FIRST, *others]


def parked(engine: Engine, root: Path, folder: Path, *more: dict[str, Any]) -> Session:
    """A session that has changed count.txt and waits for approval of the rest, which is then given."""
    session = worked(engine, root, playbook(folder, FIRST, PARKED, *more))
    for approval in engine.approvals.list():
        if approval.task == "dep":
            engine.approvals.approve(approval.id)
    return session


@pytest.mark.usefixtures("deaf")
def test_the_workspace_is_compared_every_five_tasks_also_where_nothing_is_heard_of_it(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    session = created(engine, repository, playbook(tmp_path, *chain(7)))
    (repository / "count.txt").write_text("mine\n")
    engine.sessions.start(session)
    ended = engine.sessions.wait(session, 120)
    assert ended.state is SessionState.PAUSED
    assert ended.reason == "drift: the workspace changed files that this session changed too: count.txt"
    assert list(states(ended).values()) == ["kept"] * EVERY_TASKS + ["pending"] * 2
    assert [(each["severity"], each["paths"]) for each in drifts(engine, session)] == [("high", ["count.txt"])]
    assert any("count.txt" in message and "resume" in message for message in notices(engine, session))
    after = resumed(engine, session)
    assert after.state is SessionState.AWAITING_REVIEW, "looked at, then resumed"
    assert len(drifts(engine, session)) == 1, "told once"


@pytest.mark.usefixtures("deaf")
def test_on_resume_a_movement_of_the_same_files_pauses_before_anything_runs(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    session = parked(engine, repository, tmp_path)
    (repository / "count.txt").write_text("mine\n")
    ended = resumed(engine, session.id)
    assert ended.state is SessionState.PAUSED
    assert ended.reason.startswith("drift: ")
    assert states(ended)["dep"] != "kept"
    assert states(resumed(engine, session.id))["dep"] == "kept"


@pytest.mark.usefixtures("deaf")
def test_on_resume_a_movement_of_other_files_is_logged_and_the_work_goes_on(
    engine: Engine, repository: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    session = parked(engine, repository, tmp_path)
    (repository / "README.md").write_text("mine\n")
    git(repository, "commit", "-qam", "mine")
    ended = resumed(engine, session.id)
    assert states(ended)["dep"] == "kept"
    (told,) = drifts(engine, session.id)
    assert (told["severity"], told["paths"], told["head"]) == (
        "low",
        ["README.md"],
        git(repository, "rev-parse", "HEAD"),
    )
    assert not [message for message in notices(engine, session.id) if "workspace" in message]


@pytest.mark.usefixtures("deaf")
def test_what_moves_after_a_first_movement_was_looked_at_is_told_again(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    session = parked(engine, repository, tmp_path, PARKED_OTHER)
    (repository / "count.txt").write_text("mine\n")
    assert resumed(engine, session.id).state is SessionState.PAUSED
    assert states(resumed(engine, session.id))["dep"] == "kept"
    (repository / "requirements.txt").write_text("mine too\n")
    for approval in engine.approvals.list():
        engine.approvals.approve(approval.id)
    ended = resumed(engine, session.id)
    assert ended.state is SessionState.PAUSED
    assert "requirements.txt" in ended.reason
    assert [each["mine"] for each in drifts(engine, session.id)] == [["count.txt"], ["count.txt", "requirements.txt"]]


@pytest.mark.usefixtures("deaf")
def test_however_many_files_moved_they_are_told_once_and_the_work_goes_on(
    engine: Engine, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drifting, "_KEPT_PATHS", 0)  # of a long list an event holds the first only
    session = parked(engine, repository, tmp_path)
    for name in ("count.txt", "other.txt"):
        (repository / name).write_text("mine\n")
    assert resumed(engine, session.id).state is SessionState.PAUSED
    assert states(resumed(engine, session.id))["dep"] == "kept"
    assert len(drifts(engine, session.id)) == 1


@pytest.mark.usefixtures("deaf")
def test_a_branch_that_is_gone_pauses_with_the_reason_and_does_not_fail_the_session(
    engine: Engine, repository: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    session = parked(engine, repository, tmp_path)
    git(repository, "switch", "-q", "-c", "other")
    git(repository, "branch", "-q", "-D", "main")
    ended = resumed(engine, session.id)
    assert ended.state is SessionState.PAUSED
    assert ended.reason == "drift: there is no branch 'main' here"
    assert states(resumed(engine, session.id))["dep"] == "kept", "looked at, then resumed"


def test_before_a_promotion_the_command_line_says_what_moved(
    engine: Engine, repository: Path, tmp_path: Path, home: Path
) -> None:
    engine.auth.set_pin(PIN)
    session = worked(engine, repository, playbook(tmp_path, FIRST))
    engine.close()
    (repository / "README.md").write_text("mine\n")
    subprocess.run(["git", "commit", "-qam", "mine"], cwd=repository, check=True)
    orion = Orion(home, repository)
    seen = orion("review", session.id, "--json").json["findings"]
    (told,) = [each for each in seen if each["kind"] == "drift"]
    assert told["severity"] == "info"
    assert "README.md" in told["message"]
    done = orion("promote", session.id, "--pin-stdin", given=f"{PIN}\n")
    assert done.code == 0, done.err
    assert "⚑ drift: the branch or a chosen file moved on; merged" in done.out
