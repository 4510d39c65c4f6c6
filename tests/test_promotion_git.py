"""Promotion in a real repository: one commit, nothing of the person's lost, and before or after but never between."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine.vocabulary.errors import StaleBase, WorkspaceError
from engine.vocabulary.workspaces import PromotionPlan
from engine.workspace.session_repository import GitSessionRepository
from engine.workspace.user_repository import GitUserRepository
from tests.support.counts import count
from tests.support.workspace import OWNER, fingerprint, git, make_repository, open_session, prepared, put, work

FILES = {"a.txt": "one\n", "gone.txt": "bye\n", "dir with space/ünï.txt": "two\n", "mine.txt": "m\n", "f": "file\n"}
STEPS = ("marker", "lock", "files", "refs", "index", "unlock", "unmark")
CHANGES: dict[str, str | bytes | None] = {
    "a.txt": "one\nmore\n",
    "gone.txt": None,
    "new dir/ñ.txt": "new\n",
    "f": None,
    "f/inside": "a folder where a file was\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "a répo", FILES)


@pytest.fixture
def session(root: Path, tmp_path: Path) -> GitSessionRepository:
    return open_session(root, tmp_path / "s")


def changed(session: GitSessionRepository) -> str:
    """Do the usual changes in two tasks; the base."""
    base = session.tip()
    (session.tree / "f").unlink()
    work_tip = session.snapshot(base)
    session.keep(work_tip.new, "first", base)
    tip = session.tip()
    session.restore(tip)
    for path, text in CHANGES.items():
        if text is None:
            (session.tree / path).unlink(missing_ok=True)
        else:
            session.write(path, text.encode() if isinstance(text, str) else text)
    session.keep(session.snapshot(tip).new, "second", tip)
    return base


def state(root: Path) -> tuple[str, str, str, tuple[tuple[str, bytes], ...]]:
    files = sorted(
        (str(each.relative_to(root)), each.read_bytes())
        for each in root.rglob("*")
        if each.is_file() and ".git" not in each.relative_to(root).parts
    )
    return git(root, "status", "--porcelain"), git(root, "show-ref"), git(root, "ls-files", "-s"), tuple(files)


def leftovers(root: Path) -> list[str]:
    return [str(each) for each in (root / ".git").rglob("*") if each.suffix in {".lock", ".index"}]


def test_a_promotion_is_one_commit_with_one_parent_and_two_tags(root: Path, session: GitSessionRepository) -> None:
    git(root, "config", "user.name", "Ann")
    git(root, "config", "user.email", "ann@x")
    before = git(root, "rev-parse", "HEAD").strip()
    plan = prepared(root, session, changed(session))
    GitUserRepository(OWNER).apply(root, plan)
    assert git(root, "rev-list", "--parents", "-1", "main").split() == [plan.new, before]
    assert git(root, "rev-parse", "orion-pre-promote/s1", "orion-post-promote/s1").split() == [before, plan.new]
    assert git(root, "log", "-1", "--format=%an %ae %cn %s") == "Ann ann@x Ann orion(ara): a goal\n"
    assert git(root, "status", "--porcelain") == ""
    assert (root / "f" / "inside").is_file()
    assert not (root / "gone.txt").exists()
    assert not leftovers(root)
    git(root, "fsck", "--strict")


def test_a_secret_added_by_one_task_and_deleted_by_the_next_never_arrives(
    root: Path, session: GitSessionRepository
) -> None:
    base = session.tip()
    work(session, {"leak.txt": "AKIA-not-really-but-secret\n", "kept.txt": "k\n"})
    middle = session.tip()
    secret = session.git.text("rev-parse", f"{middle}:leak.txt")
    work(session, {"leak.txt": None})
    GitUserRepository(OWNER).apply(root, prepared(root, session, base))
    known = git(root, "cat-file", "--batch-all-objects", "--batch-check")
    assert secret not in known
    assert middle not in known
    assert session.tip() not in known


def test_uncommitted_staged_untracked_and_ignored_work_survives(root: Path, session: GitSessionRepository) -> None:
    base = changed(session)
    put(root, {"mine.txt": "my edit\n", "notes.txt": "untracked\n", "staged.txt": "staged\n", "x.ign": "ignored\n"})
    (root / ".git" / "info" / "exclude").write_text("*.ign\n")
    git(root, "add", "staged.txt")
    GitUserRepository(OWNER).apply(root, prepared(root, session, base))
    assert (root / "mine.txt").read_text() == "my edit\n"
    assert (root / "x.ign").read_text() == "ignored\n"
    assert git(root, "status", "--porcelain") == " M mine.txt\nA  staged.txt\n?? notes.txt\n"


@pytest.mark.parametrize(
    ("path", "stage", "reason"),
    [
        ("a.txt", False, "uncommitted changes"),
        ("a.txt", True, "uncommitted changes"),
        ("new dir/ñ.txt", False, "untracked file"),
        ("new dir", False, "untracked file"),
        ("new dir/ñ.txt", True, "uncommitted changes"),
        ("gone.txt", False, "uncommitted changes"),
    ],
)
@pytest.mark.parametrize("ignored", [False, True])
def test_what_stands_in_the_way_is_a_conflict_and_never_overwritten(
    root: Path, session: GitSessionRepository, path: str, stage: bool, reason: str, ignored: bool
) -> None:
    base = changed(session)
    users = GitUserRepository(OWNER)
    plan = prepared(root, session, base)
    put(root, {path: "precious\n"})
    if ignored:
        (root / ".git" / "info" / "exclude").write_text("new dir\nnew dir/\n")
    if stage:
        git(root, "add", "-f", path)
    _, merged, blocked = users.conflicts(root, "main", session, base, session.tip())
    assert merged.tree
    assert [(each.path, each.reason) for each in blocked] == [(path, reason)]
    with pytest.raises(StaleBase):
        users.apply(root, plan)
    assert (root / path).read_text() == "precious\n"
    assert git(root, "rev-parse", "main").strip() == plan.old
    assert not leftovers(root)


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_edits_that_git_was_told_not_to_see_are_conflicts_too(
    root: Path, session: GitSessionRepository, flag: str
) -> None:
    base = changed(session)
    git(root, "update-index", flag, "a.txt")
    put(root, {"a.txt": "hidden edit\n"})
    blocked = GitUserRepository(OWNER).conflicts(root, "main", session, base, session.tip())[2]
    assert [each.path for each in blocked] == ["a.txt"]


def test_a_branch_that_moved_is_merged_or_reported(root: Path, session: GitSessionRepository) -> None:
    base = changed(session)
    users = GitUserRepository(OWNER)
    stale = prepared(root, session, base)
    put(root, {"mine.txt": "later\n"})
    git(root, "commit", "-qam", "later")
    with pytest.raises(StaleBase):
        users.apply(root, stale)
    tip, paths = users.moved(root, "main", base)
    assert (tip, paths) == (git(root, "rev-parse", "HEAD").strip(), ("mine.txt",))
    users.apply(root, prepared(root, session, base))
    assert (root / "mine.txt").read_text() == "later\n"
    put(root, {"a.txt": "clash\n"})
    git(root, "commit", "-qam", "clash")
    _, merged, _ = users.conflicts(root, "main", session, base, session.tip())
    assert "a.txt" in [each.path for each in merged.conflicts]


@pytest.mark.parametrize("marker", ["MERGE_HEAD", "rebase-merge", "CHERRY_PICK_HEAD", "BISECT_LOG", "REVERT_HEAD"])
def test_in_the_middle_of_something_promotion_is_refused(
    root: Path, session: GitSessionRepository, marker: str
) -> None:
    plan = prepared(root, session, changed(session))
    (root / ".git" / marker).write_text("x") if "rebase" not in marker else (root / ".git" / marker).mkdir()
    before = fingerprint(root)
    with pytest.raises(WorkspaceError, match="in the middle of"):
        GitUserRepository(OWNER).apply(root, plan)
    assert fingerprint(root) == before


def test_a_lock_of_somebody_else_is_respected_and_kept(root: Path, session: GitSessionRepository) -> None:
    users = GitUserRepository(OWNER)
    plan = prepared(root, session, changed(session))
    (root / ".git" / "index.lock").write_text("someone's")
    before = fingerprint(root)
    with pytest.raises(WorkspaceError, match=r"index\.lock"):
        users.apply(root, plan)
    assert not users.recover(root, plan)
    assert fingerprint(root) == before


@pytest.mark.parametrize("checked_out", [True, False])
def test_a_file_system_without_hard_links_is_told_and_a_branch_beside_still_moves(
    root: Path, session: GitSessionRepository, checked_out: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_given: object, **_named: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    base = changed(session)
    if not checked_out:
        git(root, "switch", "-q", "-c", "other")
    plan = prepared(root, session, base)
    before = fingerprint(root)
    monkeypatch.setattr(os, "link", link)
    users = GitUserRepository(OWNER)
    if checked_out:
        with pytest.raises(WorkspaceError, match=r"index\.lock cannot be a hard link .*not permitted") as refused:
            users.apply(root, plan)
        assert "--onto" in refused.value.hint
        assert fingerprint(root) == before
    else:
        users.apply(root, plan)
        assert git(root, "rev-parse", "main").strip() == plan.new


def test_a_branch_that_is_not_checked_out_moves_alone(root: Path, session: GitSessionRepository) -> None:
    base = changed(session)
    git(root, "switch", "-q", "-c", "other")
    put(root, {"a.txt": "work on other\n"})
    plan = prepared(root, session, base)
    assert not plan.checked_out
    GitUserRepository(OWNER).apply(root, plan)
    assert git(root, "rev-parse", "main").strip() == plan.new
    assert (root / "a.txt").read_text() == "work on other\n"
    assert git(root, "status", "--porcelain") == " M a.txt\n"


def test_linked_worktrees_are_promoted_where_the_branch_is(root: Path, tmp_path: Path) -> None:
    git(root, "worktree", "add", "-q", "-b", "side", str(tmp_path / "linked wt"))
    linked = tmp_path / "linked wt"
    session = open_session(linked, tmp_path / "s")
    base = git(root, "rev-parse", "side").strip()
    work(session, {"a.txt": "from the side\n"})
    plan = prepared(root, session, base, branch="side")
    GitUserRepository(OWNER).apply(root, plan)
    assert (linked / "a.txt").read_text() == "from the side\n"
    assert git(linked, "status", "--porcelain") == ""
    assert (root / "a.txt").read_text() == "one\n"


def test_undo_is_a_revert_that_keeps_later_work(root: Path, session: GitSessionRepository) -> None:
    users = GitUserRepository(OWNER)
    plan = prepared(root, session, changed(session))
    users.apply(root, plan)
    put(root, {"mine.txt": "later\n"})
    git(root, "commit", "-qam", "later")
    undo = users.revert(root, (plan.old, plan.new), "main", "Revert", 1, "s1")
    users.apply(root, undo)
    assert (root / "mine.txt").read_text() == "later\n"
    assert (root / "gone.txt").read_text() == "bye\n"
    assert not (root / "new dir").exists()
    assert git(root, "rev-list", "--count", "main").strip() == "4"
    assert git(root, "status", "--porcelain") == ""


def test_undo_reports_later_work_on_the_same_lines_and_uncommitted_work(
    root: Path, session: GitSessionRepository
) -> None:
    users = GitUserRepository(OWNER)
    plan = prepared(root, session, changed(session))
    users.apply(root, plan)
    put(root, {"a.txt": "uncommitted\n"})
    with pytest.raises(StaleBase, match=r"a\.txt"):
        users.revert(root, (plan.old, plan.new), "main", "Revert", 1, "s1")
    git(root, "commit", "-qam", "later on the same lines")
    with pytest.raises(StaleBase, match=r"a\.txt"):
        users.revert(root, (plan.old, plan.new), "main", "Revert", 1, "s1")


def test_a_second_promotion_of_a_session_gets_tags_of_its_own(root: Path, session: GitSessionRepository) -> None:
    users = GitUserRepository(OWNER)
    base = changed(session)
    users.apply(root, prepared(root, session, base))
    work(session, {"second.txt": "2\n"})
    users.apply(root, prepared(root, session, base, attempt=2))
    assert "orion-post-promote/s1-2" in git(root, "tag")
    assert (root / "second.txt").is_file()


def test_line_endings_land_as_git_would_write_them(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", {".gitattributes": "*.txt text eol=crlf\n", "x.txt": "a\n"})
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    work(session, {"x.txt": "a\nb\n", "y.bin": "a\n"})
    GitUserRepository(OWNER).apply(root, prepared(root, session, base))
    assert (root / "x.txt").read_bytes() == b"a\r\nb\r\n"
    assert (root / "y.bin").read_bytes() == b"a\n"
    assert git(root, "status", "--porcelain") == ""


@pytest.mark.parametrize("kind", ["none", "bare", "empty", "detached", "partial", "missing"])
def test_a_repository_that_cannot_be_used_says_why_and_what_to_do(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "place"
    if kind == "none":
        place.mkdir()
    elif kind == "bare":
        git(tmp_path, "init", "-q", "--bare", str(place))
    elif kind == "empty":
        git(tmp_path, "init", "-q", str(place))
    elif kind != "missing":
        make_repository(place, {"a": "a"})
    if kind == "detached":
        git(place, "checkout", "-q", "--detach")
    if kind == "partial":
        git(place, "config", "remote.origin.promisor", "true")
    with pytest.raises(WorkspaceError) as raised:
        GitUserRepository(OWNER).inspect(place)
    assert raised.value.hint


def test_the_workspace_is_found_from_a_folder_inside_and_its_facts_are_right(root: Path) -> None:
    put(root, {"a.txt": "dirty\n", "u/v": "untracked\n"})
    info = GitUserRepository(OWNER).inspect(root / "dir with space")
    assert (info.root, info.branch, info.dirty, info.files) == (root, "main", 2, len(FILES))
    assert GitUserRepository(OWNER).dirty_paths(root) == ("a.txt", "u/v")


_APPLY = """
import json, os, signal, sys
from pathlib import Path
from engine.vocabulary.workspaces import PromotionPlan
from engine.workspace.user_repository import GitUserRepository
root, fields, at = Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3]
def step(name):
    print(name, flush=True)
    if name == at:
        os.kill(os.getpid(), signal.SIGKILL)
fields["paths"] = tuple(fields["paths"])
fields["notices"] = tuple(fields["notices"])
GitUserRepository(None, step).apply(root, PromotionPlan(**fields))
"""


def start_apply(root: Path, plan: PromotionPlan, at: str) -> subprocess.Popen[bytes]:
    import json
    from dataclasses import asdict

    command = [sys.executable, "-c", _APPLY, str(root), json.dumps(asdict(plan)), at]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def dirty_up(root: Path) -> None:
    put(root, {"mine.txt": "my edit\n", "notes.txt": "untracked\n", "staged.txt": "staged\n"})
    git(root, "add", "staged.txt")


def check_before_or_after(root: Path, plan: PromotionPlan, before: object, finished: bool) -> None:
    assert not leftovers(root)
    if finished:
        assert git(root, "rev-parse", "main", plan.pre_tag, plan.post_tag).split() == [plan.new, plan.old, plan.new]
        assert git(root, "status", "--porcelain") == " M mine.txt\nA  staged.txt\n?? notes.txt\n"
        assert (root / "f" / "inside").is_file()
        assert git(root, "diff", "--cached", "--name-only") == "staged.txt\n"
    else:
        assert state(root) == before
    assert (root / "mine.txt").read_text() == "my edit\n"
    git(root, "fsck")


@pytest.mark.parametrize("at", STEPS)
def test_a_kill_at_any_step_leaves_before_or_after_and_never_between(
    root: Path, session: GitSessionRepository, at: str
) -> None:
    base = changed(session)
    dirty_up(root)
    plan = prepared(root, session, base)
    before = state(root)
    with start_apply(root, plan, at) as killed:
        killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    users = GitUserRepository(OWNER)
    finished = users.recover(root, plan)
    assert finished == (at in {"index", "unlock", "unmark"})
    check_before_or_after(root, plan, before, finished)
    assert users.recover(root, plan) == finished
    if not finished:
        users.apply(root, plan)
        check_before_or_after(root, plan, before, True)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(count(240)))
def test_a_kill_of_orion_and_its_children_at_a_random_moment_is_recovered(
    tmp_path: Path, root: Path, session: GitSessionRepository, seed: int
) -> None:
    base = session.tip()
    changed(session)
    work(session, {f"many/{number}.txt": "x\n" * 2000 for number in range(80)})
    dirty_up(root)
    plan = prepared(root, session, base)
    before = state(root)
    with start_apply(root, plan, "") as running:
        assert running.stdout is not None
        wanted = STEPS[1 + seed % 4]
        for line in running.stdout:
            if line.decode().strip() == wanted:
                break
        timer = threading.Event()
        timer.wait(random.Random(seed).random() * 0.02)
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
    finished = GitUserRepository(OWNER).recover(root, plan)
    check_before_or_after(root, plan, before, finished)


def test_taking_back_keeps_what_the_person_edited_since(root: Path, session: GitSessionRepository) -> None:
    plan = prepared(root, session, changed(session))
    with start_apply(root, plan, "refs") as killed:
        killed.communicate()
    put(root, {"a.txt": "edited after the crash\n"})
    assert not GitUserRepository(OWNER).recover(root, plan)
    assert (root / "a.txt").read_text() == "edited after the crash\n"
    assert (root / "gone.txt").read_text() == "bye\n"
    assert git(root, "status", "--porcelain") == " M a.txt\n"


def test_a_failure_in_the_middle_takes_everything_back(root: Path, session: GitSessionRepository) -> None:
    plan = prepared(root, session, changed(session))
    git(root, "tag", plan.post_tag)
    dirty_up(root)
    before = state(root)
    with pytest.raises(WorkspaceError):
        GitUserRepository(OWNER).apply(root, plan)
    assert state(root) == before
    assert not leftovers(root)


@pytest.mark.parametrize("kind", ["shallow", "sha256"])
def test_shallow_and_sha256_repositories_are_promoted_to_and_undone(tmp_path: Path, kind: str) -> None:
    options = ("--object-format=sha256",) if kind == "sha256" else ()
    root = make_repository(tmp_path / "r", FILES, *options)
    put(root, {"a.txt": "second\n"})
    git(root, "commit", "-qam", "second")
    if kind == "shallow":
        git(tmp_path, "clone", "-q", "--depth=1", f"file://{root}", "shallow")
        root = tmp_path / "shallow"
    session = open_session(root, tmp_path / "s")
    users = GitUserRepository(OWNER)
    plan = prepared(root, session, changed(session))
    users.apply(root, plan)
    assert git(root, "status", "--porcelain") == ""
    users.apply(root, users.revert(root, (plan.old, plan.new), "main", "Revert", 1, "s1"))
    assert (root / "a.txt").read_text() == "second\n"
    git(root, "fsck")


def test_ref_locks_of_a_killed_transaction_go_and_those_of_others_stay(
    root: Path, session: GitSessionRepository
) -> None:
    plan = prepared(root, session, changed(session))
    foreign = root / ".git" / "refs" / "heads" / "main.lock"
    foreign.write_text("")
    with pytest.raises(WorkspaceError):
        GitUserRepository(OWNER).apply(root, plan)
    assert foreign.exists()
    with start_apply(root, plan, "refs") as killed:
        killed.communicate()
    assert not GitUserRepository(OWNER).recover(root, plan)
    assert foreign.exists()
    foreign.unlink()
    with start_apply(root, plan, "refs") as killed:
        killed.communicate()
    for name, text in (("HEAD.lock", ""), ("refs/heads/main.lock", plan.new), (f"refs/tags/{plan.pre_tag}.lock", "")):
        (root / ".git" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / ".git" / name).write_text(text)
    assert not GitUserRepository(OWNER).recover(root, plan)
    assert not leftovers(root)
    GitUserRepository(OWNER).apply(root, plan)
    assert git(root, "status", "--porcelain") == ""
