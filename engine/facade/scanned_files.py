"""Files looked at for secrets: found below folders without following links, read within bounds, many at once."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from engine.governance.allow_list import NOTHING, AllowList
from engine.governance.secrets import SecretHit, scan
from engine.vocabulary.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_WHOLE = 32 * 1024 * 1024  # a larger file is read in pieces, and no archive is unpacked from it
_PIECE = 8 * 1024 * 1024
_OVERLAP = 64 * 1024  # longer than any secret but a huge key, whose beginning is enough
_ALONE = 12 * 1024 * 1024  # less than this and starting processes (0.2 s each) takes longer than the work
_SHARE = 2 * 1024 * 1024  # bytes that one process gets at a time
_MOST_PROCESSES = 4


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


def scan_paths(paths: Sequence[Path], allow: AllowList = NOTHING) -> Iterator[ScannedFile]:
    """Every file that is named or lies below a named folder, in order. Git's own folders are left out and no link below
    a folder is followed; what is no regular file (a pipe, a device) is passed by. Raises UsageError for a path that is
    not there."""
    for path in paths:
        if not os.path.lexists(path) or not path.exists():
            raise UsageError(
                f"there is no file or folder {path}", "name what is to be looked at, or - for standard input"
            )
    files, size = [], 0
    for path in paths:
        for file, name in _below(path):
            if isinstance(file, ScannedFile):
                yield file
                continue
            files.append((file, name))
            size += _size(file)
    processes = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1, _MOST_PROCESSES)
    if size < _ALONE or processes < 2:
        yield from _scan_share(_Share(tuple(files), allow))
        return
    shares = tuple(_shares(files, allow))
    done = 0
    try:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            for found in pool.map(_scan_share, shares):
                yield from found
                done += 1
    except (BrokenProcessPool, OSError):
        # A machine without semaphores, or a process killed for its memory: what is left is done here, one by one.
        for share in shares[done:]:
            yield from _scan_share(share)


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


def _scan_share(share: _Share) -> list[ScannedFile]:
    return [_scan_file(file, name, share.allow) for file, name in share.files]


def _scan_file(file: str, name: str, allow: AllowList) -> ScannedFile:
    # A name below the folder that was named, and where it stands: an entry of the allow-list may mean either.
    names = (name,)
    shown = file.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    try:
        # Without waiting: between the walk and now a pipe may have taken the file's place.
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return ScannedFile(shown, trouble="not a regular file")
            data = stream.read(_WHOLE + 1)
            hits = list(_named(name, shown, allow))
            if len(data) <= _WHOLE:
                return ScannedFile(shown, tuple(hits + list(scan(data, shown, allow, names))))
            hits += _in_pieces(data, stream.read, shown, allow, names)
            return ScannedFile(shown, tuple(hits))
    except OSError as error:
        return ScannedFile(shown, trouble=error.strerror or str(error))


def _named(name: str, shown: str, allow: AllowList) -> Iterator[SecretHit]:
    for hit in scan(name.encode("utf-8", "surrogateescape"), "", allow, (shown, name)):
        yield replace(hit, line=0, form="file name")


def _in_pieces(
    data: bytes, read: Callable[[int], bytes], shown: str, allow: AllowList, names: Sequence[str]
) -> list[SecretHit]:
    """A huge file piece by piece, each beginning with the end of the one before."""
    found: dict[tuple[int, str], SecretHit] = {}
    lines = 0
    while data:
        piece, data = data[:_PIECE], data[_PIECE - _OVERLAP :] if len(data) > _PIECE else b""
        for hit in scan(piece, shown, allow, names):
            moved = replace(hit, line=hit.line + lines)
            found.setdefault((moved.line, moved.digest), moved)
        if data:
            lines += piece[: _PIECE - _OVERLAP].count(b"\n")
            if len(data) < _PIECE:
                data += read(_PIECE)
    return list(found.values())
