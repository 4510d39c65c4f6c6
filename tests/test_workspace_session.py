"""The session's repository: restoring, looking, keeping, checking out, merging, and reading beneath the root."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.vocabulary.changes import ChangeStatus
from engine.vocabulary.errors import LimitExceeded, StaleBase, WorkspaceError
from engine.workspace.beneath import remove_folder, unlock
from engine.workspace.names import reads_as_git
from engine.workspace.session_repository import GitSessionRepository
from engine.workspace.user_repository import GitUserRepository
from tests.support.workspace import OWNER, fingerprint, git, make_repository, open_session, put, work

FILES = {"a.txt": "one\n", "dir with space/ünï.txt": "two\n", "run.sh": "#!/bin/sh\n", ".gitignore": "*.log\nout/\n"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "a répo", FILES)


@pytest.fixture
def session(root: Path, tmp_path: Path) -> GitSessionRepository:
    return open_session(root, tmp_path / "sessions" / "s1")


def content(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def refusals(session: GitSessionRepository) -> dict[str, str]:
    return {entry.path: entry.rule for entry in session.snapshot(session.tip()).refused}


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


def test_very_deep_folders_are_refused_and_removed_again(session: GitSessionRepository) -> None:
    here = os.open(session.tree, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("bottom", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    assert set(refusals(session).values()) == {"tree.depth"}
    session.restore(session.tip())
    assert not (session.tree / "d").exists()


def test_ignored_new_files_and_droppings_stay_out_but_tracked_ones_stay_in(session: GitSessionRepository) -> None:
    put(session.tree, {"y.log": "l", "out/x": "x", "pkg/__pycache__/a.pyc": "p", "pkg/m.py": "m", ".coverage": "c"})
    put(
        session.tree,
        {"sub/.gitignore": "!keep.log\n*.tmp\n", "sub/keep.log": "k", "sub/x.tmp": "t", "node_modules/a": ""},
    )
    changes = session.snapshot(session.tip())
    assert [each.path for each in changes.files] == ["pkg/m.py", "sub/.gitignore", "sub/keep.log"]
    assert not changes.refused


def test_a_gitignore_that_is_a_pipe_never_hangs(session: GitSessionRepository) -> None:
    os.mkfifo(session.tree / "made.txt")
    (session.tree / "sub").mkdir()
    os.mkfifo(session.tree / "sub" / ".gitignore")
    (session.tree / "sub" / "x").write_text("x")
    assert refusals(session) == {"made.txt": "tree.special", "sub/.gitignore": "tree.special"}


def test_special_files_hard_links_and_oversized_files_are_refused_by_rule(session: GitSessionRepository) -> None:
    tree = session.tree
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(tree)
        try:
            listener.bind("sock")
        finally:
            os.chdir(here)
        (tree / "one").write_text("1")
        os.link(tree / "one", tree / "two")
        with (tree / "sparse").open("wb") as sparse:
            sparse.truncate(1 << 40)
        assert refusals(session) == {
            "sock": "tree.special",
            "one": "tree.hardlink",
            "two": "tree.hardlink",
            "sparse": "tree.size",
        }


@pytest.mark.parametrize(
    "name",
    [
        ".GIT",
        "git~1",
        "GIT~2",
        ".g\u200cit",
        ".git.",
        ".git ",
        ".git::$INDEX_ALLOCATION",
        "a\\.git",
        ".gi\ufefft",
        "\uff0egit",
    ],
)
@pytest.mark.parametrize("place", ["", "dir with space/", "fresh/"])
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_every_spelling_of_a_git_directory_is_refused(
    session: GitSessionRepository, name: str, place: str, kind: str
) -> None:
    target = session.tree / place / name
    target.parent.mkdir(exist_ok=True)
    if kind == "file":
        target.write_text("gitdir: /elsewhere")
    elif kind == "folder":
        put(target, {"config": "[core]"})
    else:
        target.symlink_to("a.txt")
    changes = session.snapshot(session.tip())
    assert [entry.rule for entry in changes.refused] == ["tree.git"]
    assert not changes.files


def test_bare_repositories_are_refused_also_when_laid_over_an_existing_folder(session: GitSessionRepository) -> None:
    git(session.tree, "init", "-q", "--bare", "bare")
    put(session.tree, {"HEAD": "ref: refs/heads/x", "objects/x": "", "refs/y": "", "config": "[core]\nfsmonitor=x\n"})
    found = refusals(session)
    assert {path for path, rule in found.items() if rule == "tree.git"} == {"bare", "HEAD", "objects", "refs"}


@pytest.mark.parametrize(
    ("target", "inside"),
    [
        ("a.txt", True),
        ("dir with space/ünï.txt", True),
        ("../a.txt", False),
        ("/etc/passwd", False),
        ("sub/../../x", False),
        (".git/config", False),
        ("nowhere", True),
    ],
)
def test_links_are_kept_only_when_they_stay_inside(session: GitSessionRepository, target: str, inside: bool) -> None:
    (session.tree / "link").symlink_to(target)
    changes = session.snapshot(session.tip())
    assert [entry.path for entry in changes.files] == (["link"] if inside else [])
    assert [entry.rule for entry in changes.refused] == ([] if inside else ["tree.symlink"])


def test_a_chain_of_links_that_leads_out_is_refused(session: GitSessionRepository) -> None:
    (session.tree / "deep" / "er").mkdir(parents=True)
    (session.tree / "deep" / "er" / "up").symlink_to("../..")
    (session.tree / "out").symlink_to("deep/er/up/../x")
    (session.tree / "circle").symlink_to("circle")
    assert refusals(session) == {"out": "tree.symlink", "circle": "tree.symlink"}


def test_a_folder_swapped_for_a_link_is_not_followed(session: GitSessionRepository, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    put(outside, {"ünï.txt": "host secret"})
    (session.tree / "dir with space" / "ünï.txt").unlink()
    (session.tree / "dir with space").rmdir()
    (session.tree / "dir with space").symlink_to(outside)
    changes = session.snapshot(session.tip())
    assert [entry.rule for entry in changes.refused] == ["tree.symlink"]
    with pytest.raises(WorkspaceError):
        session.read("dir with space/ünï.txt")
    with pytest.raises(WorkspaceError):
        session.write("dir with space/x", b"x")
    session.restore(session.tip())
    assert (outside / "ünï.txt").read_text() == "host secret"
    assert session.read("dir with space/ünï.txt") == b"two\n"


@pytest.mark.parametrize("raw", [b"a\nb", b"bad\xff", b"esc\x1b[2J", "bidi\u202e".encode(), b"back\\slash"])
def test_names_that_deceive_are_refused(session: GitSessionRepository, raw: bytes) -> None:
    (session.tree / os.fsdecode(raw)).write_text("x")
    found = refusals(session)
    assert list(found.values()) == ["tree.name"]
    assert "".join(found).encode()


def test_names_that_collide_on_other_systems_are_refused(session: GitSessionRepository) -> None:
    put(session.tree, {"A.TXT": "x", "Dir With Space/z": "z", "é": "composed", "e\u0301": "apart"})
    changes = session.snapshot(session.tip())
    assert {entry.path for entry in changes.refused} >= {"A.TXT", "Dir With Space/z"}
    assert len(changes.files) == 1


def test_too_many_new_files_stop_the_look_before_anything_is_read(
    session: GitSessionRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.workspace.walk.MAX_NEW_ENTRIES", 10)
    monkeypatch.setattr("engine.workspace.candidate.MAX_NEW_ENTRIES", 10)
    put(session.tree, {f"n{number}": "" for number in range(20)})
    with pytest.raises(LimitExceeded):
        session.snapshot(session.tip())


def test_setuid_and_odd_modes_become_plain_ones(session: GitSessionRepository) -> None:
    place = session.tree / "tool"
    place.write_text("x")
    place.chmod(0o6775)
    tip = session.tip()
    changes = session.snapshot(tip)
    assert changes.files[0].new_mode == 0o100755
    session.restore(session.keep(changes.new, "kept", tip))
    assert stat.S_IMODE(place.stat().st_mode) == 0o755


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


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", ".git/config", "x/.GIT/y", "", "a//b", "nul\0"])
def test_paths_that_lead_elsewhere_are_refused(session: GitSessionRepository, path: str) -> None:
    with pytest.raises(WorkspaceError):
        session.read(path)
    with pytest.raises(WorkspaceError):
        session.write(path, b"x")
    with pytest.raises(WorkspaceError):
        session.delete(path)


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


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=4))
def test_any_name_at_all_is_either_kept_exactly_or_refused(session: GitSessionRepository, names: list[bytes]) -> None:
    tip = session.tip()
    session.restore(tip)
    made = set()
    for raw in names:
        name = os.fsdecode(raw.replace(b"/", b"_").replace(b"\0", b"0"))
        if name not in {".", ".."} and not os.path.lexists(session.tree / name):
            (session.tree / name).write_bytes(raw)
            made.add(name)
    changes = session.snapshot(tip)
    kept, refused = {each.path for each in changes.files}, {each.path for each in changes.refused}
    made = {os.fsencode(name).decode("utf-8", "backslashreplace") for name in made}
    assert not kept & refused
    assert not any(map(reads_as_git, kept))
    assert kept | refused <= made
    place = session.check_out(changes.new)
    assert kept <= {each.name for each in place.iterdir()}


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
