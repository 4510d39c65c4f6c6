"""The journal on SQLite: every fact of every session, written before anybody is told."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict, deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.storage.database import Database
from engine.storage.leases import FileLease, Leases, Runner
from engine.storage.schema import MIGRATIONS
from engine.storage.subscribers import Callback, Subscribers
from engine.vocabulary.errors import JournalError
from engine.vocabulary.events import ACCOUNT, Event, EventKind, Fact
from engine.vocabulary.flat import fields_of
from engine.vocabulary.fold import FOLDED, fold
from engine.vocabulary.sessions import Session, SessionState, SessionSummary, summary_of_session

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from engine.vocabulary.ports import Clock, Lease

_STATES_KEPT = 32
_OF_SESSION = "SELECT session, seq, at, kind, data, row FROM events WHERE session = ? AND seq > ? ORDER BY seq LIMIT ?"
_SUMMARIES = "SELECT summary, seq FROM sessions WHERE id <> ? ORDER BY first_row DESC"
_OF_ALL = "SELECT session, seq, at, kind, data, row FROM events WHERE row > ? ORDER BY row LIMIT ?"


class SqliteJournal:
    """The `Journal` port. `locks` is the folder of the runners' lock files; `migrations` and `max_pages` go to
    `Database`."""

    def __init__(
        self,
        path: Path,
        locks: Path,
        clock: Clock,
        *,
        migrations: Sequence[Sequence[str]] = MIGRATIONS,
        max_pages: int | None = None,
    ) -> None:
        self._clock = clock
        self._database = Database(path, migrations=migrations, max_pages=max_pages)
        self._leases = Leases(self._database, locks, clock)
        self._subscribers = Subscribers()
        self._writing = threading.Lock()
        self._states: OrderedDict[str, Session] = OrderedDict()
        self._untold: deque[tuple[Event, ...]] = deque()
        self._telling = threading.Lock()
        self._teller: int | None = None

    def append(
        self, session: str, facts: Sequence[Fact], *, lease: Lease | None = None, sync: bool = True
    ) -> tuple[Event, ...]:
        """Write the facts in one transaction, then tell the subscribers of this process, in order. `sync` waits for the
        disk; without it the facts outlive a kill at once and a power cut with the next synced write. Raises LeaseLost
        and JournalError; then nothing was written."""
        if not facts:
            return ()
        encoded = [_encoded(fact) for fact in facts]
        with self._writing:
            try:
                with self._database.transaction(sync=sync) as connection:
                    if lease is not None:
                        self._leases.check(connection, lease.session, lease.generation)
                    events, state = self._insert(connection, session, facts, encoded)
            except BaseException:
                self._states.pop(session, None)
                raise
            self._remember(state)
            self._untold.append(events)
        self._tell()
        return events

    def events(self, session: str, after: int = 0, limit: int | None = None) -> tuple[Event, ...]:
        """Events of one session with a `seq` above `after`, in order."""
        with self._database.reader() as connection:
            return _events_of(connection, session, after, -1 if limit is None else limit)

    def since(self, row: int, limit: int = 1000) -> tuple[Event, ...]:
        """Events of all sessions with a row above `row`, in order."""
        with self._database.reader() as connection:
            return _decoded(connection.execute(_OF_ALL, (row, limit)))

    def last_row(self) -> int:
        """The row of the newest event, 0 for none."""
        with self._database.reader() as connection:
            return int(connection.execute("SELECT coalesce(max(row), 0) FROM events").fetchone()[0])

    def changed(self) -> int:
        """A number that moves with every commit, of this process or another; cheap enough to ask 20 times a second."""
        return self._database.data_version()

    def summaries(self) -> tuple[SessionSummary, ...]:
        """All sessions, newest first."""
        with self._database.reader() as connection:
            rows = connection.execute(_SUMMARIES, (ACCOUNT,)).fetchall()
        return tuple(_summary(json.loads(text), seq) for text, seq in rows)

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Call back from the writing thread after each transaction of this process; the answer ends it. A callback that
        raises is dropped and logged."""
        return self._subscribers.add(callback)

    def send(self, session: str, command: str) -> None:
        """Leave a command for the session's live runner, or for the next one when none lives."""
        generation = self._leases.addressee(session)
        with self._database.transaction(sync=True) as connection:
            connection.execute(
                "INSERT INTO commands (session, generation, command) VALUES (?, ?, ?)", (session, generation, command)
            )

    def take(self, lease: Lease) -> tuple[str, ...]:
        """Commands not yet taken, oldest first; each is handed out once. Raises LeaseLost."""
        with self._database.reader() as connection:
            waiting = connection.execute("SELECT 1 FROM commands WHERE session = ?", (lease.session,)).fetchone()
        if waiting is None:
            return ()
        with self._database.transaction(sync=False) as connection:
            self._leases.check(connection, lease.session, lease.generation)
            rows = connection.execute(
                "SELECT command FROM commands WHERE session = ? ORDER BY row", (lease.session,)
            ).fetchall()
            connection.execute("DELETE FROM commands WHERE session = ?", (lease.session,))
        return tuple(command for (command,) in rows)

    def acquire(self, session: str) -> FileLease:
        """Become the session's runner. Raises UsageError when a live one holds it."""
        return self._leases.acquire(session)

    def runner(self, session: str) -> Runner | None:
        """Who runs it or did last; None when nobody ever did."""
        return self._leases.runner(session)

    def close(self) -> None:
        """Give back all leases and close the file; twice is fine."""
        self._leases.release_all()
        self._database.close()

    def _insert(
        self, connection: sqlite3.Connection, session: str, facts: Sequence[Fact], encoded: Sequence[str]
    ) -> tuple[tuple[Event, ...], Session]:
        found = connection.execute("SELECT seq FROM sessions WHERE id = ?", (session,)).fetchone()
        seq = int(found[0]) if found else 0
        state = self._state(connection, session, seq)
        at = self._clock.now().isoformat(timespec="milliseconds")
        rows = [
            (session, seq + place, at, fact.kind.value, text)
            for place, (fact, text) in enumerate(zip(facts, encoded, strict=True), 1)
        ]
        connection.executemany("INSERT INTO events (session, seq, at, kind, data) VALUES (?, ?, ?, ?, ?)", rows)
        last = int(connection.execute("SELECT max(row) FROM events").fetchone()[0])
        first = last - len(rows) + 1
        # Read back what was written, so that this process sees exactly what every other one will.
        events = tuple(
            Event(session, number, at, fact.kind, json.loads(text), first + place)
            for place, ((_, number, _, _, text), fact) in enumerate(zip(rows, facts, strict=True))
        )
        state = _folded(state, events)
        if found is None:
            new_row = (session, first, state.seq, _summary_text(state))
            connection.execute("INSERT INTO sessions (id, first_row, seq, summary) VALUES (?, ?, ?, ?)", new_row)
        elif any(fact.kind in FOLDED for fact in facts):
            new_summary = (state.seq, _summary_text(state), session)
            connection.execute("UPDATE sessions SET seq = ?, summary = ? WHERE id = ?", new_summary)
        else:
            connection.execute("UPDATE sessions SET seq = ? WHERE id = ?", (state.seq, session))
        return events, state

    def _state(self, connection: sqlite3.Connection, session: str, seq: int) -> Session:
        """The session after `seq`: the one remembered, brought up to date with what other processes wrote."""
        state = self._states.get(session)
        if state is None or state.seq > seq:
            state = Session(session)
        return state if state.seq == seq else _folded(state, _events_of(connection, session, state.seq, -1))

    def _remember(self, state: Session) -> None:
        self._states[state.id] = state
        self._states.move_to_end(state.id)
        while len(self._states) > _STATES_KEPT:
            self._states.popitem(last=False)

    def _tell(self) -> None:
        """Tell what is written and untold, in the order of the file. A subscriber that appends finds its events told
        after the ones that it is being told."""
        me = threading.get_ident()
        if self._teller == me:
            return
        with self._telling:
            self._teller = me
            try:
                while self._untold:
                    self._subscribers.tell(self._untold.popleft())
            finally:
                self._teller = None


def _encoded(fact: Fact) -> str:
    try:
        return json.dumps(fact.data, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise JournalError(
            f"an event {fact.kind.value} holds a value that is not plain JSON: {error}",
            "this is a fault in Orion; please report it",
        ) from error


def _folded(state: Session, events: Iterable[Event]) -> Session:
    seq = state.seq
    for event in events:
        seq = event.seq
        if event.kind in FOLDED:
            state = fold(state, event)
    return state if state.seq == seq else replace(state, seq=seq)


def _events_of(connection: sqlite3.Connection, session: str, after: int, limit: int) -> tuple[Event, ...]:
    return _decoded(connection.execute(_OF_SESSION, (session, after, limit)))


def _decoded(rows: Iterable[tuple[str, int, str, str, str, int]]) -> tuple[Event, ...]:
    try:
        return tuple(
            Event(session, seq, at, EventKind(kind), json.loads(data), row)
            for session, seq, at, kind, data, row in list(rows)
        )
    except ValueError as error:
        raise JournalError(
            f"the journal holds an event that this Orion cannot read: {error}",
            "upgrade Orion if a newer one wrote it; otherwise restore the journal from a backup",
        ) from error


def _summary_text(state: Session) -> str:
    written = fields_of(summary_of_session(state))
    del written["seq"]
    return json.dumps(written, separators=(",", ":"))


def _summary(written: dict[str, Any], seq: int) -> SessionSummary:
    written["state"] = SessionState(written["state"])
    return SessionSummary(**written, seq=seq)
