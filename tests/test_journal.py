"""The journal on real SQLite and with real processes: nothing acknowledged is lost, nothing is numbered twice."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.storage.clock import SystemClock
from engine.storage.journal import SqliteJournal
from engine.storage.schema import MIGRATIONS
from engine.vocabulary.errors import JournalError
from engine.vocabulary.events import Event, EventKind, Fact
from engine.vocabulary.fold import fold_all
from engine.vocabulary.ports import Journal
from engine.vocabulary.sessions import SessionState, summary_of_session
from tests.support.counts import count

CREATED = Fact(
    EventKind.SESSION_CREATED,
    {"goal": "tidy", "role": "r", "role_digest": "d", "workspace": "/w", "base_commit": "c", "branch": "main"},
)

STARTED = Fact(EventKind.SESSION_STARTED, {"sandbox": {"name": "bubblewrap"}, "generation": 1, "pid": 1, "host": "h"})


def action(number: int = 0, text: str = "") -> Fact:
    return Fact(EventKind.ACTION, {"task": "t", "step": number, "summary": text, "outcome": "ok"})


def open_journal(folder: Path, **options: Any) -> SqliteJournal:
    return SqliteJournal(folder / "journal.db", folder / "locks", SystemClock(), **options)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    made = open_journal(tmp_path)
    yield made
    made.close()


def run_python(code: str, *arguments: object, wait: bool = True) -> subprocess.Popen[str]:
    started = subprocess.Popen(
        [sys.executable, "-c", PREAMBLE + code, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )
    if wait:
        started.communicate(timeout=60)
        assert started.returncode == 0
    return started


PREAMBLE = """
import sys, os
from pathlib import Path
from engine.storage.clock import SystemClock
from engine.storage.journal import SqliteJournal
from engine.vocabulary.events import EventKind, Fact
folder = Path(sys.argv[1])
journal = SqliteJournal(folder / "journal.db", folder / "locks", SystemClock())
def action(number):
    return Fact(EventKind.ACTION, {"task": "t", "step": number, "outcome": "ok"})
"""


def test_events_are_numbered_without_gaps_for_each_session_and_in_rows_over_all(journal: SqliteJournal) -> None:
    port: Journal = journal
    port.append("a", [CREATED, action(1)])
    port.append("b", [CREATED])
    port.append("a", [action(2)], sync=False)

    assert [event.seq for event in port.events("a")] == [1, 2, 3]
    assert [event.seq for event in port.events("b")] == [1]
    assert [(event.row, event.session) for event in port.since(0)] == [(1, "a"), (2, "a"), (3, "b"), (4, "a")]
    assert port.last_row() == 4


def test_reading_can_start_after_a_number_and_stop_at_a_limit(journal: SqliteJournal) -> None:
    journal.append("a", [action(number) for number in range(10)])

    assert [event.seq for event in journal.events("a", after=4, limit=3)] == [5, 6, 7]
    assert [event.row for event in journal.since(8)] == [9, 10]
    assert journal.events("nobody") == ()


def test_what_append_answers_is_what_everybody_reads(journal: SqliteJournal) -> None:
    given = Fact(EventKind.TURN, {"task": "t", "calls": ({"tool": "run"},), "text": "é\udcff\x00\u202e", "n": 1.5})
    answered = journal.append("a", [given])

    assert answered == journal.events("a") == journal.since(0)
    assert answered[0].data["calls"] == [{"tool": "run"}]
    assert datetime.fromisoformat(answered[0].at).tzinfo == UTC


def test_a_value_that_is_not_json_is_refused_before_anything_is_written(journal: SqliteJournal) -> None:
    for value in (float("nan"), object(), {1, 2}):
        with pytest.raises(JournalError, match="not plain JSON"):
            journal.append("a", [action(), Fact(EventKind.NOTICE, {"message": value})])
    assert journal.last_row() == 0


def test_a_fact_that_does_not_fit_leaves_nothing_of_its_group(journal: SqliteJournal) -> None:
    journal.append("a", [CREATED])
    with pytest.raises(KeyError):
        journal.append("a", [action(), Fact(EventKind.TASK_ENDED, {})])
    assert [event.seq for event in journal.events("a")] == [1]
    assert journal.append("a", [action()])[0].seq == 2


def test_an_event_of_an_unknown_kind_is_named_and_not_skipped(tmp_path: Path, journal: SqliteJournal) -> None:
    journal.append("a", [action()])
    plain = sqlite3.connect(tmp_path / "journal.db")
    plain.execute("UPDATE events SET kind = 'from_the_future'")
    plain.commit()
    plain.close()
    with pytest.raises(JournalError, match="from_the_future"):
        journal.events("a")


def test_the_summary_is_that_of_the_folded_session(journal: SqliteJournal) -> None:
    journal.append("old", [CREATED])
    journal.append("new", [CREATED])
    journal.append("old", [STARTED, action(), Fact(EventKind.TURN, {"task": "t", "cost_usd": 0.25})])
    journal.append("old", [action(), action()], sync=False)

    newest, oldest = journal.summaries()
    assert (newest.id, oldest.id) == ("new", "old")
    assert oldest == summary_of_session(fold_all("old", journal.events("old")))
    assert (oldest.state, oldest.cost_usd, oldest.seq) == (SessionState.RUNNING, 0.25, 6)


def test_a_summary_stays_right_when_several_processes_write_in_turn(tmp_path: Path) -> None:
    one, two = open_journal(tmp_path), open_journal(tmp_path)
    one.append("a", [CREATED])
    for _ in range(5):
        one.append("a", [Fact(EventKind.TURN, {"cost_usd": 1.0})])
        two.append("a", [Fact(EventKind.TURN, {"cost_usd": 1.0})])
    assert one.summaries()[0].cost_usd == two.summaries()[0].cost_usd == 10.0
    one.close()
    two.close()


def test_subscribers_are_told_in_order_by_many_writing_threads(journal: SqliteJournal) -> None:
    told: list[Event] = []
    journal.subscribe(told.extend)
    threads = [
        threading.Thread(target=lambda name=name: [journal.append(name, [action()], sync=False) for _ in range(100)])
        for name in "abcd"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event.row for event in told] == list(range(1, 401))
    assert tuple(told) == journal.since(0)


def test_a_writer_finds_its_events_told_when_append_returns(journal: SqliteJournal) -> None:
    told: list[Event] = []
    leave = journal.subscribe(told.extend)
    events = journal.append("a", [action()])
    assert tuple(told) == events
    leave()
    journal.append("a", [action()])
    assert len(told) == 1


def test_a_subscriber_that_raises_is_dropped_and_logged(
    journal: SqliteJournal, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Event] = []

    def broken(events: tuple[Event, ...]) -> None:
        raise RuntimeError("the screen is gone")

    journal.subscribe(broken)
    journal.subscribe(told.extend)
    with caplog.at_level(logging.ERROR):
        journal.append("a", [action()])
        journal.append("a", [action()])
    assert len(told) == 2
    assert len(caplog.records) == 1
    assert "the screen is gone" in caplog.text


def test_a_subscriber_may_append_and_everybody_still_sees_one_order(journal: SqliteJournal) -> None:
    first: list[int] = []
    second: list[int] = []

    def answering(events: tuple[Event, ...]) -> None:
        first.extend(event.row for event in events)
        if events[0].kind is EventKind.ACTION:
            journal.append("a", [Fact(EventKind.NOTICE, {"message": "seen"})])

    journal.subscribe(answering)
    journal.subscribe(lambda events: second.extend(event.row for event in events))
    journal.append("a", [action()])
    journal.append("a", [action()])
    assert first == second == [1, 2, 3, 4]


def test_several_processes_append_to_one_session_without_gap_or_loss(tmp_path: Path) -> None:
    code = "for n in range(60): journal.append('a', [action(n), action(n)], sync=n % 2 == 0)"
    writers = [run_python(code, tmp_path, wait=False) for _ in range(4)]
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    journal = open_journal(tmp_path)
    assert [event.seq for event in journal.events("a")] == list(range(1, 481))
    assert [event.row for event in journal.since(0)] == list(range(1, 481))
    assert journal.summaries()[0].seq == 480
    journal.close()


@pytest.mark.slow
def test_a_killed_writer_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    code = """
n = 0
while True:
    events = journal.append("a", [action(n), action(n)], sync=n % 3 == 0)
    os.write(1, b"%d\\n" % events[-1].seq)
    n += 1
"""
    rounds = count(120)
    acknowledged = 0
    for number in range(rounds):
        writer = run_python(code, tmp_path, wait=False)
        assert writer.stdout is not None
        for _ in range(5 + 37 * number % 50):
            acknowledged = int(writer.stdout.readline())
        writer.kill()
        rest = [line for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        acknowledged = max([acknowledged, *map(int, rest)])
        writer.wait()
        writer.stdout.close()

        journal = open_journal(tmp_path)
        numbers = [event.seq for event in journal.events("a")]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= acknowledged
        assert len(numbers) % 2 == 0, "a transaction is kept whole or not at all"
        assert journal.summaries()[0].seq == len(numbers)
        journal.close()


def fill(journal: SqliteJournal) -> int:
    """Append until it fails; how many were acknowledged."""
    acknowledged = []

    def append_for_ever() -> None:
        while len(acknowledged) < 5_000:
            text = "x" * 5_000
            acknowledged.append(
                journal.append("a", [action(1, text), action(2, text)], sync=len(acknowledged) % 2 == 0)
            )

    with pytest.raises(JournalError, match="full") as caught:
        append_for_ever()
    assert "free some space" in caught.value.hint
    return len(acknowledged)


def test_a_full_disk_keeps_all_that_was_acknowledged_and_tells_nobody_of_the_rest(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, max_pages=100)
    told: list[Event] = []
    journal.subscribe(told.extend)
    done = fill(journal)

    assert len(journal.events("a")) == len(told) == 2 * done > 0
    assert journal.summaries()[0].seq == 2 * done
    journal.close()

    roomy = open_journal(tmp_path)
    assert roomy.append("a", [action()])[0].seq == 2 * done + 1
    roomy.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tiny file system needs root")
def test_a_really_full_file_system_keeps_all_that_was_acknowledged(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip("this container may not mount a file system")
    try:
        journal = open_journal(small)
        done = fill(journal)
        assert [event.seq for event in journal.events("a")] == list(range(1, 2 * done + 1))
        subprocess.run(["mount", "-o", "remount,size=8m", str(small)], check=True)
        assert journal.append("a", [action()])[0].seq == 2 * done + 1
        journal.close()
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_journal_of_a_newer_orion_is_left_alone_and_both_versions_are_named(tmp_path: Path) -> None:
    open_journal(tmp_path).close()
    newer = sqlite3.connect(tmp_path / "journal.db")
    newer.execute("PRAGMA user_version = 97")
    newer.close()
    before = (tmp_path / "journal.db").read_bytes()

    with pytest.raises(JournalError, match=f"version 97; this Orion knows versions up to {len(MIGRATIONS)}") as caught:
        open_journal(tmp_path)
    assert "upgrade" in caught.value.hint
    assert (tmp_path / "journal.db").read_bytes() == before


def test_an_older_journal_is_taken_to_the_present_version_with_its_events(tmp_path: Path) -> None:
    old = open_journal(tmp_path)
    old.append("a", [CREATED])
    old.close()
    longer = (*MIGRATIONS, ("CREATE TABLE extra (x)", "INSERT INTO extra VALUES (1)"))
    new = open_journal(tmp_path, migrations=longer)
    again = open_journal(tmp_path, migrations=longer)
    assert len(new.events("a")) == 1
    new.close()
    again.close()
    with pytest.raises(JournalError, match="version 2"):
        open_journal(tmp_path)


def test_a_step_that_fails_leaves_the_older_version_whole(tmp_path: Path) -> None:
    open_journal(tmp_path).close()
    with pytest.raises(JournalError):
        open_journal(tmp_path, migrations=(*MIGRATIONS, ("CREATE TABLE extra (x)", "CREATE NONSENSE")))
    open_journal(tmp_path).close()


def test_a_file_that_is_no_journal_gets_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"shopping list\n" * 1000)
    with pytest.raises(JournalError, match="damaged"):
        open_journal(tmp_path)
    (tmp_path / "journal.db").unlink()
    (tmp_path / "journal.db").mkdir()
    with pytest.raises(JournalError, match="cannot be opened"):
        open_journal(tmp_path)


def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    (tmp_path / "journal.db").touch(0o644)
    journal = open_journal(tmp_path)
    journal.append("a", [action()])
    journal.acquire("a")
    files = [*tmp_path.glob("journal.db*"), *(tmp_path / "locks").iterdir()]
    assert len(files) == 4
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    journal.close()


def test_changed_moves_when_another_process_wrote_and_rests_otherwise(tmp_path: Path, journal: SqliteJournal) -> None:
    before = journal.changed()
    assert journal.changed() == before
    run_python("journal.append('a', [action(1)])", tmp_path)
    after = journal.changed()
    assert after != before
    assert journal.changed() == after
    assert len(journal.events("a")) == 1


def test_many_processes_may_make_the_file_at_the_same_time(tmp_path: Path) -> None:
    writers = [run_python("journal.append('a', [action(1)])", tmp_path, wait=False) for _ in range(6)]
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    journal = open_journal(tmp_path)
    assert journal.last_row() == 6
    journal.close()


def test_a_closed_journal_says_so_and_closing_twice_is_fine(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.close()
    journal.close()
    for use in (lambda: journal.append("a", [action()]), journal.last_row, journal.changed, journal.summaries):
        with pytest.raises(JournalError, match="closed"):
            use()


def test_the_file_holds_plain_json_that_other_tools_can_read(tmp_path: Path, journal: SqliteJournal) -> None:
    journal.append("a", [CREATED])
    plain = sqlite3.connect(tmp_path / "journal.db")
    (data,) = plain.execute("SELECT data FROM events").fetchone()
    plain.close()
    assert json.loads(data)["goal"] == "tidy"
