"""One-time codes: what the RFCs say, each code once, and the ways in and out of the method."""

from __future__ import annotations

import base64
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest

from engine.access.codes import STEP_S, step_of
from engine.access.second_factor import SecondFactor
from engine.vocabulary.errors import AuthError, Locked
from tests.support.access import PIN, WRONG, SetClock, file_keychain, second_factor
from tests.support.cli import Orion
from tests.support.counts import count

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
# RFC 6238, appendix B (SHA-1), cut to six digits; RFC 4226, appendix D, by counter.
RFC_6238 = {59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"}
RFC_4226 = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def orion(tmp_path: Path) -> Orion:
    return Orion(tmp_path / "home", tmp_path)


def code_at(secret: str, clock: SetClock, steps: int = 0) -> str:
    return pyotp.HOTP(secret).at(int(clock.wall.timestamp() // STEP_S) + steps)


@pytest.fixture
def enrolled(tmp_path: Path, clock: SetClock) -> tuple[SecondFactor, str, tuple[str, ...]]:
    factor = second_factor(tmp_path, clock)
    offer = factor.offer_totp("me@here", None)
    backup = factor.confirm_totp(code_at(offer.secret, clock))
    clock.wall += timedelta(seconds=10 * STEP_S)
    return factor, offer.secret, backup


@pytest.mark.parametrize(("now", "code"), RFC_6238.items())
def test_the_vectors_of_rfc_6238_hold(now: int, code: str) -> None:
    assert step_of(RFC_SECRET, code, now, 0) == now // STEP_S


@pytest.mark.parametrize(("counter", "code"), enumerate(RFC_4226))
def test_the_vectors_of_rfc_4226_hold(counter: int, code: str) -> None:
    assert step_of(RFC_SECRET, code, counter * STEP_S, -1) == counter


@pytest.mark.skipif(shutil.which("oathtool") is None, reason="oathtool is not installed")
def test_codes_agree_with_oathtool() -> None:
    for now in (1_000_000_000, 1_767_225_600, 4_102_444_800):
        moment = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        run = subprocess.run(
            ["oathtool", "--totp", "--base32", "--now", moment, RFC_SECRET], capture_output=True, text=True, check=True
        )
        assert step_of(RFC_SECRET, run.stdout.strip(), now, 0) == now // STEP_S


def test_nothing_counts_before_a_live_code_was_seen(tmp_path: Path, clock: SetClock) -> None:
    factor = second_factor(tmp_path, clock)
    offer = factor.offer_totp("me@here", None)
    assert factor.method() == ""
    with pytest.raises(AuthError, match="not the one"):
        factor.confirm_totp(code_at(offer.secret, clock, 5))
    clock.wall += timedelta(minutes=16)
    with pytest.raises(AuthError, match="no authenticator app waits"):
        factor.confirm_totp(code_at(offer.secret, clock))


def test_the_address_is_what_authenticator_apps_expect(tmp_path: Path, clock: SetClock) -> None:
    offer = second_factor(tmp_path, clock).offer_totp("me@here", None)
    assert offer.uri == f"otpauth://totp/Orion:me%40here?secret={offer.secret}&issuer=Orion"
    assert len(base64.b32decode(offer.secret)) == 20


def test_a_code_is_good_once_and_for_one_step_around_it(
    enrolled: tuple[SecondFactor, str, tuple[str, ...]], clock: SetClock
) -> None:
    factor, secret, _ = enrolled
    for steps in (-2, 2, 7):
        with pytest.raises(AuthError, match="wrong"):
            factor.verify(code_at(secret, clock, steps))
    factor.verify(code_at(secret, clock, -1))
    factor.verify(code_at(secret, clock))
    for steps in (-1, 0):
        with pytest.raises(AuthError):
            factor.verify(code_at(secret, clock, steps))
    factor.verify(code_at(secret, clock, 1))


def test_no_replayed_code_is_ever_accepted(
    tmp_path: Path, enrolled: tuple[SecondFactor, str, tuple[str, ...]], clock: SetClock
) -> None:
    factor, secret, _ = enrolled
    for _ in range(count(2_500)):
        code = code_at(secret, clock)
        factor.verify(code)
        # Later, earlier, by a clock that was set back, and by another process.
        for move in (0, STEP_S, -2 * STEP_S, STEP_S):
            clock.wall += timedelta(seconds=move)
            with pytest.raises(AuthError):
                second_factor(tmp_path, clock).verify(code)
        clock.wall += timedelta(seconds=2 * STEP_S)
        factor.verify(code_at(secret, clock))
        clock.wall += timedelta(seconds=2 * STEP_S)


def test_five_wrong_codes_lock_for_thirty_minutes(
    enrolled: tuple[SecondFactor, str, tuple[str, ...]], clock: SetClock
) -> None:
    factor, secret, backup = enrolled
    for left in (4, 3, 2, 1):
        with pytest.raises(AuthError, match=f"{left} tr"):
            factor.verify("000000" if code_at(secret, clock) != "000000" else "111111")
    with pytest.raises(Locked) as caught:
        factor.verify("not even digits")
    assert caught.value.remaining_s == 1800
    for good in (code_at(secret, clock), backup[0]):
        with pytest.raises(Locked):
            factor.verify(good)
    clock.seconds += 1800
    factor.verify(code_at(secret, clock))


def test_each_of_six_backup_codes_is_good_once_however_it_is_typed(
    enrolled: tuple[SecondFactor, str, tuple[str, ...]],
) -> None:
    factor, _, backup = enrolled
    assert len(set(backup)) == 6
    factor.verify(backup[0])
    factor.verify(f" {backup[1].upper().replace('-', ' ')} ")
    assert factor.backup_codes_left() == 4
    with pytest.raises(AuthError):
        factor.verify(backup[0])


def test_switching_needs_the_current_secret_and_deletes_it(tmp_path: Path, clock: SetClock) -> None:
    factor = second_factor(tmp_path, clock)
    factor.set_pin(PIN, None)
    with pytest.raises(AuthError, match="current PIN"):
        factor.offer_totp("me", None)
    with pytest.raises(AuthError, match="wrong"):
        factor.offer_totp("me", WRONG)
    offer = factor.offer_totp("me", PIN)
    factor.verify(PIN)
    factor.confirm_totp(code_at(offer.secret, clock))
    kept = file_keychain(tmp_path).get("access") or ""
    assert factor.method() == "totp"
    assert "$2b$" not in kept
    with pytest.raises(AuthError):
        factor.verify(PIN)

    clock.wall += timedelta(seconds=STEP_S)
    with pytest.raises(AuthError, match="current code"):
        factor.set_pin(PIN, None)
    factor.set_pin(PIN, code_at(offer.secret, clock))
    assert factor.method() == "pin"
    assert offer.secret not in (file_keychain(tmp_path).get("access") or "")


def test_a_forgotten_secret_is_reset_after_a_day_on_the_boot_clock(tmp_path: Path, clock: SetClock) -> None:
    factor = second_factor(tmp_path, clock)
    factor.set_pin(PIN, None)
    assert factor.begin_reset() == 86_400
    clock.wall += timedelta(days=400)
    clock.seconds += 40_000
    with pytest.raises(AuthError, match="12 h 54 min"):
        factor.finish_reset()
    assert factor.reset_left_s() == 46_400
    # What was waited before a restart of the machine counts; what nobody can know does not.
    clock.boot, clock.seconds = "boot-2", 5.0
    assert factor.begin_reset() == 46_400
    clock.seconds += 46_400
    factor.finish_reset()
    assert factor.method() == ""
    factor.set_pin("739162", None)


def test_the_right_secret_ends_a_reset(tmp_path: Path, clock: SetClock) -> None:
    factor = second_factor(tmp_path, clock)
    factor.set_pin(PIN, None)
    factor.begin_reset()
    factor.verify(PIN)
    assert factor.reset_left_s() is None
    clock.seconds += 90_000
    with pytest.raises(AuthError, match="no reset was begun"):
        factor.finish_reset()


def test_codes_are_set_up_and_switched_from_a_script(orion: Orion) -> None:
    offered = orion("auth", "set", "totp", "--json").json
    code = pyotp.TOTP(offered["secret"]).now()
    done = orion("auth", "set", "totp", "--code-stdin", "--json", given=f"{code}\n").json
    assert (done["method"], len(done["backup_codes"])) == ("totp", 6)
    status = orion("auth", "status", "--json").json
    assert (status["method"], status["tries"], status["lock_s"]) == ("totp", 5, 1800)
    assert orion("auth", "verify", "--code-stdin", given=f"{code}\n").code == 7, "no code is good twice"
    first, second, *_ = done["backup_codes"]
    assert orion("auth", "verify", "--code-stdin", given=f"{first}\n").code == 0
    switched = orion("auth", "switch", "pin", "--code-stdin", "--new-pin-stdin", given=f"{second}\n{PIN}\n")
    assert switched.code == 0
    assert orion("auth", "verify", "--pin-stdin", given=f"{PIN}\n").code == 0


def test_a_new_app_that_can_show_nobody_its_secret_is_not_offered(orion: Orion) -> None:
    assert orion("auth", "set", "totp").code == 2
    assert orion("auth", "status", "--json").json["method"] is None
