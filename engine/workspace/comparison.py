"""What differs between two trees, file by file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine.vocabulary.changes import ChangeStatus, FileChange, Move
from engine.workspace.objects import MODULE_MODE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.workspace.git import Git

_STATUS = {"A": ChangeStatus.ADDED, "D": ChangeStatus.DELETED, "M": ChangeStatus.MODIFIED, "T": ChangeStatus.MODIFIED}
_RAW_FIELDS = 5

# Half of a file the same makes it a move, as with git by default; beyond 300 of each only exact ones are looked for,
# since every new file is held against every deleted one. Empty files are no sign of a move.
MOVES = ("-M50%", "-l300", "--no-rename-empty")


def compare(git: Git, old: str, new: str, sizes: Mapping[str, int]) -> tuple[FileChange, ...]:
    """The changes from one tree or commit to another, sorted by path. `sizes` are sizes of blobs already known."""
    answer = git.run(
        "diff-tree",
        "-r",
        "-z",
        "--raw",
        "--numstat",
        "--no-abbrev",
        "--no-renames",
        "--no-ext-diff",
        "--no-textconv",
        old,
        new,
    ).out
    raw: list[tuple[str, list[str]]] = []
    counts: dict[str, tuple[bytes, bytes]] = {}
    fields = iter(answer.split(b"\0")[:-1])
    for field in fields:
        if field.startswith(b":"):
            raw.append((os.fsdecode(next(fields)), field[1:].decode().split(" ")))
        else:
            added, removed, path = field.split(b"\t", 2)
            counts[os.fsdecode(path)] = (added, removed)
    known = dict(sizes) | _sizes(git, [parts for _, parts in raw], sizes)
    return tuple(sorted((_change(path, parts, counts, known) for path, parts in raw), key=lambda change: change.path))


def moves(git: Git, old: str, new: str) -> tuple[Move, ...]:
    """The deleted files that new ones were made of."""
    arguments = ("-r", "-z", "--raw", *MOVES, "--diff-filter=R", "--no-abbrev", "--no-ext-diff", "--no-textconv")
    fields = iter(git.run("diff-tree", *arguments, old, new).out.split(b"\0")[:-1])
    found = (
        Move(os.fsdecode(before), os.fsdecode(after), int(head.rpartition(b"R")[2]))
        for head, before, after in zip(fields, fields, fields, strict=True)
    )
    return tuple(sorted(found, key=lambda move: move.path))


def _change(
    path: str, parts: list[str], counts: Mapping[str, tuple[bytes, bytes]], sizes: Mapping[str, int]
) -> FileChange:
    old_mode, new_mode, old_oid, new_oid, status = parts[:_RAW_FIELDS]
    added, removed = counts.get(path, (b"0", b"0"))
    binary = added == b"-"
    return FileChange(
        path=path,
        status=_STATUS[status[0]],
        old_mode=int(old_mode, 8),
        new_mode=int(new_mode, 8),
        old_oid="" if int(old_mode, 8) == 0 else old_oid,
        new_oid="" if int(new_mode, 8) == 0 else new_oid,
        size=sizes.get(new_oid, 0),
        binary=binary,
        additions=0 if binary else int(added),
        deletions=0 if binary else int(removed),
    )


def _sizes(git: Git, rows: list[list[str]], known: Mapping[str, int]) -> dict[str, int]:
    wanted = {parts[3] for parts in rows if int(parts[1], 8) not in {0, MODULE_MODE} and parts[3] not in known}
    if not wanted:
        return {}
    request = "".join(f"{oid}\n" for oid in sorted(wanted)).encode()
    answer = git.text("cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=request)
    found = (line.split(" ") for line in answer.splitlines())
    return {oid: int(size) for oid, size in found if size.isdigit()}
