"""Driving one screen by keyboard on a stand-in engine, and reading what it shows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from orion_tui.app import OrionApp
from orion_tui.engine_face import EngineFace
from orion_tui.screens.base import OrionScreen
from tests.support.fake_facts import NOW, WORKSPACE

BEST = (120, 36)
SMALL = (80, 24)


def shown(pilot: Pilot[Any]) -> str:
    """The text of the screen on top, line by line."""
    lines = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line).rstrip() for line in lines)


async def until(pilot: Pilot[Any], holds: Callable[[], bool], what: str) -> None:
    """Let the app work until the condition holds; an error with the screen's text when it never does."""
    for _ in range(500):
        await pilot.pause()
        if holds():
            return
        await pilot.pause(0.01)
    raise AssertionError(f"never came: {what}\n{shown(pilot)}")


async def says(pilot: Pilot[Any], text: str) -> None:
    """Wait until the screen shows the text; line breaks count as blanks."""
    await until(pilot, lambda: text in shown(pilot) or text in " ".join(shown(pilot).split()), repr(text))


async def notified(pilot: Pilot[Any], text: str) -> None:
    """Wait until a notification says the text."""
    await until(pilot, lambda: any(text in note.message for note in pilot.app._notifications), repr(text))


async def typed(pilot: Pilot[Any], text: str) -> None:
    await pilot.press(*("space" if char == " " else char for char in text))


@asynccontextmanager
async def opened(
    engine: EngineFace, screen: str, size: tuple[int, int] = BEST, **arguments: Any
) -> AsyncIterator[Pilot[Any]]:
    """The app with this screen on top of Home, its lists read and nothing under way."""
    app = OrionApp(lambda: engine, WORKSPACE, now=lambda: NOW)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.bridge.state.ready, "the lists")
        app.go(screen, **arguments)
        await until(pilot, lambda: isinstance(app.screen, OrionScreen) and screen == app.screen.NAME, screen)
        await settled(pilot)
        yield pilot


async def settled(pilot: Pilot[Any]) -> None:
    """Wait until no call into the engine is under way and what it brought is drawn."""
    await pilot.pause()
    under_way = True
    while under_way:
        try:
            await pilot.app.workers.wait_for_complete()
            under_way = False
        except WorkerCancelled:  # another call of the same group has taken its place, and is waited for now
            await pilot.pause()
    await pilot.pause()
    await pilot.pause()
