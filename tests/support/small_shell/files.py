"""The files that the small shell sees: folders of the host under places inside, everything else read-only or absent."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

_SYSTEM = ("/", "/usr", "/usr/bin", "/bin", "/etc", "/home", "/dev", "/proc", "/var", "/lib")
_CHUNK = 64 * 1024
_DEVICES = ("/dev/null", "/dev/zero")


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder of the host at `place`. With `quota` its files may hold that many bytes together."""

    place: str
    source: Path
    writable: bool
    quota: int | None = None


class Files:
    """Paths inside, the longest matching mount first. No file may grow beyond `file_bytes`."""

    def __init__(self, mounts: Iterable[Mount], file_bytes: int) -> None:
        self._mounts = sorted(mounts, key=lambda mount: -len(mount.place))
        self._file_bytes = file_bytes
        self.folder = "/workspace"

    def absolute(self, path: str) -> str:
        return os.path.normpath(PurePosixPath(self.folder) / path)

    def host(self, path: str) -> Path:
        """Where a path inside is on the host. Raises OSError for what is not inside."""
        return self._found(path)[1]

    def exists(self, path: str) -> bool:
        if self.absolute(path) in (*_SYSTEM, *_DEVICES):
            return True
        try:
            return self.host(path).exists()
        except OSError:
            return False

    def is_folder(self, path: str) -> bool:
        return self.absolute(path) in _SYSTEM or (self.exists(path) and self.host(path).is_dir())

    def names(self, path: str) -> list[str]:
        if self.absolute(path) in _SYSTEM:
            return []
        return sorted(found.name for found in self.host(path).iterdir())

    def read(self, path: str) -> Iterator[bytes]:
        """Chunks of a file. Raises OSError, at once."""
        device = self.absolute(path)
        if device == "/dev/null":
            return iter(())
        if device == "/dev/zero":
            return iter(lambda: bytes(_CHUNK), None)
        file = self.host(path).open("rb")
        return _chunks(file)

    def change(self, path: str) -> Path:
        """Where something may be made, changed or removed. Raises OSError (read-only)."""
        if self.absolute(path) in _SYSTEM:
            raise _error(errno.EROFS, path)
        mount, found = self._found(path)
        if not mount.writable or self._covered(found):
            raise _error(errno.EROFS, path)
        return found

    def writer(self, path: str, *, append: bool) -> Writer:
        if self.absolute(path) == "/dev/null":
            return Writer(None, None)
        found = self.change(path)
        mount = self._found(path)[0]
        file = found.open("ab" if append else "wb")
        room = self._file_bytes - file.tell()
        if mount.quota is not None:
            room = min(room, mount.quota - sum(each.stat().st_size for each in mount.source.rglob("*")))
        return Writer(file, room, errno.ENOSPC if mount.quota is not None else errno.EFBIG)

    def _covered(self, found: Path) -> bool:
        """Whether a mount hangs at or below that folder of the host, which then can be neither moved nor removed."""
        return any(
            each.place.startswith("/workspace/") and self._found(each.place.rpartition("/")[0])[1] == found
            for each in self._mounts
        )

    def _found(self, path: str) -> tuple[Mount, Path]:
        whole = self.absolute(path)
        for mount in self._mounts:
            if PurePosixPath(whole).is_relative_to(mount.place):
                found = mount.source / PurePosixPath(whole).relative_to(mount.place)
                # A link that leaves its folder leads nowhere here.
                if not found.resolve().is_relative_to(mount.source.resolve()):
                    raise _error(errno.ENOENT, path)
                return mount, found
        if PurePosixPath(whole).parent.as_posix() in _SYSTEM:
            raise _error(errno.EROFS if whole not in _SYSTEM else errno.EISDIR, path)
        raise _error(errno.ENOENT, path)


class Writer:
    """An open file that takes no more than it has room for."""

    def __init__(self, file: BinaryIO | None, room: int | None, full: int = 0) -> None:
        self._file = file
        self._room = room
        self._full = full

    def write(self, data: bytes) -> None:
        """Raises OSError when it is full; what still fits is kept."""
        if self._file is None:
            return
        if self._room is not None:
            fits, self._room = data[: self._room], self._room - len(data)
            self._file.write(fits)
            if self._room < 0:
                raise OSError(self._full, os.strerror(self._full))
            return
        self._file.write(data)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while data := file.read(_CHUNK):
            yield data


def _error(number: int, path: str) -> OSError:
    return OSError(number, os.strerror(number), path)
