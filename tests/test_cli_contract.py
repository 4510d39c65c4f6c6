"""What holds for every command: exit codes for wrong usage, what is absent, who is asked and who is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.vocabulary.errors import (
    AuthError,
    Cancelled,
    ConfigError,
    JournalError,
    LimitExceeded,
    ModelError,
    OrionError,
    PlanError,
    Problem,
    RoleError,
    SandboxUnavailable,
    StaleBase,
    UsageError,
    WorkspaceError,
)
from orion_tui.cli.exits import code_of, describe, report, report_bug
from orion_tui.cli.root import COMMANDS, run
from tests.support.cli import Orion


def test_the_version_alone_imports_neither_click_nor_the_engine() -> None:
    script = (
        "import sys; sys.argv = ['orion', '--version']\n"
        "from orion_tui.__main__ import main\n"
        "main()\n"
        "heavy = {'click', 'rich', 'textual', 'yaml', 'git', 'sqlite3', 'engine.build'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("orion ")


def test_each_line_of_a_hint_stands_below_its_error(capsys: pytest.CaptureFixture[str]) -> None:
    report(SandboxUnavailable("no image", "with a registry: this\nwithout one: that"))
    assert capsys.readouterr().err == "orion: no image\n  with a registry: this\n  without one: that\n"


def test_help_lists_every_command_without_importing_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for section in COMMANDS.values() for name in section)


@pytest.mark.parametrize("name", [name for section in COMMANDS.values() for name in section])
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    assert f"orion {name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["sessions", "--no-such-option"],
        ["work", "--time-limit", "soon", "x"],
        ["work", "--time-limit", "0", "x"],
        ["work", "--cost-limit", "-1", "x"],
        ["work", "--cost-limit", "many", "x"],
        ["work", "--sandbox", "chroot", "x"],
        ["deny", "some-id"],
        ["reject", "some-id"],
        ["rollback", "some-id", "0"],
        ["auth", "set", "pattern"],
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Error" in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["promote", "x", "--hunk", "1"],
        ["promote", "x", "--as", "commits"],
        ["promote", "x", "--code-stdin"],
        ["work", "--queue", "x"],
        ["work", "--urgent", "x"],
        ["queue"],
        ["export", "x"],
        ["daemon", "start"],
        ["serve"],
    ],
)
def test_what_does_not_exist_yet_is_refused_and_not_ignored(arguments: list[str]) -> None:
    assert run(arguments) == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (ConfigError("x"), 2),
        (RoleError("x"), 2),
        (PlanError("x"), 2),
        (WorkspaceError("x"), 2),
        (StaleBase("x"), 8),
        (LimitExceeded("time_s", 2, 1), 3),
        (ModelError("x"), 5),
        (SandboxUnavailable("x"), 6),
        (AuthError("x"), 7),
        (JournalError("x"), 1),
        (Cancelled(), 130),
        (OrionError("x"), 1),
    ],
)
def test_each_kind_of_error_has_its_exit_code(error: OrionError, code: int) -> None:
    assert code_of(error) == code


def test_a_problem_is_told_with_place_field_and_what_was_expected() -> None:
    problem = Problem("unknown field", "tasks[0].stepz", 4, 7, "did you mean 'steps'?")
    assert describe(problem, "p.yaml") == "p.yaml:4:7: tasks[0].stepz: unknown field (did you mean 'steps'?)"


def test_a_bug_is_one_line_and_its_traceback_is_kept_in_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report_bug(ZeroDivisionError("division by zero"), tmp_path) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    (kept,) = (tmp_path / "logs").glob("bug-*.txt")
    assert "ZeroDivisionError" in kept.read_text()
    assert str(kept) in said.err


def test_a_name_that_is_too_long_for_a_file_is_wrong_usage_and_not_told_in_full(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["role", "validate", "x" * 100_000]) == 2
    assert run(["sessions", "x" * 100_000]) == 2
    assert len(capsys.readouterr().err) < 10_000


def test_the_workspace_of_the_app_is_not_taken_for_that_of_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--workspace", "/nowhere", "sessions"]) == 2
    assert "behind the command" in capsys.readouterr().err


def test_an_unknown_command_is_answered_with_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["promte", "3f2a"]) == 2
    assert "did you mean 'promote'?" in capsys.readouterr().err


def test_orion_alone_without_a_terminal_says_what_to_do(tmp_path: Path) -> None:
    ran = Orion(tmp_path / "home", tmp_path)()
    assert ran.code == 2
    assert "terminal" in ran.err
    assert "orion --help" in ran.err


def test_names_from_outside_reach_no_terminal_as_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scan", "\x1b]52;c;aGk=\x07.txt"]) == 2
    said = capsys.readouterr()
    assert "\x1b" not in said.err
    assert "\x07" not in said.err
