"""One pass over a work tree that follows nothing and enters only the folders it was told about."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.vocabulary.errors import LimitExceeded
from engine.workspace.beneath import open_folder

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from engine.workspace.objects import Entry

# A session may write 300 files (SPEC section 5); a tree with this many new entries is an attack or an accident.
MAX_NEW_ENTRIES = 50_000


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a file looked like when its content was last known: `ctime_ns` cannot be set by whoever writes the file."""

    ctime_ns: int
    inode: int
    size: int
    mode: int
    entry: Entry


@dataclass(slots=True)
class Sight:
    """What a walk saw. `clean` paths are as their stamps say; `other` is everything else that is not a known folder:
    changed, new, special, unknown folders (not entered); `folders` are the known folders met."""

    clean: dict[str, Entry] = field(default_factory=dict)
    other: dict[str, os.stat_result] = field(default_factory=dict)
    folders: dict[str, os.stat_result] = field(default_factory=dict)


def walk(
    root: int,
    known: Container[str],
    stamps: Mapping[str, Stamp],
    *,
    start: str = "",
    limit: int | None = MAX_NEW_ENTRIES,
) -> Sight:
    """Look at every entry below `start` (its descriptor is `root`). Raises LimitExceeded when more than `limit` entries
    are not as they were, before anything is read."""
    sight = Sight()
    _look(root, f"{start}/" if start else "", known, stamps, sight, limit)
    return sight


def _look(
    folder: int,
    prefix: str,
    known: Container[str],
    stamps: Mapping[str, Stamp],
    sight: Sight,
    limit: int | None,
) -> None:
    clean, other = sight.clean, sight.other
    inner: list[tuple[str, str]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            path = prefix + entry.name
            found = entry.stat(follow_symlinks=False)
            stamp = stamps.get(path)
            if (
                stamp is not None
                and stamp.ctime_ns == found.st_ctime_ns
                and stamp.inode == found.st_ino
                and stamp.size == found.st_size
                and stamp.mode == found.st_mode
            ):
                clean[path] = stamp.entry
            elif path in known and stat.S_ISDIR(found.st_mode):
                sight.folders[path] = found
                inner.append((entry.name, path))
            else:
                other[path] = found
                if limit is not None and len(other) > limit:
                    raise LimitExceeded("new files", len(other), limit)
    for name, path in inner:
        handle = open_folder(name, folder)
        try:
            _look(handle, path + "/", known, stamps, sight, limit)
        finally:
            os.close(handle)
