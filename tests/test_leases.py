"""Who may run a session: one live process, and after its death the next one, never both."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.storage.clock import SystemClock
from engine.storage.files import is_locked
from engine.storage.journal import SqliteJournal
from engine.storage.leases import LOCK_OUTLIVES_S, STALE_S
from engine.vocabulary.errors import LeaseLost, UsageError
from engine.vocabulary.events import EventKind, Fact

NOTE = Fact(EventKind.NOTICE, {"message": "x"})

HOLDER = """
import sys
from pathlib import Path
from engine.storage.clock import SystemClock
from engine.storage.journal import SqliteJournal
folder = Path(sys.argv[1])
journal = SqliteJournal(folder / "journal.db", folder / "locks", SystemClock())
lease = journal.acquire(sys.argv[2])
if len(sys.argv) > 3:
    import subprocess
    subprocess.Popen(["sleep", sys.argv[3]], pass_fds=[lease._descriptor], stdin=subprocess.DEVNULL, stdout=2)
print(lease.generation, flush=True)
sys.stdin.readline()
"""


class SetClock:
    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    made = SqliteJournal(tmp_path / "journal.db", tmp_path / "locks", SystemClock())
    yield made
    made.close()


def holder(folder: Path, session: str = "a", *copied_s: str) -> subprocess.Popen[str]:
    """A process that runs the session; with `copied_s` another one has a copy of its lock for that many seconds."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), session, *copied_s],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip().isdigit()
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def make_foreign(folder: Path, beat: datetime) -> None:
    """The row of a runner on a machine whose locks cannot be seen from here."""
    import sqlite3

    other = sqlite3.connect(folder / "journal.db")
    other.execute("UPDATE leases SET host = 'elsewhere', boot = 'other', released = 0, beat = ?", (beat.timestamp(),))
    other.commit()
    other.close()


def test_a_session_that_nobody_ran_has_no_runner(journal: SqliteJournal) -> None:
    assert journal.runner("a") is None


def test_a_live_holder_is_named_to_whoever_comes_second(tmp_path: Path, journal: SqliteJournal) -> None:
    process = holder(tmp_path)
    try:
        runner = journal.runner("a")
        assert runner is not None
        assert (runner.pid, runner.alive) == (process.pid, True)
        with pytest.raises(UsageError, match=f"process {process.pid} on {runner.host}"):
            journal.acquire("a")
        journal.acquire("b").release()
    finally:
        end(process)


def test_two_runners_in_one_process_exclude_each_other_too(journal: SqliteJournal) -> None:
    lease = journal.acquire("a")
    with pytest.raises(UsageError, match=f"process {os.getpid()}"):
        journal.acquire("a")
    lease.release()
    lease.release()
    assert journal.acquire("a").generation == 2


def test_a_killed_holder_is_known_at_once_and_taken_over(tmp_path: Path, journal: SqliteJournal) -> None:
    process = holder(tmp_path)
    end(process)
    runner = journal.runner("a")
    assert runner is not None
    assert (runner.pid, runner.alive) == (process.pid, False)
    assert journal.acquire("a").generation == 2


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux says what became of a process")
def test_a_killed_holder_is_known_at_once_though_a_program_it_was_starting_has_a_copy_of_its_lock(
    tmp_path: Path, journal: SqliteJournal
) -> None:
    process = holder(tmp_path, "a", str(LOCK_OUTLIVES_S + 0.3))
    try:
        runner = journal.runner("a")
        assert runner is not None
        assert runner.alive
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        runner = journal.runner("a")
        assert runner is not None
        assert not runner.alive, "dead, and not buried yet"
    finally:
        end(process)
    assert is_locked(tmp_path / "locks" / "a.lock")
    runner = journal.runner("a")
    assert runner is not None
    assert (runner.pid, runner.alive) == (process.pid, False)
    assert journal.acquire("a").generation == 2, "the copy is waited for"


def test_a_holder_that_has_no_name_or_one_from_another_space_of_processes_is_believed(
    tmp_path: Path, journal: SqliteJournal
) -> None:
    process = holder(tmp_path)
    try:
        lock = tmp_path / "locks" / "a.lock"
        for name in (b"", b"pid:[1] 999999999 5", b"\xff\xff", b"pid 1"):
            lock.write_bytes(name)
            runner = journal.runner("a")
            assert runner is not None
            assert runner.alive, name
    finally:
        end(process)


def test_looking_does_not_disturb_somebody_who_acquires(tmp_path: Path, journal: SqliteJournal) -> None:
    journal.acquire("a").release()
    code = HOLDER.split("lease =")[0] + "print(flush=True)\nwhile True: journal.runner('a')"
    looker = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert looker.stdout is not None
        looker.stdout.readline()
        for _ in range(50):
            journal.acquire("a").release()
    finally:
        end(looker)


def test_a_runner_that_lost_its_lease_writes_nothing_more(tmp_path: Path, journal: SqliteJournal) -> None:
    old = journal.acquire("a")
    journal.append("a", [NOTE], lease=old)
    make_foreign(tmp_path, datetime.now(UTC) - timedelta(seconds=STALE_S + 1))
    # Its lock is out of sight, as after a machine slept: the next one takes over on another file.
    (tmp_path / "locks" / "a.lock").unlink()
    new = journal.acquire("a")

    with pytest.raises(LeaseLost):
        journal.append("a", [NOTE], lease=old)
    with pytest.raises(LeaseLost):
        old.beat()
    journal.send("a", "pause")
    with pytest.raises(LeaseLost):
        journal.take(old)
    old.release()
    assert journal.take(new) == ("pause",)
    journal.append("a", [NOTE], lease=new)
    assert [event.seq for event in journal.events("a")] == [1, 2]


def test_a_released_lease_writes_nothing_more(journal: SqliteJournal) -> None:
    lease = journal.acquire("a")
    lease.release()
    with pytest.raises(LeaseLost):
        journal.append("a", [NOTE], lease=lease)
    runner = journal.runner("a")
    assert runner is not None
    assert not runner.alive


def test_a_runner_on_another_machine_lives_as_long_as_its_heart_beats(tmp_path: Path) -> None:
    clock = SetClock()
    journal = SqliteJournal(tmp_path / "journal.db", tmp_path / "locks", clock)
    journal.acquire("a").release()
    make_foreign(tmp_path, clock.time)

    clock.time += timedelta(seconds=STALE_S - 1)
    runner = journal.runner("a")
    assert runner is not None
    assert (runner.host, runner.alive) == ("elsewhere", True)
    with pytest.raises(UsageError, match="elsewhere"):
        journal.acquire("a")

    clock.time += timedelta(seconds=2)
    runner = journal.runner("a")
    assert runner is not None
    assert not runner.alive
    assert journal.acquire("a").generation == 2
    journal.close()


def test_commands_are_handed_out_once_in_order(journal: SqliteJournal) -> None:
    lease = journal.acquire("a")
    assert journal.take(lease) == ()
    for command in ("pause", "wake", "cancel"):
        journal.send("a", command)
    journal.send("b", "pause")
    assert journal.take(lease) == ("pause", "wake", "cancel")
    assert journal.take(lease) == ()


def test_a_command_that_its_runner_never_took_does_not_stop_the_next_one(
    tmp_path: Path, journal: SqliteJournal
) -> None:
    process = holder(tmp_path)
    journal.send("a", "pause")
    end(process)
    assert journal.take(journal.acquire("a")) == ()


def test_a_command_sent_while_nobody_runs_waits_for_the_next_runner(tmp_path: Path, journal: SqliteJournal) -> None:
    journal.send("a", "wake")
    end(holder(tmp_path, "b"))
    journal.send("b", "cancel")
    assert journal.take(journal.acquire("a")) == ("wake",)
    assert journal.take(journal.acquire("b")) == ("cancel",)


def test_closing_the_journal_gives_the_leases_back(tmp_path: Path, journal: SqliteJournal) -> None:
    other = SqliteJournal(tmp_path / "journal.db", tmp_path / "locks", SystemClock())
    other.acquire("a")
    other.close()
    assert journal.acquire("a").generation == 2


def test_an_id_that_climbs_out_of_the_folder_is_refused(journal: SqliteJournal) -> None:
    for bad in ("../a", "a/b", "", ".", "a\nb"):
        with pytest.raises(UsageError, match="not the id of a session"):
            journal.acquire(bad)
