"""The tables of the journal, and how an older file becomes the present one."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from engine.vocabulary.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_EVENTS = """
CREATE TABLE events (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    session TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    UNIQUE (session, seq)
)"""
_SESSIONS = """
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    first_row INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    summary TEXT NOT NULL
)"""
_COMMANDS = """
CREATE TABLE commands (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    session TEXT NOT NULL,
    generation INTEGER NOT NULL,
    command TEXT NOT NULL
)"""
_LEASES = """
CREATE TABLE leases (
    session TEXT PRIMARY KEY,
    generation INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    boot TEXT NOT NULL,
    beat REAL NOT NULL,
    released INTEGER NOT NULL
)"""

# Each entry takes the file one version further; one that was released is never edited. Rows are numbered with
# AUTOINCREMENT because followers go by them: a number is never given out twice.
MIGRATIONS: tuple[tuple[str, ...], ...] = ((_EVENTS, _SESSIONS, _COMMANDS, _LEASES),)


def migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> None:
    """Bring the file to the latest version, one transaction for each step. Raises JournalError for a file of a newer
    Orion, which is left as it is."""
    while True:
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if found > len(migrations):
            raise JournalError(
                f"the journal {path} has version {found}; this Orion knows versions up to {len(migrations)}",
                "upgrade Orion, or set ORION_HOME to another folder",
            )
        if found == len(migrations):
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have taken this step while this one waited for its turn.
            if int(connection.execute("PRAGMA user_version").fetchone()[0]) == found:
                for statement in migrations[found]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {found + 1}")
            connection.execute("COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
