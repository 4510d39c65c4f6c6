"""How often somebody may try, and how long they wait then: values, and what time makes of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

RESET_S = 86_400.0
"""A forgotten PIN or a lost authenticator is reset after this many seconds (SPEC: 24 hours)."""


class BootClock(Protocol):
    """A clock that nobody can set: it counts from the start of the machine, sleep included."""

    def now(self) -> datetime: ...

    def boot_s(self) -> float: ...

    def boot_id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Policy:
    """Wrong `tries` in a row before a lock of `lock_s` seconds."""

    tries: int
    lock_s: float


POLICIES = {"pin": Policy(3, 900.0), "totp": Policy(5, 1800.0)}
"""By method: a PIN is guessed from a million, a code from a third of that, but only for half a minute."""


@dataclass(frozen=True, slots=True)
class Wait:
    """`left_s` seconds that were left at `since_s` on the boot clock of the machine's start `boot`."""

    left_s: float
    since_s: float
    boot: str

    def now_left_s(self, clock: BootClock) -> float:
        """Seconds still to wait; after a restart of the machine the remainder starts again, for nobody knows how long
        the machine was off."""
        now_s = clock.boot_s()
        if clock.boot_id() != self.boot or now_s < self.since_s:
            return self.left_s
        return max(self.left_s - (now_s - self.since_s), 0.0)

    def settled(self, clock: BootClock) -> Wait:
        """The same, counted from this start of the machine."""
        now_s, boot = clock.boot_s(), clock.boot_id()
        return self if boot == self.boot and now_s >= self.since_s else replace(self, since_s=now_s, boot=boot)

    def advanced(self, clock: BootClock) -> Wait:
        """The same with the seconds gone by taken off, so that a later restart does not ask for them again."""
        return waiting(self.now_left_s(clock), clock)

    def to_json(self) -> dict[str, Any]:
        return {"left_s": self.left_s, "since_s": self.since_s, "boot": self.boot}


def waiting(seconds: float, clock: BootClock) -> Wait:
    """So many seconds from now on."""
    return Wait(seconds, clock.boot_s(), clock.boot_id())


def wait_from_json(data: Mapping[str, Any], longest_s: float) -> Wait:
    """Raises KeyError, TypeError or ValueError for anything that `to_json` did not write."""
    left_s, since_s, boot = float(data["left_s"]), float(data["since_s"]), data["boot"]
    if not isinstance(boot, str) or not 0 <= left_s <= longest_s or not since_s >= 0:
        raise ValueError("numbers out of range")
    return Wait(left_s, since_s, boot)


@dataclass(frozen=True, slots=True)
class Lockout:
    """`failed` tries since the last right one, and the lock that the last of them began."""

    failed: int = 0
    lock: Wait | None = None

    def settled(self, clock: BootClock) -> Lockout:
        """The same at this moment: a lock that ran out is gone."""
        if self.lock is None:
            return self
        lock = self.lock.settled(clock)
        if lock.now_left_s(clock) <= 0:
            return Lockout()
        return self if lock == self.lock else replace(self, lock=lock)

    def left_s(self, clock: BootClock) -> float:
        """Seconds until the next try."""
        return self.lock.now_left_s(clock) if self.lock else 0.0

    def tries_left(self, policy: Policy) -> int:
        return max(policy.tries - self.failed, 0)

    def counted(self, clock: BootClock, policy: Policy) -> Lockout:
        """One more try; the last one locks. Written before its answer is known, and cleared when it was right."""
        failed = self.failed + 1
        return Lockout(failed) if failed < policy.tries else locked_out(clock, policy)

    def to_json(self) -> dict[str, Any]:
        return {"failed": self.failed, "lock": self.lock.to_json() if self.lock else None}


def locked_out(clock: BootClock, policy: Policy) -> Lockout:
    """A lock that begins now."""
    return Lockout(policy.tries, waiting(policy.lock_s, clock))


def lockout_from_json(data: Mapping[str, Any], policy: Policy) -> Lockout:
    """Raises KeyError, TypeError or ValueError for anything that `to_json` did not write."""
    failed, lock = data["failed"], data["lock"]
    if not isinstance(failed, int) or isinstance(failed, bool) or not 0 <= failed <= policy.tries:
        raise ValueError("numbers out of range")
    if failed >= policy.tries and lock is None:
        raise ValueError("tries used up without a lock")
    return Lockout(failed, wait_from_json(lock, policy.lock_s) if lock is not None else None)
