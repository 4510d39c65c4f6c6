"""What a reviewer has to say is kept until it is sent: it outlives the app, a crash and a kill."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from signal import SIGKILL

import pytest

from engine.build import build
from engine.engine import Engine
from engine.vocabulary.changes import ReviewNote
from engine.vocabulary.errors import UsageError
from tests.support.cli import Orion
from tests.support.fake_review import SESSION, to_review
from tests.support.screens import notified, opened, says, shown, typed
from tests.support.sessions import created, playbook

NOTE = ReviewNote("src/app.py", "why not sum()?\nsecond line", 12, "return a + b")
TURNED_DOWN = ReviewNote("src/other.py", "not wanted", rejected=True)

_KILLED = """
import os, signal, sys
from pathlib import Path
from engine.build import build
from engine.vocabulary.changes import ReviewNote
engine = build(Path(sys.argv[1]))
engine.review.keep_note(sys.argv[2], ReviewNote("src/other.py", "not wanted", rejected=True))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_note_outlives_the_process_that_took_it(engine: Engine, home: Path, repository: Path, tmp_path: Path) -> None:
    made = created(engine, repository, playbook(tmp_path, {"id": "a"}))
    engine.review.keep_note(made, NOTE)
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(home), made], check=False)
    assert killed.returncode == -SIGKILL
    later = build(home)
    try:
        assert later.sessions.get(made).notes == (NOTE, TURNED_DOWN)
    finally:
        later.close()
    orion = Orion(home, repository)
    assert "a note to send: src/app.py:12: why not sum()?" in orion("review", made).out
    assert [note["path"] for note in json.loads(orion("review", made, "--json").out)["notes"]] == [
        "src/app.py",
        "src/other.py",
    ]


def test_a_note_is_dropped_once_and_an_empty_one_is_none(engine: Engine, repository: Path, tmp_path: Path) -> None:
    made = created(engine, repository, playbook(tmp_path, {"id": "a"}))
    for _ in range(2):
        engine.review.keep_note(made, NOTE)
    engine.review.drop_note(made, NOTE)
    assert engine.sessions.get(made).notes == (NOTE,), "of two that are the same, one goes"
    engine.review.drop_note(made, NOTE)
    with pytest.raises(UsageError, match="does not wait"):
        engine.review.drop_note(made, NOTE)
    with pytest.raises(UsageError, match="nothing to say"):
        engine.review.keep_note(made, ReviewNote("src/app.py", "  "))
    with pytest.raises(UsageError, match="no session"):
        engine.review.keep_note("f" * 12, NOTE)


async def test_notes_and_what_was_turned_down_are_found_again_by_another_app() -> None:
    engine = to_review()
    engine.findings = ()
    async with opened(engine, "review", session=SESSION) as pilot:
        await pilot.press("n", "enter", "m")
        await typed(pilot, "why off")
        await pilot.press("enter", "escape", "r")
        await typed(pilot, "no tokens")
        await pilot.press("enter")
        await says(pilot, "☐ M config.py")
        await notified(pilot, "2 notes kept")
    # Nothing is left of that app but what the engine has.
    async with opened(engine, "review", session=SESSION) as pilot:
        await says(pilot, "NOTES TO SEND")
        assert "why off" in shown(pilot)
        assert "☐ M config.py" in shown(pilot)
        await pilot.press("e")
        await says(pilot, "The task revise-1 is in the plan")
        await pilot.press("enter")
    async with opened(engine, "review", session=SESSION) as pilot:
        assert "NOTES TO SEND" not in shown(pilot)
