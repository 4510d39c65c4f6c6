"""The second factor: set, checked and counted. No secret is ever logged or put into a message."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from engine.access import codes, pin
from engine.access.lockout import POLICIES, RESET_S, BootClock, Lockout, waiting
from engine.access.state import AccessState, Offer
from engine.access.strength import weakness
from engine.vocabulary.access import TotpOffer
from engine.vocabulary.errors import AuthError, ConfigError, Locked

if TYPE_CHECKING:
    from engine.access.store import AccessStore
    from engine.vocabulary.access import Keychain

OFFER_S = 900.0
"""Seconds in which a live code must confirm a new authenticator app."""

_WORDS = {"pin": "PIN", "totp": "code"}


class SecondFactor:
    """The `Authenticator` port. `cost` is bcrypt's."""

    def __init__(self, store: AccessStore, clock: BootClock, *, cost: int = pin.COST) -> None:
        self._store = store
        self._clock = clock
        self._cost = cost

    def method(self) -> str:
        with self._store.alone():
            return self._store.read().method

    def keychain(self) -> Keychain:
        return self._store.keychain()

    def set_pin(self, new: str, current: str | None) -> None:
        reason = weakness(new)
        if reason:
            raise ConfigError(f"this PIN cannot be used: {reason}", "choose 6 to 12 digits that nobody would try first")
        with self._store.alone():
            state = self._allowed(current)
            key = secrets.token_bytes(32)
            kept = pin.hash_pin(new, key, self._cost)
            self._store.write(AccessState("pin", key.hex(), kept, generation=state.generation))

    def offer_totp(self, account: str, current: str | None) -> TotpOffer:
        with self._store.alone():
            state = self._allowed(current)
            secret = codes.new_secret()
            self._store.write(replace(state, offer=Offer(secret, self._now_s())))
        return TotpOffer(secret, codes.provisioning_uri(secret, account))

    def confirm_totp(self, code: str) -> tuple[str, ...]:
        with self._store.alone():
            state = self._store.read()
            offer = state.offer
            if offer is None or not 0 <= self._now_s() - offer.at_s <= OFFER_S:
                raise AuthError("no authenticator app waits to be confirmed", "begin with: orion auth set totp")
            step = codes.step_of(offer.secret, code.strip(), self._now_s(), 0)
            if step is None:
                here = self._clock.now().astimezone()
                raise AuthError(
                    "the code is not the one that this secret gives now",
                    f"type the one that the app shows now; this machine's clock says {here:%H:%M:%S %Z}, and where the "
                    "phone's says something else, set both by the network",
                )
            key, fresh = secrets.token_bytes(32), codes.new_backup_codes()
            hashes = tuple(codes.backup_hash(one, key) for one in fresh)
            kept = AccessState("totp", key.hex(), totp_secret=offer.secret, last_step=step, backup=hashes)
            self._store.write(replace(kept, generation=state.generation))
        return fresh

    def verify(self, secret: str) -> None:
        with self._store.alone():
            state = self._store.read()
            if not state.method:
                raise AuthError("no PIN or code is set", "set one with: orion auth set pin, or orion auth set totp")
            self._checked(state, secret)

    def lock_left_s(self) -> float:
        return self._lockout()[0].left_s(self._clock)

    def tries_left(self) -> int:
        lockout, method = self._lockout()
        return lockout.tries_left(POLICIES[method])

    def backup_codes_left(self) -> int:
        with self._store.alone():
            return len(self._store.read().backup)

    def reset_left_s(self) -> float | None:
        with self._store.alone():
            state = self._store.read()
            if state.reset is None:
                return None
            advanced = state.reset.advanced(self._clock)
            self._store.write(replace(state, reset=advanced))
            return advanced.left_s

    def begin_reset(self) -> float:
        with self._store.alone():
            state = self._store.read(forgetting=True)
            if not state.method:
                raise AuthError("nothing is set that could be reset", "set a PIN with: orion auth set pin")
            reset = state.reset.advanced(self._clock) if state.reset else waiting(RESET_S, self._clock)
            self._store.write(replace(state, reset=reset))
            return reset.left_s

    def reset_over(self) -> None:
        with self._store.alone():
            self._waited(self._store.read())

    def finish_reset(self) -> None:
        with self._store.alone():
            state = self._store.read()
            self._waited(state)
            self._store.write(AccessState(generation=state.generation))

    def _waited(self, state: AccessState) -> None:
        if state.reset is None:
            raise AuthError("no reset was begun", "begin one with: orion auth reset; it takes 24 hours")
        left = state.reset.now_left_s(self._clock)
        if left > 0:
            hours, minutes = divmod(int(left + 59) // 60, 60)
            raise AuthError(f"the reset has {hours} h {minutes:02d} min to wait", "the right secret ends it at once")

    def _allowed(self, current: str | None) -> AccessState:
        """The state to build a new secret on, once the current one was given. To be called alone."""
        state = self._store.read()
        if not state.method:
            return state
        if current is None:
            word = _WORDS[state.method]
            raise AuthError(f"changing it needs the current {word}", f"give the current {word} too")
        return self._checked(state, current)

    def _checked(self, state: AccessState, secret: str) -> AccessState:
        """The state after a right try, already kept. Raises AuthError or Locked."""
        lockout = state.lockout.settled(self._clock)
        if lockout.lock is not None:
            if lockout != state.lockout:
                self._store.write(replace(state, lockout=lockout))
            raise self._locked(lockout)
        counted = lockout.counted(self._clock, state.policy)
        state = self._store.write(replace(state, lockout=counted))
        right = self._matched(state, secret)
        if right is not None:
            # The right secret also ends a reset that somebody else may have begun.
            return self._store.write(replace(right, lockout=Lockout(), reset=None))
        if counted.lock is not None:
            raise self._locked(counted)
        left = counted.tries_left(state.policy)
        word = _WORDS[state.method]
        raise AuthError(f"the {word} is wrong, {left} {'try' if left == 1 else 'tries'} left", "type it again")

    def _matched(self, state: AccessState, secret: str) -> AccessState | None:
        """The state that a right secret leads to: a code is used up with it. None for a wrong one."""
        key = bytes.fromhex(state.key)
        if state.method == "totp":
            step = codes.step_of(state.totp_secret, secret.strip(), self._now_s(), state.last_step)
            if step is not None:
                return replace(state, last_step=step)
            left = codes.without_backup(secret, key, state.backup)
            return None if left is None else replace(state, backup=left)
        try:
            if not pin.is_pin(secret, key, state.pin_hash):
                return None
        except ValueError:
            raise AuthError(
                "the secret that was set is gone from the keychain, so none can be right",
                "orion auth reset sets a new one after 24 hours",
            ) from None
        if key:
            return state
        fresh = secrets.token_bytes(32)
        return replace(state, key=fresh.hex(), pin_hash=pin.hash_pin(secret, fresh, self._cost))

    def _lockout(self) -> tuple[Lockout, str]:
        """The lockout as of now and the method; a lock from before a restart of the machine is written down with its
        new start."""
        with self._store.alone():
            state = self._store.read()
            settled = state.lockout.settled(self._clock)
            if settled != state.lockout:
                self._store.write(replace(state, lockout=settled))
            return settled, state.method or "pin"

    def _now_s(self) -> float:
        return self._clock.now().timestamp()

    def _locked(self, lockout: Lockout) -> Locked:
        left = lockout.left_s(self._clock)
        return Locked(left, self._clock.now() + timedelta(seconds=left))
