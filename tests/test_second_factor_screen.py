"""The PIN and the codes in the app, on the real engine: set, changed, switched both ways, forgotten, locked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pyotp
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from engine.build import build
from engine.engine import Engine
from engine.vocabulary.errors import AuthError, Locked
from engine.vocabulary.events import ACCOUNT, EventKind
from engine.vocabulary.sessions import SessionState
from orion_tui.app import OrionApp
from orion_tui.qr import grouped
from tests.support.access import OTHER, PIN, WRONG, SetClock, second_factor
from tests.support.screens import BEST, SMALL, notified, says, settled, shown, typed, until

DAY_S = 86_400.0


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def engine(home: Path, clock: SetClock) -> Iterator[Engine]:
    """Its second factor runs by a clock that the test sets, and hashes quickly."""
    opened = build(home)
    vars(opened._core.adapters)["authenticator"] = second_factor(home, clock)
    yield opened
    opened.close()


@asynccontextmanager
async def at_factor(engine: Engine, workspace: Path, size: tuple[int, int] = SMALL) -> AsyncIterator[Pilot[Any]]:
    app = OrionApp(lambda: engine, workspace)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.bridge.state.ready, "the lists")
        await pilot.press("comma")
        await says(pilot, "auto is dark, or plain with NO_COLOR")
        await pilot.press("t")
        await says(pilot, "It is asked for by promotions")
        yield pilot


async def give(pilot: Pilot[Any], words: str) -> None:
    """Type into the prompt that is there, and let it be tried."""
    await until(pilot, lambda: isinstance(pilot.app.focused, Input) and not pilot.app.focused.disabled, "a prompt")
    await settled(pilot)
    await typed(pilot, words)
    await pilot.press("enter")
    await settled(pilot)


def changes(engine: Engine) -> list[tuple[str, str]]:
    events = engine._core.journal.events(ACCOUNT)
    kind = EventKind.AUTHENTICATION_CHANGED
    return [(event.data["method"], event.data["why"]) for event in events if event.kind is kind]


def accepted(engine: Engine, secret: str) -> bool:
    try:
        engine.auth.verify(secret)
    except AuthError:
        return False
    return True


def kept_words(home: Path, engine: Engine) -> str:
    """What the keychain of this home keeps about the second factor, in clear."""
    return str(engine._core.adapters.authenticator._store.read())  # type: ignore[attr-defined]


async def test_a_pin_is_set_and_changed_with_the_current_one_first(engine: Engine, repository: Path) -> None:
    async with at_factor(engine, repository) as pilot:
        await says(pilot, "Nothing is set")
        await pilot.press("p")
        await give(pilot, PIN)
        await give(pilot, PIN)
        await notified(pilot, "✓ the PIN is set")
        await says(pilot, "A PIN is set")
        await pilot.press("p")
        await says(pilot, "The current PIN first")
        await give(pilot, WRONG)
        await give(pilot, OTHER)
        await give(pilot, OTHER)
        await says(pilot, "the PIN is wrong, 2 tries left")
        assert accepted(engine, PIN)
        await give(pilot, PIN)
        await give(pilot, "111111")
        await give(pilot, "111111")
        await says(pilot, "this PIN cannot be used")
        await give(pilot, OTHER)
        await give(pilot, OTHER)
        await notified(pilot, "the PIN before is deleted")
    assert accepted(engine, OTHER)
    assert not accepted(engine, PIN)
    assert changes(engine) == [("pin", "set"), ("pin", "switched")]


async def test_a_pin_gives_way_to_codes_once_the_app_has_shown_one(
    engine: Engine, clock: SetClock, home: Path, repository: Path
) -> None:
    engine.auth.set_pin(PIN)
    async with at_factor(engine, repository, BEST) as pilot:
        await pilot.press("c")
        await says(pilot, "The current PIN first")
        await give(pilot, WRONG)
        await says(pilot, "the PIN is wrong, 2 tries left")
        assert "secret" not in shown(pilot)
        await give(pilot, PIN)
        await says(pilot, "Scan this with an")
        secret = pilot.app.screen._offer.secret  # type: ignore[attr-defined]
        assert all(group in shown(pilot) for group in grouped(secret).split())
        assert "█" in shown(pilot)
        # Left in the middle, the PIN is what counts, and the secret that was shown lets nothing happen.
        await pilot.press("escape")
        await settled(pilot)
        assert engine.auth.status().method == "pin"
        assert not accepted(engine, pyotp.TOTP(secret).at(clock.wall))
        assert accepted(engine, PIN)
        await pilot.press("c")
        await give(pilot, PIN)
        await says(pilot, "Scan this with an")
        old, secret = secret, pilot.app.screen._offer.secret  # type: ignore[attr-defined]
        assert old != secret
        await give(pilot, pyotp.TOTP(old).at(clock.wall))
        await says(pilot, "✗ the code is not the one")
        await give(pilot, pyotp.TOTP(secret).at(clock.wall))
        await says(pilot, "Six backup codes")
        backup = [word for word in shown(pilot).split() if len(word) == 11 and word[5] == "-"]
        assert len(set(backup)) == 6
        await pilot.press("y")
        await notified(pilot, "✓ one-time codes are set; the PIN before is deleted")
        await says(pilot, "6 left")
        assert not any(code in shown(pilot) for code in backup)
    assert (engine.auth.status().method, "pin_hash=''" in kept_words(home, engine)) == ("totp", True)
    assert not accepted(engine, PIN)
    assert [accepted(engine, code) for code in (*backup, backup[0])] == [True] * 6 + [False]


async def test_codes_give_way_to_a_pin_after_a_code_of_now(
    engine: Engine, clock: SetClock, home: Path, repository: Path
) -> None:
    secret = engine.auth.offer_totp().secret
    engine.auth.confirm_totp(pyotp.TOTP(secret).at(clock.wall))
    clock.wall = clock.wall.replace(minute=5)
    code = pyotp.TOTP(secret).at(clock.wall)
    async with at_factor(engine, repository) as pilot:
        await says(pilot, "One-time codes are set")
        await pilot.press("p")
        await says(pilot, "The current code first")
        await give(pilot, code)
        await says(pilot, "The new PIN")
        # Left in the middle, nothing was tried and nothing is changed.
        await typed(pilot, PIN)
        await pilot.press("escape")
        await settled(pilot)
        assert engine.auth.status().method == "totp"
        await pilot.press("p")
        await give(pilot, code)
        await give(pilot, PIN)
        await give(pilot, PIN)
        await notified(pilot, "✓ the PIN is set; the codes before are deleted")
    assert accepted(engine, PIN)
    assert secret not in kept_words(home, engine)
    assert changes(engine) == [("", "offered"), ("totp", "set"), ("pin", "switched")]


async def test_a_lock_is_counted_down_and_a_restart_does_not_shorten_it(
    engine: Engine, clock: SetClock, home: Path, repository: Path
) -> None:
    engine.auth.set_pin(PIN)
    async with at_factor(engine, repository) as pilot:
        await says(pilot, "3 tries left")
        await pilot.press("c")
        for _ in range(3):
            await give(pilot, WRONG)
        await says(pilot, "✗ locked: 1")
        await says(pilot, "a reset takes a day")
        await pilot.press("escape")
        await says(pilot, "locked: 14 min")
    clock.seconds += 898
    again = build(home)
    vars(again._core.adapters)["authenticator"] = second_factor(home, clock)
    try:
        async with at_factor(again, repository) as pilot:
            await says(pilot, "locked: ")
            with pytest.raises(Locked):
                again.auth.verify(PIN)
            # The last second is seen by the screen itself.
            clock.seconds += 2
            await says(pilot, "3 tries left")
        with pytest.raises(AuthError) as wrong:
            again.auth.verify(WRONG)
        assert not isinstance(wrong.value, Locked)
    finally:
        again.close()


@pytest.mark.sandbox
async def test_a_forgotten_pin_is_forgotten_after_a_day_and_not_before(
    engine: Engine, clock: SetClock, repository: Path
) -> None:
    engine.auth.set_pin(PIN)
    request = _session(engine, repository)
    async with at_factor(engine, repository) as pilot:
        await pilot.press("F")
        await says(pilot, "the session that is not promoted")
        await pilot.press("n")
        await settled(pilot)
        assert engine.auth.status().reset_left_s is None
        await pilot.press("F", "y")
        await says(pilot, "◐ 2")
        await says(pilot, "◐ 23 h 59 min")
        # It counts on whatever the screen does, and the wall clock has no say in it.
        clock.wall = clock.wall.replace(year=2027)
        clock.seconds += DAY_S - 3600
        await pilot.press("escape", "t")
        await says(pilot, "◐ 59 min")
        await pilot.press("F")
        await notified(pilot, "the reset has still to wait")
        # The right secret ends it, a wrong one does not.
        await pilot.press("e")
        await give(pilot, WRONG)
        await says(pilot, "2 tries left")
        assert engine.auth.status().reset_left_s is not None
        await give(pilot, PIN)
        await notified(pilot, "✓ the reset is over")
        await until(pilot, lambda: "to wait" not in shown(pilot), "no reset")
        # Begun again, to its end.
        await pilot.press("F", "y")
        await says(pilot, "h 59 min")
        clock.seconds += DAY_S
        await pilot.press("escape", "t")
        await says(pilot, "the wait is over")
        assert accepted(engine, WRONG) is False
        await pilot.press("F", "y")
        await notified(pilot, "forgotten; one session was rejected")
        await says(pilot, "Nothing is set")
    assert engine.sessions.get(request).state is SessionState.REJECTED
    assert changes(engine)[-1] == ("", "reset finished")


def _session(engine: Engine, workspace: Path) -> str:
    from engine.vocabulary.requests import SessionRequest

    playbook = engine.playbooks.find("tidy")
    request = SessionRequest(workspace, role="software-engineer", playbook=playbook)
    return engine.sessions.create(engine.sessions.propose(request))
