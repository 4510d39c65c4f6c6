"""Files below a root, opened one folder at a time without following any link."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from engine.vocabulary.errors import WorkspaceError
from engine.vocabulary.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
NEW_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

Owner = tuple[int, int] | None


@contextmanager
def opened_root(root: Path) -> Iterator[int]:
    """The root as a descriptor. Its own path is Orion's and trusted."""
    try:
        handle = os.open(root, FOLDER_FLAGS)
    except OSError as error:
        raise WorkspaceError(f"{visible(str(root))} cannot be opened: {error.strerror}") from error
    try:
        yield handle
    finally:
        os.close(handle)


def open_folder(name: str, parent: int) -> int:
    """A folder's descriptor, its permissions repaired when they shut Orion out."""
    try:
        return os.open(name, FOLDER_FLAGS, dir_fd=parent)
    except PermissionError:
        unlock(name, parent)
        return os.open(name, FOLDER_FLAGS, dir_fd=parent)


def unlock(name: str, parent: int) -> None:
    """Let the owner read and write a file, and enter a folder; never through a link. Whether a file is executable stays
    as it is, since git keeps that."""
    if sys.platform == "linux":
        handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        try:
            mode = os.fstat(handle).st_mode
            if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
                Path(f"/proc/self/fd/{handle}").chmod(_unlocked(mode))
        finally:
            os.close(handle)
    else:
        with suppress(OSError):
            mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
            os.chmod(name, _unlocked(mode), dir_fd=parent, follow_symlinks=False)


def _unlocked(mode: int) -> int:
    return stat.S_IMODE(mode) | (0o700 if stat.S_ISDIR(mode) else 0o600)


class Folders:
    """Descriptors of folders below a root; the last chain stays open, so that neighbours cost one step. With `make`,
    missing folders are made (0755, given to the owner)."""

    def __init__(self, root: int, owner: Owner = None) -> None:
        self._root = root
        self._owner = owner
        self._chain: list[tuple[str, int]] = []

    def at(self, folder: str, *, make: bool = False) -> int:
        """The folder's descriptor, good until the next call. Raises OSError as `open` would."""
        parts = folder.split("/") if folder else []
        shared = 0
        while shared < min(len(parts), len(self._chain)) and self._chain[shared][0] == parts[shared]:
            shared += 1
        self._close_from(shared)
        for part in parts[shared:]:
            parent = self._chain[-1][1] if self._chain else self._root
            if make:
                with suppress(FileExistsError):
                    os.mkdir(part, 0o755, dir_fd=parent)
                    give(part, parent, self._owner)
            self._chain.append((part, open_folder(part, parent)))
        return self._chain[-1][1] if self._chain else self._root

    def close(self) -> None:
        self._close_from(0)

    def _close_from(self, position: int) -> None:
        for _, handle in self._chain[position:]:
            os.close(handle)
        del self._chain[position:]


@contextmanager
def folders(root: Path, owner: Owner = None) -> Iterator[Folders]:
    """Folders below `root`, all descriptors closed at the end."""
    with opened_root(root) as handle:
        chain = Folders(handle, owner)
        try:
            yield chain
        finally:
            chain.close()


def names_in(folder: int) -> list[str]:
    """The names in an open folder."""
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def give(name: str, parent: int, owner: Owner) -> None:
    """Hand an entry to the sandbox's user, when Orion runs as root."""
    if owner is not None:
        os.chown(name, owner[0], owner[1], dir_fd=parent, follow_symlinks=False)


def read_file(name: str, parent: int, limit: int) -> tuple[bytes, os.stat_result]:
    """A regular file's bytes and what it looked like, at most `limit` bytes. Raises OSError, or ValueError when it is
    no regular file, too large, or changes while it is read."""
    try:
        handle = os.open(name, FILE_FLAGS, dir_fd=parent)
    except PermissionError:
        unlock(name, parent)
        handle = os.open(name, FILE_FLAGS, dir_fd=parent)
    try:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            raise ValueError("not a regular file")
        if before.st_size > limit:
            raise ValueError(f"larger than {limit} bytes")
        data = b""
        while len(data) <= limit and (piece := os.read(handle, min(limit, max(before.st_size, 4096)) + 1)):
            data = data + piece if data else piece
        after = os.fstat(handle)
        # What still stands at the place is what was read, so the number of its names is true as well.
        named = os.stat(name, dir_fd=parent, follow_symlinks=False)
    finally:
        os.close(handle)
    same = (named.st_dev, named.st_ino) == (after.st_dev, after.st_ino)
    if not same or len(data) != before.st_size:
        raise ValueError("changed while it was read")
    if (named.st_ctime_ns, named.st_size) != (before.st_ctime_ns, before.st_size):
        raise ValueError("changed while it was read")
    return data, named


def small_file(path: Path, limit: int = 1024 * 1024) -> bytes:
    """What stands in a regular file, its first `limit` bytes; nothing for whatever else is at the path. A pipe that
    somebody put there is not waited for."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    with os.fdopen(handle, "rb") as file:
        return file.read(limit) if stat.S_ISREG(os.fstat(handle).st_mode) else b""


def write_new(name: str, parent: int, data: bytes, mode: int, owner: Owner) -> os.stat_result:
    """Make a file that must not exist yet; what it looks like afterwards."""
    handle = os.open(name, NEW_FLAGS, 0o600, dir_fd=parent)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
        os.fchmod(handle, mode)
        if owner is not None:
            os.fchown(handle, owner[0], owner[1])
        return os.fstat(handle)
    finally:
        os.close(handle)


class Trash:
    """Removes whole trees of any depth with a constant number of descriptors: what is doomed moves into one flat
    folder, where its own folders move up beside it until nothing is nested."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, name: str, parent: int) -> None:
        """Remove one entry of an open folder, whatever it is."""
        found = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if not stat.S_ISDIR(found.st_mode):
            os.unlink(name, dir_fd=parent)
            return
        unlock(name, parent)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        with opened_root(self._folder) as trash:
            os.rename(name, self._free(trash), src_dir_fd=parent, dst_dir_fd=trash)
            self._empty(trash)

    def empty(self) -> None:
        """Remove what an earlier, killed call left."""
        if self._folder.exists():
            with opened_root(self._folder) as trash:
                self._empty(trash)

    def _empty(self, trash: int) -> None:
        while names := names_in(trash):
            for name in names:
                self._flatten(name, trash)

    def _flatten(self, name: str, trash: int) -> None:
        unlock(name, trash)
        handle = open_folder(name, trash)
        try:
            with os.scandir(handle) as entries:
                inner = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
            for child, is_folder in inner:
                if is_folder:
                    unlock(child, handle)
                    os.rename(child, self._free(trash), src_dir_fd=handle, dst_dir_fd=trash)
                else:
                    os.unlink(child, dir_fd=handle)
        finally:
            os.close(handle)
        os.rmdir(name, dir_fd=trash)

    def _free(self, trash: int) -> str:
        return os.urandom(12).hex()


def remove_folder(folder: Path) -> None:
    """Remove a whole folder of Orion's, whatever a sandbox left inside: sealed folders, any depth, hostile names."""
    trash = folder.with_name(f"{folder.name}.trash")
    with opened_root(folder.parent) as parent:
        Trash(trash).empty()
        if folder.is_symlink() or folder.exists():
            Trash(trash).take(folder.name, parent)
    if trash.exists():
        trash.rmdir()
