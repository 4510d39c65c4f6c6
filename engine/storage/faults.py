"""What SQLite complains about, said for a person."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

from engine.vocabulary.errors import JournalError

if TYPE_CHECKING:
    from pathlib import Path

_ROOM = 64 * 1024
"""SQLite makes the file that readers share at least half as large."""
_KEPT = "nothing that was written before is lost"


def journal_error(error: sqlite3.Error, path: Path) -> JournalError:
    """The error to raise in place of SQLite's."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_IOERR and _full(path):
        # What readers share cannot grow either, and that SQLite calls an error of the disk.
        code = sqlite3.SQLITE_FULL
    match code:
        case sqlite3.SQLITE_FULL:
            return JournalError(
                f"the disk is full: the journal {path} cannot grow", f"free some space and resume; {_KEPT}"
            )
        case sqlite3.SQLITE_IOERR:
            return JournalError(
                f"the disk failed while the journal {path} was used: {error}",
                f"check the disk and its free space, then resume; {_KEPT}",
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return JournalError(
                f"the journal {path} is damaged: {error}",
                "move it aside together with its -wal and -shm files, or restore it from a backup",
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return JournalError(
                f"the journal {path} cannot be opened for writing: {error}",
                "check that it and its folder belong to you and can be written",
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return JournalError(
                f"another process kept the journal {path} busy for too long",
                "try again; if it stays so, look for an Orion process that hangs",
            )
        case _:
            return JournalError(f"the journal {path} failed: {error}", "run orion doctor")


def _full(path: Path) -> bool:
    try:
        there = os.statvfs(path.parent)
    except OSError:
        return False
    return there.f_bavail * there.f_frsize < _ROOM
