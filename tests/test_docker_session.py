"""A whole session on a real Docker engine, which the automatic choice prefers: parked, approved, checked, promoted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.sandboxes.docker.connection import find_engine
from engine.vocabulary.events import EventKind
from engine.vocabulary.sessions import SessionState
from tests.support.engines import gone
from tests.support.sessions import PIN, playbook, resumed, states, worked

pytestmark = [pytest.mark.docker, pytest.mark.e2e]

FIX = {
    "id": "fix",
    "steps": [{"edit": {"path": "src/app.py", "find": "a - b", "replace": "a + b"}}, {"run": "git diff --stat"}],
    "checks": [{"run": "python3 -m unittest -q test_app"}],
}
DEPENDENCY = {"id": "dep", "steps": [{"write": {"path": "requirements.txt", "content": "flask==3.0\n"}}]}
WRONG = {"id": "wrong", "steps": [{"run": "echo no > no.txt"}], "checks": [{"run": "test -e yes.txt"}]}


def test_a_session_goes_from_goal_to_promotion_in_containers(
    engine: Engine, repository: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    session = worked(engine, repository, playbook(tmp_path, FIX, DEPENDENCY, WRONG))
    (began,) = [e for e in engine.sessions.events(session.id) if e.kind is EventKind.SESSION_STARTED]
    assert (began.data["sandbox"]["name"], began.data["sandbox"]["network"]) == ("docker", "off")
    assert states(session) == {"fix": "kept", "dep": "parked", "wrong": "failed"}
    assert session.tasks["fix"].verified is True
    (approval,) = engine.approvals.list()
    engine.approvals.approve(approval.id)

    after = resumed(engine, session.id)
    assert states(after) == {"fix": "kept", "dep": "kept", "wrong": "failed"}
    assert after.state is SessionState.AWAITING_REVIEW
    engine.auth.set_pin(PIN)
    done = engine.review.promote(session.id, secret=PIN)
    assert done.promoted
    assert (repository / "requirements.txt").read_text() == "flask==3.0\n"
    assert git(repository, "status", "--porcelain") == ""


def test_nothing_of_a_session_that_ended_is_left_in_the_engine(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    session = worked(engine, repository, playbook(tmp_path, FIX))
    docker = find_engine()
    try:
        assert gone(docker, session.id)
    finally:
        docker.close()


def test_the_doctor_says_what_is_in_force(engine: Engine) -> None:
    checks = {check.name: check for check in engine.doctor.report().checks}
    assert checks["sandbox.docker"].status == "ok"
    assert "Orion's seccomp profile" in checks["sandbox.docker"].detail
