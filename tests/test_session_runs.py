"""A session at work: kills, pauses, limits, failures, other processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event as Flag

import pytest

from engine.build import build
from engine.engine import Engine
from engine.vocabulary.errors import ConfigError, OrionError, UsageError, WorkspaceError
from engine.vocabulary.events import EventKind
from engine.vocabulary.requests import SessionRequest
from engine.vocabulary.sessions import Limits, SessionState
from tests.support.sessions import created, playbook, resumed, states, worked

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e]

FIRST = {"id": "first", "steps": [{"run": "echo 1 >> count.txt"}]}
SECOND = {"id": "second", "depends_on": ["first"], "steps": [{"run": "echo 2 >> count.txt"}]}
FOREVER = {
    "id": "forever",
    "depends_on": ["first"],
    "steps": [{"run": "echo begun > begun.txt; while :; do sleep 1; done"}],
}


def wait_for(engine: Engine, session: str, kind: EventKind, task: str) -> None:
    """Until that fact is in the journal; the engine tells, nobody polls a clock."""
    stop = Flag()
    for event in engine.sessions.follow(session, 0, stop):
        if event.kind is kind and event.data.get("task") == task:
            return
    pytest.fail(f"the session ended without {kind} of {task}")


def test_a_killed_session_shows_as_interrupted_and_resumes_from_its_last_kept_task(
    home: Path, repository: Path, tmp_path: Path
) -> None:
    slow = {**SECOND, "steps": [{"run": "if test -e /workspace/never; then :; fi; echo 2 >> count.txt; sleep 600"}]}
    quick = {**SECOND}
    engine = build(home)
    session = created(engine, repository, playbook(tmp_path, FIRST, slow, {"id": "third", "depends_on": ["second"]}))
    script = (
        "import sys; from pathlib import Path; from engine.build import build\n"
        "engine = build(Path(sys.argv[1])); engine.sessions.start(sys.argv[2]); engine.sessions.wait(sys.argv[2])\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script, str(home), session])
    wait_for(engine, session, EventKind.ACTION_STARTED, "second")
    child.send_signal(signal.SIGKILL)
    child.wait()
    try:
        killed = engine.sessions.get(session)
        assert killed.state is SessionState.INTERRUPTED
        assert engine.sessions.list()[0].state is SessionState.INTERRUPTED
        assert states(killed)["first"] == "kept"
        plan = killed.plan
        assert plan is not None
        from dataclasses import replace

        from engine.planning.playbook import load_playbook

        edited = load_playbook(
            playbook(tmp_path, FIRST, quick, {"id": "third", "depends_on": ["second"]}, name="edited")
        )
        engine.sessions.edit_plan(session, replace(edited, goal=plan.goal))
        after = resumed(engine, session)
        assert states(after) == {"first": "kept", "second": "kept", "third": "kept"}
        assert after.tasks["first"].attempts == 1
        assert engine.review.diff(session).decode().count("+1\n") == 1
    finally:
        engine.close()


def test_a_pause_keeps_a_tasks_partial_work_and_resuming_goes_on_at_the_next_step(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    steps = [{"run": "echo a >> log.txt"}, {"run": "echo b >> log.txt; sleep 2"}, {"run": "echo c >> log.txt"}]
    session = created(engine, repository, playbook(tmp_path, {"id": "long", "steps": steps}))
    engine.sessions.start(session)
    stop = Flag()
    for event in engine.sessions.follow(session, 0, stop):
        if event.kind is EventKind.ACTION_STARTED and event.data["step"] == 1:
            break
    engine.sessions.pause(session)
    paused = engine.sessions.wait(session)
    assert paused.state is SessionState.PAUSED
    assert states(paused) == {"long": "pending"}
    after = resumed(engine, session)
    assert states(after) == {"long": "kept"}
    assert "+a\n+b\n+c\n" in engine.review.diff(session).decode()


def test_cancelling_stops_the_running_command_and_keeps_what_was_kept(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    session = created(engine, repository, playbook(tmp_path, FIRST, FOREVER))
    engine.sessions.start(session)
    wait_for(engine, session, EventKind.ACTION_STARTED, "forever")
    engine.sessions.cancel(session)
    ended = engine.sessions.wait(session)
    assert ended.state is SessionState.CANCELLED
    assert states(ended) == {"first": "kept", "forever": "skipped"}
    assert [change.path for change in engine.review.changes(session).files] == ["count.txt"]


def test_a_detached_session_is_followed_paused_and_ended_from_another_process(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    session = created(engine, repository, playbook(tmp_path, FIRST, FOREVER))
    engine.sessions.start(session, detach=True)
    wait_for(engine, session, EventKind.ACTION_STARTED, "forever")
    runner = engine.sessions.runner(session)
    assert runner is not None
    assert runner.alive
    with pytest.raises(UsageError, match="running already"):
        engine.sessions.start(session)
    other = created(engine, repository, playbook(tmp_path, FIRST, name="other"))
    with pytest.raises(UsageError, match="running in this workspace"):
        engine.sessions.start(other)
    engine.sessions.cancel(session)
    assert engine.sessions.wait(session).state is SessionState.CANCELLED


def test_five_failures_in_a_row_end_the_session(engine: Engine, repository: Path, tmp_path: Path) -> None:
    tasks = [{"id": f"t{n}", "steps": [{"run": "exit 3"}]} for n in range(7)]
    session = worked(engine, repository, playbook(tmp_path, FIRST, *tasks))
    assert session.state is SessionState.FAILED
    assert session.reason == "failures_in_a_row"
    assert session.counts()["failed"] == 5


def test_three_tasks_in_a_row_of_low_confidence_end_the_session(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    tasks = [{"id": f"t{n}", "confidence": 0.3, "steps": [{"run": "true"}]} for n in range(4)]
    session = worked(engine, repository, playbook(tmp_path, *tasks))
    assert session.state is SessionState.FAILED
    assert session.reason == "confidence_collapse"
    assert session.counts()["skipped"] == 3


def test_the_time_limit_pauses_with_the_reason(engine: Engine, repository: Path, tmp_path: Path) -> None:
    session = worked(engine, repository, playbook(tmp_path, FIRST, FOREVER), limits=Limits(time_s=3.0))
    assert session.state is SessionState.PAUSED
    assert session.reason == "time_limit"
    assert states(session) == {"first": "kept", "forever": "pending"}
    with pytest.raises(UsageError, match="used"):
        engine.sessions.set_limits(session.id, Limits(time_s=1.0))
    engine.sessions.set_limits(session.id, Limits(time_s=session.elapsed_s + 2))
    again = resumed(engine, session.id)
    assert again.reason == "time_limit"
    assert again.elapsed_s > session.elapsed_s


def test_a_command_over_its_time_limit_fails_its_task_and_leaves_no_trace(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    endless = {"id": "endless", "steps": [{"run": "touch trace; sleep 600 & yes", "timeout_s": 1}]}
    session = worked(
        engine, repository, playbook(tmp_path, endless, {"id": "look", "steps": [{"run": "test ! -e trace"}]})
    )
    assert states(session) == {"endless": "failed", "look": "kept"}
    assert "time limit" in session.tasks["endless"].reason


def test_a_program_that_is_not_in_the_sandbox_is_named_with_both_remedies(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    session = worked(engine, repository, playbook(tmp_path, {"id": "miss", "steps": [{"run": "no-such-tool --x"}]}))
    reason = session.tasks["miss"].reason
    assert "no-such-tool is not in the sandbox" in reason
    assert "sandbox.toolchains" in reason
    assert session.state is SessionState.FAILED


def test_output_without_end_and_invalid_text_are_kept_bounded(engine: Engine, repository: Path, tmp_path: Path) -> None:
    loud = {"id": "loud", "steps": [{"run": "head -c 30000000 /dev/urandom; printf '\\377\\033[2J'"}]}
    session = worked(engine, repository, playbook(tmp_path, loud))
    assert states(session) == {"loud": "kept"}
    action = next(e for e in engine.sessions.events(session.id) if e.kind is EventKind.ACTION)
    assert len(engine.sessions.output(action.data["output"])) < 2_000_000


def test_what_depends_on_a_failed_task_is_skipped_and_counted_apart(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    bad = {"id": "bad", "steps": [{"run": "exit 1"}]}
    session = worked(
        engine, repository, playbook(tmp_path, bad, {"id": "child", "depends_on": ["bad"]}, {"id": "free"})
    )
    assert states(session) == {"bad": "failed", "child": "skipped", "free": "kept"}
    counts = session.counts()
    assert counts.pop("total") == sum(counts.values()) == 3


def test_a_failing_step_that_may_fail_does_not_end_its_task(engine: Engine, repository: Path, tmp_path: Path) -> None:
    task = {"id": "ok", "steps": [{"run": "exit 1", "allow_failure": True}, {"run": "touch there"}]}
    assert states(worked(engine, repository, playbook(tmp_path, task))) == {"ok": "kept"}


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda git, root: None, "not inside a git repository"),
        (lambda git, root: git(root, "init", "-q"), "no commit"),
    ],
    ids=["no-repository", "no-commit"],
)
def test_a_workspace_that_cannot_be_used_says_why(
    engine: Engine, tmp_path: Path, git: Callable[..., str], prepare: Callable[..., object], words: str
) -> None:
    root = tmp_path / "odd"
    root.mkdir()
    prepare(git, root)
    with pytest.raises(WorkspaceError) as caught:
        engine.sessions.propose(SessionRequest(workspace=root, playbook=playbook(tmp_path, FIRST)))
    assert words in caught.value.message
    assert caught.value.hint


def test_a_detached_head_is_refused_with_what_to_do(
    engine: Engine, repository: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    git(repository, "checkout", "-q", "--detach")
    with pytest.raises(WorkspaceError, match="detached"):
        engine.sessions.propose(SessionRequest(workspace=repository, playbook=playbook(tmp_path, FIRST)))


def test_an_open_goal_without_a_model_offers_playbooks(engine: Engine, repository: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        engine.sessions.propose(SessionRequest(workspace=repository, goal="do something"))
    assert "playbook" in caught.value.hint


def test_git_answers_inside_from_a_repository_that_nobody_can_forge(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    look = (
        "test $(git rev-list --count HEAD) = 1 && echo x > new.txt && echo y >> README.md"
        " && git status --porcelain | tr '\\n' ' ' | grep -q 'M README.md ?? new.txt'"
        " && git ls-files | grep -q src/app.py && test ! -w $GIT_DIR"
    )
    session = worked(engine, repository, playbook(tmp_path, {"id": "git", "steps": [{"run": look}]}))
    assert states(session) == {"git": "kept"}, session.tasks["git"].reason


@pytest.mark.skipif(os.geteuid() != 0, reason="a small disk can only be mounted by root")
def test_a_full_disk_ends_the_run_with_the_reason_and_nothing_kept_is_lost(repository: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=14m", "tmpfs", str(disk)], check=False)
    if mounted.returncode != 0:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        engine = build(disk / "home")
        steps = [{"run": "head -c 20000000 /dev/zero > big.bin; true"}, {"run": "true"}]
        fill = {"id": "fill", "depends_on": ["first"], "steps": steps}
        session = created(engine, repository, playbook(tmp_path, FIRST, fill))
        engine.sessions.start(session)
        with suppress(OrionError):
            engine.sessions.wait(session)
        assert engine.sessions.get(session).state is SessionState.PAUSED
        assert "disk is full" in engine.sessions.get(session).reason
        assert states(engine.sessions.get(session)) == {"first": "kept", "fill": "pending"}
        engine.close()
        subprocess.run(["mount", "-o", "remount,size=80m", str(disk)], check=True)
        again = build(disk / "home")
        after = resumed(again, session)
        assert states(after) == {"first": "kept", "fill": "blocked"}
        assert after.tasks["first"].attempts == 1
        again.close()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize(("name", "severity"), [("README.md", "low"), ("count.txt", "high")])
def test_a_workspace_that_moves_while_a_session_runs_is_noticed_after_the_present_task(
    engine: Engine, repository: Path, tmp_path: Path, name: str, severity: str
) -> None:
    slow = {"id": "slow", "depends_on": ["first"], "steps": [{"run": "sleep 2"}]}
    last = {"id": "last", "depends_on": ["slow"]}
    session = created(engine, repository, playbook(tmp_path, FIRST, slow, last))
    engine.sessions.start(session)
    wait_for(engine, session, EventKind.ACTION_STARTED, "slow")
    (repository / name).write_text("mine\n")
    state = engine.sessions.wait(session)
    drifts = [event.data for event in engine.sessions.events(session) if event.kind is EventKind.DRIFT]
    assert [drift["severity"] for drift in drifts] == [severity]
    assert name in drifts[0]["paths"]
    # The same file on both sides is for a person to look at; anything else only goes into the log.
    assert state.state is (SessionState.PAUSED if severity == "high" else SessionState.AWAITING_REVIEW)
    assert state.reason.startswith("drift") is (severity == "high")
    if severity == "high":
        assert resumed(engine, session).state is SessionState.AWAITING_REVIEW
