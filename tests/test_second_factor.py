"""The second factor against whoever has the keyboard: guessing, racing, killing, deleting and turning clocks do not
help."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import bcrypt
import pytest

from engine.access.pin import COST
from engine.access.second_factor import SecondFactor
from engine.vocabulary.access import Authenticator
from engine.vocabulary.errors import AuthError, ConfigError, KeychainError, Locked
from tests.support.access import OTHER, PIN, WRONG, MemoryKeychain, SetClock, file_keychain, second_factor


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture(params=["file", "system"])
def system(request: pytest.FixtureRequest) -> MemoryKeychain | None:
    """Both kinds of keychain keep the same promises."""
    return MemoryKeychain() if request.param == "system" else None


@pytest.fixture
def pin(home: Path, clock: SetClock, system: MemoryKeychain | None) -> SecondFactor:
    made = second_factor(home, clock, system=system)
    made.set_pin(PIN, None)
    return made


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


def test_the_pin_is_in_no_log_and_no_error(home: Path, pin: SecondFactor, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        shown = [repr(pin), str(pin)]
        for _ in range(4):
            with pytest.raises(AuthError) as caught:
                pin.verify(WRONG)
            shown += [repr(caught.value), caught.value.hint]
    assert WRONG not in "".join(shown) + caplog.text
    assert WRONG not in "".join(path.read_text() for path in home.iterdir() if path.is_file())


GUESSER = """
import sys
from pathlib import Path
from engine.vocabulary.errors import AuthError
from tests.support.access import second_factor
factor = second_factor(Path(sys.argv[1]))
sys.stdin.readline()
for _ in range(3):
    try:
        factor.verify(sys.argv[2])
        print("right")
    except AuthError as error:
        print(error.message)
"""


KILLED_WHILE_CHECKING = """
import os, sys, bcrypt
from pathlib import Path
from tests.support.access import second_factor
bcrypt.checkpw = lambda *_: os.kill(os.getpid(), 9)
second_factor(Path(sys.argv[1])).verify("000000")
"""


def test_a_try_that_is_killed_before_its_answer_has_been_counted(home: Path) -> None:
    factor = second_factor(home)
    factor.set_pin(PIN, None)
    for left in (2, 1, 0):
        killed = subprocess.run([sys.executable, "-c", KILLED_WHILE_CHECKING, str(home)])
        assert killed.returncode == -9
        assert factor.tries_left() == left
    with pytest.raises(Locked):
        factor.verify(PIN)


KILLED_BETWEEN_THE_PLACES = """
import os, sys
from pathlib import Path
import engine.access.store
from tests.support.access import second_factor
engine.access.store.write_private = lambda *_: os.kill(os.getpid(), 9)
second_factor(Path(sys.argv[1])).verify(sys.argv[2])
"""


def test_a_kill_between_the_keychain_and_the_file_counts_one_try_and_locks_nothing(home: Path) -> None:
    factor = second_factor(home)
    factor.set_pin(PIN, None)
    killed = subprocess.run([sys.executable, "-c", KILLED_BETWEEN_THE_PLACES, str(home), WRONG])
    assert killed.returncode == -9
    assert factor.tries_left() == 2
    factor.verify(PIN)


def test_when_a_try_cannot_be_recorded_nothing_is_checked(home: Path) -> None:
    second_factor(home).set_pin(PIN, None)
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    code = "import resource, sys\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n" + GUESSER.replace(
        "sys.stdin.readline()", ""
    )
    run = subprocess.run([sys.executable, "-c", code, str(home), PIN], stdout=subprocess.PIPE, text=True, check=True)
    assert "cannot be used" in run.stdout
    assert "right" not in run.stdout
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


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
