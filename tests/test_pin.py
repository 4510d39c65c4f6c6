"""The PIN against whoever has the keyboard: guessing, racing, killing, and turning clocks do not help."""

from __future__ import annotations

import json
import logging
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.access.pin import PinAuthenticator
from engine.vocabulary.errors import AuthError, ConfigError, Locked
from engine.vocabulary.ports import Authenticator

PIN, OTHER, WRONG = "482915", "739162", "906274"


class SetClock:
    """A clock that a test sets: `boot` names this start of the machine."""

    def __init__(self) -> None:
        self.wall = datetime(2026, 1, 1, tzinfo=UTC)
        self.seconds = 1_000.0
        self.boot = "boot-1"

    def now(self) -> datetime:
        return self.wall

    def boot_s(self) -> float:
        return self.seconds

    def boot_id(self) -> str:
        return self.boot


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def pin(tmp_path: Path, clock: SetClock) -> PinAuthenticator:
    made = PinAuthenticator(tmp_path / "auth.json", clock, cost=4)
    made.set_pin(PIN, None)
    return made


def lock(pin: PinAuthenticator) -> None:
    for _ in range(2):
        with pytest.raises(AuthError, match="wrong"):
            pin.verify(WRONG)
    with pytest.raises(Locked):
        pin.verify(WRONG)


def test_nothing_is_set_at_first_and_nothing_is_verified(tmp_path: Path) -> None:
    fresh: Authenticator = PinAuthenticator(tmp_path / "auth.json", cost=4)
    assert fresh.method() == ""
    assert (fresh.lock_left_s(), fresh.tries_left()) == (0.0, 3)
    with pytest.raises(AuthError, match="no PIN is set"):
        fresh.verify(PIN)


def test_the_right_pin_is_accepted_and_only_a_slow_hash_is_kept(tmp_path: Path, pin: PinAuthenticator) -> None:
    assert pin.method() == "pin"
    pin.verify(PIN)
    path = tmp_path / "auth.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PIN not in path.read_text()
    assert json.loads(path.read_text())["hash"].startswith("$2b$04$")


def test_the_default_cost_is_twelve(tmp_path: Path) -> None:
    PinAuthenticator(tmp_path / "auth.json").set_pin(PIN, None)
    assert '"$2b$12$' in (tmp_path / "auth.json").read_text()


def test_three_wrong_tries_lock_for_fifteen_minutes_even_for_the_right_pin(
    pin: PinAuthenticator, clock: SetClock
) -> None:
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


def test_a_right_try_clears_the_wrong_ones(pin: PinAuthenticator) -> None:
    for _ in range(4):
        with pytest.raises(AuthError, match="2 tries left"):
            pin.verify(WRONG)
        pin.verify(PIN)


@pytest.mark.parametrize(
    "typed", ["", "12", PIN + "\n", " " + PIN, "x" * 10_000, "48291\u0665", "\udcff", "\x00" + PIN]
)
def test_anything_that_is_not_the_pin_is_wrong_and_counts(pin: PinAuthenticator, typed: str) -> None:
    with pytest.raises(AuthError):
        pin.verify(typed)
    assert pin.tries_left() == 2


def test_turning_the_wall_clock_does_not_open_the_lock(pin: PinAuthenticator, clock: SetClock) -> None:
    lock(pin)
    for days in (400, -800):
        clock.wall += timedelta(days=days)
        assert pin.lock_left_s() == 900
        with pytest.raises(Locked):
            pin.verify(PIN)


def test_a_restart_of_the_machine_starts_the_remainder_again(pin: PinAuthenticator, clock: SetClock) -> None:
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


def test_a_boot_clock_that_went_back_counts_as_a_restart(pin: PinAuthenticator, clock: SetClock) -> None:
    lock(pin)
    clock.seconds = 3.0
    assert pin.lock_left_s() == 900


def test_a_restart_of_orion_changes_nothing(tmp_path: Path, pin: PinAuthenticator, clock: SetClock) -> None:
    lock(pin)
    again = PinAuthenticator(tmp_path / "auth.json", clock, cost=4)
    assert again.lock_left_s() == 900
    with pytest.raises(Locked):
        again.verify(PIN)


def test_changing_needs_the_current_pin_and_a_wrong_one_counts(pin: PinAuthenticator) -> None:
    with pytest.raises(AuthError, match="current"):
        pin.set_pin(OTHER, None)
    with pytest.raises(AuthError, match="2 tries left"):
        pin.set_pin(OTHER, WRONG)
    pin.verify(PIN)
    pin.set_pin(OTHER, PIN)
    pin.verify(OTHER)
    with pytest.raises(AuthError):
        pin.verify(PIN)


def test_a_locked_pin_cannot_be_changed(pin: PinAuthenticator) -> None:
    lock(pin)
    with pytest.raises(Locked):
        pin.set_pin(OTHER, PIN)


WEAK = """
12345 1234567890123 abcdef 12345a 000000 111111111111 123456 654321 234567 890123 098765 210987 123450 912345 121212
123123 112233 998877 447788 1212121 123412341234 111112 122121 123321 19901990 19842024 199012 121990 24121985
19851224 12241985 147258 159753 246802 135791 102030 789456 696969
"""


@pytest.mark.parametrize("weak", [*WEAK.split(), "", "48291\uff15", "48 2915"])
def test_an_obvious_or_malformed_pin_is_refused_with_a_reason_that_does_not_repeat_it(
    tmp_path: Path, weak: str
) -> None:
    fresh = PinAuthenticator(tmp_path / "auth.json", cost=4)
    with pytest.raises(ConfigError, match="cannot be used: ") as caught:
        fresh.set_pin(weak, None)
    assert not weak or weak not in caught.value.message + caught.value.hint
    assert fresh.method() == ""


@pytest.mark.parametrize("good", [PIN, OTHER, WRONG, "294817", "271930", "583920174652", "4815162", "70193846"])
def test_ordinary_pins_are_accepted(tmp_path: Path, good: str) -> None:
    fresh = PinAuthenticator(tmp_path / "auth.json", cost=4)
    fresh.set_pin(good, None)
    fresh.verify(good)


def test_nearly_every_random_pin_is_accepted() -> None:
    from engine.access.strength import weakness

    refused = sum(bool(weakness(f"{number:06d}")) for number in range(0, 1_000_000, 37))
    assert refused / (1_000_000 / 37) < 0.03


DAMAGE = {
    "empty": b"",
    "half": b'{"version": 1, "method": "pin", "ha',
    "list": b"[]",
    "null": b"null",
    "binary": bytes(range(256)),
    "version": b'{"version": 2, "method": "pin", "hash": "$2b$04$x", "lockout": {}}',
    "lockout": b'{"version": 1, "method": "pin", "hash": "$2b$04$x", "lockout": {"failed": -9}}',
    "nesting": b"[" * 60_000,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_state_is_never_no_pin_set(tmp_path: Path, pin: PinAuthenticator, damage: bytes) -> None:
    (tmp_path / "auth.json").write_bytes(damage)
    assert pin.method() == "pin"
    for use in (lambda: pin.verify(PIN), lambda: pin.set_pin(OTHER, None), pin.lock_left_s, pin.tries_left):
        with pytest.raises(AuthError, match=r"auth\.json cannot be used: it is damaged"):
            use()
    assert (tmp_path / "auth.json").read_bytes() == damage


@pytest.mark.parametrize(("field", "value"), [("failed", 0.5), ("failed", 3), ("lock_s", 1e9), ("lock_s", "x")])
def test_counters_that_make_no_sense_are_damage(
    tmp_path: Path, pin: PinAuthenticator, field: str, value: object
) -> None:
    path = tmp_path / "auth.json"
    data = json.loads(path.read_text())
    data["lockout"][field] = value
    path.write_text(json.dumps(data))
    with pytest.raises(AuthError, match="damaged"):
        pin.verify(PIN)


def test_a_hash_that_bcrypt_cannot_read_is_damage(tmp_path: Path, pin: PinAuthenticator) -> None:
    path = tmp_path / "auth.json"
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "hash": "$2b$04$short"}))
    with pytest.raises(AuthError, match="damaged"):
        pin.verify(PIN)


def test_a_link_a_folder_or_a_pipe_in_its_place_is_unusable(tmp_path: Path, pin: PinAuthenticator) -> None:
    path = tmp_path / "auth.json"
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AuthError, match="cannot be used"):
        pin.verify(PIN)
    path.unlink()
    path.mkdir()
    with pytest.raises(AuthError, match="not a file"):
        pin.verify(PIN)
    path.rmdir()
    os.mkfifo(path)
    with pytest.raises(AuthError, match="not a file"):
        pin.verify(PIN)
    assert pin.method() == "pin"


def test_a_state_that_others_can_write_is_unusable(tmp_path: Path, pin: PinAuthenticator) -> None:
    (tmp_path / "auth.json").chmod(0o666)
    with pytest.raises(AuthError, match="other users can write"):
        pin.verify(PIN)


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a file to somebody else needs root")
def test_a_state_of_somebody_else_is_unusable(tmp_path: Path, pin: PinAuthenticator) -> None:
    os.chown(tmp_path / "auth.json", 12345, 12345)
    with pytest.raises(AuthError, match="belongs to another user"):
        pin.verify(PIN)


def test_the_pin_is_in_no_log_and_no_error(
    tmp_path: Path, pin: PinAuthenticator, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        shown = [repr(pin), str(pin)]
        for _ in range(4):
            with pytest.raises(AuthError) as caught:
                pin.verify(WRONG)
            shown += [repr(caught.value), caught.value.hint]
    assert WRONG not in "".join(shown) + caplog.text
    assert WRONG not in "".join(path.read_text() for path in tmp_path.iterdir())


GUESSER = """
import sys
from pathlib import Path
from engine.access.pin import PinAuthenticator
from engine.vocabulary.errors import AuthError, Locked
pin = PinAuthenticator(Path(sys.argv[1]), cost=4)
sys.stdin.readline()
for _ in range(3):
    try:
        pin.verify(sys.argv[2])
        print("right")
    except AuthError as error:
        print(error.message)
"""


def test_forty_processes_at_once_get_three_tries_between_them(tmp_path: Path) -> None:
    path = tmp_path / "auth.json"
    PinAuthenticator(path, cost=4).set_pin(PIN, None)
    guessers = [
        subprocess.Popen(
            [sys.executable, "-c", GUESSER, str(path), WRONG], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(40)
    ]
    for guesser in guessers:
        assert guesser.stdin is not None
        guesser.stdin.write("\n")
        guesser.stdin.flush()
    answers = [line for guesser in guessers for line in guesser.communicate(timeout=120)[0].splitlines()]
    assert len(answers) == 120
    assert sum("wrong, " in answer for answer in answers) == 2
    assert sum("locked" in answer for answer in answers) == 118


KILLED_WHILE_CHECKING = """
import os, sys, bcrypt
from pathlib import Path
from engine.access.pin import PinAuthenticator
bcrypt.checkpw = lambda *_: os.kill(os.getpid(), 9)
PinAuthenticator(Path(sys.argv[1])).verify("000000")
"""


def test_a_try_that_is_killed_before_its_answer_has_been_counted(tmp_path: Path) -> None:
    path = tmp_path / "auth.json"
    pin = PinAuthenticator(path, cost=4)
    pin.set_pin(PIN, None)
    for left in (2, 1, 0):
        killed = subprocess.run([sys.executable, "-c", KILLED_WHILE_CHECKING, str(path)])
        assert killed.returncode == -9
        assert pin.tries_left() == left
    with pytest.raises(Locked):
        pin.verify(PIN)


def test_when_a_try_cannot_be_recorded_no_pin_is_checked(tmp_path: Path, pin: PinAuthenticator) -> None:
    before = (tmp_path / "auth.json").read_bytes()
    code = "import resource, sys\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n" + GUESSER.replace(
        "sys.stdin.readline()", ""
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "auth.json"), PIN], stdout=subprocess.PIPE, text=True, check=True
    )
    assert "cannot be recorded" in run.stdout
    assert "right" not in run.stdout
    assert (tmp_path / "auth.json").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["auth.json", "auth.json.lock"]
