"""What a model is writing is seen while it writes, in any process, and never becomes a row of the journal."""

from __future__ import annotations

import stat
from pathlib import Path

from engine.session.live_reply import SHOW_EVERY_S, SHOWN_CHARACTERS, LiveReply
from engine.storage.live import LiveTexts
from engine.vocabulary.events import EventKind
from orion_tui.screens.monitor_now import live_end
from tests.support.app_driver import driven, on_screen, shown, wait_for
from tests.support.fake_engine import FakeEngine
from tests.support.fake_facts import NOW
from tests.support.fake_nights import night


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_pieces_are_shown_a_few_times_a_second_and_taken_away_at_the_end() -> None:
    told, clock = list[str](), Clock()
    live = LiveReply(told.append, clock)
    for number in range(1000):
        live.add(f"{number} ")
        clock.now += SHOW_EVERY_S / 100
    assert len(told) <= 11
    assert "900 " in told[-1]
    live.over()
    assert told[-1] == ""
    live.over()
    assert told.count("") == 1


def test_only_the_end_is_shown_and_no_secret_of_it() -> None:
    told, clock = list[str](), Clock()
    live = LiveReply(told.append, clock)
    for _ in range(50):
        live.add("x = 1  # a line\n" * 40)
        clock.now += 1
    assert len(told[-1]) == SHOWN_CHARACTERS
    live.add("key = 'AKIA" + "J3K7Q2W9Z5X8C4V6'\n")
    assert "AKIAJ3K7Q2" not in told[-1]


def test_another_process_reads_what_this_one_writes_and_names_of_tasks_are_no_paths(tmp_path: Path) -> None:
    folder = tmp_path / "live"
    LiveTexts(folder).put("../../evil", "half a sent")
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert LiveTexts(folder).get("../../evil") == "half a sent"
    assert LiveTexts(folder).get("another") == ""
    LiveTexts(folder).put("../../evil", "")
    assert LiveTexts(folder).get("../../evil") == ""


def test_the_end_of_a_hostile_text_is_one_harmless_line() -> None:
    line = live_end("a\x1b[2J\nb" * 50, 40)
    assert len(line) <= 40
    assert "\x1b" not in line
    assert "\n" not in line


async def test_monitor_and_story_show_what_is_being_written() -> None:
    engine: FakeEngine = night()
    task = next(key for key, view in engine.state["s002"].tasks.items() if view.state.value == "running")
    engine.tell("s002", EventKind.ASKED, at=NOW, task=task, turn=1, tokens=9)
    engine.writing[task] = "First I look at the parser"
    async with driven(engine) as (app, pilot):
        app.go("monitor", session="s002")
        await on_screen(pilot, "monitor")
        await wait_for(pilot, lambda: "First I look at the parser" in shown(app), "the text in the monitor")
        engine.tell("s002", EventKind.TURN, at=NOW, task=task, turn=1, text="whole", calls=[])
        await wait_for(pilot, lambda: "First I look" not in shown(app), "its end")
        app.go("story", session="s002", task=task)
        await on_screen(pilot, "story")
