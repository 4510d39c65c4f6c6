"""What needs approval waits; the rest goes on; a kill in between loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.build import build
from engine.engine import Engine
from engine.vocabulary.errors import UsageError
from engine.vocabulary.events import EventKind
from engine.vocabulary.sessions import SessionState
from engine.vocabulary.verdicts import ApprovalKind, ApprovalState
from tests.support.sessions import created, playbook, resumed, states, worked

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e]

DEPENDENCY = {"id": "dep", "steps": [{"write": {"path": "requirements.txt", "content": "flask==3.0\n"}}]}
# What a script does cannot be read off the command that runs it: only its effects tell.
SCRIPT = "from pathlib import Path\nPath('require' + 'ments.txt').write_text('flask==3.0\\n')\n"
SNEAKY = {
    "id": "sneaky",
    "steps": [
        {"write": {"path": "src/gen.py", "content": SCRIPT}},
        {"run": "python3 src/gen.py && echo more > more.txt"},
    ],
}
NOTE = {"id": "note", "steps": [{"write": {"path": "docs/note.md", "content": "# A note\n"}}]}
AFTER = {"id": "after", "depends_on": ["dep"], "steps": [{"run": "grep -q flask requirements.txt"}]}


def test_an_action_that_needs_approval_parks_before_anything_ran_and_the_other_branch_goes_on(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    session = worked(engine, repository, playbook(tmp_path, DEPENDENCY, AFTER, NOTE))
    assert states(session) == {"dep": "parked", "after": "pending", "note": "kept"}
    assert session.state is SessionState.AWAITING_REVIEW
    (approval,) = engine.approvals.list()
    assert approval.kind is ApprovalKind.ACTION
    assert approval.action == "deps.change"
    assert approval.detail == "requirements.txt"
    assert approval.proposed == "write requirements.txt\n+ flask==3.0"
    kinds = [event.kind for event in engine.sessions.events(session.id) if event.data.get("task") == "dep"]
    assert EventKind.ACTION not in kinds


def test_approving_only_records_and_resuming_carries_it_out_once(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    session = worked(engine, repository, playbook(tmp_path, DEPENDENCY, AFTER, NOTE))
    (approval,) = engine.approvals.list()
    said = engine.approvals.approve(approval.id)
    assert f"orion resume {session.id}" in said
    assert states(engine.sessions.get(session.id))["dep"] == "ready"
    with pytest.raises(UsageError, match="approved already"):
        engine.approvals.approve(approval.id)

    after = resumed(engine, session.id)
    assert states(after) == {"dep": "kept", "after": "kept", "note": "kept"}
    assert engine.approvals.list() == ()
    assert after.tasks["note"].attempts == 1


def test_a_denial_ends_the_task_and_skips_what_depends_on_it(engine: Engine, repository: Path, tmp_path: Path) -> None:
    session = worked(engine, repository, playbook(tmp_path, DEPENDENCY, AFTER, NOTE, {"id": "free"}))
    (approval,) = engine.approvals.list()
    engine.approvals.deny(approval.id, "we do not want flask")
    denied = engine.sessions.get(session.id)
    assert states(denied) == {"dep": "denied", "after": "pending", "note": "kept", "free": "kept"}
    assert denied.tasks["dep"].reason == "we do not want flask"
    assert denied.approvals[approval.id].state is ApprovalState.DENIED


def test_an_effect_that_needs_approval_parks_with_its_diff_and_is_merged_onto_the_tip(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    session = worked(engine, repository, playbook(tmp_path, SNEAKY, NOTE))
    assert states(session) == {"sneaky": "parked", "note": "kept"}
    (approval,) = engine.approvals.list()
    assert approval.kind is ApprovalKind.EFFECT
    assert approval.detail == "added requirements.txt"
    assert b"+flask==3.0" in engine.sessions.task_diff(session.id, "sneaky")

    said = engine.approvals.approve(approval.id)
    assert "moved" in said
    after = resumed(engine, session.id)
    assert states(after) == {"sneaky": "kept", "note": "kept"}
    paths = [change.path for change in engine.review.changes(session.id).files]
    assert paths == ["docs/note.md", "more.txt", "requirements.txt", "src/gen.py"]
    actions = [
        e for e in engine.sessions.events(session.id) if e.kind is EventKind.ACTION and e.data["task"] == "sneaky"
    ]
    assert len(actions) == 2, "its steps are not done again"


def test_an_approved_effect_that_conflicts_with_the_tip_is_done_again(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    append = {
        "id": "append",
        "steps": [
            {"write": {"path": "src/gen.py", "content": SCRIPT}},
            {"run": "python3 src/gen.py; echo one >> README.md"},
        ],
    }
    other = {"id": "other", "steps": [{"run": "echo two >> README.md"}]}
    session = worked(engine, repository, playbook(tmp_path, append, other))
    (approval,) = engine.approvals.list()
    engine.approvals.approve(approval.id)
    after = resumed(engine, session.id)
    assert states(after)["append"] == "kept"
    assert engine.sessions.task_diff(session.id, "append").count(b"+one") == 1
    assert any("conflict" in notice for notice in after.notices)


def test_killing_the_process_between_parking_and_approving_loses_nothing(
    home: Path, repository: Path, tmp_path: Path
) -> None:
    file = playbook(tmp_path, DEPENDENCY, AFTER, NOTE)
    engine = build(home)
    session = created(engine, repository, file)
    engine.close()
    script = (
        "import sys, os, threading; from pathlib import Path; from engine.build import build\n"
        "engine = build(Path(sys.argv[1])); parked = threading.Event()\n"
        "engine.subscribe(lambda events: parked.set() if any(e.kind == 'parked' for e in events) else None)\n"
        "engine.sessions.start(sys.argv[2]); parked.wait(60)\n"
        "print('parked', flush=True); engine.sessions.wait(sys.argv[2]); sys.stdin.read()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(home), session], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == "parked\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    child.stdin.close()

    after = build(home)
    try:
        (approval,) = after.approvals.list()
        after.approvals.approve(approval.id)
        ended = resumed(after, session)
        assert states(ended) == {"dep": "kept", "after": "kept", "note": "kept"}
    finally:
        after.close()


def test_a_role_that_changed_since_makes_an_approval_void(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    role = Path(__file__).parent.parent / "roles" / "software-engineer.yaml"
    mine = home / "roles" / "careful.yaml"
    mine.write_text(role.read_text().replace("name: software-engineer", "name: careful"))
    session = worked(engine, repository, playbook(tmp_path, DEPENDENCY), role="careful")
    (approval,) = engine.approvals.list()
    engine.approvals.approve(approval.id)
    mine.write_text(mine.read_text().replace("risk_tolerance: medium", "risk_tolerance: low"))
    again = resumed(engine, session.id)
    assert states(again) == {"dep": "parked"}
    assert again.approvals[approval.id].state is ApprovalState.VOID
    (fresh,) = engine.approvals.list()
    assert fresh.id != approval.id


def test_low_confidence_parks_and_approving_keeps_the_task_flagged(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    unsure = {**NOTE, "confidence": 0.62}
    session = worked(engine, repository, playbook(tmp_path, unsure))
    (approval,) = engine.approvals.list()
    assert approval.kind is ApprovalKind.CONFIDENCE
    engine.approvals.approve(approval.id)
    after = resumed(engine, session.id)
    assert states(after) == {"note": "kept"}
    assert after.tasks["note"].flagged


def test_a_network_request_cannot_be_approved_while_there_is_no_network(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    worked(engine, repository, playbook(tmp_path, {"id": "net", "steps": [{"run": "curl https://example.org"}]}))
    (approval,) = engine.approvals.list()
    with pytest.raises(UsageError, match="cannot run"):
        engine.approvals.approve(approval.id, secret="000000")


def test_a_merge_is_handed_off_and_never_carried_out(
    engine: Engine, repository: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    merge = {"id": "merge", "steps": [{"run": "git merge feature"}, {"run": "touch after"}]}
    session = worked(engine, repository, playbook(tmp_path, merge))
    (approval,) = engine.approvals.list()
    assert approval.needs_auth
    engine.auth.set_pin("493817")
    engine.approvals.approve(approval.id, secret="493817")
    after = resumed(engine, session.id)
    assert states(after) == {"merge": "kept"}
    assert after.hand_off == ("git merge feature",)
    assert engine.review.report(session.id).hand_off == ("git merge feature",)
    assert git(repository, "branch", "--list") == "* main"


def test_a_deployment_is_handed_off_and_never_carried_out(engine: Engine, repository: Path, tmp_path: Path) -> None:
    ship = {"id": "ship", "steps": [{"run": "kubectl apply -f k8s/  &&  touch shipped"}]}
    session = worked(engine, repository, playbook(tmp_path, ship), role="devops-engineer")
    (approval,) = engine.approvals.list()
    engine.approvals.approve(approval.id)
    after = resumed(engine, session.id)
    assert after.hand_off == ("kubectl apply -f k8s/  &&  touch shipped",)
    assert not engine.review.report(session.id).changes.files


def test_an_approval_is_found_by_the_beginning_of_its_id(engine: Engine, repository: Path, tmp_path: Path) -> None:
    session = worked(engine, repository, playbook(tmp_path, DEPENDENCY))
    assert engine.approvals.get(f"{session.id}-dep").task == "dep"
    with pytest.raises(UsageError, match="no approval"):
        engine.approvals.get("zzz")
    assert os.path.realpath(session.workspace) == os.path.realpath(repository)
