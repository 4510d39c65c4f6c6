"""What a real shell runs is never overlooked: random scripts, run by `sh` and bash with harmless stand-ins for every
program, against what AEGIS sees in their text."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from engine.governance.gate import decide_action
from engine.roles.library import RoleLibrary
from engine.storage.shipped import shipped
from engine.vocabulary.actions import RunCommand
from engine.vocabulary.verdicts import Decision
from tests.support.counts import count

pytestmark = pytest.mark.role_boundary

SHELLS = tuple(filter(None, (shutil.which("sh"), shutil.which("bash"))))
# Nothing here can call itself: a script that doubles would take the machine along.
PIECES = (
    ("npm publish", 12),
    ("'npm' publish", 2),
    ('n"p"m pub\\lish', 2),
    ("n\\\npm publish", 2),
    ("$'npm' publish", 1),
    ("$'\\x6epm' publish", 1),
    (" ", 10),
    ("\n", 8),
    (";", 6),
    (" && ", 4),
    (" || ", 4),
    (" | ", 3),
    (" & ", 2),
    ("(", 4),
    (")", 5),
    ("((", 2),
    ("))", 2),
    ("$(", 4),
    ("$((", 2),
    ("`", 3),
    ("\\`", 1),
    ('"', 5),
    ("'", 4),
    ("$'", 1),
    ("${x:-", 2),
    ("}", 3),
    ("{ ", 3),
    ("; }", 3),
    ("#", 3),
    (" # ", 3),
    ("\\", 2),
    ("\\\n", 4),
    ("<<EOF\n", 3),
    ("<<'EOF'\n", 3),
    ("<<-EOF\n", 2),
    ("\nEOF\n", 5),
    ("<<<", 1),
    ("<(", 2),
    (">(", 1),
    ("[[ ", 3),
    (" ]]", 3),
    ("[ a ]", 2),
    ("case a in ", 3),
    (" a) ", 3),
    ("*) ", 1),
    (";;", 3),
    (" esac", 3),
    ("if ", 3),
    ("true", 5),
    ("; then ", 3),
    ("; else ", 2),
    ("; fi", 3),
    ("for f in a; do ", 3),
    ("for f do ", 1),
    ("; done", 3),
    ("while ", 1),
    ("f() { npm publish; }; f", 2),
    ("function g { npm publish; }; g", 1),
    ("h() ", 1),
    ("time ", 2),
    ("-p ", 1),
    ("coproc ", 1),
    ("! ", 2),
    ("x=", 3),
    ("x=(", 1),
    ("$x ", 2),
    ("a=1 ", 2),
    ("eval ", 2),
    ("cat", 3),
    ("echo ", 3),
    ("sh -c ", 2),
    ("env ", 1),
    ("{npm,publish}", 1),
    ("2>&1", 1),
    ("{fd}</dev/null ", 1),
    ("1", 1),
)
NOISE = tuple(piece for piece, _ in PIECES)
WEIGHTS = tuple(weight for _, weight in PIECES)


def scripts(count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    return ["".join(chance.choices(NOISE, WEIGHTS, k=chance.randint(2, 14))) for _ in range(count)]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an `npm` that only notes what it was called with, and the few programs that scripts may run."""
    folder = tmp_path_factory.mktemp("stage")
    (folder / "bin").mkdir()
    (folder / "work").mkdir()
    stub = folder / "bin" / "npm"
    stub.write_text('#!/bin/sh\nprintf "%s\\\\0" "$1" >> "$NOTES"\n')
    stub.chmod(0o755)
    for name in ("sh", "cat", "env"):
        (folder / "bin" / name).symlink_to(shutil.which(name) or "")
    return folder


def ran(stage: Path, shell: str, script: str) -> bool:
    """Whether the shell really called `npm publish`."""
    notes = stage / "notes"
    notes.unlink(missing_ok=True)
    environment = {"PATH": str(stage / "bin"), "NOTES": str(notes), "HOME": str(stage)}
    with subprocess.Popen(
        [shell, "-c", script],
        cwd=stage / "work",
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
    return notes.exists() and "publish" in notes.read_text().split("\0")


@pytest.mark.parametrize("seed", range(count(40)))
def test_what_a_real_shell_runs_is_never_overlooked(
    stage: Path, tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    role = RoleLibrary(shipped("roles"), tmp_path_factory.mktemp("none")).get("software-engineer")
    telling = [script for script in scripts(2000, seed) if "pub" in script]
    allowed = [s for s in telling if decide_action(role, RunCommand(s)).decision is Decision.ALLOW]
    assert allowed, "some scripts only quote the words or hold them in a comment"
    overlooked = [(shell, script) for script in allowed for shell in SHELLS if ran(stage, shell, script)]
    assert overlooked == []


@pytest.mark.parametrize(
    "script",
    [
        "ls # a backslash ends no comment \\\nnpm publish",
        "cat <<'EOF'\nnor a quoted line \\\nEOF\nnpm publish",
        "((npm publish))",
        "[[ a || npm publish ]]",
        "((npm publish); (true))",
        "$'\\x6epm' publish",
        "for f do npm publish; done",
        "for f in 1; do time -p npm publish; done",
        "{fd}>/dev/null npm publish",
        "coproc X { npm publish; }; wait",
        "echo `echo \\`npm publish\\``",
        "env = npm publish",
        'cat <<EOF\n$(echo "a #"; npm publish)\nEOF',
    ],
)
def test_ways_to_hide_a_command_that_a_shell_runs_are_seen_through(
    stage: Path, tmp_path_factory: pytest.TempPathFactory, script: str
) -> None:
    """Each of these is really run by one of the shells, or was overlooked before."""
    role = RoleLibrary(shipped("roles"), tmp_path_factory.mktemp("none")).get("software-engineer")
    assert decide_action(role, RunCommand(script)).decision is Decision.BLOCK


def test_the_stand_in_notices_a_command(stage: Path) -> None:
    assert all(ran(stage, shell, "npm publish") for shell in SHELLS)
    assert not any(ran(stage, shell, "echo npm publish") for shell in SHELLS)
