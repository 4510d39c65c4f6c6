"""What the review hands to other programs on a real terminal: an editor, a merge tool, a shell in the sandbox, the
result as plain files; and what it says when one of them cannot."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.vocabulary.changes import Conflict
from engine.vocabulary.workspaces import ConflictSides
from orion_tui.merging_outside import edited, merge_tool_missing, merged
from tests.support.app_in_a_terminal import Terminal, app_in_a_terminal
from tests.support.fake_review import SESSION, to_review
from tests.support.screens import notified, opened, says, settled, typed, until
from tests.support.sessions import PIN, playbook, worked

OURS = "def add(a, b):\n    return b + a\n"
BOTH = "def add(a, b):\n    return a + b  # either way\n"
SIDES = ConflictSides("src/app.py", b"base\n", b"ours\n", b"theirs\n", b"<<<<<<< a\nours\n=======\ntheirs\n>>>>>>> b\n")


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def conflicting(engine: Engine, home: Path, repository: Path, tmp_path: Path, git: Callable[..., str]) -> str:
    steps = [{"edit": {"path": "src/app.py", "find": "a - b", "replace": "a + b"}}]
    session = worked(engine, repository, playbook(tmp_path, {"id": "fix", "steps": steps})).id
    (repository / "src" / "app.py").write_text(OURS)
    git(repository, "commit", "-q", "-a", "-m", "mine")
    engine.auth.set_pin(PIN)
    engine.close()
    return session


def until_it_runs(command: bytes) -> None:
    """Wait until a process with that command line is there."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                if process.read_bytes().startswith(command):
                    return
    raise AssertionError(f"never ran: {command!r}")


def to_the_review(app: Terminal) -> None:
    app.says("ready to review")
    app.press("d")
    app.says("cannot promote: conflict in src/app.py", "hunk 1/1")


@pytest.mark.sandbox
@pytest.mark.e2e
def test_editor_tool_and_shell_have_the_terminal_for_a_while_and_the_app_is_there_afterwards(
    conflicting: str, home: Path, repository: Path, tmp_path: Path
) -> None:
    editor, tool = tmp_path / "my editor", tmp_path / "tool"
    home_of_user = tmp_path / "person"
    home_of_user.mkdir()
    (home_of_user / ".gitconfig").write_text(
        f'[merge]\n\ttool = mine\n[mergetool "mine"]\n\tcmd = {tool} "$BASE" "$LOCAL" "$REMOTE" "$MERGED"\n'
        "\ttrustExitCode = true\n"
    )
    environment = {"EDITOR": f"'{editor}' --flag", "HOME": str(home_of_user)}
    with app_in_a_terminal(home, repository, environment) as app:
        to_the_review(app)
        app.press("c")
        app.says("Conflict in src/app.py", "your branch", "in your merge tool")
        mode = app.mode()

        app.press("E")
        app.says("is not on this machine", "ask the agent")
        script(editor, 'echo "editing $1"; exit 3')
        app.press("E")
        app.says("editing --flag", "ended with status 3: nothing is taken")
        script(editor, "stty raw -echo; kill -9 $$")
        app.press("E")
        app.says("was killed (SIGKILL): nothing is taken")
        assert app.mode() == mode, "a killed program's mode of the terminal does not stay"
        script(editor, "true")
        app.press("E")
        app.says("nothing was changed in it")
        script(editor, 'trap "" INT; echo go on; read line; exit 4')
        app.press("E")
        app.says("go on")
        app.press("ctrl+c")
        app.says("^C")
        app.press("enter")
        app.says("ended with status 4")

        script(tool, 'cat "$1" "$2" "$3" > /dev/null || exit 9; echo merging; exit 1')
        app.press("M")
        app.says("merging", "git ended with status 1: nothing is taken")
        script(tool, f'grep -q "return a - b" "$1" && grep -q "b + a" "$2" && printf {BOTH!r} > "$4"')
        app.press("M")
        app.says("✓ can promote 1 file")

        app.press("o")
        app.says("exit` or ctrl+d leaves", "/workspace $ ")
        app.press("cd src; cat app.py", "enter")
        app.says("return a + b", "/workspace/src $ ")
        app.press("sleep 61.73", "enter")
        until_it_runs(b"sleep\x0061.73")
        app.press("ctrl+c")
        app.says("[stopped]", "/workspace/src $ ")
        app.press("echo in; exit 5", "enter")
        app.says("[exit 5]")
        app.press("ctrl+d")
        app.says("✓ can promote 1 file")

        app.press("O")
        app.says("Open the result elsewhere")
        app.press(str(repository / "result"), "enter")
        app.says("go elsewhere")
        app.press("O")
        app.says("Open the result elsewhere")
        app.press(str(tmp_path / "result"), "enter")
        app.says("3 files in")
        assert "a + b" in (tmp_path / "result" / "src" / "app.py").read_text()

        app.press("P")
        app.says("Your PIN lets it happen")
        app.press(PIN, "enter")
        app.says("promoted 1 file onto main")
        app.press("enter", "ctrl+q")
        assert app.process.wait(30) == 0
    assert (repository / "src" / "app.py").read_text() == BOTH


def test_an_editor_that_is_no_command_and_one_that_takes_its_file_away_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "vi 'unfinished")
    assert edited(SIDES) == (None, "$VISUAL or $EDITOR is no command: vi 'unfinished")
    monkeypatch.setenv("EDITOR", "rm")
    assert edited(SIDES)[1].startswith("what it made cannot be read")
    monkeypatch.setenv("VISUAL", str(script(tmp_path / "v", 'cat "${1%merged.app.py}theirs.app.py" > "$1"')))
    assert edited(SIDES) == (b"theirs\n", "")


def test_without_a_merge_tool_it_is_said_how_to_name_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ORION_MERGE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "git config --global merge.tool" in merge_tool_missing()
    monkeypatch.setenv("ORION_MERGE", str(script(tmp_path / "m", 'cat "$1" "$2" "$3" > "$4"')))
    assert merge_tool_missing() == ""
    assert merged(SIDES) == (b"base\nours\ntheirs\n", "")
    gone = ConflictSides("a", b"x", None, b"y", b"")
    assert "one side has no such file" in merged(gone)[1]


def test_the_repository_under_review_names_no_tool_and_odd_names_are_plain_ones(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, repository: Path, git: Callable[..., str]
) -> None:
    monkeypatch.delenv("ORION_MERGE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    git(repository, "config", "merge.tool", "evil")
    git(repository, "config", "mergetool.evil.cmd", f"touch {tmp_path}/ran")
    monkeypatch.chdir(repository)
    assert merged(SIDES)[0] is None
    for setting, value in (("merge.tool", "mine"), ("core.autocrlf", "true"), ("mergetool.mine.trustExitCode", "true")):
        subprocess.run(["git", "config", "--global", setting, value], check=True)
    tool = script(tmp_path / "m", 'case "$4" in -*|*.git*) exit 7;; esac; cat "$2" "$3" > "$4"')
    subprocess.run(["git", "config", "--global", "mergetool.mine.cmd", f'{tool} "$BASE" "$LOCAL" "$REMOTE" "$MERGED"'])
    for name in ("src/app.py", "-rf", ".gitattributes", "a\nb.c", "no base.txt"):
        base = None if "no base" in name else b"base\n"
        sides = ConflictSides(name, base, b"o\r\n", b"t\n", b"<<<<<<< a\n")
        assert merged(sides) == (b"o\r\nt\n", ""), name
    assert not (tmp_path / "ran").exists()


async def test_what_cannot_be_opened_or_written_is_told() -> None:
    engine = to_review()
    engine.block = "sandbox"
    async with opened(engine, "review", session=SESSION) as pilot:
        await pilot.press("o")
        await notified(pilot, "no sandbox can be opened here")
        engine.block = ""
        await pilot.press("o")
        await notified(pilot, f"cannot be lent to another program; elsewhere: orion look {SESSION}")
        await until(pilot, lambda: ("looked", SESSION) in engine.calls, "the sandbox closed again")
        await pilot.press("O")
        await says(pilot, "Open the result elsewhere")
        await typed(pilot, "/")
        await pilot.press("enter")
        await notified(pilot, "exists already")


async def test_an_editor_without_a_terminal_and_a_tool_that_is_not_there_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ORION_MERGE", raising=False)
    engine = to_review()
    engine.findings, engine.conflicts = (), (Conflict("src/auth/models.py", "content"),)
    async with opened(engine, "review", session=SESSION) as pilot:
        await pilot.press("n", "n", "c")
        await says(pilot, "in your merge tool")
        await settled(pilot)
        await pilot.press("E")
        await says(pilot, "cannot be lent to another program: e edits here")
        await pilot.press("M")
        await says(pilot, "no merge tool is configured")
