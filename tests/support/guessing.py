"""Somebody who guesses for years, in a moment: a machine whose clocks a test turns, seen by many processes, and a count
of every try that reached the secret."""

from __future__ import annotations

import mmap
import os
import struct
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import engine.access.second_factor as checked
from engine.access.keychain_file import FileKeychain
from engine.access.keychains import Keychains
from engine.access.lockout import POLICIES, BootClock, Lockout, Policy
from engine.access.second_factor import SecondFactor
from engine.access.store import AccessStore
from engine.facade.authorising import Authoriser
from engine.storage.journal import SqliteJournal
from engine.vocabulary.events import ACCOUNT, EventKind, Fact

_CLOCKS = struct.Struct("<dddq")
CHEAP = 4
"""What bcrypt is told to cost: the least it takes."""


class SharedClock:
    """The `BootClock` of a machine that exists in a file: `gone_s` is the time that really passed since its first
    start, which nobody on it can see."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(_CLOCKS.pack(0.0, 1_000.0, 1_767_225_600.0, 1))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _CLOCKS.size)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._all()[2], UTC)

    def monotonic(self) -> float:
        return self._all()[1]

    def boot_s(self) -> float:
        return self._all()[1]

    def boot_id(self) -> str:
        return f"boot-{self._all()[3]}"

    @property
    def gone_s(self) -> float:
        return self._all()[0]

    def passes(self, seconds: float) -> None:
        gone, boot, wall, start = self._all()
        self._keep(gone + seconds, boot + seconds, wall + seconds, start)

    def turn_wall(self, seconds: float) -> None:
        gone, boot, wall, start = self._all()
        self._keep(gone, boot, min(max(wall + seconds, 1e9), 4e9), start)

    def start_again(self) -> None:
        gone, _, wall, start = self._all()
        self._keep(gone, 3.0, wall, start + 1)

    def _all(self) -> tuple[float, float, float, int]:
        gone, boot, wall, start = _CLOCKS.unpack(self._map[:])
        return gone, boot, wall, start

    def _keep(self, *clocks: float) -> None:
        self._map[:] = _CLOCKS.pack(*clocks)


class Vault(FileKeychain):
    """A system's keychain that many processes share and that nobody with the files of the home alone can reach."""

    kind = "system"


class Target:
    """One home with a PIN or codes, as each process opens it; `tries` is where every try that reached the secret is
    written down before its answer is known. With `vault` the machine has a system keychain."""

    def __init__(self, root: Path, method: str, *, vault: bool) -> None:
        self.root = root
        self.home = root / "home"
        self.method = method
        self.policy = POLICIES[method]
        (self.home / "locks").mkdir(parents=True, exist_ok=True, mode=0o700)
        self.vault = Vault(root / "vault") if vault else None
        self.clock = SharedClock(root / "clock")
        self.tries = root / "tries"
        self.tries.touch()

    def opened(self) -> SecondFactor:
        """What a new process gets."""
        keychains = Keychains(self.home, self.home / "keychain", lambda _: self.vault)
        store = AccessStore(
            self.home / "access.json",
            keychains,
            self.clock,
            older=self.home / "auth.json",
            was_set=(self.root / "known").exists,
        )
        return SecondFactor(store, self.clock, cost=CHEAP)

    def journal(self) -> SqliteJournal:
        return SqliteJournal(self.home / "journal.db", self.home / "locks", self.clock)

    def was_set(self, journal: SqliteJournal) -> None:
        """The journal knows that there is a secret; where it stands is of no use to whoever wants to forget it."""
        journal.append(ACCOUNT, [Fact(EventKind.AUTHENTICATION_CHANGED, {"method": self.method, "why": "set"})])
        (self.root / "known").touch()

    def authoriser(self, journal: SqliteJournal) -> Authoriser:
        """A new process again, with the real journal, which learns of every try."""
        factor = self.opened()
        return Authoriser(lambda: factor, journal, self.clock, lambda: 300.0)

    def watched(self, *, die: bool = False) -> None:
        """Write down, from now on and in this process, when a try was counted that then reached the secret; with `die`
        the process is killed there, before the answer."""
        descriptor = os.open(self.tries, os.O_WRONLY | os.O_APPEND)
        counted_at = [0.0]
        count, is_pin, step_of = _REAL

        def counted(lockout: Lockout, clock: BootClock, policy: Policy) -> Lockout:
            # A lock is counted from here on, and time may pass before the secret is looked at.
            counted_at[0] = self.clock.gone_s
            return count(lockout, clock, policy)

        def noted() -> None:
            os.write(descriptor, struct.pack("<d", counted_at[0]))
            if die:
                os.kill(os.getpid(), 9)

        def seen_pin(pin: str, key: bytes, kept: str) -> bool:
            noted()
            return is_pin(pin, key, kept)

        def seen_code(secret: str, code: str, now_s: float, after_step: int) -> int | None:
            noted()
            return step_of(secret, code, now_s, after_step)

        _put(counted, seen_pin, seen_code)

    def reached(self) -> list[float]:
        """When tries reached the secret, in the time that really passed."""
        return [at for (at,) in struct.iter_unpack("<d", self.tries.read_bytes())]


_REAL = Lockout.counted, checked.pin.is_pin, checked.codes.step_of


def _put(counted: Any, is_pin: Any, step_of: Any) -> None:
    setattr(Lockout, "counted", counted)  # noqa: B010 - the class is what every process of the test shares
    checked.pin.is_pin, checked.codes.step_of = is_pin, step_of


def unwatched() -> None:
    _put(*_REAL)


def most_in_a_row(moments: Iterable[float], lock_s: float) -> int:
    """The most tries in any stretch of `lock_s` seconds. A lock begins with the last try that the policy allows, so no
    such stretch can hold tries from both sides of one."""
    recent: deque[float] = deque()
    most = 0
    for at in moments:
        recent.append(at)
        while recent[0] <= at - lock_s:
            recent.popleft()
        most = max(most, len(recent))
    return most
