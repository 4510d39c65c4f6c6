"""A promotion was cut short, and a person did something before Orion came back: what is theirs stays, and the
repository is as before or as after all the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.vocabulary.errors import WorkspaceError
from engine.vocabulary.workspaces import PromotionPlan
from engine.workspace.user_repository import GitUserRepository
from tests.support.workspace import OWNER, git, make_repository, open_session, prepared, put, work

USERS = GitUserRepository(OWNER)


class Killed(BaseException):
    """What nothing of Orion's catches."""


def cut_short(tmp_path: Path, at: str) -> tuple[Path, PromotionPlan]:
    root = make_repository(tmp_path / "r", {"a.txt": "one\n", "gone.txt": "g\n", "other.txt": "o\n"})
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    work(session, {"a.txt": "two\n", "new/b.txt": "b\n", "gone.txt": None})
    plan = prepared(root, session, base)

    def step(name: str) -> None:
        if name == at:
            raise Killed

    with pytest.raises(Killed):
        GitUserRepository(OWNER, step).apply(root, plan)
    assert (root / ".git" / "index.lock").exists()
    return root, plan


def leftovers(root: Path) -> list[str]:
    return [place.name for place in (root / ".git").iterdir() if "lock" in place.name or "orion" in place.name]


def status(root: Path) -> list[str]:
    return git(root, "status", "--porcelain").splitlines()


@pytest.mark.parametrize(("at", "finished"), [("refs", False), ("index", True)])
def test_a_lock_that_was_removed_by_hand_changes_nothing_of_the_end(tmp_path: Path, at: str, finished: bool) -> None:
    root, plan = cut_short(tmp_path, at)
    (root / ".git" / "index.lock").unlink()
    put(root, {"other.txt": "mine\n", "staged.txt": "mine\n"})
    git(root, "add", "staged.txt")
    assert USERS.recover(root, plan) is finished
    assert status(root) == [" M other.txt", "A  staged.txt"]
    assert (root / "a.txt").read_text() == ("two\n" if finished else "one\n")
    assert leftovers(root) == []


def test_what_a_person_committed_meanwhile_is_not_taken_back(tmp_path: Path) -> None:
    root, plan = cut_short(tmp_path, "refs")
    (root / ".git" / "index.lock").unlink()
    git(root, "add", "a.txt")
    git(root, "commit", "-qm", "mine")
    assert USERS.recover(root, plan) is False
    assert status(root) == []
    assert (root / "a.txt").read_text() == "two\n"
    assert not (root / "new").exists()


def test_where_git_is_at_work_by_now_recovery_waits_its_turn(tmp_path: Path) -> None:
    root, plan = cut_short(tmp_path, "refs")
    lock = root / ".git" / "index.lock"
    lock.unlink()
    lock.write_text("")
    with pytest.raises(WorkspaceError, match="git is at work"):
        USERS.recover(root, plan)
    assert lock.exists()
    lock.unlink()
    assert USERS.recover(root, plan) is False
    assert (status(root), leftovers(root)) == ([], [])


def test_a_git_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", {"a.txt": "one\n"})
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    work(session, {"a.txt": "two\n"})
    plan = replace(
        prepared(root, session, base), pre_tag="n" * 260
    )  # longer than a name can be; root may write anywhere
    with pytest.raises(WorkspaceError, match="cannot be written"):
        USERS.apply(root, plan)
    assert (status(root), leftovers(root)) == ([], [])
