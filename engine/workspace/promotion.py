"""Letting a prepared commit into a person's repository, all or nothing.

The order, and what a kill after each step means:

1. a marker file of Orion's own is made and locked (nothing has happened);
2. it is hard-linked to `index.lock`, so that git keeps out and the lock is provably Orion's (nothing has happened);
3. `read-tree -m -u` moves the files, on a private copy of the index (recovery puts the files back);
4. branch and tags move in one transaction: **this is the commit point** (from here recovery finishes);
5. the private index replaces the real one, then the lock and the marker go.

Changes that are not to be committed take the same way, but the branch stays (the tags alone are the commit point) and
so does the real index.

A child that outlives a killed Orion keeps the marker locked, so recovery waits for it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from engine.vocabulary.errors import HalfDone, StaleBase, WorkspaceError
from engine.vocabulary.text import visible
from engine.workspace.beneath import small_file
from engine.workspace.git import GitStopped
from engine.workspace.own_locks import OwnFiles, drop_ref_locks, locked_marker, standing_marker, take_lock
from engine.workspace.place import Place, find_place
from engine.workspace.takeback import edited_since, renew_index, still_there, take_back

if TYPE_CHECKING:
    from engine.vocabulary.workspaces import PromotionPlan
    from engine.workspace.git import Git

# Told the name of each step of an apply before it is taken.
Step = Callable[[str], None]


def checkout_of(place: Place, branch: str) -> Place | None:
    """The work tree that has the branch checked out, None when none has."""
    if place.branch() == branch:
        return place
    out = place.git.run("worktree", "list", "--porcelain").out.decode("utf-8", "surrogateescape")
    for block in out.split("\n\n"):
        lines = block.splitlines()
        if f"branch refs/heads/{branch}" in lines and lines[0].startswith("worktree "):
            root = Path(lines[0].removeprefix("worktree "))
            if root.is_dir() and (root / ".git").exists():
                return find_place(root)
            if not any(line.startswith("prunable") for line in lines):
                raise WorkspaceError(
                    f"the branch {visible(branch)!r} is checked out in {visible(str(root))}, which is not there now",
                    "make that folder reachable, or give it up: git worktree unlock, then git worktree prune",
                )
    return None


def _rebased_elsewhere(place: Place, branch: str) -> str:
    """The work tree that is in the middle of a rebase of this branch, whose HEAD does not say so; empty when none."""
    folders = [place.common_dir, *(place.common_dir / "worktrees").glob("*")]
    for folder in folders:
        for name in ("rebase-merge/head-name", "rebase-apply/head-name"):
            if small_file(folder / name).decode(errors="replace").strip() == f"refs/heads/{branch}":
                return folder.name if folder != place.common_dir else str(place.root)
    return ""


def apply_plan(place: Place, plan: PromotionPlan, step: Step | None = None) -> None:
    """Move index, work tree, branch and tags. Raises StaleBase or WorkspaceError with the repository as before."""
    told = step or _quiet
    here = checkout_of(place, plan.branch)
    if plan.uncommitted and here is None:
        raise WorkspaceError(
            f"the branch {visible(plan.branch)!r} is not checked out, so it has no uncommitted changes",
            "check it out, or promote as a commit",
        )
    if plan.withdraws and here is not None:
        _withdraw(here, plan, told)
        return
    _check_ready(here or place, plan)
    files = OwnFiles(here or place, plan)
    told("marker")
    with locked_marker(files) as held:
        try:
            _check_ready(here or place, plan)
            if here is not None:
                told("lock")
                take_lock(files)
                _move_files(here, plan, files, held, told)
            told("refs")
            _move_refs(place, plan, held)
        except (WorkspaceError, OSError) as error:
            with _or_half_done():
                passed = _passed(place, plan)
                if not passed:
                    _undo_apply(here or place, here is not None, plan, files, error)
            if not passed and isinstance(error, OSError):
                raise WorkspaceError(
                    f"the promotion was taken back: {visible(str(error))}", "see to that, then promote again"
                ) from error
            if not passed:
                raise
        with _or_half_done():
            told("index")
            _finish(place, plan, files, told)


def _undo_apply(here: Place, moved: bool, plan: PromotionPlan, files: OwnFiles, error: Exception) -> None:
    if isinstance(error, GitStopped):
        drop_ref_locks(here, plan, files)
    if moved and files.owns_lock():
        take_back(here, plan)
    files.clear()


@contextmanager
def _or_half_done() -> Iterator[None]:
    """What fails here leaves marker, lock and intent as they are, from which recovery goes on."""
    try:
        yield
    except (WorkspaceError, OSError) as error:
        raise HalfDone(
            f"the repository could not be put in order yet: {error}",
            "see to that; then any orion command finishes it or takes it back, and says which",
        ) from error


def _withdraw(here: Place, plan: PromotionPlan, told: Step) -> None:
    """Put the old content of uncommitted changes back. Cut off, it is done again from the start, with the same end."""
    edited = edited_since(here, plan)
    if edited:
        raise StaleBase(
            f"changed since it was let in: {', '.join(map(visible, edited))}",
            "put it back by hand: git diff, git restore PATH",
        )
    files = OwnFiles(here, plan)
    told("marker")
    with locked_marker(files):
        try:
            told("lock")
            take_lock(files)
        except WorkspaceError:
            files.clear()
            raise
        with _or_half_done():
            told("files")
            take_back(here, plan)
            files.clear()


def recover_plan(place: Place, plan: PromotionPlan) -> bool:
    """Finish a promotion that was cut off, or take it back; whether the commit is in."""
    here = checkout_of(place, plan.branch)
    files = OwnFiles(here or place, plan)
    with standing_marker(files) as found:
        if plan.withdraws:
            # Without a marker it never began, or was done and not yet recorded: the files tell.
            if found and here is not None:
                take_back(here, plan)
                files.clear()
            return here is not None and not still_there(here, plan)
        if found:
            drop_ref_locks(here or place, plan, files)
        passed = _passed(place, plan)
        if found and here is not None and files.private.exists() and not files.owns_lock():
            # Somebody removed the lock, as git's own words propose. Where git works there now, this waits its turn.
            take_lock(files)
            if passed and not plan.uncommitted:
                renew_index(here, plan, files)
        if passed:
            _finish(place, plan, files)
        elif found:
            _drop_tags(place, plan)
            if here is not None and files.owns_lock():
                take_back(here, plan)
            files.clear()
        return passed


def _quiet(name: str) -> None:
    """Nobody watches."""


def _check_ready(here: Place, plan: PromotionPlan) -> None:
    busy = here.busy_with()
    if busy:
        raise WorkspaceError(
            f"{visible(str(here.root))} is in the middle of {busy}", "finish or abort it, then promote again"
        )
    elsewhere = _rebased_elsewhere(here, plan.branch)
    if elsewhere:
        raise WorkspaceError(
            f"the branch {visible(plan.branch)!r} is in the middle of a rebase in the work tree {visible(elsewhere)}",
            "finish or abort it there, then promote again",
        )
    at = here.commit_at(f"refs/heads/{plan.branch}")
    if at != plan.old:
        raise StaleBase(
            f"the branch {visible(plan.branch)!r} moved from {plan.old[:12]} to {at[:12] or 'nowhere'}",
            "look at the review again and promote onto the new commit",
        )


def _move_files(here: Place, plan: PromotionPlan, files: OwnFiles, held: int, told: Step) -> None:
    blocked = here.in_the_way(plan.old, plan.paths)
    if blocked:
        raise StaleBase(
            "uncommitted work stands in the way: "
            + ", ".join(f"{visible(each.path)} ({each.reason})" for each in blocked),
            "commit it or put it aside (git stash -u), then promote again",
        )
    if files.index.exists():
        shutil.copy2(files.index, files.private)
    git: Git = here.git.beside(index=files.private)
    git.run("update-index", "-q", "--refresh", ok=(0, 1), held=(held,))
    told("files")
    moved = git.run("read-tree", "-m", "-u", plan.old, plan.new, ok=(0, 128), held=(held,))
    if moved.code != 0 and "unable to " in moved.err:
        raise WorkspaceError(f"git cannot write here: {moved.words()}", "free some space, or see to the permissions")
    if moved.code != 0:
        raise StaleBase(
            f"git would overwrite something that is not committed: {moved.words()}", "commit it, then promote again"
        )
    absent = here.absent(plan.paths, files.private) if plan.uncommitted else ()
    if absent:
        named = ", ".join(map(visible, sorted(absent)[:5]))
        raise WorkspaceError(
            f"a sparse checkout leaves out {named}: no place for uncommitted changes",
            "promote as a commit, or take these folders in: git sparse-checkout add",
        )


def _move_refs(place: Place, plan: PromotionPlan, held: int) -> None:
    branch = f"refs/heads/{plan.branch}"
    moved = f"verify {branch} {plan.old}" if plan.uncommitted else f"update {branch} {plan.new} {plan.old}"
    script = (
        "start\n"
        f"create refs/tags/{plan.pre_tag} {plan.old}\n"
        f"create refs/tags/{plan.post_tag} {plan.new}\n"
        f"{moved}\n"
        "prepare\ncommit\n"
    )
    place.git.run(
        "update-ref",
        "-m",
        f"orion: {plan.post_tag}",
        "--stdin",
        stdin=script.encode("utf-8", "surrogateescape"),
        identity=plan.identity,
        held=(held,),
    )


def _passed(place: Place, plan: PromotionPlan) -> bool:
    """Whether the commit point was passed: the branch is at the commit, or was and went on from there. Uncommitted
    changes leave the branch alone, so their tags say it."""
    if plan.uncommitted:
        return place.commit_at(f"refs/tags/{plan.post_tag}") == plan.new
    at = place.commit_at(f"refs/heads/{plan.branch}")
    if at == plan.new:
        return True
    if not at or place.commit_at(f"refs/tags/{plan.post_tag}") != plan.new:
        return False
    return place.git.run("merge-base", "--is-ancestor", plan.new, at, ok=(0, 1)).code == 0


def _finish(place: Place, plan: PromotionPlan, files: OwnFiles, told: Step = _quiet) -> None:
    for tag, commit in ((plan.pre_tag, plan.old), (plan.post_tag, plan.new)):
        if not place.commit_at(f"refs/tags/{tag}"):
            place.git.run("update-ref", f"refs/tags/{tag}", commit, "", identity=plan.identity)
    if files.owns_lock() and files.private.exists() and not plan.uncommitted:
        files.private.replace(files.index)
    told("unlock")
    if files.owns_lock():
        files.lock.unlink()
    told("unmark")
    files.clear()


def _drop_tags(place: Place, plan: PromotionPlan) -> None:
    """Tags that a cut-off transaction left behind."""
    for tag, commit in ((plan.pre_tag, plan.old), (plan.post_tag, plan.new)):
        if place.commit_at(f"refs/tags/{tag}") == commit:
            place.git.run("update-ref", "-d", f"refs/tags/{tag}", commit)
