"""The second factor when what it keeps is gone, edited, damaged, somebody else's, or of an older version."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path

import bcrypt
import pytest

from engine.access.second_factor import SecondFactor
from engine.vocabulary.errors import AuthError, KeychainError, Locked
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


DAMAGE = {
    "gone": None,
    "empty": b"",
    "half": b'{"version": 2, "keychain": "fi',
    "list": b"[]",
    "null": b"null",
    "binary": bytes(range(256)),
    "another version": b'{"version": 3, "keychain": "file", "method": "pin", "generation": 2}',
    "no number": b'{"version": 2, "keychain": "KIND", "method": "pin", "generation": true}',
    "an older number": b'{"version": 2, "keychain": "KIND", "method": "pin", "generation": 0}',
    "a newer number": b'{"version": 2, "keychain": "KIND", "method": "pin", "generation": 999}',
    "nesting": b"[" * 60_000,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_state_file_that_is_gone_or_edited_is_a_lock(
    home: Path, pin: SecondFactor, clock: SetClock, system: MemoryKeychain | None, damage: bytes | None
) -> None:
    pin.verify(PIN)
    path = home / "access.json"
    path.unlink()
    if damage is not None:
        path.write_bytes(damage.replace(b"KIND", b"system" if system else b"file"))
        path.chmod(0o600)
    again = second_factor(home, clock, system=system)
    assert again.method() == "pin"
    with pytest.raises(Locked) as caught:
        again.verify(PIN)
    assert caught.value.remaining_s == 900
    with pytest.raises(Locked):
        again.set_pin(OTHER, PIN)
    with pytest.raises(AuthError, match="needs the current"):
        again.set_pin(OTHER, None)
    clock.seconds += 900
    again.verify(PIN)


@pytest.mark.parametrize("how", ["link", "folder", "pipe", "others can write it"])
def test_something_else_in_the_place_of_the_state_file_is_a_lock(
    home: Path, pin: SecondFactor, clock: SetClock, system: MemoryKeychain | None, how: str
) -> None:
    path = home / "access.json"
    if how == "link":
        path.rename(home / "elsewhere")
        path.symlink_to(home / "elsewhere")
    elif how == "others can write it":
        path.chmod(0o666)
    else:
        path.unlink()
        if how == "pipe":
            os.mkfifo(path)
        else:
            path.mkdir()
    again = second_factor(home, clock, system=system)
    assert again.method() == "pin" if how != "folder" else True
    with pytest.raises(AuthError):
        again.verify(PIN)


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a file to somebody else needs root")
@pytest.mark.parametrize("name", ["access.json", "keychain/secrets", "keychain/key"])
def test_a_file_of_somebody_else_opens_nothing(home: Path, name: str) -> None:
    second_factor(home).set_pin(PIN, None)
    os.chown(home / name, 12345, 12345)
    with pytest.raises(AuthError):
        second_factor(home).verify(PIN)


def test_a_keychain_that_lost_the_secret_never_means_that_none_was_set(
    home: Path, pin: SecondFactor, clock: SetClock, system: MemoryKeychain | None
) -> None:
    (system or file_keychain(home)).delete("access")
    again = second_factor(home, clock, system=system)
    assert again.method() == "pin"
    with pytest.raises(Locked):
        again.verify(PIN)
    clock.seconds += 900
    with pytest.raises(AuthError, match="gone from the keychain"):
        again.verify(PIN)
    with pytest.raises(AuthError):
        again.set_pin(OTHER, PIN)


def test_when_every_file_is_gone_the_journal_still_knows_that_one_was_set(home: Path, clock: SetClock) -> None:
    again = second_factor(home, clock, was_set=True)
    assert again.method() == "pin"
    with pytest.raises(Locked):
        again.verify(PIN)


def test_a_system_keychain_that_does_not_answer_is_never_replaced_by_an_empty_file(home: Path) -> None:
    second_factor(home, system=MemoryKeychain()).set_pin(PIN, None)
    again = second_factor(home, system=None)
    for use in (again.method, lambda: again.verify(PIN), lambda: again.set_pin(OTHER, None)):
        with pytest.raises(KeychainError, match="does not answer"):
            use()


@pytest.mark.parametrize("damage", [b"", b"gAAAA", bytes(range(256))])
def test_damaged_secrets_open_nothing(home: Path, damage: bytes) -> None:
    second_factor(home).set_pin(PIN, None)
    (home / "keychain" / "secrets").write_bytes(damage)
    with pytest.raises(KeychainError, match="damaged"):
        second_factor(home).verify(PIN)


@pytest.mark.parametrize(
    ("field", "value"), [("method", "none"), ("lockout", {"failed": -9, "lock": None}), ("version", 9), ("key", 3.5)]
)
def test_numbers_that_make_no_sense_in_the_keychain_are_damage(home: Path, field: str, value: object) -> None:
    system = MemoryKeychain()
    second_factor(home, system=system).set_pin(PIN, None)
    system.set("access", json.dumps({**json.loads(system.entries["access"]), field: value}))
    with pytest.raises(AuthError):
        second_factor(home, system=system).verify(PIN)


def older(home: Path, *, failed: int = 0) -> None:
    """What an earlier version kept: bcrypt over a plain hash, in a file for everybody who is this user."""
    plain = base64.b64encode(hashlib.sha256(PIN.encode()).digest())
    lockout = {"failed": failed, "lock_s": 900.0 if failed == 3 else 0.0, "since_s": 1000.0, "boot": "boot-1"}
    kept = {"version": 1, "method": "pin", "hash": bcrypt.hashpw(plain, bcrypt.gensalt(4)).decode(), "lockout": lockout}
    (home / "auth.json").write_text(json.dumps(kept))
    (home / "auth.json").chmod(0o600)


def test_the_pin_of_an_older_file_moves_into_the_keychain_and_the_file_is_gone(
    home: Path, clock: SetClock, system: MemoryKeychain | None
) -> None:
    older(home, failed=1)
    moved = second_factor(home, clock, system=system)
    assert (moved.method(), moved.tries_left()) == ("pin", 2)
    assert not (home / "auth.json").exists()
    moved.verify(PIN)
    kept = json.loads((system or file_keychain(home)).get("access") or "")
    assert kept["key"], "the right try makes it a keyed hash"
    moved.verify(PIN)
    with pytest.raises(AuthError):
        moved.verify(WRONG)


def test_a_lock_of_an_older_file_moves_too(home: Path, clock: SetClock) -> None:
    older(home, failed=3)
    with pytest.raises(Locked):
        second_factor(home, clock).verify(PIN)


def test_an_older_file_that_is_damaged_is_never_no_pin_set(home: Path) -> None:
    (home / "auth.json").write_text("{}")
    with pytest.raises(AuthError, match="damaged"):
        second_factor(home).method()
    assert (home / "auth.json").exists()


def test_what_is_damaged_opens_nothing_and_can_be_reset_after_the_wait(home: Path, clock: SetClock) -> None:
    system = MemoryKeychain()
    second_factor(home, clock, system=system).set_pin(PIN, None)
    system.set("access", "{}")
    factor = second_factor(home, clock, system=system)
    with pytest.raises(KeychainError, match="damaged"):
        factor.verify(PIN)
    assert factor.begin_reset() == 86_400
    for _ in range(3):
        clock.seconds += 900
        with pytest.raises(AuthError):
            factor.verify(PIN)
    clock.seconds += 86_400
    factor.finish_reset()
    factor.set_pin(OTHER, None)
    factor.verify(OTHER)


@pytest.mark.parametrize("damage", ["older file", "key gone", "secrets damaged"])
def test_each_damage_can_be_got_out_of_as_its_hint_says(home: Path, clock: SetClock, damage: str) -> None:
    if damage == "older file":
        (home / "auth.json").write_text("{}")
    else:
        second_factor(home, clock).set_pin(PIN, None)
        (home / "keychain" / "key").unlink() if damage == "key gone" else (home / "keychain" / "secrets").write_bytes(
            b"damaged"
        )
    with pytest.raises(AuthError) as caught:
        second_factor(home, clock).verify(PIN)
    assert "orion auth reset" in caught.value.hint
    if damage != "older file":
        assert f"mv {home / 'keychain'} " in caught.value.hint
        (home / "keychain").rename(home / "keychain.lost")
    factor = second_factor(home, clock)
    assert factor.begin_reset() == 86_400
    with pytest.raises(AuthError):
        factor.set_pin(OTHER, None)
    clock.seconds += 86_400
    factor.finish_reset()
    factor.set_pin(OTHER, None)
    factor.verify(OTHER)
