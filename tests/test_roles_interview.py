"""Making a role in a terminal: an interview with sensible defaults, not a blank form."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import Orion
from tests.support.sessions import PIN
from tests.test_cli_terminal import Terminal


@pytest.fixture
def orion(home: Path, repository: Path) -> Orion:
    made = Orion(home, repository)
    made("auth", "set", "--new-pin-stdin", given=PIN)
    return made


def test_enter_on_every_question_makes_a_working_role_of_your_own(orion: Orion) -> None:
    terminal = Terminal(orion, "role", "create")
    questions = ("Begin from which role", "Its name", "name for people", "What is it for", "Which paths", "How bold")
    for question in (*questions, "When may it work", "Change what it does alone"):
        terminal.read_until(question)
        terminal.type("\n")
    terminal.read_until("PIN")
    terminal.type(f"{PIN}\n")
    terminal.read_until("is made")
    assert PIN not in terminal.shown
    terminal.process.wait(20)
    terminal.hang_up()
    shown = orion("role", "show", "my-software-engineer", "--json").json
    assert shown["display_name"] == "My software engineer"
    assert shown["authority"] == orion("role", "show", "software-engineer", "--json").json["authority"]


def test_a_wrong_answer_is_told_at_once_and_asked_for_again(orion: Orion) -> None:
    terminal = Terminal(orion, "role", "create", "--from", "devops-engineer")
    for question, answer in (
        ("Its name", "Bad Name"),
        ("small letters", "devops-engineer"),
        ("called devops-engineer already", "scribe"),
        ("name for people", "Scribe"),
        ("What is it for", "Words: all of them"),
        ("Which paths", "/etc/**"),
        ("absolute", "scripts/**"),
        ("How bold", "reckless"),
        ("not one of the known", "low"),
        ("When may it work", "at night"),
        ("is not understood", "mon-fri 22:00-06:00"),
        ("Change what it does alone", "n"),
        ("PIN", PIN),
    ):
        terminal.read_until(question)
        terminal.type(f"{answer}\n")
    terminal.read_until("is made")
    terminal.process.wait(20)
    terminal.hang_up()
    shown = orion("role", "show", "scribe", "--json").json
    assert (shown["scope"], shown["risk_tolerance"]) == (["scripts/**"], "low")
    assert shown["working_hours"]["start"] == "22:00"
    # The base's patterns that the narrower scope leaves nothing of are not carried along.
    assert "code.write [scripts/**, *.sh, *.ps1]" in shown["authority"]["autonomous"]


def test_the_lists_can_be_gone_through_one_by_one(orion: Orion) -> None:
    terminal = Terminal(
        orion, "role", "create", "--name", "quiet", "--display-name", "Q", "--description", "d", "--scope", "src/**"
    )
    for question, answer in (("Begin from", ""), ("How bold", ""), ("When may", ""), ("Change what", "y")):
        terminal.read_until(question)
        terminal.type(f"{answer}\n")
    # Six actions stay as they are; the seventh is command.run.
    terminal.type("\n" * 6)
    terminal.read_until("command.run: ")
    terminal.type("r\n" + "\n" * 12)
    terminal.read_until("PIN")
    terminal.type(f"{PIN}\n")
    terminal.read_until("is made")
    terminal.process.wait(20)
    terminal.hang_up()
    lists = orion("role", "show", "quiet", "--json").json["authority"]
    assert "command.run" in lists["requires_approval"]
    assert "command.run" not in lists["autonomous"]
