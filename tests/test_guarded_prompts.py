"""Everything that needs the PIN or a code asks for it in the app through one prompt, and what a right one still covers
is seen and can be ended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from engine.engine import Engine
from engine.vocabulary.access import Guarded
from engine.vocabulary.errors import AuthError
from orion_tui.app import OrionApp
from orion_tui.widgets.pin_entry import PinEntry
from tests.support.fake_review import SESSION, to_review, with_decisions
from tests.support.screens import BEST, opened, says, settled, shown, until

PIN = "482915"


@asynccontextmanager
async def at(engine: Any, workspace: Path, screen: str, **arguments: Any) -> AsyncIterator[Pilot[Any]]:
    app = OrionApp(lambda: engine, workspace)
    async with app.run_test(size=BEST) as pilot:
        await until(pilot, lambda: app.bridge.state.ready, "the lists")
        app.go(screen, **arguments)
        await settled(pilot)
        yield pilot


async def asked(pilot: Pilot[Any]) -> None:
    """The one prompt is on top, and masks what is typed."""
    await until(pilot, lambda: any(e.display for e in pilot.app.screen.query(PinEntry)), "the prompt")
    assert all(entry.password for entry in pilot.app.screen.query_one(PinEntry).query(Input))


async def change_setting(pilot: Pilot[Any], text: str) -> None:
    screen: Any = pilot.app.screen
    screen._draft = screen._draft.with_text(text)
    screen._show(screen._draft)
    await settled(pilot)
    await pilot.press("ctrl+s")


async def by_settings(engine: Engine, workspace: Path) -> None:
    async with at(engine, workspace, "settings") as pilot:
        await change_setting(pilot, "auth: {window_s: 60}\n")
        await asked(pilot)


async def by_places(engine: Engine, workspace: Path) -> None:
    async with at(engine, workspace, "settings") as pilot:
        await change_setting(pilot, "notifications: {desktop: true}\n")
        await says(pilot, "This changes where notifications go")
        await asked(pilot)


async def by_method(engine: Engine, workspace: Path) -> None:
    for key in "pc":
        async with at(engine, workspace, "second_factor") as pilot:
            await pilot.press(key)
            await asked(pilot)


async def by_check(engine: Engine, workspace: Path) -> None:
    engine.auth.begin_reset()
    async with at(engine, workspace, "second_factor") as pilot:
        await pilot.press("e")
        await asked(pilot)


async def by_role(engine: Engine, workspace: Path) -> None:
    text = engine.roles.draft("mine", base="qa-engineer", workspace=workspace)
    async with at(engine, workspace, "role", role="mine", text=text) as pilot:
        await pilot.press("ctrl+s")
        await asked(pilot)


async def by_trust(engine: Engine, workspace: Path) -> None:
    theirs = workspace / ".orion" / "roles" / "theirs.yaml"
    theirs.parent.mkdir(parents=True)
    theirs.write_text(engine.roles.draft("theirs", base="qa-engineer", workspace=workspace))
    async with at(engine, workspace, "roles") as pilot:
        await says(pilot, "theirs")
        pilot.app.screen.query_one("#roles-list").choose(str(theirs))  # type: ignore[attr-defined]
        await pilot.press("T")
        await asked(pilot)


async def by_promotion(_engine: Engine, _workspace: Path) -> None:
    engine = to_review()
    engine.findings = ()
    async with opened(engine, "review", session=SESSION) as pilot:
        await pilot.press("P")
        await asked(pilot)


async def by_undo(_engine: Engine, _workspace: Path) -> None:
    engine = to_review()
    engine.findings = ()
    async with opened(engine, "review", session=SESSION) as pilot:
        await pilot.press("P")
        await asked(pilot)
        await settled(pilot)
        await pilot.press(*engine.pin, "enter")
        await says(pilot, "✓ promoted")
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press("U")
        await asked(pilot)


async def by_approval(_engine: Engine, _workspace: Path) -> None:
    async with opened(with_decisions(), "approvals") as pilot:
        for _ in range(4):
            if "PIN" in shown(pilot):
                break
            await pilot.press("n")
            await settled(pilot)
        await pilot.press("a")
        await asked(pilot)


async def by_chain(engine: Engine, workspace: Path) -> None:
    engine.audit.seal()
    log = engine.home / "audit" / "audit.log"
    log.write_bytes(log.read_bytes().replace(b'"pin"', b'"nip"'))
    async with at(engine, workspace, "audit") as pilot:
        await says(pilot, "✗ entry 1")
        await pilot.press("N")
        await asked(pilot)
        await settled(pilot)
        await pilot.press(*PIN, "enter")
        await until(pilot, lambda: engine.audit.verify().valid, "a new chain")


WAYS: dict[Guarded, Callable[[Engine, Path], Any]] = {
    Guarded.PROMOTE: by_promotion,
    Guarded.UNDO: by_undo,
    Guarded.APPROVE: by_approval,
    Guarded.CHANGE_ROLE: by_role,
    Guarded.TRUST_ROLE: by_trust,
    Guarded.CHANGE_METHOD: by_method,
    Guarded.CHANGE_SETTING: by_settings,
    Guarded.CHANGE_DESTINATION: by_places,
    Guarded.CHECK: by_check,
    Guarded.BEGIN_CHAIN: by_chain,
}


@pytest.mark.parametrize("what", Guarded)
async def test_everything_guarded_is_asked_for_by_the_one_prompt(
    what: Guarded, engine: Engine, repository: Path
) -> None:
    engine.auth.set_pin(PIN)
    await WAYS[what](engine, repository)


async def test_what_a_right_pin_still_covers_is_seen_and_ended_by_hand(engine: Engine, repository: Path) -> None:
    engine.auth.set_pin(PIN)
    engine.settings.write("auth.window_s", "300", secret=PIN)
    authoriser = engine._core.authoriser
    authoriser.authorise(Guarded.PROMOTE, PIN, session="s1")
    async with at(engine, repository, "second_factor") as pilot:
        await says(pilot, "PIN counts 4 min")
        await says(pilot, "● still covers s1")
        # More of the same session needs none, another session and other things do.
        authoriser.authorise(Guarded.APPROVE, None, session="s1")
        for what, session in ((Guarded.PROMOTE, "s2"), (Guarded.UNDO, "s1"), (Guarded.CHANGE_ROLE, "")):
            with pytest.raises(AuthError):
                authoriser.authorise(what, None, session=session)
        await pilot.press("f9")
        await until(pilot, lambda: "PIN counts" not in shown(pilot), "nothing is covered")
        with pytest.raises(AuthError):
            authoriser.authorise(Guarded.APPROVE, None, session="s1")
        await pilot.press("f9")
    assert engine.auth.windows() == {}


def test_another_method_covers_nothing_that_the_one_before_did(engine: Engine) -> None:
    engine.auth.set_pin(PIN)
    engine.settings.write("auth.window_s", "300", secret=PIN)
    engine._core.authoriser.authorise(Guarded.PROMOTE, PIN, session="s1")
    assert 299 < engine.auth.windows()["s1"] <= 300
    engine.auth.set_pin("739162", PIN)
    assert engine.auth.windows() == {}
