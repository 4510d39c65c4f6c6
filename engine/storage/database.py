"""One SQLite file as the journal uses it: a writer, a few readers, and errors that a person understands."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from engine.storage.faults import journal_error
from engine.storage.schema import MIGRATIONS, migrate
from engine.vocabulary.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_BUSY_S = 20.0
_WAL_KEPT_BYTES = 64 * 1024 * 1024


class Database:
    """Safe with many threads and processes. `max_pages` caps the file (SQLite's own pages), as a full disk would."""

    def __init__(
        self, path: Path, *, migrations: Sequence[Sequence[str]] = MIGRATIONS, max_pages: int | None = None
    ) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._idle: list[sqlite3.Connection] = []
        self._pool = threading.Lock()
        self._closed = False
        self._full = True
        with self._explained():
            _make_private(path)
            self._writer = self._connect()
            try:
                _use_wal(self._writer)
                migrate(self._writer, path, migrations)
                if max_pages is not None:
                    self._writer.execute(f"PRAGMA max_page_count = {max_pages:d}")
                self._watcher = self._connect()
            except BaseException:
                self.close()
                raise

    @contextmanager
    def transaction(self, *, sync: bool) -> Iterator[sqlite3.Connection]:
        """Everything in the block is kept, or nothing. `sync` waits for the disk, which makes all earlier transactions
        durable too. Raises JournalError."""
        with self._lock, self._explained():
            self._check_open()
            connection = self._writer
            if sync != self._full:
                connection.execute(f"PRAGMA synchronous = {'FULL' if sync else 'NORMAL'}")
                self._full = sync
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # A full disk may have ended the transaction by itself.
                if connection.in_transaction:
                    with suppress(sqlite3.Error):
                        connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
        """A connection for reading, no transaction left open by it. Raises JournalError."""
        with self._explained():
            with self._pool:
                self._check_open()
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                connection = self._connect()
            try:
                yield connection
            finally:
                with self._pool:
                    if self._closed:
                        connection.close()
                    else:
                        self._idle.append(connection)

    def data_version(self) -> int:
        """A number that moves with every commit of any other connection."""
        with self._explained(), self._pool:
            self._check_open()
            return int(self._watcher.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Close all connections once running transactions and reads are over; twice is fine."""
        with self._lock, self._pool:
            self._closed = True
            for connection in (*self._idle, getattr(self, "_watcher", None), getattr(self, "_writer", None)):
                if connection is not None:
                    with suppress(sqlite3.Error):
                        connection.close()
            self._idle.clear()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA journal_size_limit = {_WAL_KEPT_BYTES}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _check_open(self) -> None:
        if self._closed:
            raise JournalError(f"the journal {self.path} is closed", "open Orion again")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise journal_error(error, self.path) from error


def _make_private(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # SQLite gives its -wal and -shm files the mode of the main one.
            os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise JournalError(
            f"the journal {path} cannot be opened: {error.strerror}",
            "check that it and its folder belong to you and can be written",
        ) from error


def _use_wal(connection: sqlite3.Connection) -> None:
    end = time.monotonic() + _BUSY_S
    while True:
        # SQLite does not wait for its turn when several processes switch a new file at the same time.
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        else:
            if mode == "wal":
                return
            raise JournalError(
                f"the journal cannot use a write-ahead log here (SQLite answered {mode!r})",
                "set ORION_HOME to a folder on a local disk",
            )
        time.sleep(0.01)
