"""Decisions, pauses and starts in odd orders and from several processes at once: nothing is done twice or lost."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
from multiprocessing.synchronize import Barrier as Meeting
from pathlib import Path
from typing import Any

import pytest

from engine.build import build
from engine.engine import Engine
from engine.storage.clock import SystemClock
from engine.storage.journal import SqliteJournal
from engine.vocabulary.errors import UsageError
from engine.vocabulary.events import Event, EventKind
from engine.vocabulary.fold import fold_all
from engine.vocabulary.plans import Plan, TaskState
from engine.vocabulary.sessions import SessionState
from engine.vocabulary.verdicts import ApprovalState
from tests.support.cli import Orion
from tests.support.sessions import PIN, created, playbook, resumed, states, worked

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e]

DEPENDENCY = {"id": "dep", "steps": [{"write": {"path": "requirements.txt", "content": "flask==3.0\n"}}]}
FIRST = {"id": "first", "steps": [{"write": {"path": "docs/first.md", "content": "# First\n"}}]}
NOTE = {"id": "note", "steps": [{"write": {"path": "docs/note.md", "content": "# A note\n"}}]}
# What a script does cannot be read off the command that runs it, and no two runs of this one do the same.
RANDOM = "import os\nopen('require' + 'ments.txt', 'w').write(os.urandom(8).hex() + '\\n')\n"
START = (
    "import sys; from pathlib import Path; from engine.build import build\n"
    "engine = build(Path(sys.argv[1])); engine.sessions.start(sys.argv[2]); engine.sessions.wait(sys.argv[2])\n"
)

KILLED_AT_EFFECTS = (
    "import os, signal; from engine.session.ledger import Ledger; record = Ledger.record\n"
    "def killed(ledger, kind, **data):\n"
    "    state = record(ledger, kind, **data)\n"
    "    if kind == 'effects': os.kill(os.getpid(), signal.SIGKILL)\n"
    "    return state\n"
    "Ledger.record = killed\n"
)


def _start_at_once(home: str, session: str, meeting: Meeting, answers: Any) -> None:
    engine = build(Path(home))
    meeting.wait(60)
    try:
        engine.sessions.start(session)
        answers.put(engine.sessions.wait(session).state.value)
    except UsageError as error:
        answers.put(error.message)
    finally:
        engine.close()


def test_of_two_sessions_started_at_once_in_a_workspace_one_runs(home: Path, repository: Path, tmp_path: Path) -> None:
    engine = build(home)
    file = playbook(tmp_path, {"id": "slow", "steps": [{"run": "sleep 1"}]})
    sessions = [created(engine, repository, file) for _ in range(2)]
    engine.close()
    context = multiprocessing.get_context("spawn")
    meeting, answers = context.Barrier(2), context.Queue()
    both = [context.Process(target=_start_at_once, args=(str(home), one, meeting, answers)) for one in sessions]
    for process in both:
        process.start()
    said = {answers.get(timeout=60) for _ in both}
    for process in both:
        process.join(60)
    assert "awaiting_review" in said
    assert any("running in this workspace" in words for words in said)


def test_a_detached_session_can_be_paused_as_soon_as_the_command_has_answered(
    home: Path, repository: Path, tmp_path: Path
) -> None:
    orion = Orion(home, repository)
    # However long the second command takes to come, something is left to do.
    file = playbook(tmp_path, {"id": "slow", "steps": [{"run": "sleep 0.5"}] * 240}, NOTE)
    detached = orion("work", "--playbook", str(file), "--yes", "--detach", "--json")
    assert detached.code == 0, detached.err
    paused = orion("pause", detached.json["session"], "--json")
    assert paused.code == 0, paused.err
    assert paused.json["state"] == "paused"


def test_a_detached_session_that_cannot_begin_says_why(home: Path, repository: Path, tmp_path: Path) -> None:
    orion = Orion(home, repository)
    file = playbook(tmp_path, NOTE)
    engine = build(home)
    (home / "roles" / "mine.yaml").write_text(
        (Path(__file__).parent.parent / "roles" / "software-engineer.yaml")
        .read_text()
        .replace("name: software-engineer", "name: mine")
    )
    session = created(engine, repository, file, role="mine")
    engine.close()
    (home / "roles" / "mine.yaml").write_text("name: [broken\n")
    started = orion("resume", session, "--detach")
    assert started.code == 2
    assert "mine.yaml" in started.err


def test_waiting_for_another_process_ends_with_the_time_given(home: Path, repository: Path, tmp_path: Path) -> None:
    engine = build(home)
    try:
        session = created(engine, repository, playbook(tmp_path, {"id": "long", "steps": [{"run": "sleep 60"}]}))
        engine.sessions.start(session, detach=True)
        assert engine.sessions.wait(session, 0.2).state is SessionState.RUNNING
        engine.sessions.cancel(session)
        assert engine.sessions.wait(session, 60).state is SessionState.CANCELLED
    finally:
        engine.close()


def test_rolling_back_takes_back_what_was_asked_and_allowed_for_the_tasks_that_are_done_again(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    other = {"id": "other", "steps": [{"delete": {"path": "README.md"}}]}
    session = worked(engine, repository, playbook(tmp_path, FIRST, DEPENDENCY, other, NOTE))
    asked = {approval.task: approval.id for approval in engine.approvals.list()}
    engine.approvals.approve(asked["other"])
    engine.sessions.rollback(session.id, 1)
    assert engine.approvals.list() == ()

    again = resumed(engine, session.id)
    assert states(again) == {"first": "kept", "dep": "parked", "other": "parked", "note": "kept"}
    fresh = {approval.task: approval.id for approval in engine.approvals.list()}
    assert not set(fresh.values()) & set(asked.values())
    engine.approvals.approve(fresh["dep"])
    ended = resumed(engine, session.id)
    assert states(ended)["dep"] == "kept"
    with pytest.raises(UsageError, match="void already"):
        engine.approvals.approve(asked["dep"])


def test_editing_a_plan_leaves_what_waits_for_a_decision_where_it_is(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    session = worked(engine, repository, playbook(tmp_path, DEPENDENCY, NOTE, {"id": "gone", "depends_on": ["dep"]}))
    (approval,) = engine.approvals.list()
    assert session.plan is not None
    left = tuple(task for task in session.plan.tasks if task.id != "gone")
    engine.sessions.edit_plan(session.id, Plan(session.plan.goal, left, session.plan.source))
    assert states(engine.sessions.get(session.id)) == {"dep": "parked", "note": "kept"}
    assert engine.approvals.list() == (approval,)

    engine.sessions.edit_plan(session.id, Plan(session.plan.goal, left[1:], session.plan.source))
    assert engine.approvals.list() == ()
    assert engine.sessions.get(session.id).approvals[approval.id].state is ApprovalState.VOID


def test_a_session_that_somebody_has_just_taken_is_neither_edited_nor_rejected(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    session = created(engine, repository, playbook(tmp_path, FIRST, NOTE))
    plan = engine.sessions.get(session).plan
    assert plan is not None
    # A runner holds the session for a moment before the journal says that it runs.
    journal = SqliteJournal(home / "journal.db", home / "locks", SystemClock())
    lease = journal.acquire(session)
    try:
        with pytest.raises(UsageError, match="being run by"):
            engine.sessions.edit_plan(session, Plan(plan.goal, plan.tasks[:1], plan.source))
        with pytest.raises(UsageError, match="being run by"):
            engine.review.reject(session, "not now")
    finally:
        lease.release()
        journal.close()
    assert engine.sessions.get(session).state is SessionState.CREATED


def test_what_a_cancelled_session_asked_is_asked_no_more(engine: Engine, repository: Path, tmp_path: Path) -> None:
    session = worked(engine, repository, playbook(tmp_path, FIRST, DEPENDENCY))
    (approval,) = engine.approvals.list()
    engine.review.reject(session.id, "not now")
    assert engine.approvals.list() == ()
    with pytest.raises(UsageError, match="rejected and cannot go on"):
        engine.approvals.approve(approval.id)


def test_a_decision_names_the_next_command_that_works(engine: Engine, repository: Path, tmp_path: Path) -> None:
    session = worked(engine, repository, playbook(tmp_path, FIRST, DEPENDENCY))
    (approval,) = engine.approvals.list()
    assert f"orion review {session.id}" in engine.approvals.deny(approval.id, "no")
    assert not engine.sessions.get(session.id).can_go_on


def test_of_two_decisions_made_at_once_the_first_one_counts(engine: Engine, repository: Path, tmp_path: Path) -> None:
    session = worked(engine, repository, playbook(tmp_path, DEPENDENCY))
    (approval,) = engine.approvals.list()
    engine.approvals.approve(approval.id)
    ended = resumed(engine, session.id)
    assert states(ended) == {"dep": "kept"}
    late = {"approval": approval.id, "task": "dep", "decision": "denied", "reason": "too late", "at": ""}
    event = Event(session.id, ended.seq + 1, "2026-01-01T00:00:00+00:00", EventKind.DECIDED, late)
    after = fold_all(session.id, [*engine.sessions.events(session.id), event])
    assert after.tasks["dep"].state is TaskState.KEPT
    assert after.approvals[approval.id].state is ApprovalState.APPROVED


def test_what_waited_while_the_rest_was_promoted_can_still_be_approved_and_promoted(
    engine: Engine, repository: Path, tmp_path: Path, git: Any
) -> None:
    engine.auth.set_pin(PIN)
    session = worked(engine, repository, playbook(tmp_path, FIRST, DEPENDENCY))
    assert engine.review.promote(session.id, secret=PIN).promoted
    (approval,) = engine.approvals.list()
    engine.approvals.approve(approval.id)
    ended = resumed(engine, session.id)
    assert ended.state is SessionState.AWAITING_REVIEW
    assert states(ended)["dep"] == "kept"
    assert ended.drift == "none", "what Orion itself let in is no drift"
    second = engine.review.promote(session.id, secret=PIN)
    assert second.promoted, second.reasons
    assert second.paths == ("requirements.txt",)
    assert git(repository, "log", "--format=%s").splitlines() == ["orion(ara): Make it better"] * 2 + ["first"]


def test_an_approved_effect_outlives_a_kill_while_it_is_being_kept(
    home: Path, repository: Path, tmp_path: Path
) -> None:
    random_file = {
        "id": "made",
        "steps": [
            {"write": {"path": "src/gen.py", "content": RANDOM}},
            {"run": "python3 src/gen.py"},
        ],
    }
    engine = build(home)
    session = worked(engine, repository, playbook(tmp_path, random_file))
    (approval,) = engine.approvals.list()
    approved = engine.sessions.task_diff(session.id, "made")
    engine.approvals.approve(approval.id)
    killed = subprocess.run([sys.executable, "-c", KILLED_AT_EFFECTS + START, str(home), session.id], check=False)
    assert killed.returncode == -signal.SIGKILL
    try:
        ended = resumed(engine, session.id)
        assert states(ended) == {"made": "kept"}, "nobody is asked twice"
        assert engine.sessions.task_diff(session.id, "made") == approved
    finally:
        engine.close()


def test_an_approved_effect_that_is_done_again_is_finished_even_when_paused_halfway(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    script = "from pathlib import Path\nPath('require' + 'ments.txt').write_text('flask==3.0\\n')\n"
    append = {
        "id": "append",
        "steps": [
            {"run": "echo one >> README.md"},
            {"run": "sleep 1"},
            {"write": {"path": "src/gen.py", "content": script}},
            {"run": "python3 src/gen.py"},
        ],
    }
    other = {"id": "other", "steps": [{"run": "echo two >> README.md"}]}
    session = worked(engine, repository, playbook(tmp_path, append, other))
    (approval,) = engine.approvals.list()
    engine.approvals.approve(approval.id)

    def pause_at_the_first_step(events: tuple[Event, ...]) -> None:
        if any(event.kind is EventKind.ACTION and event.data["step"] == 0 for event in events):
            engine.sessions.pause(session.id)

    leave = engine.subscribe(pause_at_the_first_step)
    assert resumed(engine, session.id).state is SessionState.PAUSED
    leave()
    ended = resumed(engine, session.id)
    assert states(ended) == {"append": "kept", "other": "kept"}
    assert b"requirements.txt" in engine.sessions.task_diff(session.id, "append")


def test_an_undone_promotion_is_settled_once_and_for_all(home: Path, repository: Path, tmp_path: Path) -> None:
    engine = build(home)
    engine.auth.set_pin(PIN)
    session = worked(engine, repository, playbook(tmp_path, FIRST))
    assert engine.review.promote(session.id, secret=PIN).promoted
    assert engine.review.undo(session.id, secret=PIN).promoted
    engine.review.reject(session.id, "not now")
    events = engine.sessions.events(session.id)
    assert engine.review.settle() == ()
    engine.close()

    again = build(home)
    try:
        assert again.sessions.events(session.id) == events
        assert again.sessions.get(session.id).state is SessionState.REJECTED
    finally:
        again.close()


def test_a_promotion_killed_after_this_process_began_is_settled_before_the_next_try(
    home: Path, repository: Path, tmp_path: Path, git: Any
) -> None:
    engine = build(home)
    engine.auth.set_pin(PIN)
    session = worked(engine, repository, playbook(tmp_path, FIRST))
    script = (
        "import os, signal, sys; from pathlib import Path; from engine.build import build\n"
        "import engine.workspace.promotion as promotion\n"
        "promotion._move_files = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "build(Path(sys.argv[1])).review.promote(sys.argv[2], secret=sys.argv[3])\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(home), session.id, PIN], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (repository / ".git" / "index.lock").exists()
    try:
        promoted = engine.review.promote(session.id, secret=PIN)
        assert promoted.promoted, promoted.reasons
    finally:
        engine.close()
    assert list((repository / ".git").rglob("*.lock")) == []
    assert git(repository, "status", "--short") == ""
    assert git(repository, "log", "--format=%s").splitlines() == ["orion(ara): Make it better", "first"]
