"""The second factor when it is raced, killed in the middle, or cannot write."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.vocabulary.errors import Locked
from tests.support.access import PIN, WRONG, second_factor


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


GUESSER = """
import sys
from pathlib import Path
from engine.vocabulary.errors import AuthError
from tests.support.access import second_factor
factor = second_factor(Path(sys.argv[1]))
sys.stdin.readline()
for _ in range(3):
    try:
        factor.verify(sys.argv[2])
        print("right")
    except AuthError as error:
        print(error.message)
"""


KILLED_WHILE_CHECKING = """
import os, sys, bcrypt
from pathlib import Path
from tests.support.access import second_factor
bcrypt.checkpw = lambda *_: os.kill(os.getpid(), 9)
second_factor(Path(sys.argv[1])).verify("000000")
"""


def test_a_try_that_is_killed_before_its_answer_has_been_counted(home: Path) -> None:
    factor = second_factor(home)
    factor.set_pin(PIN, None)
    for left in (2, 1, 0):
        killed = subprocess.run([sys.executable, "-c", KILLED_WHILE_CHECKING, str(home)])
        assert killed.returncode == -9
        assert factor.tries_left() == left
    with pytest.raises(Locked):
        factor.verify(PIN)


KILLED_BETWEEN_THE_PLACES = """
import os, sys
from pathlib import Path
import engine.access.store
from tests.support.access import second_factor
engine.access.store.write_private = lambda *_: os.kill(os.getpid(), 9)
second_factor(Path(sys.argv[1])).verify(sys.argv[2])
"""


def test_a_kill_between_the_keychain_and_the_file_counts_one_try_and_locks_nothing(home: Path) -> None:
    factor = second_factor(home)
    factor.set_pin(PIN, None)
    killed = subprocess.run([sys.executable, "-c", KILLED_BETWEEN_THE_PLACES, str(home), WRONG])
    assert killed.returncode == -9
    assert factor.tries_left() == 2
    factor.verify(PIN)


def test_when_a_try_cannot_be_recorded_nothing_is_checked(home: Path) -> None:
    second_factor(home).set_pin(PIN, None)
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    code = "import resource, sys\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n" + GUESSER.replace(
        "sys.stdin.readline()", ""
    )
    run = subprocess.run([sys.executable, "-c", code, str(home), PIN], stdout=subprocess.PIPE, text=True, check=True)
    assert "cannot be used" in run.stdout
    assert "right" not in run.stdout
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before
