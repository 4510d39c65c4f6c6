"""Promotion into repositories that are set up in unusual ways: it works there as git would, or says why not."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from engine.vocabulary.errors import HalfDone, WorkspaceError
from engine.vocabulary.workspaces import PromotionPlan
from engine.workspace.session_repository import GitSessionRepository
from engine.workspace.user_repository import GitUserRepository
from tests.support.workspace import OWNER, fingerprint, git, make_repository, open_session, prepared, put, work

FILES = {"a.txt": "one\n", "in/x.txt": "x\n", "out/y.txt": "y\n", "out/deep/z.txt": "z\n", "README.md": "# R\n"}
CHANGES: dict[str, str | bytes | None] = {
    "a.txt": "one\ntwo\n",
    "in/new.txt": "n\n",
    "out/y.txt": "changed\n",
    "out/new.txt": "n\n",
}
USERS = GitUserRepository(OWNER)


def promoted(
    root: Path, folder: Path, changes: dict[str, str | bytes | None] | None = None
) -> tuple[GitSessionRepository, PromotionPlan]:
    session = open_session(root, folder)
    base = session.tip()
    work(session, CHANGES if changes is None else changes)
    plan = prepared(root, session, base)
    USERS.apply(root, plan)
    return session, plan


def undone(root: Path, plan: PromotionPlan) -> None:
    USERS.apply(root, USERS.revert(root, (plan.old, plan.new), "main", "Revert", 2, "s1"))


@pytest.mark.parametrize("kind", ["cone", "no-cone", "sparse-index"])
def test_a_sparse_checkout_stays_sparse(tmp_path: Path, kind: str) -> None:
    root = make_repository(tmp_path / "r", FILES)
    options = {"cone": ("--cone",), "no-cone": ("--no-cone",), "sparse-index": ("--cone", "--sparse-index")}[kind]
    git(
        root,
        "sparse-checkout",
        "set",
        *options,
        "/in/" if kind == "no-cone" else "in",
        *(["/a.txt"] if kind == "no-cone" else []),
    )
    assert not (root / "out").exists()
    _, plan = promoted(root, tmp_path / "s")
    assert git(root, "show", "HEAD:out/y.txt") == "changed\n"
    assert git(root, "status", "--porcelain") == ""
    assert (root / "in" / "new.txt").read_text() == "n\n"
    assert not (root / "out").exists()
    undone(root, plan)
    assert git(root, "diff", "--stat", plan.old, "HEAD") == ""
    assert git(root, "status", "--porcelain") == ""
    assert not (root / "out").exists()


@pytest.mark.parametrize("at", ["files", "refs", "index"])
def test_a_sparse_checkout_is_put_back_as_it_was(tmp_path: Path, at: str) -> None:
    root = make_repository(tmp_path / "r", FILES)
    git(root, "sparse-checkout", "set", "--cone", "in")
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    work(session, CHANGES)
    plan = prepared(root, session, base)

    def stop(step: str) -> None:
        if step == at:
            raise OSError("the disk is gone")

    if at == "index":
        # From the commit point on nothing is taken back any more.
        with pytest.raises(HalfDone, match="disk"):
            GitUserRepository(OWNER, stop).apply(root, plan)
        assert USERS.recover(root, plan)
    else:
        with pytest.raises(WorkspaceError, match="taken back"):
            GitUserRepository(OWNER, stop).apply(root, plan)
    assert git(root, "status", "--porcelain") == ""
    assert not (root / "out").exists()


@pytest.mark.parametrize(
    "settings",
    [
        {"core.autocrlf": "true"},
        {"core.autocrlf": "input"},
        {"core.eol": "crlf", "core.autocrlf": "true", "core.safecrlf": "true"},
        {"core.ignorecase": "true"},
        {"core.precomposeunicode": "true"},
        {"core.filemode": "false"},
        {"core.splitIndex": "true"},
        {"core.untrackedCache": "true"},
        {"index.version": "4"},
        {"feature.manyFiles": "true"},
        {"commit.gpgSign": "true", "tag.gpgSign": "true", "gpg.program": "/nowhere"},
        {"receive.denyCurrentBranch": "refuse"},
        {"core.logAllRefUpdates": "false"},
        {"core.bare": "false", "core.worktree": ".."},
        {"core.sharedRepository": "group"},
        {"submodule.recurse": "true"},
        {"status.showUntrackedFiles": "no"},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_settings_of_the_repository_change_nothing_of_what_arrives(tmp_path: Path, settings: dict[str, str]) -> None:
    root = make_repository(tmp_path / "r", FILES)
    for key, value in settings.items():
        git(root, "config", key, value)
    git(root, "update-index", "--refresh", ok=False)
    git(root, "reset", "-q", "--hard")
    session, plan = promoted(root, tmp_path / "s")
    assert git(root, "rev-parse", "HEAD^{tree}").strip() == session.tree_of(session.tip())
    assert git(root, "status", "--porcelain", "--untracked-files=all") == ""
    undone(root, plan)
    assert git(root, "diff", "--stat", plan.old, "HEAD") == ""
    assert git(root, "status", "--porcelain", "--untracked-files=all") == ""


@pytest.mark.parametrize(
    "attribute", ["text eol=crlf", "text=auto", "-text", "ident", "working-tree-encoding=UTF-16", "binary"]
)
def test_attributes_that_change_bytes_land_as_git_would_write_them(tmp_path: Path, attribute: str) -> None:
    root = make_repository(tmp_path / "r", {".gitattributes": f"*.txt {attribute}\n", "b.md": "b\n"})
    promoted(root, tmp_path / "s", {"a.txt": "one\n$Id$\ntwo\n", "b.md": "c\n"})
    assert git(root, "status", "--porcelain") == ""
    written = (root / "a.txt").read_bytes()
    (root / "a.txt").unlink()
    git(root, "checkout", "-q", "--", "a.txt")
    assert (root / "a.txt").read_bytes() == written


def test_a_branch_that_another_worktree_rebases_is_left_alone(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", FILES)
    git(root, "worktree", "add", "-q", "-b", "side", str(tmp_path / "wt"))
    other = tmp_path / "wt"
    put(other, {"a.txt": "side\n"})
    git(other, "commit", "-qam", "side")
    put(root, {"a.txt": "main\n"})
    git(root, "commit", "-qam", "main")
    git(other, "rebase", "main", ok=False)
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    work(session, {"in/new.txt": "n\n"})
    _, merged, _ = USERS.conflicts(root, "side", session, base, session.tip())
    assert merged.conflicts or merged.tree
    tip = git(root, "rev-parse", "side").strip()
    plan = USERS.prepare(
        root, session, session="s1", attempt=1, branch="side", old=tip, steps=[(session.tree_of(session.tip()), "x")]
    )
    with pytest.raises(WorkspaceError, match="in the middle of a rebase") as raised:
        USERS.apply(root, plan)
    assert raised.value.hint
    assert git(root, "rev-parse", "side").strip() == tip


def test_a_worktree_that_is_not_reachable_keeps_its_branch(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", FILES)
    git(root, "worktree", "add", "-q", "-b", "side", str(tmp_path / "wt"))
    git(root, "worktree", "lock", str(tmp_path / "wt"))
    (tmp_path / "wt").rename(tmp_path / "unmounted")
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    work(session, {"in/new.txt": "n\n"})
    with pytest.raises(WorkspaceError, match="is not there now"):
        USERS.conflicts(root, "side", session, base, session.tip())
    git(root, "worktree", "unlock", str(tmp_path / "wt"))
    git(root, "worktree", "prune", "--expire=now")
    USERS.apply(root, prepared(root, session, base, branch="side"))


def test_a_worktree_of_a_bare_repository_and_a_separate_git_directory_work(tmp_path: Path) -> None:
    make_repository(tmp_path / "origin", FILES)
    git(tmp_path, "clone", "-q", "--bare", "origin", "bare.git")
    git(tmp_path / "bare.git", "worktree", "add", "-q", str(tmp_path / "wt"), "main")
    promoted(tmp_path / "wt", tmp_path / "s1")
    assert git(tmp_path / "wt", "status", "--porcelain") == ""
    git(tmp_path, "clone", "-q", f"--separate-git-dir={tmp_path / 'elsewhere.git'}", "origin", "apart")
    promoted(tmp_path / "apart", tmp_path / "s2")
    assert git(tmp_path / "apart", "status", "--porcelain") == ""


def test_a_half_merged_index_is_refused_with_the_repository_as_before(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", FILES)
    put(root, {"a.txt": "stashed\n"})
    git(root, "stash", "-q")
    put(root, {"a.txt": "committed\n"})
    git(root, "commit", "-qam", "x")
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    work(session, {"in/new.txt": "n\n"})
    plan = prepared(root, session, base)
    git(root, "stash", "pop", ok=False)
    before = fingerprint(root)
    with pytest.raises(WorkspaceError) as raised:
        USERS.apply(root, plan)
    assert raised.value.hint
    assert fingerprint(root) == before


def test_a_folder_that_the_person_made_a_link_is_in_the_way(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", FILES)
    outside = tmp_path / "outside"
    outside.mkdir()
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    work(session, CHANGES)
    (root / "out" / "y.txt").unlink()
    (root / "out" / "deep" / "z.txt").unlink()
    (root / "out" / "deep").rmdir()
    (root / "out").rmdir()
    (root / "out").symlink_to(outside)
    assert USERS.conflicts(root, "main", session, base, session.tip())[2]
    assert not list(outside.iterdir())


@pytest.mark.parametrize(
    ("mine", "theirs", "how"),
    [("Notes/todo.md", "notes/other.md", "in case"), ("caf\u00e9.md", "cafe\u0301.md", "in how Unicode spells them")],
)
def test_a_name_that_other_systems_take_for_one_that_is_there_is_a_conflict(
    tmp_path: Path, mine: str, theirs: str, how: str
) -> None:
    root = make_repository(tmp_path / "r", FILES)
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    work(session, {mine: "mine\n"})
    put(root, {theirs: "theirs\n"})
    git(root, "add", "-A")
    git(root, "commit", "-qm", "notes")
    blocked = USERS.conflicts(root, "main", session, base, session.tip())[2]
    assert [(each.path, f"differ only {how}" in each.reason) for each in blocked] == [(mine, True)]


@pytest.mark.parametrize("place", ["info", "global"])
def test_a_filter_that_only_the_persons_own_attributes_name_is_seen(tmp_path: Path, place: str) -> None:
    root = make_repository(tmp_path / "r", FILES)
    git(root, "config", "filter.lfs.clean", "git-lfs clean -- %f")
    if place == "info":
        (root / ".git" / "info").mkdir(exist_ok=True)
        (root / ".git" / "info" / "attributes").write_text("*.bin filter=lfs -text\n")
    else:
        own = Path(os.environ["HOME"]) / ".config" / "git"
        own.mkdir(parents=True)
        (own / "attributes").write_text("*.bin filter=lfs -text\n")
    assert USERS.filtered(root, ["a.bin", "a.txt", "in/b.bin"]) == ("a.bin", "in/b.bin")


def test_hooks_named_by_any_configuration_stay_silent(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", FILES)
    sung = tmp_path / "sung"
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("reference-transaction", "post-index-change", "post-checkout", "pre-commit", "post-commit"):
        (hooks / name).write_text(f"#!/bin/sh\necho {name} >> {sung}\n")
        (hooks / name).chmod(0o755)
    git(root, "config", "extensions.worktreeConfig", "true")
    git(root, "config", "--worktree", "core.hooksPath", str(hooks))
    (Path(os.environ["HOME"]) / ".gitconfig").write_text(f"[core]\n\thooksPath = {hooks}\n")
    git(root, "tag", "control")
    assert sung.exists(), "the control: plain git runs the hook"
    sung.unlink()
    _, plan = promoted(root, tmp_path / "s")
    undone(root, plan)
    assert not sung.exists()


def test_uncommitted_changes_need_the_folders_that_a_sparse_checkout_leaves_out(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", FILES)
    git(root, "sparse-checkout", "set", "--cone", "in")
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    work(session, CHANGES)
    before = git(root, "status", "--porcelain"), git(root, "ls-files", "-t"), git(root, "show-ref")
    with pytest.raises(WorkspaceError, match=r"sparse checkout leaves out out/new\.txt, out/y\.txt"):
        USERS.apply(root, replace(prepared(root, session, base), uncommitted=True))
    assert (git(root, "status", "--porcelain"), git(root, "ls-files", "-t"), git(root, "show-ref")) == before
    assert not (root / "in" / "new.txt").exists()


def test_a_change_of_case_alone_is_let_in(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", FILES)
    promoted(root, tmp_path / "s", {"README.md": None, "Readme.md": "# R\n"})
    assert sorted(each.name for each in root.glob("*.md")) == ["Readme.md"]


def test_what_is_taken_back_through_a_link_of_the_person_stays(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", FILES)
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    work(session, CHANGES)
    plan = prepared(root, session, base)
    outside = tmp_path / "outside"

    def swap(step: str) -> None:
        if step == "refs":
            (root / "in").rename(outside)
            (root / "in").symlink_to(outside)
            raise OSError("the disk is gone")

    with pytest.raises(WorkspaceError, match="taken back"):
        GitUserRepository(OWNER, swap).apply(root, plan)
    assert (outside / "new.txt").read_text() == "n\n"
    assert (root / "out" / "y.txt").read_text() == "y\n"


@pytest.mark.parametrize("at", ["", "refs"])
def test_where_git_makes_no_links_they_are_files_and_go_back_as_such(tmp_path: Path, at: str) -> None:
    root = make_repository(tmp_path / "r", FILES)
    (root / "old link").symlink_to("a.txt")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "link")
    git(root, "config", "core.symlinks", "false")
    (root / "old link").unlink()
    git(root, "checkout", "-q", "--", "old link")
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    session.restore(base)
    (session.tree / "new link").symlink_to("in/x.txt")
    (session.tree / "old link").unlink()
    (session.tree / "old link").symlink_to("README.md")
    session.keep(session.snapshot(base).new, "task", base)
    before = git(root, "status", "--porcelain"), git(root, "ls-files", "-s"), (root / "old link").read_text()

    def stop(step: str) -> None:
        if step == at:
            raise OSError("the disk is gone")

    plan = prepared(root, session, base)
    if at:
        with pytest.raises(WorkspaceError, match="taken back"):
            GitUserRepository(OWNER, stop).apply(root, plan)
    else:
        USERS.apply(root, plan)
        assert (root / "new link").read_text() == "in/x.txt"
        assert not (root / "new link").is_symlink()
        assert git(root, "status", "--porcelain") == ""
        undone(root, plan)
        changes = replace(prepared(root, session, base, attempt=3), uncommitted=True)
        USERS.apply(root, changes)
        assert (root / "old link").read_text() == "README.md"
        back = USERS.withdrawal(root, (changes.old, changes.new), "main", 4, "s1")
        assert USERS.edited(root, back) == ()
        USERS.apply(root, back)
    assert (git(root, "status", "--porcelain"), git(root, "ls-files", "-s"), (root / "old link").read_text()) == before


def test_packed_refs_and_a_clean_up_in_between_change_nothing(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", FILES)
    git(root, "pack-refs", "--all", "--prune")
    assert not list((root / ".git" / "refs" / "heads").iterdir())
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    work(session, CHANGES)
    git(root, "gc", "-q", "--prune=now")
    plan = prepared(root, session, base)
    git(root, "pack-refs", "--all", "--prune")
    USERS.apply(root, plan)
    git(root, "pack-refs", "--all", "--prune")
    git(root, "gc", "-q", "--prune=now")
    assert USERS.recover(root, plan)
    undone(root, plan)
    assert git(root, "diff", "--stat", plan.old, "HEAD") == ""
    git(root, "fsck", "--strict")


def test_references_kept_in_a_way_this_git_does_not_know_are_refused_in_its_words(tmp_path: Path) -> None:
    """Where git knows the reftable, it is one more kind of repository; elsewhere nothing of it is touched."""
    known = "reftable" in git(tmp_path, "init", "-h", ok=False) or not _refuses(tmp_path / "probe")
    root = tmp_path / "r"
    if known:
        make_repository(root, FILES, "--ref-format=reftable")
        _, plan = promoted(root, tmp_path / "s")
        undone(root, plan)
        assert git(root, "status", "--porcelain") == ""
        return
    make_repository(root, FILES)
    git(root, "config", "core.repositoryformatversion", "1")
    git(root, "config", "extensions.refstorage", "reftable")
    with pytest.raises(WorkspaceError, match="refstorage") as raised:
        USERS.inspect(root)
    assert raised.value.hint


def _refuses(folder: Path) -> bool:
    folder.mkdir()
    git(folder, "init", "-q", "--ref-format=reftable", ok=False)
    return not (folder / ".git" / "reftable").exists()


@pytest.mark.parametrize("kind", ["unborn", "detached", "rebasing"])
def test_a_place_without_a_branch_of_its_own_is_refused_with_the_way_out(tmp_path: Path, kind: str) -> None:
    root = make_repository(tmp_path / "r", FILES)
    if kind == "unborn":
        git(root, "switch", "-q", "--orphan", "fresh")
    elif kind == "detached":
        git(root, "checkout", "-q", "--detach")
    else:
        git(root, "switch", "-q", "-c", "side")
        put(root, {"a.txt": "side\n"})
        git(root, "commit", "-qam", "side")
        git(root, "switch", "-q", "main")
        put(root, {"a.txt": "main\n"})
        git(root, "commit", "-qam", "main")
        git(root, "rebase", "side", ok=False)
    before = fingerprint(root)
    with pytest.raises(WorkspaceError) as raised:
        USERS.inspect(root)
    assert raised.value.hint
    assert fingerprint(root) == before
