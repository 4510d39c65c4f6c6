"""How often somebody may try, and how long they wait then: a value, and what time makes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

TRIES = 3
LOCK_S = 900.0


class BootClock(Protocol):
    """A clock that nobody can set: it counts from the start of the machine, sleep included."""

    def now(self) -> datetime: ...

    def boot_s(self) -> float: ...

    def boot_id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Lockout:
    """`failed` tries since the last right one; `lock_s` seconds to wait, counted from `since_s` on the boot clock of
    the machine's start `boot`."""

    failed: int = 0
    lock_s: float = 0.0
    since_s: float = 0.0
    boot: str = ""

    def settled(self, clock: BootClock) -> Lockout:
        """The same at this moment: a lock that ran out is gone, and one from before a restart of the machine starts its
        remainder again, for nobody knows how long the machine was off."""
        if self.lock_s <= 0:
            return self
        now_s, boot = clock.boot_s(), clock.boot_id()
        if boot != self.boot or now_s < self.since_s:
            return replace(self, since_s=now_s, boot=boot)
        return Lockout() if now_s - self.since_s >= self.lock_s else self

    def left_s(self, clock: BootClock) -> float:
        """Seconds until the next try; of a settled one."""
        return max(self.lock_s - (clock.boot_s() - self.since_s), 0.0) if self.lock_s > 0 else 0.0

    def tries_left(self) -> int:
        return max(TRIES - self.failed, 0)

    def counted(self, clock: BootClock) -> Lockout:
        """One more try; the last one locks. Written before its answer is known, and cleared when it was right."""
        failed = self.failed + 1
        if failed < TRIES:
            return Lockout(failed)
        return Lockout(failed, LOCK_S, clock.boot_s(), clock.boot_id())

    def to_json(self) -> dict[str, Any]:
        return {"failed": self.failed, "lock_s": self.lock_s, "since_s": self.since_s, "boot": self.boot}


def lockout_from_json(data: Mapping[str, Any]) -> Lockout:
    """Raises KeyError, TypeError or ValueError for anything that `to_json` did not write."""
    failed, lock_s, since_s, boot = data["failed"], float(data["lock_s"]), float(data["since_s"]), data["boot"]
    sound = isinstance(failed, int) and not isinstance(failed, bool) and isinstance(boot, str)
    if not sound or not 0 <= failed <= TRIES or not 0 <= lock_s <= LOCK_S or not since_s >= 0:
        raise ValueError("numbers out of range")
    if failed >= TRIES and lock_s <= 0:
        raise ValueError("tries used up without a lock")
    return Lockout(failed, lock_s, since_s, boot)
