"""Files that go through a filter of the person's (Git LFS), which Orion never runs: what it says of them is true all
the same, and nothing is let in or taken back past the filter."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.vocabulary.changes import FindingKind
from engine.workspace.user_repository import GitUserRepository
from orion_tui.selection import Selection
from tests.support.sessions import PIN, playbook, worked
from tests.support.workspace import OWNER, git, make_repository, open_session, prepared, put, work

USERS = GitUserRepository(OWNER)


@pytest.fixture
def filtered(tmp_path: Path) -> Path:
    """A repository with `big.dat` behind a filter that sings when it runs."""
    root = make_repository(tmp_path / "r", {"a.txt": "one\n"})
    for part, program in (("clean", "tr a-z A-Z"), ("smudge", "tr A-Z a-z")):
        git(root, "config", f"filter.up.{part}", f"echo {part} >> {tmp_path}/sung; {program}")
    put(root, {".gitattributes": "*.dat filter=up\n", "big.dat": "large\n"})
    git(root, "add", "-A")
    git(root, "commit", "-qm", "filtered")
    (tmp_path / "sung").unlink()
    return root


def test_a_file_that_git_would_have_to_filter_is_neither_moved_nor_in_the_way(filtered: Path) -> None:
    os.utime(filtered / "big.dat", (1, 1))
    head = git(filtered, "rev-parse", "HEAD").strip()
    assert USERS.dirty_paths(filtered) == ()
    assert USERS.moved(filtered, "main", head) == (head, ())
    assert USERS.inspect(filtered).dirty == 0
    put(filtered, {"a.txt": "mine\n"})
    assert USERS.dirty_paths(filtered) == ("a.txt",)
    assert not (filtered.parent / "sung").exists()


def test_what_has_a_filter_by_now_is_not_taken_back_past_it(filtered: Path, tmp_path: Path) -> None:
    session = open_session(filtered, tmp_path / "s")
    base = session.tip()
    work(session, {"a.txt": "two\n", "c.txt": "c\n"})
    plan = prepared(filtered, session, base)
    USERS.apply(filtered, plan)
    (filtered / ".git" / "info" / "attributes").write_text("a.txt filter=up\n")
    preview = USERS.revert_preview(filtered, (plan.old, plan.new), "main")
    assert [each.path for each in preview.conflicts if "filter" in each.reason] == ["a.txt"]


@pytest.mark.sandbox
@pytest.mark.e2e
def test_a_filtered_file_is_deleted_by_hand_and_told_once(engine: Engine, filtered: Path, tmp_path: Path) -> None:
    engine.auth.set_pin(PIN)
    steps = [{"delete": {"path": "big.dat"}}, {"write": {"path": "new.dat", "content": "x\n"}}]
    session = worked(engine, filtered, playbook(tmp_path, {"id": "t", "steps": steps}))
    for approval in engine.approvals.list():
        engine.approvals.approve(approval.id)
        engine.sessions.resume(session.id)
        engine.sessions.wait(session.id, 60)
    found = [f for f in engine.review.report(session.id).findings if f.kind is FindingKind.FILTER_ATTRIBUTE]
    assert sorted((f.path, f.acceptable) for f in found) == [("big.dat", False), ("new.dat", False)]
    assert not (tmp_path / "sung").exists()


@pytest.mark.sandbox
@pytest.mark.e2e
def test_a_repository_that_is_not_at_rest_is_told_before_the_pin_is_asked_for(
    engine: Engine, filtered: Path, tmp_path: Path
) -> None:
    session = worked(engine, filtered, playbook(tmp_path, {"id": "t", "steps": [{"run": "echo new > a.txt"}]}))
    (filtered / ".git" / "MERGE_HEAD").write_text(git(filtered, "rev-parse", "HEAD"))
    review = engine.review.report(session.id)
    assert not review.can_promote
    assert [(each.path, each.reason) for each in review.conflicts] == [
        ("main", "the repository is in the middle of a merge")
    ]
    assert Selection(review, review).blockers() == (
        "the repository is in the middle of a merge: finish or abort it, then promote",
    )
    assert not engine.review.promote(session.id, secret=None).promoted
