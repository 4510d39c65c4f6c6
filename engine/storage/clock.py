"""The clocks of the machine: the wall, one that only grows, and one that goes on counting while the machine sleeps."""

from __future__ import annotations

import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class SystemClock:
    """The `Clock` port on the real machine, and the boot clock that locks are counted by."""

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that only grow, within this process's machine."""
        return time.monotonic()

    def boot_s(self) -> float:
        """Seconds since the machine was started, sleep included; nobody can set it."""
        # On macOS the monotonic clock counts sleep too.
        return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))

    def boot_id(self) -> str:
        """A name for this start of the machine; empty where the system has none."""
        return boot_id()


def boot_id() -> str:
    """The system's name for its latest start, the same for every process and container on this kernel; empty where
    there is none."""
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        pass
    try:
        answer = subprocess.run(["sysctl", "-n", "kern.bootsessionuuid"], capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
