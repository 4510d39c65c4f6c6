"""A million guesses: over restarts, kills, removed files, turned clocks and fifty processes at once, never more tries
reach the secret than the policy allows."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pyotp
import pytest

from engine.access.codes import STEP_S
from engine.vocabulary.access import Guarded
from engine.vocabulary.errors import AuthError, Locked
from engine.vocabulary.events import ACCOUNT, EventKind
from tests.support.counts import count
from tests.support.guessing import Target, most_in_a_row, unwatched

pytestmark = pytest.mark.slow

PIN = "482915"
GUESSES, PROCESSES = 700_000, 50
SOAK = count(20) == 20
WORLDS = [("pin", True), ("pin", False), ("totp", True), ("totp", False)]
NAMES = [f"{method}, {'keychain' if vault else 'file'}" for method, vault in WORLDS]


@pytest.fixture(params=WORLDS, ids=NAMES)
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    method, vault = request.param
    made = Target(tmp_path, method, vault=vault)
    yield made
    unwatched()


def set_up(target: Target) -> str:
    """The secret: the PIN, or what the codes are made from."""
    factor = target.opened()
    if target.method == "pin":
        factor.set_pin(PIN, None)
        return PIN
    offer = factor.offer_totp("me@here", None)
    factor.confirm_totp(right(target, offer.secret))
    target.clock.passes(10 * STEP_S)
    return offer.secret


def right(target: Target, secret: str) -> str:
    if target.method == "pin":
        return secret
    return pyotp.HOTP(secret).at(int(target.clock.now().timestamp() // STEP_S))


class Attack:
    """Guesses in one process after another, with everything that the account can do to its own files and clocks
    between them, and every try in the journal. `open_since` counts from the last thing that cleared the counter."""

    def __init__(self, target: Target, seed: str) -> None:
        self.target = target
        self.chance = random.Random(seed)
        self.secret = set_up(target)
        target.watched()
        self.journal = target.journal()
        target.was_set(self.journal)
        self.copies: list[bytes] = []
        self.asked = self.answered_right = 0
        self.latest = target.clock.now().timestamp()
        self.restart()

    def restart(self) -> None:
        self.process = self.target.authoriser(self.journal)

    def guess(self) -> None:
        """A wrong one, or the right one where it can do no good."""
        factor = self.process
        locked = self.target.opened().lock_left_s() > 0 if self.chance.random() < 0.02 else None
        given = right(self.target, self.secret) if locked else f"{self.chance.randrange(10**6):06d}"
        if not locked and given in (right(self.target, self.secret), PIN):
            return
        before = self.target.tries.stat().st_size if locked else 0
        try:
            factor.authorise(Guarded.PROMOTE, given, session=f"s{self.asked % 7}")
        except Locked:
            pass
        except AuthError:
            assert not locked
        else:
            # A wrong six-digit code may be the one of the step beside this; nothing else is ever right.
            assert self.target.method == "totp"
            assert not locked
            self.latest = max(self.latest, self.target.clock.now().timestamp() + STEP_S)
            self.cleared()
        if locked:
            assert self.target.tries.stat().st_size == before, "a lock was looked behind"
        self.asked += 1

    def killed(self) -> None:
        """A try whose process dies when it has reached the secret."""

        def tried() -> None:
            self.target.watched(die=True)
            with suppress(AuthError):
                self.target.opened().verify("000000")

        os.waitpid(_forked(tried), 0)
        self.asked += 1

    def cleared(self) -> None:
        """What was tried so far belongs to a row of its own."""
        self.check()
        self.target.tries.write_bytes(b"")
        self.answered_right += 1

    def owner(self) -> None:
        """The person comes back and types the right secret: that ends a row of wrong ones."""
        factor, clock = self.target.opened(), self.target.clock
        clock.passes(factor.lock_left_s() + 3 * STEP_S)
        # Codes of a time before the last one that was used count as used, so the clock is put right first.
        self.latest = max(self.latest + 3 * STEP_S, clock.now().timestamp())
        clock.turn_wall(self.latest - clock.now().timestamp())
        factor.verify(right(self.target, self.secret))
        self.cleared()

    def meddle(self) -> None:
        """One thing that the account can do."""
        home, clock = self.target.home, self.target.clock
        access = home / "access.json"
        match self.chance.randrange(10):
            case 0 | 1:
                clock.passes(self.chance.choice([1, 60, 600, 899, 900, 1799, 1801, 4000]))
            case 2:
                clock.turn_wall(self.chance.choice([-1, 1]) * self.chance.choice([60, 3600, 86_400 * 40]))
            case 3:
                clock.start_again()
            case 4:
                access.unlink(missing_ok=True)
            case 5 if access.exists():
                self.copies.append(access.read_bytes())
            case 6 if self.copies:
                access.write_bytes(self.chance.choice(self.copies))
            case 7:
                access.write_bytes(self.chance.choice([b"", b"{}", b'{"version": 2}', os.urandom(64)]))
                access.chmod(self.chance.choice([0o600, 0o666]))
            case 8 if self.target.vault is not None:
                shutil.rmtree(home / "keychain", ignore_errors=True)
                (home / "auth.json").write_text("{}")
                (home / "auth.json").unlink()
            case _:
                self.killed()
        self.restart()

    def check(self) -> None:
        """Never more than the policy allows."""
        policy, reached = self.target.policy, self.target.reached()
        assert most_in_a_row(reached, policy.lock_s) <= policy.tries
        if reached:
            assert len(reached) <= policy.tries * (1 + (reached[-1] - reached[0]) // policy.lock_s)


def test_a_million_guesses_get_no_more_tries_than_the_policy_allows(target: Target) -> None:
    attack = Attack(target, str(WORLDS.index((target.method, target.vault is not None))))
    wanted = count(GUESSES) // len(WORLDS) if SOAK else 300
    while attack.asked < wanted:
        for _ in range(attack.chance.randrange(1, 400 if SOAK else 7)):
            attack.guess()
        attack.meddle()
        if attack.chance.random() < (0.05 if SOAK else 0.3):
            attack.owner()
    attack.check()
    noted = sum(1 for event in attack.journal.events(ACCOUNT) if event.kind is EventKind.AUTHENTICATED)
    attack.journal.close()
    assert noted > 0.9 * (attack.asked - attack.answered_right), "a try is missing in the journal"
    assert attack.answered_right > 0


@pytest.mark.parametrize("target", [("pin", True), ("totp", False)], ids=[NAMES[0], NAMES[3]], indirect=True)
def test_fifty_processes_get_no_more_tries_than_one(target: Target) -> None:
    set_up(target)
    journal = target.journal()
    target.was_set(journal)
    per = count(300_000) // PROCESSES // 2 if SOAK else 3
    journal.close()
    accepted = target.root / "accepted"
    guessers = [_forked(lambda number=number: _guesses(target, number, per, accepted)) for number in range(PROCESSES)]
    chance, exits = random.Random(7), dict.fromkeys(guessers, -1)
    while -1 in exits.values():
        # While they guess: time passes, the wall clock is turned, the machine restarts, files go away.
        match chance.randrange(6):
            case 0 | 1:
                target.clock.passes(chance.choice([1, 300, 900]))
            case 2:
                target.clock.turn_wall(chance.choice([-1e6, 1e6]))
            case 3:
                target.clock.start_again()
            case 4:
                (target.home / "access.json").unlink(missing_ok=True)
            case _:
                pass
        time.sleep(0.02)
        for guesser in [pid for pid, code in exits.items() if code == -1]:
            done, status = os.waitpid(guesser, os.WNOHANG)
            if done:
                exits[guesser] = abs(os.waitstatus_to_exitcode(status))
    assert not accepted.exists()
    reached = target.reached()
    assert reached, "nobody ever tried"
    assert most_in_a_row(reached, target.policy.lock_s) <= target.policy.tries
    assert set(exits.values()) <= {0, 9}
    journal = target.journal()
    noted = [event for event in journal.events(ACCOUNT) if event.kind is EventKind.AUTHENTICATED]
    journal.close()
    assert len(noted) >= per * list(exits.values()).count(0)


def _guesses(target: Target, number: int, guesses: int, accepted: Path) -> None:
    """One process; every fifth of them dies when one of its tries reaches the secret."""
    chance, clocked = random.Random(number), Target(target.root, target.method, vault=target.vault is not None)
    clocked.watched(die=number % 5 == 0)
    journal = clocked.journal()
    for _ in range(guesses):
        with suppress(AuthError):
            given = chance.choice(["000000", "937152", "x"])
            clocked.authoriser(journal).authorise(Guarded.PROMOTE, given, session="s")
            accepted.touch()


def _forked(work: Callable[[], None]) -> int:
    """A process of its own that does only this."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    finally:
        os._exit(code)
