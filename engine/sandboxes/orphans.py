"""Clears away what an Orion that was killed at the wrong instant left behind.

A sandbox dies with its Orion, save for two gaps: when Orion is killed before bubblewrap has asked to die with it, and
when bubblewrap is killed between making its first process and releasing it. That process then waits for ever. It never
runs a command and holds nothing but itself.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

_MARK = "orion-sandbox-of-"


def marked() -> tuple[str, ...]:
    """Arguments that change nothing (no such variable exists) and say in the list of processes whose sandbox it is."""
    return ("--unsetenv", f"{_MARK}{os.getpid()}")


def clear_orphans(uid: int) -> int:
    """Kill first processes of Orion's sandboxes that run as `uid` and whose bubblewrap or Orion is gone; how many. A
    sandbox in use is never touched: its bubblewrap is the parent of its first process, and its Orion that one's."""
    cleared = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        with suppress(OSError, ValueError, KeyError):
            if folder.stat().st_uid != uid or not _is_orphan(folder):
                continue
            handle = os.pidfd_open(int(folder.name))
            try:
                # Looked at again behind the handle, so that it is this process and no later one of the same number.
                if _is_orphan(folder):
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
                    cleared += 1
            finally:
                os.close(handle)
    return cleared


def _is_orphan(folder: Path) -> bool:
    words = [os.fsdecode(word) for word in (folder / "cmdline").read_bytes().split(b"\0")]
    owner = next((word.removeprefix(_MARK) for word in words if word.startswith(_MARK)), "")
    if not owner or "--json-status-fd" not in words:
        return False
    first = _status(folder)
    if len(first["NSpid"].split()) < 2 or first["NSpid"].split()[-1] != "1":
        return False
    bubblewrap = _status(folder.with_name(first["PPid"]))
    if bubblewrap.get("Name") != first["Name"]:
        return True
    # An Orion in a container knows itself by another number than the host does.
    return _status(folder.with_name(bubblewrap["PPid"]))["NSpid"].split()[-1] != owner


def _status(folder: Path) -> dict[str, str]:
    text = (folder / "status").read_text(encoding="utf-8", errors="replace")
    return {name: value.strip() for name, _, value in (line.partition(":") for line in text.splitlines())}
