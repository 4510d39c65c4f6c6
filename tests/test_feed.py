"""The feed: every event once, in the order of the journal, whoever wrote it."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.storage.clock import SystemClock
from engine.storage.feed import Feed
from engine.storage.journal import SqliteJournal
from engine.vocabulary.errors import JournalError
from engine.vocabulary.events import Event, EventKind, Fact

ACTION = Fact(EventKind.ACTION, {"task": "t", "step": 1, "outcome": "ok", "excerpt": "line\n" * 5})
ENDED = Fact(EventKind.SESSION_ENDED, {"state": "awaiting_review", "reason": "done"})
WRITER = """
import sys
from pathlib import Path
from engine.storage.clock import SystemClock
from engine.storage.journal import SqliteJournal
from engine.vocabulary.events import EventKind, Fact
folder, count, ended = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "end"
journal = SqliteJournal(folder / "journal.db", folder / "locks", SystemClock())
for n in range(count):
    journal.append("a", [Fact(EventKind.ACTION, {"task": "t", "step": n, "outcome": "ok"})] * 3, sync=False)
if ended:
    journal.append("a", [Fact(EventKind.SESSION_ENDED, {"state": "failed"})])
"""


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    made = SqliteJournal(tmp_path / "journal.db", tmp_path / "locks", SystemClock())
    yield made
    made.close()


@pytest.fixture
def feed(journal: SqliteJournal) -> Iterator[Feed]:
    made = Feed(journal)
    yield made
    made.close()


class Collector:
    """Keeps what it is told and can wait for it."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._arrived = threading.Condition()

    def __call__(self, events: tuple[Event, ...]) -> None:
        with self._arrived:
            self.events += events
            self._arrived.notify_all()

    def wait(self, count: int) -> list[int]:
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.events) >= count, 30)
            return [event.row for event in self.events]


def writer(folder: Path, count: int, end: str = "") -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WRITER, str(folder), str(count), end])


def test_events_of_this_process_arrive_once_and_in_order(journal: SqliteJournal, feed: Feed) -> None:
    journal.append("a", [ACTION])
    seen = Collector()
    feed.subscribe(seen)
    for _ in range(50):
        journal.append("a", [ACTION, ACTION], sync=False)
    assert feed.wait_drained(30)
    assert seen.wait(100) == list(range(2, 102))
    assert feed.drained()


def test_events_of_other_processes_and_this_one_are_merged_without_gap_or_double(
    tmp_path: Path, journal: SqliteJournal, feed: Feed
) -> None:
    seen = Collector()
    feed.subscribe(seen)
    others = [writer(tmp_path, 150), writer(tmp_path, 150)]
    # Written all the while, so that the rows of the three processes lie between one another.
    while any(other.poll() is None for other in others):
        journal.append("b", [ACTION], sync=False)
    assert [other.wait() for other in others] == [0, 0]
    assert feed.wait_drained(30)
    count = journal.last_row()
    assert count > 900
    assert seen.wait(count) == list(range(1, count + 1))
    assert tuple(seen.events) == journal.since(0, count)


def test_a_slow_subscriber_gets_everything_all_the_same(journal: SqliteJournal, feed: Feed) -> None:
    entered, go = threading.Event(), threading.Event()
    seen = Collector()

    def slow(events: tuple[Event, ...]) -> None:
        entered.set()
        assert go.wait(30)
        seen(events)

    feed.subscribe(slow)
    journal.append("a", [ACTION])
    assert entered.wait(30)
    assert not feed.drained()
    for _ in range(5_000):  # more than the feed keeps in memory
        journal.append("a", [ACTION], sync=False)
    assert not feed.wait_drained(0)
    go.set()
    assert feed.wait_drained(60)
    assert seen.wait(5_001) == list(range(1, 5_002))


def test_a_subscriber_that_raises_is_dropped_and_the_others_go_on(
    journal: SqliteJournal, feed: Feed, caplog: pytest.LogCaptureFixture
) -> None:
    seen = Collector()

    def broken(events: tuple[Event, ...]) -> None:
        raise RuntimeError("no screen")

    feed.subscribe(broken)
    feed.subscribe(seen)
    with caplog.at_level(logging.ERROR):
        journal.append("a", [ACTION])
        assert feed.wait_drained(30)
        journal.append("a", [ACTION])
        assert feed.wait_drained(30)
    assert seen.wait(2) == [1, 2]
    assert len(caplog.records) == 1


def test_who_left_is_told_nothing_more(journal: SqliteJournal, feed: Feed) -> None:
    seen, staying = Collector(), Collector()
    leave = feed.subscribe(seen)
    feed.subscribe(staying)
    journal.append("a", [ACTION])
    assert feed.wait_drained(30)
    leave()
    leave()
    journal.append("a", [ACTION])
    assert staying.wait(2) == [1, 2]
    assert len(seen.events) == 1


def test_a_feed_without_subscribers_has_no_thread_and_counts_as_drained(journal: SqliteJournal) -> None:
    before = threading.active_count()
    feed = Feed(journal)
    journal.append("a", [ACTION])
    assert feed.drained()
    assert feed.wait_drained(0)
    assert threading.active_count() == before
    feed.subscribe(Collector())
    feed.close()
    feed.close()
    assert threading.active_count() == before
    with pytest.raises(JournalError, match="closed"):
        feed.subscribe(Collector())


def test_following_gives_the_past_then_the_present_and_ends_with_the_session(
    journal: SqliteJournal, feed: Feed
) -> None:
    lease = journal.acquire("a")
    journal.append("a", [ACTION] * 1500, lease=lease)

    def runner() -> None:
        for _ in range(10):
            journal.append("a", [ACTION], lease=lease)
        journal.append("a", [ENDED], lease=lease)
        lease.release()

    thread = threading.Thread(target=runner)
    numbers = []
    for event in feed.follow("a", 5, threading.Event(), lambda: bool((r := journal.runner("a")) and r.alive)):
        if event.seq == 1500:
            thread.start()
        numbers.append(event.seq)
    thread.join()
    assert numbers == list(range(6, 1512))


def test_another_process_can_be_followed(tmp_path: Path, journal: SqliteJournal, feed: Feed) -> None:
    process = writer(tmp_path, 50, "end")
    events = list(feed.follow("a", 0, threading.Event(), lambda: process.poll() is None))
    assert [event.seq for event in events] == list(range(1, 152))
    assert events[-1].kind is EventKind.SESSION_ENDED


def test_following_ends_when_it_is_told_to(journal: SqliteJournal, feed: Feed) -> None:
    journal.append("a", [ACTION, ACTION])
    stop = threading.Event()
    follower = feed.follow("a", 0, stop, lambda: True)
    assert next(follower).seq == 1
    stop.set()
    assert list(follower) == []


def test_following_a_session_whose_runner_died_without_a_word_ends(
    journal: SqliteJournal, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.storage.feed.DEAD_S", 0.0)
    journal.acquire("a").release()
    journal.append("a", [ACTION])
    assert [event.seq for event in feed.follow("a", 0, threading.Event(), lambda: False)] == [1]


@pytest.mark.slow
def test_twenty_thousand_events_a_second_are_delivered_while_they_are_written(
    journal: SqliteJournal, feed: Feed
) -> None:
    seen = Collector()
    feed.subscribe(seen)
    start = time.perf_counter()
    for _ in range(400):
        journal.append("a", [ACTION] * 50, sync=False)
    assert feed.wait_drained(30)
    took_s = time.perf_counter() - start
    assert seen.wait(20_000) == list(range(1, 20_001))
    assert took_s < 4, f"{20_000 / took_s:,.0f} events a second"
