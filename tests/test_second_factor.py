"""The second factor against whoever has the keyboard: guessing, racing, killing, deleting and turning clocks do not
help."""

from __future__ import annotations

import json
import logging
import stat
from datetime import timedelta
from pathlib import Path

import bcrypt
import pytest

from engine.access.pin import COST
from engine.access.second_factor import SecondFactor
from engine.vocabulary.access import Authenticator
from engine.vocabulary.errors import AuthError, ConfigError, Locked
from tests.support.access import (
    OTHER,
    PIN,
    WRONG,
    MemoryKeychain,
    SetClock,
    a_keychain,
    file_keychain,
    second_factor,
    with_a_pin,
)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(params=["file", "system"])
def system(request: pytest.FixtureRequest) -> MemoryKeychain | None:
    return a_keychain(request.param)


@pytest.fixture
def pin(home: Path, clock: SetClock, system: MemoryKeychain | None) -> SecondFactor:
    return with_a_pin(home, clock, system)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def lock(pin: SecondFactor) -> None:
    for _ in range(2):
        with pytest.raises(AuthError, match="wrong"):
            pin.verify(WRONG)
    with pytest.raises(Locked):
        pin.verify(WRONG)


def test_nothing_is_set_at_first_and_nothing_is_verified(home: Path, system: MemoryKeychain | None) -> None:
    fresh: Authenticator = second_factor(home, system=system)
    assert fresh.method() == ""
    assert (fresh.lock_left_s(), fresh.tries_left()) == (0.0, 3)
    with pytest.raises(AuthError, match="no PIN or code is set"):
        fresh.verify(PIN)


def test_the_right_pin_is_accepted_and_only_a_slow_keyed_hash_is_kept(
    home: Path, pin: SecondFactor, system: MemoryKeychain | None
) -> None:
    assert pin.method() == "pin"
    pin.verify(PIN)
    keychain = system or file_keychain(home)
    kept = json.loads(keychain.get("access") or "")
    assert kept["pin_hash"].startswith("$2b$04$")
    assert not bcrypt.checkpw(PIN.encode(), kept["pin_hash"].encode())
    for path in (path for path in home.rglob("*") if path.is_file()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert PIN.encode() not in path.read_bytes()
        assert kept["pin_hash"].encode() not in path.read_bytes()
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o700 for path in home.rglob("*") if path.is_dir())


def test_the_default_cost_is_twelve(home: Path) -> None:
    second_factor(home, cost=COST).set_pin(PIN, None)
    assert '"$2b$12$' in (file_keychain(home).get("access") or "")


def test_three_wrong_tries_lock_for_fifteen_minutes_even_for_the_right_pin(pin: SecondFactor, clock: SetClock) -> None:
    for left in (2, 1):
        with pytest.raises(AuthError, match=f"{left} tr"):
            pin.verify(WRONG)
        assert pin.tries_left() == left
    with pytest.raises(Locked) as caught:
        pin.verify(WRONG)
    assert caught.value.remaining_s == 900
    assert caught.value.until == clock.wall + timedelta(minutes=15)

    clock.seconds += 899
    with pytest.raises(Locked) as caught:
        pin.verify(PIN)
    assert caught.value.remaining_s == pytest.approx(1)
    assert pin.lock_left_s() == pytest.approx(1)

    clock.seconds += 1
    assert (pin.lock_left_s(), pin.tries_left()) == (0.0, 3)
    pin.verify(PIN)


def test_a_right_try_clears_the_wrong_ones(pin: SecondFactor) -> None:
    for _ in range(4):
        with pytest.raises(AuthError, match="2 tries left"):
            pin.verify(WRONG)
        pin.verify(PIN)


@pytest.mark.parametrize(
    "typed", ["", "12", PIN + "\n", " " + PIN, "x" * 10_000, "48291\u0665", "\udcff", "\x00" + PIN]
)
def test_anything_that_is_not_the_pin_is_wrong_and_counts(pin: SecondFactor, typed: str) -> None:
    with pytest.raises(AuthError):
        pin.verify(typed)
    assert pin.tries_left() == 2


def test_turning_the_wall_clock_does_not_open_the_lock(pin: SecondFactor, clock: SetClock) -> None:
    lock(pin)
    for days in (400, -800):
        clock.wall += timedelta(days=days)
        assert pin.lock_left_s() == 900
        with pytest.raises(Locked):
            pin.verify(PIN)


def test_a_restart_of_the_machine_starts_the_remainder_again(pin: SecondFactor, clock: SetClock) -> None:
    lock(pin)
    clock.seconds += 500
    clock.boot, clock.seconds = "boot-2", 5_000.0
    assert pin.lock_left_s() == 900
    clock.seconds += 300
    assert pin.lock_left_s() == 600
    with pytest.raises(Locked):
        pin.verify(PIN)
    clock.seconds += 600
    pin.verify(PIN)


def test_a_boot_clock_that_went_back_counts_as_a_restart(pin: SecondFactor, clock: SetClock) -> None:
    lock(pin)
    clock.seconds = 3.0
    assert pin.lock_left_s() == 900


def test_a_restart_of_orion_changes_nothing(
    home: Path, pin: SecondFactor, clock: SetClock, system: MemoryKeychain | None
) -> None:
    lock(pin)
    again = second_factor(home, clock, system=system)
    assert again.lock_left_s() == 900
    with pytest.raises(Locked):
        again.verify(PIN)


def test_changing_needs_the_current_pin_and_a_wrong_one_counts(pin: SecondFactor) -> None:
    with pytest.raises(AuthError, match="current"):
        pin.set_pin(OTHER, None)
    with pytest.raises(AuthError, match="2 tries left"):
        pin.set_pin(OTHER, WRONG)
    pin.verify(PIN)
    pin.set_pin(OTHER, PIN)
    pin.verify(OTHER)
    with pytest.raises(AuthError):
        pin.verify(PIN)


def test_a_locked_pin_cannot_be_changed(pin: SecondFactor) -> None:
    lock(pin)
    with pytest.raises(Locked):
        pin.set_pin(OTHER, PIN)


WEAK = """
12345 1234567890123 abcdef 12345a 000000 111111111111 123456 654321 234567 890123 098765 210987 123450 912345 121212
123123 112233 998877 447788 1212121 123412341234 111112 122121 123321 19901990 19842024 199012 121990 24121985
19851224 12241985 147258 159753 246802 135791 102030 789456 696969
"""


@pytest.mark.parametrize("weak", [*WEAK.split(), "", "48291\uff15", "48 2915"])
def test_an_obvious_or_malformed_pin_is_refused_with_a_reason_that_does_not_repeat_it(home: Path, weak: str) -> None:
    fresh = second_factor(home)
    with pytest.raises(ConfigError, match="cannot be used: ") as caught:
        fresh.set_pin(weak, None)
    assert not weak or weak not in caught.value.message + caught.value.hint
    assert fresh.method() == ""


@pytest.mark.parametrize("good", [PIN, OTHER, WRONG, "294817", "271930", "583920174652", "4815162", "70193846"])
def test_ordinary_pins_are_accepted(home: Path, good: str) -> None:
    fresh = second_factor(home)
    fresh.set_pin(good, None)
    fresh.verify(good)


def test_nearly_every_random_pin_is_accepted() -> None:
    from engine.access.strength import weakness

    refused = sum(bool(weakness(f"{number:06d}")) for number in range(0, 1_000_000, 37))
    assert refused / (1_000_000 / 37) < 0.03


def test_the_pin_is_in_no_log_and_no_error(home: Path, pin: SecondFactor, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        shown = [repr(pin), str(pin)]
        for _ in range(4):
            with pytest.raises(AuthError) as caught:
                pin.verify(WRONG)
            shown += [repr(caught.value), caught.value.hint]
    assert WRONG not in "".join(shown) + caplog.text
    assert WRONG not in "".join(path.read_text() for path in home.iterdir() if path.is_file())
