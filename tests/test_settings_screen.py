"""Settings in the app: a value changed, a wrong one refused with its reason, a laxer one behind the PIN."""

from __future__ import annotations

from pathlib import Path

from engine.engine import Engine
from orion_tui.app import OrionApp
from tests.support.screens import SMALL, notified, says, settled, typed, until

PIN = "482915"


async def test_settings_are_changed_one_at_a_time(engine: Engine, repository: Path) -> None:
    engine.auth.set_pin(PIN)
    app = OrionApp(lambda: engine, repository)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: app.bridge.state.ready, "the lists")
        await pilot.press("comma")
        await says(pilot, "limits.time_s")
        app.screen.query_one("#settings-list").choose("limits.time_s")  # type: ignore[attr-defined]
        for words, told in (("soon", "limits.time_s"), ("600", "changed: limits.time_s")):
            await pilot.press("enter")
            await settled(pilot)
            await typed(pilot, words)
            await pilot.press("enter")
            await notified(pilot, told)
        assert engine.settings.get().limits.time_s == 600
        app.screen.query_one("#settings-list").choose("auth.window_s")  # type: ignore[attr-defined]
        await pilot.press("enter")
        await settled(pilot)
        await typed(pilot, "60")
        await pilot.press("enter")
        await says(pilot, "This makes Orion less strict: auth.window_s")
        await settled(pilot)
        await typed(pilot, PIN)
        await pilot.press("enter")
        await notified(pilot, "changed: auth.window_s")
        assert engine.settings.get().auth_window_s == 60
