"""Three-way merges in an object store, with no work tree."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine.vocabulary.errors import WorkspaceError

if TYPE_CHECKING:
    from engine.workspace.git import Git


def merge_trees(git: Git, base: str, ours: str, theirs: str) -> tuple[str, tuple[str, ...]]:
    """The merged tree and the paths in conflict, whose places stand between markers in it. All arguments are tree
    ids."""
    if ours in (base, theirs):
        return theirs, ()
    if theirs == base:
        return ours, ()
    # Before git 2.40 the base cannot be given, so each side becomes a commit on top of it; nothing refers to them.
    root = _commit(git, base)
    answer = git.run(
        "merge-tree",
        "--write-tree",
        "-z",
        "--name-only",
        "--no-messages",
        _commit(git, ours, root),
        _commit(git, theirs, root),
        ok=(0, 1, 129),
    )
    if answer.code == 129:
        raise WorkspaceError("this git is too old to merge without a work tree", "install git 2.38 or newer")
    fields = answer.out.split(b"\0")
    tree = fields[0].decode().strip()
    if answer.code == 0:
        return tree, ()
    return tree, tuple(sorted({os.fsdecode(field) for field in fields[1:] if field}))


def _commit(git: Git, tree: str, *parents: str) -> str:
    arguments = [part for parent in parents for part in ("-p", parent)]
    return git.text("commit-tree", tree, *arguments, "-F", "-", stdin=b"a side of a merge\n")
