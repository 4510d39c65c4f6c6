"""The session's repository: restoring, looking, keeping, checking out, merging, and reading beneath the root."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from engine.vocabulary.changes import ChangeStatus
from engine.vocabulary.errors import StaleBase, WorkspaceError
from engine.workspace.beneath import remove_folder, unlock
from engine.workspace.session_repository import GitSessionRepository
from engine.workspace.user_repository import GitUserRepository
from tests.support.workspace import FILES, OWNER, fingerprint, git, make_repository, open_session, put, refusals, work


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "a répo", FILES)


@pytest.fixture
def session(root: Path, tmp_path: Path) -> GitSessionRepository:
    return open_session(root, tmp_path / "sessions" / "s1")


def content(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_a_whole_session_leaves_the_users_repository_byte_for_byte_as_it_was(root: Path, tmp_path: Path) -> None:
    (root / "dirty.txt").write_text("mine")
    (root / "a.txt").write_text("changed by me")
    before = fingerprint(root)
    users = GitUserRepository(OWNER)
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    work(session, {"b.txt": "new\n"})
    session.check_out(session.tip())
    session.diff(base, session.tip())
    users.conflicts(root, "main", session, base, session.tip())
    users.moved(root, "main", base)
    users.dirty_paths(root)
    users.reopen("s1", tmp_path / "s")
    assert fingerprint(root) == before


def test_a_committed_file_larger_than_a_session_may_write_stands_in_nobodys_way(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", {**FILES, "big.bin": "x" * (11 * 1024 * 1024)})
    session = open_session(root, tmp_path / "s")
    big = session.tree / "big.bin"
    session.restore(session.tip())
    big.touch()
    assert session.snapshot(session.tip()).refused == ()
    big.write_bytes(b"y" + big.read_bytes()[1:])
    assert refusals(session) == {"big.bin": "tree.size"}


def test_a_file_that_nobody_may_read_is_unlocked_without_becoming_a_program(tmp_path: Path) -> None:
    for name, mode in (("plain", 0o000), ("program", 0o100)):
        (tmp_path / name).touch(mode)
        (tmp_path / name).chmod(mode)
    (tmp_path / "folder").mkdir(0o000)
    handle = os.open(tmp_path, os.O_RDONLY)
    try:
        for name in ("plain", "program", "folder"):
            unlock(name, handle)
    finally:
        os.close(handle)
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "program", "folder")}
    assert modes == {"plain": 0o600, "program": 0o700, "folder": 0o700}


def test_a_snapshot_names_each_change_with_lines_and_sizes(session: GitSessionRepository) -> None:
    session.write("a.txt", b"one\nmore\n")
    session.write("new/b.bin", b"\0\1\2")
    session.delete("run.sh")
    changes = session.snapshot(session.tip())
    assert [(each.path, each.status) for each in changes.files] == [
        ("a.txt", ChangeStatus.MODIFIED),
        ("new/b.bin", ChangeStatus.ADDED),
        ("run.sh", ChangeStatus.DELETED),
    ]
    modified, added, deleted = changes.files
    assert (modified.additions, modified.deletions, modified.size) == (1, 0, 9)
    assert added.binary
    assert (deleted.new_mode, deleted.new_oid) == (0, "")
    assert session.changes(changes.old, changes.new).files == changes.files


def test_restoring_removes_everything_a_task_left_even_what_git_ignores(session: GitSessionRepository) -> None:
    before = content(session.tree)
    tree = session.tree
    put(tree, {"x.log": "l", "out/deep/er/x": "x", "__pycache__/a.pyc": "p", "new/n": "n", "a.txt": "spoilt"})
    git(tree, "init", "-q", "nested")
    put(tree, {"nested/f": "f"})
    (tree / "nested" / "sealed").mkdir(mode=0o000)
    (tree / "dir with space").chmod(0o500)
    (tree / "run.sh").unlink()
    (tree / "run.sh").mkdir()
    (tree / os.fsdecode(b"bad\xff\nname")).write_text("x")
    os.mkfifo(tree / "pipe")
    (tree / "run.sh" / "link").symlink_to("/etc/passwd")
    session.restore(session.tip())
    assert content(tree) == before
    assert {each.name for each in tree.iterdir()} == {"a.txt", "dir with space", "run.sh", ".gitignore"}
    assert stat.S_IMODE((tree / "dir with space").stat().st_mode) == 0o755


def test_a_change_within_one_tick_of_the_clock_is_still_seen(session: GitSessionRepository) -> None:
    """The racy-git problem: same size, same inode, rewritten at once after a look."""
    for number in range(50):
        place = session.tree / "a.txt"
        with place.open("r+b") as out:
            out.write(b"%03d\n" % number)
        first = session.snapshot(session.tip()).new
        with place.open("r+b") as out:
            out.write(b"%03d\n" % (number + 500))
        assert session.snapshot(session.tip()).new != first


def test_the_check_folder_is_exact_again_after_a_check_spoilt_it(session: GitSessionRepository) -> None:
    tip = work(session, {"b.txt": "b\n"})
    place = session.check_out(tip)
    first = content(place)
    put(place, {"a.txt": "forged", "x.log": "l", "__pycache__/b.pyc": "evil"})
    assert content(session.check_out(tip)) == first
    assert place != session.tree


def test_a_reopened_session_restores_what_was_spoilt_meanwhile(session: GitSessionRepository, root: Path) -> None:
    tip = work(session, {"b.txt": "b\n"})
    put(session.tree, {"b.txt": "x\n", "c": "c"})
    again = GitUserRepository(OWNER).reopen("s1", session.folder)
    again.restore(tip)
    assert again.read("b.txt") == b"b\n"
    assert "c" not in again.paths()
    with pytest.raises(WorkspaceError):
        GitUserRepository(OWNER).reopen("s2", session.folder / "none")


def test_keeping_onto_a_tip_that_moved_is_refused(session: GitSessionRepository) -> None:
    base = session.tip()
    work(session, {"b.txt": "b\n"})
    session.write("c.txt", b"c\n")
    with pytest.raises(StaleBase):
        session.keep(session.snapshot(base).new, "late", base)


def test_checkpoints_can_be_gone_back_to_and_side_work_survives(session: GitSessionRepository) -> None:
    base = session.tip()
    kept = work(session, {"b.txt": "b\n"})
    parked = session.save("parked/t1", session.tree_of(kept), base, "parked")
    session.move(base)
    session.restore(base)
    assert session.tip() == base
    assert "b.txt" not in session.paths()
    assert session.tree_of(parked) == session.tree_of(kept)


def test_merging_two_lines_of_work_gives_both_or_the_conflict(session: GitSessionRepository) -> None:
    base = session.tip()
    ours = work(session, {"ours.txt": "o\n"})
    session.move(base)
    theirs = work(session, {"theirs.txt": "t\n", "a.txt": "theirs\n"})
    merged = session.merge(base, ours, theirs)
    names = [each.path for each in session.changes(base, merged.tree).files]
    assert names == ["a.txt", "ours.txt", "theirs.txt"]
    session.move(base)
    other = work(session, {"a.txt": "other\n"})
    clash = session.merge(base, other, theirs)
    assert clash.tree == ""
    assert [each.path for each in clash.conflicts] == ["a.txt"]


def test_what_was_added_is_handed_on_with_the_names_that_stood_there(session: GitSessionRepository) -> None:
    base = session.tip()
    put(session.tree, {"NEW.md": "b"})
    first = session.keep(session.snapshot(base).new, "one", base)
    session.restore(base)
    put(session.tree, {"new.md": "a"})
    partial = session.save("parked/t", session.snapshot(base).new, base, "parked")
    merged = session.merge(base, first, partial)
    changes = session.changes(first, merged.tree)
    assert [change.path for change in changes.files] == ["new.md"]
    assert "NEW.md" in changes.standing


def test_composing_takes_exactly_the_chosen_paths(session: GitSessionRepository) -> None:
    base = session.tip()
    tip = work(session, {"b/c.txt": "c\n", "a.txt": "new\n", "run.sh": None, "deep/er/x": "x\n"})
    tree = session.compose(base, tip, ["b/c.txt", "run.sh"])
    assert [each.path for each in session.changes(base, tree).files] == ["b/c.txt", "run.sh"]
    assert session.compose(tree, tip, ["a.txt", "deep/er/x"]) == session.tree_of(tip)
    assert session.compose(tip, base, ["b/c.txt", "a.txt", "run.sh", "deep/er/x"]) == session.tree_of(base)


def test_a_patch_applies_with_git(session: GitSessionRepository, root: Path) -> None:
    base = session.tip()
    tip = work(session, {"b.bin": b"\0\1", "a.txt": "new\n"})
    patch = session.diff(base, tip)
    (root.parent / "p").write_bytes(patch)
    git(root, "apply", "--check", str(root.parent / "p"))
    assert b"b.bin" not in session.diff(base, tip, ["a.txt"])


def test_trees_written_by_orion_are_what_git_would_write(session: GitSessionRepository) -> None:
    files: dict[str, str | bytes | None] = {"a": "x", "a-b/c": "x", "a.b/c": "x", "b/a/c": "y", "dir with space/q": "é"}
    tip = work(session, files)
    session.git.run("fsck", "--strict", "--full", tip)


def test_writing_keeps_the_executable_bit_and_belongs_to_the_sandbox(session: GitSessionRepository) -> None:
    (session.tree / "run.sh").chmod(0o755)
    session.write("run.sh", b"#!/bin/sh\necho\n")
    found = (session.tree / "run.sh").stat()
    assert stat.S_IMODE(found.st_mode) == 0o755
    if OWNER is not None:
        assert (found.st_uid, found.st_gid) == OWNER


def test_a_filter_attribute_of_the_tree_is_reported(session: GitSessionRepository) -> None:
    tip = work(
        session, {".gitattributes": "*.bin filter=lfs diff=lfs\nplain.bin -filter\n", "x.bin": "p", "d/y.bin": "p"}
    )
    assert session.filtered(tip, ["x.bin", "a.txt", "d/y.bin", "plain.bin"]) == ("d/y.bin", "x.bin")


@pytest.mark.parametrize(
    "attributes", ["* text=auto eol=crlf", "* binary", "*.txt ident filter=x working-tree-encoding=UTF-16"]
)
def test_attributes_of_the_tree_change_no_byte_and_hide_no_line(tmp_path: Path, attributes: str) -> None:
    root = make_repository(tmp_path / "r", {".gitattributes": f"{attributes}\n"})
    session = open_session(root, tmp_path / "s")
    tip = work(session, {"x.txt": "$Id$\r\none\n", "lf.txt": "a\nb\n"})
    session.restore(tip)
    assert not session.snapshot(tip).files
    assert session.read("x.txt") == b"$Id$\r\none\n"
    session.write("lf.txt", b"a\nb\nc\n")
    change = session.snapshot(tip).files[0]
    assert (change.binary, change.additions, change.deletions) == (False, 1, 0)


@pytest.mark.parametrize("options", [(), ("--object-format=sha256",)])
def test_shallow_and_sha256_repositories_can_be_worked_on(tmp_path: Path, options: tuple[str, ...]) -> None:
    root = make_repository(tmp_path / "r", FILES, *options)
    put(root, {"a.txt": "second\n"})
    git(root, "commit", "-qam", "second")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{root}", "shallow")
    session = open_session(tmp_path / "shallow", tmp_path / "s")
    tip = work(session, {"b.txt": "b\n"})
    assert len(tip) == (64 if options else 40)
    assert session.read("a.txt") == b"second\n"


def test_objects_borrowed_from_another_repository_come_along(root: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--shared", str(root), "borrower")
    session = open_session(tmp_path / "borrower", tmp_path / "s")
    assert not (session.git.git_dir / "objects" / "info" / "alternates").exists()
    assert session.read("a.txt") == b"one\n"


def test_a_clean_up_in_the_users_repository_takes_nothing_from_the_session(root: Path, tmp_path: Path) -> None:
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    git(root, "commit", "-q", "--amend", "-m", "other", "--allow-empty")
    git(root, "reflog", "expire", "--expire=now", "--all")
    git(root, "gc", "-q", "--prune=now")
    session.restore(base)
    session.git.run("fsck", "--full")


@pytest.mark.skipif(os.getuid() != 0, reason="only root hands files to another user")
def test_when_orion_runs_as_root_the_sandbox_user_owns_the_tree(session: GitSessionRepository) -> None:
    for place in (session.tree, *session.tree.rglob("*")):
        assert place.lstat().st_uid == 65534


def test_a_finished_sessions_folder_can_be_removed_whatever_is_inside(session: GitSessionRepository) -> None:
    (session.tree / "sealed" / "inner").mkdir(parents=True)
    (session.tree / "sealed").chmod(0o000)
    os.mkfifo(session.tree / "pipe")
    remove_folder(session.folder)
    remove_folder(session.folder)
    assert list(session.folder.parent.iterdir()) == []


def test_what_a_kept_task_left_behind_is_gone_before_the_next_one(session: GitSessionRepository) -> None:
    """A tree that was just kept is left standing, but nothing else with it, and not once something may have run."""
    for leftover in ("__pycache__/x.pyc", "noise.log", "empty/", "kept.txt"):
        place = session.tree / leftover
        place.parent.mkdir(exist_ok=True)
        if leftover.endswith("/"):
            place.mkdir()
        else:
            place.write_text("x")
        seen = session.snapshot(session.tip())
        session.restore(session.keep(seen.new, "kept", session.tip()))
        left = {each.name for each in session.tree.iterdir()} - {Path(name).parts[0] for name in FILES}
        assert left == ({"kept.txt"} if leftover == "kept.txt" else set())
    (session.tree / "later.txt").write_text("x")
    session.restore(session.tip())
    assert not (session.tree / "later.txt").exists()
