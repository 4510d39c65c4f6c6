"""Orion's calls of git end: also where a repository, a drive or git itself makes them wait for ever."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from engine.vocabulary.errors import HalfDone, OrionError, WorkspaceError
from engine.vocabulary.workspaces import PromotionPlan
from engine.workspace.git import Git, time_limit_s
from engine.workspace.place import find_place
from engine.workspace.promotion import apply_plan
from engine.workspace.user_repository import GitUserRepository
from tests.support.counts import count
from tests.support.workspace import OWNER, fingerprint, git, make_repository, open_session, prepared, work

pytestmark = pytest.mark.timeout(120)

VERBS = (
    *(
        "cat-file",
        "check-attr",
        "check-ignore",
        "checkout-index",
        "commit-tree",
        "config",
        "diff-tree",
        "for-each-ref",
        "ls-files",
    ),
    *("ls-tree", "merge-base", "pack-objects", "read-tree", "rev-list", "rev-parse", "status"),
    *("symbolic-ref", "unpack-objects", "update-index", "update-ref", "var", "worktree"),
)
"""Every command of git that a journey from the first look to the undoing makes."""

# Stands before the real git on the PATH. A helper that it starts would keep its output open and outlive it.
STUCK = """#!/bin/sh
for word in "$@"; do
    case "$before $word" in "-c "*|*" -"*) ;; *) verb=$word; break;; esac
    before=$word
done
echo "$verb" >> "$0.log"
case " $(cat "$0.verbs" 2>/dev/null) " in
    *" $verb "*|*" all "*) printf '1234'; exec sleep 600;;
        *" helper "*) sleep 600; exit 1;;
esac
exec GIT "$@"
"""


class Stuck:
    """A git that hangs in the commands it is told to."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder.mkdir()
        self._program = folder / "git"
        self._program.write_text(STUCK.replace("GIT", str(shutil.which("git"))))
        self._program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def hang_in(self, *verbs: str) -> None:
        self._program.with_name("git.verbs").write_text(" ".join(verbs))

    def called(self) -> set[str]:
        return set(self._program.with_name("git.log").read_text().split())


@pytest.fixture
def stuck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stuck:
    return Stuck(tmp_path / "bin", monkeypatch)


def plan_for(root: Path, folder: Path) -> PromotionPlan:
    session = open_session(root, folder)
    base = session.tip()
    work(session, {"a.txt": "one\ntwo\n", "new/b.txt": "b\n", "gone": None})
    return prepared(root, session, base)


def whole_way(root: Path, folder: Path) -> None:
    """From the first look to the undoing."""
    users = GitUserRepository(OWNER)
    users.inspect(root)
    users.branches(root)
    session = open_session(root, folder)
    base = session.tip()
    work(session, {"a.txt": "one\ntwo\n", "new/b.txt": "b\n", ".gitattributes": "*.z filter=x\n", "gone": None})
    session.filtered(session.tip(), ["a.txt"])
    assert session.blob(session.files(session.tip())["a.txt"], limit=3) == b"one"
    users.moved(root, "side", base)
    plan = prepared(root, session, base)

    def fail(step: str) -> None:
        if step == "refs":
            raise OSError("the disk is gone")

    try:
        GitUserRepository(OWNER, fail).apply(root, plan)
    except WorkspaceError as error:
        if "taken back" not in error.message:
            raise
    users.apply(root, plan)
    commit(root, "later")
    users.recover(root, plan)
    users.apply(root, users.revert(root, (plan.old, plan.new), "main", "Revert", 2, "s1"))


def commit(root: Path, message: str) -> None:
    git(root, "commit", "-q", "--allow-empty", "-m", message)


def moved_on(root: Path) -> Path:
    """A repository whose branch goes on after the session began at `side`."""
    make_repository(root, {"a.txt": "one\n", "gone": "g\n"})
    git(root, "branch", "side")
    return root


def test_the_commands_above_are_those_that_orion_gives(tmp_path: Path, stuck: Stuck) -> None:
    whole_way(moved_on(tmp_path / "r"), tmp_path / "s")
    plain = {"add", "init", "commit", "branch"}
    assert stuck.called() - plain == set(VERBS)


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS if count(20) == 20 else ("cat-file", "worktree"))
def test_a_git_that_hangs_anywhere_ends_as_an_error_that_says_what_happened(
    tmp_path: Path, stuck: Stuck, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = moved_on(tmp_path / "r")
    monkeypatch.setenv("ORION_GIT_TIMEOUT_S", "1.5")
    stuck.hang_in(verb)
    with pytest.raises(WorkspaceError, match=f"git {verb} did not end within 1.5 s and was stopped") as raised:
        whole_way(root, tmp_path / "s")
    assert raised.value.hint
    stuck.hang_in()
    assert isinstance(raised.value, HalfDone) or git(root, "status", "--porcelain") == ""
    git(root, "fsck")


@pytest.mark.parametrize("verb", ["read-tree", "update-ref"])
def test_a_promotion_in_which_git_hangs_once_is_taken_back(
    tmp_path: Path, stuck: Stuck, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_repository(tmp_path / "r", {"a.txt": "one\n", "gone": "g\n"})
    plan = plan_for(root, tmp_path / "s")
    before = git(root, "show-ref"), git(root, "status", "--porcelain"), git(root, "ls-files", "-s")
    monkeypatch.setenv("ORION_GIT_TIMEOUT_S", "1")
    stuck.hang_in(verb)
    with pytest.raises(WorkspaceError, match=f"git {verb} did not end"):
        GitUserRepository(OWNER).apply(root, plan)
    stuck.hang_in()
    assert (git(root, "show-ref"), git(root, "status", "--porcelain"), git(root, "ls-files", "-s")) == before
    assert not list((root / ".git").rglob("*.lock"))


def test_where_git_answers_no_more_the_promotion_stays_to_be_settled_and_is(
    tmp_path: Path, stuck: Stuck, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_repository(tmp_path / "r", {"a.txt": "one\n", "gone": "g\n"})
    plan = plan_for(root, tmp_path / "s")
    before = git(root, "show-ref"), git(root, "ls-files", "-s")
    monkeypatch.setenv("ORION_GIT_TIMEOUT_S", "0.5")
    with pytest.raises(HalfDone) as raised:
        GitUserRepository(OWNER, lambda step: stuck.hang_in("all" if step == "refs" else "")).apply(root, plan)
    assert raised.value.hint
    stuck.hang_in()
    monkeypatch.delenv("ORION_GIT_TIMEOUT_S")
    assert (root / "new" / "b.txt").exists(), "half way"
    assert GitUserRepository(OWNER).recover(root, plan) is False
    assert (git(root, "show-ref"), git(root, "ls-files", "-s")) == before
    assert git(root, "status", "--porcelain") == ""
    assert not list((root / ".git").rglob("*.lock"))


def test_a_failure_behind_the_commit_point_stays_to_be_finished(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", {"a.txt": "one\n", "gone": "g\n"})
    plan = plan_for(root, tmp_path / "s")

    def fail(step: str) -> None:
        if step == "unlock":
            raise OSError("the disk is gone")

    with pytest.raises(HalfDone, match="the disk is gone"):
        apply_plan(find_place(root), plan, fail)
    assert GitUserRepository(OWNER).recover(root, plan)
    assert git(root, "status", "--porcelain") == ""
    assert not list((root / ".git").rglob("*.lock"))


def test_output_that_stops_coming_is_not_waited_for(
    tmp_path: Path, stuck: Stuck, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_repository(tmp_path / "r", {"a.txt": "one\n"})
    monkeypatch.setenv("ORION_GIT_TIMEOUT_S", "0.5")
    stuck.hang_in("cat-file")
    with pytest.raises(WorkspaceError, match="git cat-file did not end within"):
        read(Git(root / ".git"), 4)


def read(git: Git, length: int) -> None:
    with git.stream("cat-file", "--batch") as out:
        assert out.read(length) == b"1234"
        out.read(1)


def test_what_a_stuck_git_started_itself_is_not_waited_for_either(
    tmp_path: Path, stuck: Stuck, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_repository(tmp_path / "r", {"a.txt": "one\n"})
    stuck.hang_in("helper")
    with pytest.raises(WorkspaceError, match="git status did not end within"):
        Git(root / ".git", root, timeout_s=0.5).run("status")


def test_a_call_that_waits_for_ever_is_ended_with_a_word_on_it(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", {"a.txt": "one\n"})
    os.mkfifo(root / ".git" / "pipe")
    git(root, "config", "--add", "include.path", "pipe")
    with pytest.raises(WorkspaceError, match=r"did not end within 0\.5 s") as raised:
        Git(root / ".git", work_tree=root, timeout_s=0.5).run("config", "--list")
    assert raised.value.hint


@pytest.mark.parametrize("text", ["soon", "0", "-1", "inf", "nan", "1e9"])
def test_a_time_limit_that_is_none_is_named(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORION_GIT_TIMEOUT_S", text)
    with pytest.raises(OrionError, match="ORION_GIT_TIMEOUT_S") as raised:
        time_limit_s()
    assert raised.value.hint


def test_reading_a_file_that_never_ends_does_not_hold_a_promotion_up(tmp_path: Path) -> None:
    """The work tree's own pipes are never opened, so they cost nothing at all."""
    root = make_repository(tmp_path / "r", {"a.txt": "one\n", "b.txt": "two\n"})
    (root / "b.txt").unlink()
    os.mkfifo(root / "b.txt")
    os.mkfifo(root / "c.txt")
    place = find_place(root)
    assert "b.txt" in replace(place, git=replace(place.git, timeout_s=5.0)).dirty()


@pytest.mark.parametrize(
    "name", ["objects/info/alternates", "shallow", "commondir", "rebase-merge/head-name", "rebase-apply/head-name"]
)
def test_a_pipe_among_the_files_that_orion_itself_reads_is_not_waited_for(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_repository(tmp_path / "r", {"a.txt": "one\n", "gone": "g\n"})
    plan = plan_for(root, tmp_path / "s")
    place = root / ".git" / name
    place.parent.mkdir(exist_ok=True)
    os.mkfifo(place)
    monkeypatch.setenv("ORION_GIT_TIMEOUT_S", "1")
    before = fingerprint(root)
    with pytest.raises(WorkspaceError):
        look_and_promote(root, plan, tmp_path / "s2")
    assert fingerprint(root) == before


def look_and_promote(root: Path, plan: PromotionPlan, folder: Path) -> None:
    users = GitUserRepository(OWNER)
    users.open_session(users.inspect(root), "s2", folder)
    users.apply(root, plan)


_HOLD = "import fcntl, os, sys; fcntl.flock(int(sys.argv[1]), fcntl.LOCK_EX); print(flush=True); sys.stdin.read()"


def test_a_git_that_outlives_a_killed_promotion_is_named_and_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_repository(tmp_path / "r", {"a.txt": "one\n", "gone": "g\n"})
    plan = plan_for(root, tmp_path / "s")
    marker = root / ".git" / f"{plan.pre_tag.replace('/', '-')}.lock"
    with marker.open("w") as lock:
        command = [sys.executable, "-c", _HOLD, str(lock.fileno())]
        with subprocess.Popen(
            command, pass_fds=(lock.fileno(),), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as orphan:
            assert orphan.stdout is not None
            orphan.stdout.readline()
            monkeypatch.setattr("engine.workspace.own_locks.ORPHAN_WAIT_S", 0.2)
            with pytest.raises(WorkspaceError, match="still at work") as raised:
                GitUserRepository(OWNER).recover(root, plan)
            orphan.kill()
            orphan.communicate()
    assert raised.value.hint
    assert GitUserRepository(OWNER).recover(root, plan) is False
    assert not marker.exists()
