"""The story of a task: what was said and done opens with Enter and can be read to its end by keyboard."""

from __future__ import annotations

from engine.vocabulary.events import EventKind
from orion_tui.app import OrionApp
from orion_tui.widgets.rows import RowList
from tests.support.app_driver import driven, on_screen, shown, wait_for
from tests.support.fake_engine import FakeEngine
from tests.support.fake_nights import night

LINES = 120


def _told() -> FakeEngine:
    """A task whose model wrote a long file and then said one thing more."""
    engine = night()
    content = "".join(f"line {number} of it\n" for number in range(LINES))
    calls = [{"name": "write", "arguments": {"path": "src/user.py", "content": content}}]
    turn = {"tokens_in": 10, "tokens_out": 10, "cached_in": 0, "cost_usd": 0.0, "model": "local"}
    engine.tell("s002", EventKind.TURN, task="tests", turn=2, text="First the file.", calls=calls, **turn)
    engine.tell("s002", EventKind.TURN, task="tests", turn=3, text="Then the rest.", calls=[], **turn)
    return engine


def _seen(app: OrionApp) -> set[int]:
    text = shown(app)
    return {number for number in range(LINES) if f"line {number} of it" in text}


async def test_a_long_reply_that_is_opened_can_be_read_line_by_line_and_page_by_page() -> None:
    async with driven(_told(), size=(80, 24)) as (app, pilot):
        app.go("story", session="s002", task="tests")
        await on_screen(pilot, "story")
        await wait_for(pilot, lambda: "Then the rest." in shown(app) or "DIFF" in shown(app), "the story")
        rows = app.screen.query_one(RowList)
        assert not _seen(app), "collapsed"
        await pilot.press("end", "up", "up", "enter")
        await wait_for(pilot, lambda: len(_seen(app)) > 10, "it opens into view")
        assert rows.chosen.startswith("turn:")
        opened = rows.chosen
        read = _seen(app)
        for _ in range(LINES):
            await pilot.press("down")
            read |= _seen(app)
        assert read == set(range(LINES)), "line by line"
        await wait_for(pilot, lambda: "DIFF" in shown(app), "what comes after it")
        assert rows.chosen != opened
        await pilot.press("end")
        await pilot.pause()
        read = _seen(app)
        for _ in range(LINES // 10):
            await pilot.press("pageup")
            await pilot.pause()
            read |= _seen(app)
        assert read == set(range(LINES)), "page by page"
        await pilot.press("home")
        await wait_for(pilot, lambda: "WHY IT IS THERE" in shown(app), "the beginning")
