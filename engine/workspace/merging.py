"""Three-way merges in an object store, with no work tree."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine.vocabulary.changes import Conflict
from engine.vocabulary.errors import WorkspaceError

if TYPE_CHECKING:
    from engine.workspace.git import Git


# git's own names of what went wrong, which it promises not to change.
_REASONS = {"CONFLICT (binary)": "binary", "CONFLICT (modify/delete)": "deleted"}


def merge_trees(git: Git, base: str, ours: str, theirs: str) -> tuple[str, tuple[Conflict, ...]]:
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
        "--messages",
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
    end = fields.index(b"", 1)
    said = _said(fields[end + 1 :])
    paths = sorted({os.fsdecode(field) for field in fields[1:end]})
    return tree, tuple(Conflict(path, said.get(path, "content")) for path in paths)


def _said(fields: list[bytes]) -> dict[str, str]:
    """What git says of each path: records of a count, so many paths, the kind, and a sentence for people."""
    found: dict[str, str] = {}
    at = 0
    while at < len(fields) and fields[at].isdigit():
        kind = at + 1 + int(fields[at])
        reason = _REASONS.get(fields[kind].decode()) if kind < len(fields) else None
        if reason is not None:
            found |= dict.fromkeys(map(os.fsdecode, fields[at + 1 : kind]), reason)
        at = kind + 2
    return found


def _commit(git: Git, tree: str, *parents: str) -> str:
    arguments = [part for parent in parents for part in ("-p", parent)]
    return git.text("commit-tree", tree, *arguments, "-F", "-", stdin=b"a side of a merge\n")
