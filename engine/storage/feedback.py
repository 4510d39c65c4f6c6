"""Feedback kept per role, in a table of its own that is written from the journal: what it holds can be read there
again, and a reset does not touch the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.planning.feedback import FeedbackRow, rows_of
from engine.storage.database import Database
from engine.vocabulary.actions import ActionClass
from engine.vocabulary.fold import fold_all
from engine.vocabulary.outlook import History, Rejection, ReviewVerdict, Sample

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from engine.vocabulary.ports import Clock, Journal

LAST_REJECTIONS = 5
LAST_SAMPLES = 500
"""Older work says little of how a model works today."""

_ROWS = """
CREATE TABLE feedback (
    session TEXT NOT NULL,
    task TEXT NOT NULL,
    role TEXT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    confidence REAL NOT NULL,
    verdict TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    sampled INTEGER NOT NULL,
    raw_s REAL,
    duration_s REAL,
    cost_usd REAL NOT NULL,
    PRIMARY KEY (session, task)
)"""
_SEEN = "CREATE TABLE seen (session TEXT PRIMARY KEY, seq INTEGER NOT NULL)"
_RESETS = "CREATE TABLE resets (role TEXT PRIMARY KEY, at TEXT NOT NULL)"
MIGRATIONS: tuple[tuple[str, ...], ...] = ((_ROWS, _SEEN, _RESETS, "CREATE INDEX by_role ON feedback (role, at)"),)


class JournalFeedback:
    """The `Feedback` port. Each call first takes up what the journal has learnt since; nothing is lost by a kill, since
    the rows of a session and how far it was read are written together."""

    def __init__(self, path: Path, journal: Journal, clock: Clock) -> None:
        self._database = Database(path, migrations=MIGRATIONS)
        self._journal = journal
        self._clock = clock

    def history(self, role: str) -> History:
        """What is remembered of the role. Raises JournalError."""
        self._take_up()
        with self._database.reader() as connection:
            samples = connection.execute(
                "SELECT role, kind, confidence, verdict, raw_s, duration_s, cost_usd, at FROM feedback "
                "WHERE role = ? AND sampled ORDER BY at DESC LIMIT ?",
                (role, LAST_SAMPLES),
            ).fetchall()
            rejected = connection.execute(
                "SELECT title, reason, kind, at FROM feedback WHERE role = ? AND verdict = ? AND reason != '' "
                "ORDER BY at DESC LIMIT ?",
                (role, ReviewVerdict.REJECTED.value, LAST_REJECTIONS),
            ).fetchall()
        return History(
            tuple(
                Sample(name, ActionClass(kind), confidence, ReviewVerdict(verdict), *rest)
                for name, kind, confidence, verdict, *rest in reversed(samples)
            ),
            tuple(Rejection(*row) for row in rejected),
        )

    def reset(self, role: str = "") -> int:
        """Forget what is remembered of the role (of all roles when it is empty); how many entries went. Work that ended
        before does not come back. Raises JournalError."""
        self._take_up()
        now = self._clock.now().isoformat(timespec="milliseconds")
        with self._database.transaction(sync=True) as connection:
            gone = connection.execute("DELETE FROM feedback WHERE ? IN ('', role)", (role,)).rowcount
            connection.execute("INSERT OR REPLACE INTO resets VALUES (?, ?)", (role, now))
        return gone

    def close(self) -> None:
        self._database.close()

    def _take_up(self) -> None:
        with self._database.reader() as connection:
            seen = dict(connection.execute("SELECT session, seq FROM seen").fetchall())
        fresh = [row for row in self._journal.summaries() if seen.get(row.id) != row.seq]
        for summary in fresh:
            session = fold_all(summary.id, self._journal.events(summary.id))
            with self._database.transaction(sync=False) as connection:
                since = _reset_at(connection, session.role)
                connection.execute("DELETE FROM feedback WHERE session = ?", (session.id,))
                connection.executemany(
                    "INSERT INTO feedback VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [_values(session.id, session.role, row) for row in rows_of(session) if row.at > since],
                )
                connection.execute("INSERT OR REPLACE INTO seen VALUES (?, ?)", (session.id, session.seq))


def _reset_at(connection: sqlite3.Connection, role: str) -> str:
    found = connection.execute("SELECT coalesce(max(at), '') FROM resets WHERE role IN ('', ?)", (role,)).fetchone()
    return str(found[0])


def _values(session: str, role: str, row: FeedbackRow) -> tuple[object, ...]:
    return (
        session, row.task, role, row.kind, row.title, row.confidence, row.verdict.value, row.reason, row.at,
        int(row.sampled), row.raw_s, row.duration_s, row.cost_usd,
    )  # fmt: skip
