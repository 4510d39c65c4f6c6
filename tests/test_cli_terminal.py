"""`orion` in a real terminal: questions, the hidden PIN, and a terminal that goes away."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import subprocess
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.cli import Orion
from tests.support.recordings import line, plan, record, task, writes
from tests.test_cli_work import PIN, REPAIR, playbook, session_of

pytestmark = pytest.mark.sandbox


class Terminal:
    """One command with a terminal of its own, which it leads and controls."""

    def __init__(self, orion: Orion, *arguments: str) -> None:
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            orion.command(*arguments),
            cwd=orion.folder,
            env={**orion.environment(), "TERM": "xterm-256color"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self.shown = ""

    def read_until(self, words: str, timeout: float = 60.0) -> str:
        """Everything shown so far, once the words are there."""
        while words not in self.shown:
            ready, _, _ = select.select([self._master], [], [], timeout)
            assert ready, f"{words!r} never came: {self.shown}"
            try:
                self.shown += os.read(self._master, 65536).decode(errors="replace")
            except OSError as end:
                raise AssertionError(f"{words!r} never came: {self.shown}") from end
        return self.shown

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def hang_up(self) -> None:
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def end(self, timeout: float = 120.0) -> int:
        """Read the rest; the exit code."""
        while self._master >= 0:
            ready, _, _ = select.select([self._master], [], [], timeout)
            assert ready, f"it does not end: {self.shown}"
            try:
                piece = os.read(self._master, 65536)
            except OSError:
                break
            if not piece:
                break
            self.shown += piece.decode(errors="replace")
        return self.process.wait(timeout)


@contextmanager
def terminal(orion: Orion, *arguments: str) -> Iterator[Terminal]:
    opened = Terminal(orion, *arguments)
    try:
        yield opened
    finally:
        opened.hang_up()
        if opened.process.poll() is None:
            opened.process.kill()
            opened.process.wait()


@pytest.fixture
def orion(home: Path, repository: Path) -> Orion:
    return Orion(home, repository)


def test_the_plan_is_shown_and_asked_about_before_anything_starts(orion: Orion, tmp_path: Path) -> None:
    with terminal(orion, "work", "--playbook", playbook(tmp_path, REPAIR)) as shown:
        assert "✓ allow" in shown.read_until("Start this plan?")
        shown.type("n\n")
        assert shown.end() == 0
    assert "nothing was started" in shown.shown
    assert orion("sessions", "--json").json == []
    with terminal(orion, "work", "--playbook", playbook(tmp_path, REPAIR)) as shown:
        shown.read_until("Start this plan?")
        shown.type("y\n")
        assert shown.end() == 0
    assert "2 kept" in shown.shown


def test_a_lost_terminal_does_not_end_the_session(orion: Orion, tmp_path: Path) -> None:
    slow = REPAIR.replace('run: "python3 -m unittest"', 'run: "sleep 1; python3 -m unittest"')
    with terminal(orion, "work", "--yes", "--playbook", playbook(tmp_path, slow)) as shown:
        shown.read_until("task")
        shown.hang_up()
        assert shown.process.wait(120) == 0
    state = orion("status", "--json").json
    assert state["state"] == "awaiting_review"
    assert state["counts"]["kept"] == 2
    assert state["tasks"][0]["verified"] is True


def test_the_pin_is_asked_for_after_the_checks_and_never_shown(orion: Orion, tmp_path: Path) -> None:
    worked = orion("work", "--playbook", playbook(tmp_path, REPAIR), "--yes", "--json")
    orion("auth", "set", "--new-pin-stdin", given=PIN)
    with terminal(orion, "promote", session_of(worked)) as shown:
        assert re.search(r"src/app\.py", shown.read_until("PIN or code:"))
        shown.type(PIN + "\n")
        assert shown.end() == 0
    assert "promoted as" in shown.shown
    assert PIN not in shown.shown


def test_a_hostile_file_is_shown_and_does_not_act_on_the_terminal(orion: Orion, tmp_path: Path) -> None:
    text = REPAIR.replace("The sum is a sum.", "\\x1b[2J\\x1b]52;c;aGk=\\a\\u202ehidden [bold]b[/bold]")
    ran = orion("work", "--playbook", playbook(tmp_path, text), "--yes", "--json")
    assert ran.code == 0, ran.err
    with terminal(orion, "diff", session_of(ran)) as shown:
        assert shown.end() == 0
    assert "+␛[2J␛]52;c;aGk=␇⟨U+202E⟩hidden [bold]b[/bold]" in shown.shown
    assert "\x1b" not in shown.shown


def test_a_pin_is_entered_twice(orion: Orion) -> None:
    with terminal(orion, "auth", "set") as shown:
        shown.read_until("new PIN:")
        shown.type(PIN + "\n")
        shown.read_until("once more:")
        shown.type("271846\n")
        assert shown.end() == 2
    assert orion("auth", "status", "--json").json["method"] is None


def test_an_ambiguous_goal_is_asked_about_and_each_answer_is_kept(orion: Orion) -> None:
    questions = [{"question": f"Question {n}?", "proposed": f"answer {n}"} for n in range(3)]
    brief = {"asked": "Make add() add.", "left_out": [], "success": [], "questions": questions}
    record(orion.home, line("intake", brief), plan(task("new")), *writes("new"))
    with terminal(orion, "work", "Mend adding") as shown:
        shown.read_until("Question 0? [answer 0]")
        shown.type("\n")
        shown.read_until("Question 1? [answer 1]")
        shown.type("-\n")
        shown.read_until("Question 2? [answer 2]")
        shown.type("my own\n")
        shown.read_until("Start this plan?")
        shown.type("y\n")
        assert shown.end() == 0
    answers = orion("status", "--json").json["brief"]["answers"]
    assert [(answer["kind"], answer["text"]) for answer in answers] == [
        ("proposed", "answer 0"),
        ("skipped", ""),
        ("own", "my own"),
    ]
