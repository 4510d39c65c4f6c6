"""The right to run a session: a lock that the operating system takes back from the dead, and a row that says who."""

from __future__ import annotations

import logging
import os
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.storage.clock import boot_id
from engine.storage.files import is_locked, open_lock, try_lock
from engine.storage.holders import is_gone, this_process
from engine.storage.home import checked_id
from engine.vocabulary.errors import JournalError, LeaseLost, UsageError

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from engine.storage.database import Database
    from engine.vocabulary.ports import Clock

STALE_S = 120.0
"""A runner on a machine whose locks cannot be seen counts as dead after this long without a beat."""

LOCK_OUTLIVES_S = 1.0
"""A lock can be held this long by nobody who works: by one who only looks at it, or after a kill by a program that the
dead runner was just starting, whose process holds a copy until it has become the program."""

COPY_OUTLIVES_S = 30.0
"""How long the latter is waited for where it is known that the runner itself is dead: a machine under load is slow to
start programs."""

_HOLDER_BYTES = 200

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Runner:
    """Who runs a session now, or did last."""

    pid: int
    host: str
    alive: bool


@dataclass(frozen=True, slots=True)
class _Row:
    generation: int
    pid: int
    host: str
    boot: str
    beat: float
    released: bool


class FileLease:
    """One acquired session. Made by `Leases.acquire` only."""

    def __init__(self, leases: Leases, session: str, generation: int, descriptor: int) -> None:
        self._leases = leases
        self._session = session
        self._generation = generation
        self._descriptor: int | None = descriptor
        self._lock = threading.Lock()

    @property
    def session(self) -> str:
        return self._session

    @property
    def generation(self) -> int:
        return self._generation

    def beat(self) -> None:
        """Say that the runner lives; due every 30 s. Raises LeaseLost, or JournalError when it cannot be written."""
        self._leases.beat(self)

    def release(self) -> None:
        """Give it back; calling it twice is fine. Never raises: the lock is free whatever happens to the row."""
        with self._lock:
            descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        try:
            self._leases.mark_released(self)
        except JournalError as error:
            _logger.warning("the end of a lease could not be written: %s", error)
        finally:
            os.close(descriptor)


class Leases:
    """All leases of one journal: lock files in `folder`, rows in the database."""

    def __init__(self, database: Database, folder: Path, clock: Clock) -> None:
        self._database = database
        self._folder = folder
        self._clock = clock
        self._host = socket.gethostname()
        self._boot = boot_id()
        self._held: set[FileLease] = set()
        self._lock = threading.Lock()

    def acquire(self, session: str) -> FileLease:
        """Become the session's runner. Raises UsageError naming the live one that holds it."""
        path = self._path(session)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = open_lock(path)
        except OSError as error:
            raise JournalError(f"{path} cannot be opened: {error.strerror}", "check that it belongs to you") from error
        try:
            generation = self._take_over(session, descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        lease = FileLease(self, session, generation, descriptor)
        with self._lock:
            self._held.add(lease)
        return lease

    def runner(self, session: str) -> Runner | None:
        """Who runs it; the lock is looked at, not taken."""
        row = self._read(session)
        return None if row is None else Runner(row.pid, row.host, self._alive(session, row))

    def check(self, connection: sqlite3.Connection, session: str, generation: int) -> None:
        """Within a transaction: raises LeaseLost unless that generation still holds the session."""
        row = _select(connection, session)
        if row is None or row.generation != generation or row.released:
            who = f"process {row.pid} on {row.host}" if row and row.generation != generation else "nobody"
            raise LeaseLost(
                f"this runner no longer holds session {session} ({who} does now)", "it stops; nothing was written"
            )

    def beat(self, lease: FileLease) -> None:
        with self._database.transaction(sync=False) as connection:
            self.check(connection, lease.session, lease.generation)
            connection.execute("UPDATE leases SET beat = ? WHERE session = ?", (self._now(), lease.session))

    def mark_released(self, lease: FileLease) -> None:
        with self._lock:
            self._held.discard(lease)
        with self._database.transaction(sync=False) as connection:
            connection.execute(
                "UPDATE leases SET released = 1 WHERE session = ? AND generation = ?", (lease.session, lease.generation)
            )

    def addressee(self, session: str) -> int:
        """The generation that a command sent now is for: the live runner's, or the next one's."""
        row = self._read(session)
        if row is None:
            return 1
        return row.generation if self._alive(session, row) else row.generation + 1

    def release_all(self) -> None:
        with self._lock:
            held = tuple(self._held)
        for lease in held:
            lease.release()

    def _take_over(self, session: str, descriptor: int) -> int:
        wait_s = COPY_OUTLIVES_S if is_gone(self._holder(session)) else LOCK_OUTLIVES_S
        if not try_lock(descriptor, wait_s=wait_s):
            raise self._taken(session, self._read(session))
        # Before the row says so: the new holder's row is never read beside the old one's name. On a full disk there is
        # no name, and the lock alone decides.
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, this_process(), 0)
        with self._database.transaction(sync=True) as connection:
            row = _select(connection, session)
            if row is not None and not row.released and not self._seen_from_here(row) and self._beats(row):
                raise self._taken(session, row)
            generation = 1 if row is None else row.generation + 1
            connection.execute(
                "INSERT OR REPLACE INTO leases (session, generation, pid, host, boot, beat, released)"
                " VALUES (?, ?, ?, ?, ?, ?, 0)",
                (session, generation, os.getpid(), self._host, self._boot, self._now()),
            )
            # Commands to a runner that is gone die with it: an old `pause` must not stop the next one.
            connection.execute("DELETE FROM commands WHERE session = ? AND generation < ?", (session, generation))
        return generation

    def _alive(self, session: str, row: _Row) -> bool:
        if row.released:
            return False
        if not self._seen_from_here(row):
            return self._beats(row)
        return is_locked(self._path(session)) and not is_gone(self._holder(session))

    def _holder(self, session: str) -> bytes:
        """The name of who holds its lock, or held it last; empty when that is not known."""
        try:
            with self._path(session).open("rb") as file:
                return file.read(_HOLDER_BYTES)
        except OSError:
            return b""

    def _seen_from_here(self, row: _Row) -> bool:
        """Whether its lock can be seen: another container on this kernel, or this machine before a restart."""
        return row.host == self._host or (bool(row.boot) and row.boot == self._boot)

    def _beats(self, row: _Row) -> bool:
        return self._now() - row.beat < STALE_S

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _read(self, session: str) -> _Row | None:
        with self._database.reader() as connection:
            return _select(connection, session)

    def _path(self, session: str) -> Path:
        return self._folder / f"{checked_id(session)}.lock"

    def _taken(self, session: str, row: _Row | None) -> UsageError:
        who = f"process {row.pid} on {row.host}" if row else "another process"
        return UsageError(
            f"session {session} is being run by {who}", "watch it with orion log --follow, or pause or cancel it first"
        )


def _select(connection: sqlite3.Connection, session: str) -> _Row | None:
    found = connection.execute(
        "SELECT generation, pid, host, boot, beat, released FROM leases WHERE session = ?", (session,)
    ).fetchone()
    if found is None:
        return None
    generation, pid, host, boot, beat, released = found
    return _Row(generation, pid, host, boot, beat, bool(released))
