"""The settings and the second factor, at both sizes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.vocabulary.requests import AuthStatus
from engine.vocabulary.settings import Settings
from tests.support.app_driver import made_app
from tests.support.fake_engine import FakeEngine
from tests.support.fake_nights import night
from tests.support.screens import settled, until

Before = Callable[[Pilot[Any]], Awaitable[None]]

TEXT = """\
# what this machine has
default_model: local
models:
  local:
    api: openai
    base_url: http://127.0.0.1:8080/v1
    model: qwen3-coder
    keychain: local
limits:
  time_s: 3600      # an hour
  cost_usd: 2.5
theme: auto
"""
CODES = AuthStatus("totp", 4, 0.0, "the system's keychain (Secret Service)", "system", 5, 1800.0, 2)
LOCKED = AuthStatus("pin", 0, 872.0, "an encrypted file in /home/ada/.orion/keychain", "file", reset_left_s=86_345.0)


def made(picture: str) -> FakeEngine:
    engine: Any = night()
    engine.config_text = TEXT.replace("limits:", "limts:") if picture == "faulty" else TEXT
    engine.configuration = replace(Settings(), auth_window_s=60.0)
    engine.auth.state = replace(
        {"codes": CODES, "locked": LOCKED}.get(picture, engine.auth.state), window_s=engine.configuration.auth_window_s
    )
    return engine


def at(screen: str, *pressed: str) -> Before:
    async def before(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await until(pilot, lambda: app.bridge.state.ready, "the lists")
        app.go(screen)
        await settled(pilot)
        for key in pressed:
            await pilot.press(key)
            await settled(pilot)
        app.clear_notifications()  # a note leaves by the clock
        await settled(pilot)

    return before


PICTURES: dict[str, Before] = {
    "form": at("settings", "down", "down"),
    "faulty": at("settings"),
    "file": at("settings", "y"),
    "tidy": at("settings", "h"),
    "pin": at("second_factor"),
    "codes": at("second_factor"),
    "locked": at("second_factor"),
    "new_pin": at("second_factor", "p"),
    "forgotten": at("second_factor", "F"),
    "contrast": at("home", "ctrl+t", "ctrl+t"),
}


@pytest.mark.parametrize("picture", sorted(PICTURES))
def test_the_screen_looks_as_it_did(picture, size, snap_compare, monkeypatch):
    # What counts down stands still in a picture.
    monkeypatch.setattr("orion_tui.screens.second_factor.SecondFactorScreen._second_gone", lambda _screen: None)
    assert snap_compare(made_app(made(picture)), terminal_size=size, run_before=PICTURES[picture])
