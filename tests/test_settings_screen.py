"""Settings in the app, on the real engine: a form with its file beside it, validated while one types, picked up from
the disk and never written over silently; themes and keys that count at once; keys of models; tidying up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from engine.build import build
from engine.engine import Engine
from engine.vocabulary.events import ACCOUNT, EventKind
from orion_tui.actions import known_acts
from orion_tui.app import OrionApp
from orion_tui.file_watch import FileWatch
from orion_tui.looks import CHOICES, THEMES, next_choice, theme_of
from tests.support.screens import BEST, SMALL, notified, says, settled, shown, typed, until

PIN = "482915"


@pytest.fixture
def engine(home: Path) -> Iterator[Engine]:
    """As the app opens it: knowing the actions that keys may be given to."""
    opened = build(home, known_acts)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FileWatch, "every_s", 0.2)


@asynccontextmanager
async def at_settings(engine: Engine, workspace: Path, size: tuple[int, int] = BEST) -> AsyncIterator[Pilot[Any]]:
    app = OrionApp(lambda: engine, workspace)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.bridge.state.ready, "the lists")
        await pilot.press("comma")
        await says(pilot, "nothing is wrong in it")
        yield pilot


def choose(pilot: Pilot[Any], field: str) -> None:
    pilot.app.screen.query_one("#form-rows").choose(field)  # type: ignore[attr-defined]


async def fill(pilot: Pilot[Any], field: str, words: str) -> None:
    """Type these words for a field, and take them."""
    choose(pilot, field)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.focused, Input), "the line to type in")
    pilot.app.screen.query_one("#form-words", Input).value = words
    await settled(pilot)
    await pilot.press("enter")
    await settled(pilot)


async def save(pilot: Pilot[Any]) -> None:
    await pilot.press("ctrl+s")
    await settled(pilot)


async def test_a_value_is_validated_while_it_is_typed_and_saved_with_the_pin_where_that_is_needed(
    engine: Engine, repository: Path
) -> None:
    engine.auth.set_pin(PIN)
    engine.settings.path().write_text("# mine\nlimits:\n  time_s: 90  # short\n")
    async with at_settings(engine, repository) as pilot:
        await says(pilot, "time_s: 90  # short")
        await fill(pilot, "limits.time_s", "soon")
        await says(pilot, "✗ line 3, limits.time_s: expected a number, found the text 'soon'")
        await pilot.press("ctrl+s")
        await notified(pilot, "something is wrong in it still")
        await fill(pilot, "limits.time_s", "600")
        await says(pilot, "● not saved")
        assert engine.settings.get().limits.time_s == 90
        await save(pilot)
        await notified(pilot, "changed: limits.time_s")
        assert engine.settings.path().read_text() == "# mine\nlimits:\n  time_s: 600  # short\n"
        await fill(pilot, "auth.window_s", "60")
        await says(pilot, "saving asks for the PIN or a code: auth.window_s")
        await pilot.press("ctrl+s")
        await says(pilot, "This makes Orion less strict: auth.window_s")
        await settled(pilot)
        await typed(pilot, PIN)
        await pilot.press("enter")
        await notified(pilot, "changed: auth.window_s")
    assert engine.settings.get().auth_window_s == 60


async def test_a_name_that_there_is_not_gets_the_nearest_one_and_can_be_left_out(
    engine: Engine, repository: Path
) -> None:
    engine.settings.path().write_text("them: dark\nkeys: {promot: G, approve: r}\n")
    app = OrionApp(lambda: engine, repository)
    async with app.run_test(size=BEST) as pilot:
        await until(pilot, lambda: app.bridge.state.ready, "the lists")
        await pilot.press("comma")
        await says(pilot, "line 1, them: unknown field 'them'; did you mean 'theme'?")
        choose(pilot, "them")
        await pilot.press("x")
        await says(pilot, "keys.promot: there is no action 'promot'; did you mean 'promote'?")
        await pilot.press("w")
        await says(pilot, "r is the key of deny there")
        await pilot.press("escape")
        await settled(pilot)
        choose(pilot, "keys.promot")
        await pilot.press("x")
        await says(pilot, "r is the key of deny there")
        await fill(pilot, "keys.approve", "y")
        await says(pilot, "✓ nothing is wrong in it")


async def test_a_file_changed_on_disk_is_followed_and_never_written_over_silently(
    engine: Engine, repository: Path
) -> None:
    path = engine.settings.path()
    async with at_settings(engine, repository) as pilot:
        await says(pilot, "there is no file yet, the defaults count")
        path.write_text("limits: {time_s: 77}\n")
        await says(pilot, "limits: {time_s: 77}")
        await fill(pilot, "limits.cost_usd", "1.5")
        path.write_text("limits: {time_s: 78}\n")
        await says(pilot, "◐ the file was changed on disk since you opened it")
        await pilot.press("ctrl+s")
        await says(pilot, "Write mine over it")
        await pilot.press("enter")
        await settled(pilot)
        assert path.read_text() == "limits: {time_s: 78}\n"
        await pilot.press("ctrl+s")
        await says(pilot, "Write mine over it")
        await pilot.press("down", "enter")
        await says(pilot, "limits: {time_s: 78}")
        await fill(pilot, "limits.cost_usd", "2.5")
        await save(pilot)
        await notified(pilot, "changed: limits.cost_usd")
        assert path.read_text() == "limits: {time_s: 78, cost_usd: 2.5}\n"


async def test_a_theme_counts_at_once_and_is_kept(engine: Engine, repository: Path) -> None:
    async with at_settings(engine, repository, SMALL) as pilot:
        app = pilot.app
        assert app.theme == "orion-dark"
        await fill(pilot, "theme", "contrast")
        await save(pilot)
        await until(pilot, lambda: app.theme == "orion-contrast", "the theme")
        await pilot.press("ctrl+t")
        await notified(pilot, "theme: plain")
        assert (app.theme, engine.settings.get().theme) == ("orion-plain", "plain")
        await says(pilot, "plain")
    again = OrionApp(lambda: engine, repository, look="plain")
    async with again.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: again.bridge.state.ready, "the lists")
        assert again.theme == "orion-plain"


def test_without_colours_the_usual_theme_is_the_plain_one() -> None:
    assert theme_of("auto", {}) == "orion-dark"
    assert theme_of("auto", {"NO_COLOR": "1"}) == "orion-plain"
    assert theme_of("light", {"NO_COLOR": "1"}) == "orion-light"
    assert [next_choice(theme_of(choice, {})) for choice in CHOICES] == ["light", "contrast", "plain", "dark"]


def _light(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_text_of_a_theme_can_be_read_and_of_the_contrast_one_by_anybody(theme: Any) -> None:
    least = 7.0 if theme.name == "orion-contrast" else 4.5
    own = theme.variables
    for ground in (theme.background, theme.surface, own["orion-cursor-idle"]):
        for colour in (theme.foreground, own["orion-accent"], own["orion-muted"]):
            light, dark = sorted((_light(colour), _light(ground)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= (least if ground != own["orion-cursor-idle"] else 4.5)
    if theme.name == "orion-plain":
        colours = [theme.primary, theme.accent, theme.foreground, theme.error, theme.success, *own.values()]
        assert all(colour[1:3] == colour[3:5] == colour[5:7] for colour in colours)


async def test_a_key_of_ones_own_counts_at_once_everywhere_it_is_shown(engine: Engine, repository: Path) -> None:
    async with at_settings(engine, repository) as pilot:
        await fill(pilot, "keys.audit", "g")
        await save(pilot)
        await notified(pilot, "changed: keys.audit")
        await pilot.press("escape")
        await says(pilot, "g audit")
        await pilot.press("v")
        await settled(pilot)
        assert pilot.app.screen.NAME == "home"  # type: ignore[attr-defined]
        await pilot.press("g")
        await says(pilot, "Audit log")


async def test_a_models_key_is_kept_tried_and_removed_and_never_shown(engine: Engine, repository: Path) -> None:
    key = "sk-canary-0123456789"
    async with at_settings(engine, repository) as pilot:
        await pilot.press("n")
        await settled(pilot)
        await typed(pilot, "local.7b")
        await pilot.press("enter")
        await says(pilot, "a model of api openai needs 'model'")
        await fill(pilot, "models.local.7b.model", "tiny")
        await fill(pilot, "models.local.7b.base_url", "http://127.0.0.1:1/v1")
        await fill(pilot, "models.local.7b.keychain", "local")
        await pilot.press("K")
        await notified(pilot, "save it first")
        await save(pilot)
        await notified(pilot, "changed: models.local.7b")
        choose(pilot, "models.local.7b.model")
        await pilot.press("K")
        await says(pilot, "Kept in the keychain as local")
        await pilot.press("enter")
        await says(pilot, "✗ that is no key")
        await typed(pilot, key)
        assert key not in shown(pilot)
        await pilot.press("enter")
        await notified(pilot, "the key of local.7b is kept in")
        await pilot.press("c")
        await notified(pilot, "127.0.0.1:1")
        await pilot.press("D", "y")
        await notified(pilot, "the key of local.7b is gone")
        await pilot.press("D", "y")
        await notified(pilot, "no key of the model 'local.7b' is in the keychain")
        assert not any(key in note.message for note in pilot.app._notifications)
    kind = EventKind.KEY_CHANGED
    facts = [event.data for event in engine._core.journal.events(ACCOUNT) if event.kind is kind]
    assert [fact["change"] for fact in facts] == ["kept", "removed"]
    assert key not in str([entry.record for entry in engine.audit.entries()])
    assert [e.record.actor for e in engine.audit.entries(event="key_changed")] == ["user", "user"]
