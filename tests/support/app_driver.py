"""Driving the app by keyboard in tests: no sleeps, every wait is for something that can be seen."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from orion_tui.app import OrionApp
from tests.support.fake_facts import NOW, WORKSPACE


def made_app(engine: Any) -> OrionApp:
    """The app over an engine that is there already, at a fixed time."""
    return OrionApp(lambda: engine, WORKSPACE, now=lambda: NOW)


async def wait_for(pilot: Pilot[Any], condition: Callable[[], Any], what: str = "") -> None:
    """Let the app work until the condition holds; fails with `what` after many turns."""
    for _ in range(400):
        await pilot.pause()
        if condition():
            return
    raise AssertionError(f"never happened: {what or condition}")


async def on_screen(pilot: Pilot[Any], name: str) -> None:
    """Wait until the screen of that name is on top."""
    await wait_for(pilot, lambda: getattr(pilot.app.screen, "NAME", "") == name, f"the screen {name}")


@asynccontextmanager
async def driven(engine: Any, size: tuple[int, int] = (120, 36)) -> AsyncIterator[tuple[OrionApp, Pilot[Any]]]:
    """The app on Home, its lists read."""
    app = made_app(engine)
    async with app.run_test(size=size) as pilot:
        await wait_for(pilot, lambda: app.bridge.state.ready, "the lists of Home")
        await pilot.pause()
        yield app, pilot


def shown(app: OrionApp) -> str:
    """What stands on the screen, as plain text."""
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


def told(app: OrionApp) -> str:
    """Everything that the app has told the person so far."""
    return "\n".join(notification.message for notification in app._notifications)


async def in_time(pilot: Pilot[Any], condition: Callable[[], Any], what: str) -> None:
    """Wait for something that another process does, at most a minute."""
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end or "this is a bug" in told(pilot.app):
            raise AssertionError(f"never happened: {what}\n{shown(pilot.app)}")
        await pilot.pause(0.02)
