"""The PIN: set, checked and counted. It is never logged, put into a message, or kept other than as a slow hash.

What this cannot see is a state file that its owner's account removed; a later keychain entry will.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from engine.access.lockout import BootClock, Lockout, lockout_from_json
from engine.access.strength import weakness
from engine.storage.clock import SystemClock
from engine.storage.files import locked, write_private
from engine.vocabulary.errors import AuthError, ConfigError, Locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_VERSION = 1
_MAX_BYTES = 64 * 1024
# Tries of other processes are waited for; with the slow hash each takes about a third of a second.
_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class _State:
    hash: str
    lockout: Lockout


class PinAuthenticator:
    """The `Authenticator` port on a private file. `cost` is bcrypt's: 12 takes about 0.3 s, one more twice that."""

    def __init__(self, path: Path, clock: BootClock | None = None, *, cost: int = 12) -> None:
        self._path = path
        self._clock: BootClock = clock or SystemClock()
        self._cost = cost

    def method(self) -> str:
        """`pin`, or empty when none was ever set. A file that cannot be used still means that one was set."""
        return "pin" if os.path.lexists(self._path) else ""

    def set_pin(self, new: str, current: str | None) -> None:
        """Set the first PIN, or change it with the current one. Raises ConfigError (weak or malformed), AuthError or
        Locked (the current one is missing or wrong)."""
        reason = weakness(new)
        if reason:
            raise ConfigError(f"this PIN cannot be used: {reason}", "choose 6 to 12 digits that nobody would try first")
        with self._alone():
            state = self._read()
            if state is not None:
                if current is None:
                    raise AuthError("changing the PIN needs the current one", "give the current PIN too")
                self._check(state, current)
            self._write(_State(self._hash(new), Lockout()))

    def verify(self, secret: str) -> None:
        """Return when the secret is right. Raises AuthError or Locked; a wrong try was counted on the disk before its
        answer was known."""
        with self._alone():
            state = self._read()
            if state is None:
                raise AuthError("no PIN is set", "set one with: orion auth set pin")
            self._check(state, secret)

    def lock_left_s(self) -> float:
        """Seconds until the next try is possible. Raises AuthError when the state cannot be used."""
        state = self._current()
        return state.lockout.left_s(self._clock) if state else 0.0

    def tries_left(self) -> int:
        """Wrong tries left before a lock. Raises AuthError when the state cannot be used."""
        state = self._current()
        return (state.lockout if state else Lockout()).tries_left()

    def _check(self, state: _State, secret: str) -> None:
        import bcrypt

        lockout = state.lockout.settled(self._clock)
        if lockout.lock_s > 0:
            if lockout != state.lockout:
                self._write(_State(state.hash, lockout))
            raise self._locked(lockout)
        counted = lockout.counted(self._clock)
        self._write(_State(state.hash, counted))
        try:
            right = bcrypt.checkpw(_digest(secret), state.hash.encode())
        except ValueError:
            raise self._unusable("its hash is damaged") from None
        if right:
            self._write(_State(state.hash, Lockout()))
            return
        if counted.lock_s > 0:
            raise self._locked(counted)
        left = counted.tries_left()
        raise AuthError(f"the PIN is wrong, {left} {'try' if left == 1 else 'tries'} left", "type it again")

    def _current(self) -> _State | None:
        """The state as of now; a lock from before a restart of the machine is written down with its new start."""
        state = self._read()
        if state is None or state.lockout.settled(self._clock) == state.lockout:
            return state
        with self._alone():
            state = self._read()
            if state is None:
                return None
            settled = _State(state.hash, state.lockout.settled(self._clock))
            if settled != state:
                self._write(settled)
            return settled

    def _hash(self, pin: str) -> str:
        import bcrypt

        return bcrypt.hashpw(_digest(pin), bcrypt.gensalt(self._cost)).decode()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time, from reading the counter to writing the answer: tries side by side do not count as
        one."""
        lock = self._path.with_name(f"{self._path.name}.lock")
        try:
            with locked(lock, wait_s=_WAIT_S) as mine:
                if not mine:
                    raise AuthError("another process is checking a PIN", "try again when it is done")
                yield
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from error

    def _read(self) -> _State | None:
        """None only when there is no file at all."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from error
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise self._unusable("it is not a file")
            if found.st_uid != os.geteuid():
                raise self._unusable(f"it belongs to another user (uid {found.st_uid})")
            if stat.S_IMODE(found.st_mode) & 0o022:
                raise self._unusable("other users can write it")
            raw = os.read(descriptor, _MAX_BYTES)
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from error
        finally:
            os.close(descriptor)
        try:
            return _state_from_json(json.loads(raw))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise self._unusable("it is damaged") from None

    def _write(self, state: _State) -> None:
        data = {"version": _VERSION, "method": "pin", "hash": state.hash, "lockout": state.lockout.to_json()}
        try:
            write_private(self._path, json.dumps(data).encode() + b"\n")
        except OSError as error:
            raise AuthError(
                f"the try cannot be recorded in {self._path}: {error.strerror}, so no PIN is checked",
                "free some space or make the folder writable",
            ) from error

    def _locked(self, lockout: Lockout) -> Locked:
        left = lockout.left_s(self._clock)
        return Locked(left, self._clock.now() + timedelta(seconds=left))

    def _unusable(self, why: str) -> AuthError:
        return AuthError(
            f"the state of the PIN in {self._path} cannot be used: {why}",
            "nothing can be authenticated until the file is restored from a backup",
        )


def _state_from_json(data: Any) -> _State:
    if data["version"] != _VERSION or data["method"] != "pin" or not data["hash"].startswith("$2"):
        raise ValueError("not a PIN of this version")
    return _State(data["hash"], lockout_from_json(data["lockout"]))


def _digest(pin: str) -> bytes:
    # bcrypt reads at most 72 bytes and stops at a zero byte; this is 44 bytes without one, whatever was typed.
    return base64.b64encode(hashlib.sha256(pin.encode("utf-8", "surrogatepass")).digest())
