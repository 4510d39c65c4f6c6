"""Putting a work tree back after a promotion that did not reach its commit point."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.vocabulary.workspaces import PromotionPlan
    from engine.workspace.git import Git
    from engine.workspace.own_locks import OwnFiles
    from engine.workspace.place import Place


def take_back(here: Place, plan: PromotionPlan) -> None:
    """Every path of the plan that holds the new content, a beginning of it, or nothing gets the old content back.
    Whatever a person wrote or committed since stays. The real index was never changed, and is not now."""
    old = here.files_of(plan.old)
    tip = here.commit_at(f"refs/heads/{plan.branch}")
    theirs = {*here.changed(plan.old, tip)} if tip and not plan.withdraws else set()
    paths = [path for path in plan.paths if path not in theirs]
    # What was new goes first: its folders may stand where a file was.
    for path in paths:
        if path not in old and _is_ours(here, plan, path, False):
            _remove(here.root, path)
    absent = here.absent(paths)
    back = [path for path in paths if path in old and path not in absent and _is_ours(here, plan, path, True)]
    if not back:
        return
    folder = Path(tempfile.mkdtemp(prefix="orion-index-"))
    try:
        index = folder / "index"
        with suppress(FileNotFoundError):
            shutil.copy2(here.git_dir / "index", index)
        git = here.git.beside(index=index)
        for path in back:
            _clear_way(here.root, path)
        git.run("checkout-index", "-f", "-z", "--stdin", stdin=b"".join(os.fsencode(path) + b"\0" for path in back))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def renew_index(here: Place, plan: PromotionPlan, files: OwnFiles) -> None:
    """The private index made anew from the real one as it is now, after others may have had it: entries of the plan's
    paths that are still the old ones become the new. A branch that went on has an index of its own."""
    if files.index.exists():
        shutil.copy2(files.index, files.private)
    if here.commit_at(f"refs/heads/{plan.branch}") != plan.new:
        return
    git = here.git.beside(index=files.private)
    listed = git.run("--literal-pathspecs", "ls-files", "-s", "-z", "--", *plan.paths).out.split(b"\0")[:-1]
    now = {record.partition(b"\t")[2]: record.partition(b"\t")[0] for record in listed}
    moved = []
    for path in plan.paths:
        old, new = (_entry(git, commit, path) for commit in (plan.old, plan.new))
        if now.get(os.fsencode(path), b"") == (f"{old[0]} {old[1]} 0".encode() if old else b""):
            mode, oid = new or ("0", "0" * len(plan.new))
            moved.append(f"{mode} {oid}\t".encode() + os.fsencode(path) + b"\0")
    git.run("update-index", "-z", "--index-info", stdin=b"".join(moved))
    git.run("update-index", "-q", "--refresh", ok=(0, 1))


def edited_since(here: Place, plan: PromotionPlan) -> tuple[str, ...]:
    """Paths of the plan that are neither as it left them nor, put back by hand, as it found them."""
    there = {*still_there(here, plan)}
    return tuple(path for path in plan.paths if path not in there and not _holds(here, plan.old, path))


def still_there(here: Place, plan: PromotionPlan) -> tuple[str, ...]:
    """Paths of the plan that are exactly as it left them."""
    return tuple(path for path in plan.paths if _holds(here, plan.new, path))


def _holds(here: Place, commit: str, path: str) -> bool:
    place, entry = here.root / path, _entry(here.git, commit, path)
    if entry is None:
        return not os.path.lexists(place)
    mode, oid = entry
    if mode == "120000" and not here.links:
        return place.is_file() and place.read_bytes() == _content(here.git, oid, "")
    if place.is_symlink():
        return mode == "120000" and os.fsencode(place.readlink()) == _content(here.git, oid, "")
    executable = place.is_file() and bool(place.stat().st_mode & stat.S_IXUSR)
    right = mode == ("100755" if executable else "100644")
    return place.is_file() and right and place.read_bytes() == _content(here.git, oid, path)


def _is_ours(here: Place, plan: PromotionPlan, path: str, had: bool) -> bool:
    """Whether what stands at the path is what `read-tree` wrote or left, not what a person wrote since."""
    place = here.root / path
    if any(parent.is_symlink() for parent in place.parents if parent.is_relative_to(here.root) and parent != here.root):
        return False
    try:
        found = place.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return had
    if stat.S_ISDIR(found.st_mode):
        return had and not any(place.iterdir())
    new = _entry(here.git, plan.new, path)
    if new is None:
        return False
    mode, oid = new
    if mode == "120000" and here.links:
        return stat.S_ISLNK(found.st_mode) and os.fsencode(place.readlink()) == _content(here.git, oid, "")
    if not stat.S_ISREG(found.st_mode):
        return False
    return _content(here.git, oid, path if mode != "120000" else "").startswith(place.read_bytes())


def _entry(git: Git, commit: str, path: str) -> tuple[str, str] | None:
    out = git.run("--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--", path).out
    if not out:
        return None
    mode, _, oid = out.partition(b"\t")[0].decode().split(" ")
    return mode, oid


def _content(git: Git, oid: str, path: str) -> bytes:
    """A blob as a checkout at `path` would write it; filters of the configuration are off."""
    if path:
        return git.run("cat-file", "--filters", f"--path={path}", oid).out
    return git.run("cat-file", "blob", oid).out


def _remove(root: Path, path: str) -> None:
    """Remove a file that was new, and the folders that only it made."""
    with suppress(FileNotFoundError, NotADirectoryError):
        (root / path).unlink()
    for parent in (root / path).parents:
        if parent == root:
            return
        try:
            parent.rmdir()
        except OSError:
            return


def _clear_way(root: Path, path: str) -> None:
    """An empty folder that stands where a file was is what a half-done change left."""
    with suppress(OSError):
        (root / path).rmdir()
