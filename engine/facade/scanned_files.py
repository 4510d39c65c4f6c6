"""Files looked at for secrets: found below folders without following links, read within bounds, many at once."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from engine.facade.crew import hands, side_by_side
from engine.governance.allow_list import NOTHING, AllowList
from engine.governance.secrets import SecretHit, scan
from engine.vocabulary.errors import UsageError
from engine.vocabulary.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_WHOLE = 32 * 1024 * 1024  # a larger file is read in pieces, and no archive is unpacked from it
_PIECE = 8 * 1024 * 1024
_OVERLAP = 64 * 1024  # longer than any secret but a huge key, whose beginning is enough
_ALONE = 12 * 1024 * 1024  # less than this and starting processes (0.2 s each) takes longer than the work
_SHARE = 2 * 1024 * 1024  # bytes that one process gets at a time


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """One file and its finds; `trouble` says why it could not be read."""

    path: str
    hits: tuple[SecretHit, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class _Share:
    files: tuple[tuple[str, str], ...]
    allow: AllowList


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of one file; from `ends` on it is the beginning of the next."""

    data: bytes
    ends: int
    shown: str
    names: tuple[str, ...]
    allow: AllowList


def scan_paths(paths: Sequence[Path], allow: AllowList = NOTHING) -> Iterator[ScannedFile]:
    """Every file that is named or lies below a named folder, in order. Git's own folders are left out and no link below
    a folder is followed; what is no regular file (a pipe, a device) is passed by. Raises UsageError for a path that is
    not there."""
    for path in paths:
        _check_there(path)
    files, size = [], 0
    for path in paths:
        for file, name in _below(path):
            if isinstance(file, ScannedFile):
                yield file
                continue
            files.append((file, name))
            size += _size(file) if _size(file) <= _WHOLE else 0
    shares = _shares(files, allow)
    for scanned in side_by_side(_scan_share, shares) if size >= _ALONE and hands() > 1 else map(_scan_share, shares):
        for done in scanned:
            yield done if isinstance(done, ScannedFile) else _scan_huge(*done, allow)


def scan_stream(
    read: Callable[[int], bytes], shown: str, allow: AllowList = NOTHING, names: tuple[str, ...] = ()
) -> tuple[SecretHit, ...]:
    """What comes out of a pipe, however much that is."""
    data = _filled(read, _WHOLE + 1)
    return scan(data, shown, allow, names) if len(data) <= _WHOLE else _in_pieces(data, read, shown, allow, names)


def _check_there(path: Path) -> None:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(
            f"there is no file or folder {visible(str(path))}",
            "name what is to be looked at, or - for standard input",
        ) from error
    except OSError as error:
        raise UsageError(f"{visible(str(path))} cannot be looked at: {error.strerror}") from error


def _below(path: Path) -> Iterator[tuple[str | ScannedFile, str]]:
    if not path.is_dir():
        yield str(path), path.name
        return
    troubles: list[ScannedFile] = []
    for folder, below, names in os.walk(path, onerror=lambda error: troubles.append(_unreadable(error))):
        below[:] = sorted(name for name in below if name != ".git")
        for name in sorted(names):
            file = str(Path(folder, name))
            if _is_regular(file, follow=False):
                yield file, os.path.relpath(file, path)
    for trouble in troubles:
        yield trouble, ""


def _unreadable(error: OSError) -> ScannedFile:
    return ScannedFile(str(error.filename), trouble=error.strerror or str(error))


def _is_regular(file: str, *, follow: bool) -> bool:
    try:
        return stat.S_ISREG(Path(file).stat(follow_symlinks=follow).st_mode)
    except OSError:
        return False


def _size(file: str) -> int:
    try:
        return Path(file).stat().st_size
    except OSError:
        return 0


def _shares(files: Iterable[tuple[str, str]], allow: AllowList) -> Iterator[_Share]:
    share: list[tuple[str, str]] = []
    size = 0
    for file in files:
        share.append(file)
        size += _size(file[0])
        if size >= _SHARE:
            yield _Share(tuple(share), allow)
            share, size = [], 0
    if share:
        yield _Share(tuple(share), allow)


def _scan_share(share: _Share) -> list[ScannedFile | tuple[str, str]]:
    """The files of the share; one that is too large for that comes back as it was."""
    return [_scan_file(file, name, share.allow) or (file, name) for file, name in share.files]


def _scan_file(file: str, name: str, allow: AllowList) -> ScannedFile | None:
    try:
        with _opened(file) as stream:
            if os.fstat(stream.fileno()).st_size > _WHOLE:
                return None
            data = stream.read(_WHOLE + 1)
    except OSError as error:
        return ScannedFile(_shown(file), trouble=error.strerror or str(error))
    if len(data) > _WHOLE:
        return None
    # A name below the folder that was named, and where it stands: an entry of the allow-list may mean either.
    return ScannedFile(_shown(file), (*_named(name, file, allow), *scan(data, _shown(file), allow, (name,))))


def _scan_huge(file: str, name: str, allow: AllowList) -> ScannedFile:
    shown = _shown(file)
    try:
        with _opened(file) as stream:
            hits = _in_pieces(stream.read(_PIECE), stream.read, shown, allow, (name,))
    except OSError as error:
        return ScannedFile(shown, trouble=error.strerror or str(error))
    return ScannedFile(shown, (*_named(name, file, allow), *hits))


def _opened(file: str) -> IO[bytes]:
    # Without waiting: between the walk and now a pipe may have taken the file's place.
    descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file; what comes from a pipe is read as standard input (-)")
    return os.fdopen(descriptor, "rb")


def _shown(file: str) -> str:
    return file.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _named(name: str, file: str, allow: AllowList) -> Iterator[SecretHit]:
    for hit in scan(name.encode("utf-8", "surrogateescape"), "", allow, (_shown(file), name)):
        yield replace(hit, line=0, form="file name")


def _in_pieces(
    data: bytes, read: Callable[[int], bytes], shown: str, allow: AllowList, names: tuple[str, ...]
) -> tuple[SecretHit, ...]:
    """What is too large to be held as a whole, piece by piece, each with the beginning of the next. `data` was read
    already."""
    found: dict[tuple[int, str], SecretHit] = {}
    before = 0
    pieces = _pieces(data, read, shown, allow, names)
    for lines, hits in side_by_side(_scan_piece, pieces) if hands() > 1 else map(_scan_piece, pieces):
        for hit in hits:
            moved = replace(hit, line=hit.line + before)
            found.setdefault((moved.line, moved.digest), moved)
        before += lines
    return tuple(found.values())


def _pieces(
    data: bytes, read: Callable[[int], bytes], shown: str, allow: AllowList, names: tuple[str, ...]
) -> Iterator[_Piece]:
    while data:
        if len(data) <= _PIECE:
            data += _filled(read, _PIECE + 1 - len(data))
        yield _Piece(data[:_PIECE], _PIECE - _OVERLAP, shown, names, allow)
        data = data[_PIECE - _OVERLAP :] if len(data) > _PIECE else b""


def _scan_piece(piece: _Piece) -> tuple[int, tuple[SecretHit, ...]]:
    """The lines before the next piece begins, and the finds."""
    hits = scan(piece.data, piece.shown, piece.allow, piece.names)
    return piece.data.count(b"\n", 0, piece.ends), hits


def _filled(read: Callable[[int], bytes], size: int) -> bytes:
    """So many bytes, fewer only at the end."""
    parts: list[bytes] = []
    while size > 0 and (part := read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
