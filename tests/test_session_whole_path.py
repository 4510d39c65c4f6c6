"""From a goal to a promoted commit and back out, on a real repository in a real sandbox."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.vocabulary.changes import FindingKind
from engine.vocabulary.errors import AuthError, UsageError
from engine.vocabulary.plans import TaskState
from engine.vocabulary.sessions import SessionState
from tests.support.sessions import PIN, fingerprint, playbook, states, worked

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e]

FIX = {
    "id": "fix",
    "steps": [{"edit": {"path": "src/app.py", "find": "a - b", "replace": "a + b"}}],
    "checks": [{"run": "python3 -m unittest -q test_app"}],
}
NOTE = {"id": "note", "steps": [{"write": {"path": "docs/note.md", "content": "# A note\n"}}]}


def test_a_goal_becomes_one_commit_with_one_parent_behind_the_pin(
    engine: Engine, repository: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    before = git(repository, "rev-parse", "HEAD")
    session = worked(engine, repository, playbook(tmp_path, FIX, NOTE, goal="Mend adding"))
    assert session.state is SessionState.AWAITING_REVIEW
    assert states(session) == {"fix": "kept", "note": "kept"}
    assert session.tasks["fix"].verified is True
    assert session.tasks["note"].verified is None

    engine.auth.set_pin(PIN)
    done = engine.review.promote(session.id, secret=PIN)

    assert done.promoted
    assert done.files == 2
    assert git(repository, "rev-list", "--parents", "-n", "1", "HEAD").split() == [done.commit, before]
    assert git(repository, "log", "-1", "--format=%s %an") == "orion(ara): Mend adding Ada"
    assert git(repository, "status", "--porcelain") == ""
    assert (repository / "src" / "app.py").read_text() == "def add(a, b):\n    return a + b\n"
    assert git(repository, "rev-parse", done.pre_tag) == before
    assert git(repository, "rev-parse", done.post_tag) == done.commit
    assert f"Orion-Session: {session.id}" in git(repository, "log", "-1", "--format=%B")
    assert engine.sessions.get(session.id).state is SessionState.PROMOTED


def test_undo_is_a_revert_and_what_was_undone_can_be_promoted_again(
    engine: Engine, repository: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    session = worked(engine, repository, playbook(tmp_path, FIX))
    engine.auth.set_pin(PIN)
    first = engine.review.promote(session.id, secret=PIN)
    undone = engine.review.undo(session.id, secret=PIN)

    assert git(repository, "rev-parse", "HEAD") == undone.commit
    assert git(repository, "rev-parse", "HEAD^") == first.commit
    assert "a - b" in (repository / "src" / "app.py").read_text()

    again = engine.review.promote(session.id, secret=PIN)
    assert again.promoted, again.reasons
    assert again.post_tag != first.post_tag
    assert "a + b" in (repository / "src" / "app.py").read_text()


def test_nothing_of_the_users_repository_changes_before_a_promotion(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    (repository / "README.md").write_text("uncommitted\n")
    (repository / "new.txt").write_text("untracked\n")
    before = fingerprint(repository)
    session = worked(engine, repository, playbook(tmp_path, FIX, NOTE))
    assert session.state is SessionState.AWAITING_REVIEW
    assert "uncommitted" in session.notices[0]
    engine.review.report(session.id)
    engine.review.diff(session.id)
    assert fingerprint(repository) == before


def test_files_left_out_can_be_promoted_later(
    engine: Engine, repository: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    session = worked(engine, repository, playbook(tmp_path, FIX, NOTE))
    engine.auth.set_pin(PIN)
    first = engine.review.promote(session.id, secret=PIN, paths=["docs/note.md"])
    assert first.promoted
    assert git(repository, "show", "--name-only", "--format=", "HEAD") == "docs/note.md"
    assert [change.path for change in engine.review.changes(session.id).files] == ["src/app.py"]

    second = engine.review.promote(session.id, secret=PIN)
    assert second.promoted
    assert second.pre_tag.endswith("-2")
    assert git(repository, "show", "--name-only", "--format=", "HEAD") == "src/app.py"


def test_a_wrong_pin_promotes_nothing(engine: Engine, repository: Path, tmp_path: Path) -> None:
    session = worked(engine, repository, playbook(tmp_path, FIX))
    with pytest.raises(AuthError):
        engine.review.promote(session.id, secret=PIN)
    engine.auth.set_pin(PIN)
    before = fingerprint(repository)
    with pytest.raises(AuthError):
        engine.review.promote(session.id, secret="111222")
    assert fingerprint(repository) == before


def test_a_secret_blocks_a_promotion_and_is_shown_redacted(engine: Engine, repository: Path, tmp_path: Path) -> None:
    key = "AKIA" + "QX7ZL2M4N8PRSTVW"
    leak = {"id": "leak", "steps": [{"write": {"path": "src/config.py", "content": f'KEY = "{key}"\n'}}]}
    session = worked(engine, repository, playbook(tmp_path, leak))
    engine.auth.set_pin(PIN)
    before = fingerprint(repository)
    done = engine.review.promote(session.id, secret=PIN)
    assert not done.promoted
    found = [finding for finding in done.findings if finding.kind is FindingKind.SECRET]
    assert [(finding.path, finding.line) for finding in found] == [("src/config.py", 1)]
    assert key not in found[0].message
    assert fingerprint(repository) == before

    accepted = engine.review.promote(session.id, secret=PIN, accept=[found[0].id])
    assert accepted.promoted, accepted.reasons


def test_a_secret_that_a_later_task_removed_never_enters_the_repository(
    engine: Engine, repository: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    key = "AKIA" + "QX7ZL2M4N8PRSTVW"
    leak = {"id": "leak", "steps": [{"write": {"path": "src/config.py", "content": f'KEY = "{key}"\n'}}]}
    clean = {
        "id": "clean",
        "depends_on": ["leak"],
        "steps": [{"write": {"path": "src/config.py", "content": "KEY = None\n"}}],
    }
    session = worked(engine, repository, playbook(tmp_path, leak, clean))
    engine.auth.set_pin(PIN)
    assert engine.review.promote(session.id, secret=PIN).promoted
    objects = [
        line.split() for line in git(repository, "cat-file", "--batch-all-objects", "--batch-check").splitlines()
    ]
    blobs = "".join(git(repository, "cat-file", "blob", oid) for oid, kind, _ in objects if kind == "blob")
    assert "KEY = None" in blobs
    assert key not in blobs


def test_uncommitted_work_in_the_way_is_a_conflict_and_never_overwritten(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    session = worked(engine, repository, playbook(tmp_path, FIX, NOTE))
    (repository / "src" / "app.py").write_text("mine\n")
    engine.auth.set_pin(PIN)
    done = engine.review.promote(session.id, secret=PIN)
    assert not done.promoted
    assert [conflict.path for conflict in done.conflicts] == ["src/app.py"]
    assert (repository / "src" / "app.py").read_text() == "mine\n"

    rest = engine.review.promote(session.id, secret=PIN, paths=["docs/note.md"])
    assert rest.promoted, rest.reasons
    assert (repository / "src" / "app.py").read_text() == "mine\n"


def test_a_promotion_merges_with_what_the_branch_gained_meanwhile(
    engine: Engine, repository: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    session = worked(engine, repository, playbook(tmp_path, FIX))
    (repository / "later.txt").write_text("later\n")
    git(repository, "add", "later.txt")
    git(repository, "commit", "-q", "-m", "meanwhile")
    engine.auth.set_pin(PIN)
    assert engine.review.promote(session.id, secret=PIN).promoted
    assert (repository / "later.txt").read_text() == "later\n"
    assert "a + b" in (repository / "src" / "app.py").read_text()


def test_a_task_that_claims_success_but_fails_its_check_is_not_kept(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    lie = {**NOTE, "id": "lie", "checks": [{"run": "python3 -m unittest -q test_app"}]}
    session = worked(engine, repository, playbook(tmp_path, lie, NOTE))
    assert states(session) == {"lie": "failed", "note": "kept"}
    view = session.tasks["lie"]
    assert view.verified is False
    assert view.evidence[0].exit == 1
    assert "1 step done" in view.claimed
    assert "not verified" in view.reason


def test_a_check_sees_the_candidate_tree_and_nothing_that_the_task_left_behind(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    poison = {
        "id": "poison",
        "steps": [{"run": "mkdir -p __pycache__ && echo bad > __pycache__/left.pyc && echo x > kept.txt"}],
        "checks": [{"run": "test -f kept.txt && test ! -e __pycache__"}, {"run": "test ! -e made && touch made"}],
    }
    session = worked(engine, repository, playbook(tmp_path, poison, {**poison, "id": "again"}))
    assert states(session) == {"poison": "kept", "again": "kept"}
    assert [change.path for change in engine.review.changes(session.id).files] == ["kept.txt"]


def test_a_rejected_session_cannot_be_promoted(engine: Engine, repository: Path, tmp_path: Path) -> None:
    session = worked(engine, repository, playbook(tmp_path, NOTE))
    engine.auth.set_pin(PIN)
    with pytest.raises(UsageError, match="reason"):
        engine.review.reject(session.id, " ")
    engine.review.reject(session.id, "not what I asked for")
    with pytest.raises(UsageError, match="rejected"):
        engine.review.promote(session.id, secret=PIN)


def test_rolling_back_restores_tree_and_plan(engine: Engine, repository: Path, tmp_path: Path) -> None:
    session = worked(engine, repository, playbook(tmp_path, FIX, NOTE))
    engine.sessions.rollback(session.id, session.checkpoints[0].number)
    back = engine.sessions.get(session.id)
    assert states(back) == {"fix": "kept", "note": "pending"}
    assert [change.path for change in engine.review.changes(session.id).files] == ["src/app.py"]
    engine.sessions.resume(session.id)
    again = engine.sessions.wait(session.id)
    assert all(view.state is TaskState.KEPT for view in again.tasks.values())
