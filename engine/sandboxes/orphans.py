"""Clears away what an Orion that was killed at the wrong instant left behind.

A sandbox dies with its Orion, save for one gap: when bubblewrap is killed between making its first process and
releasing it, that process waits for ever. It never runs a command and holds nothing but itself.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

MARK = "orion-sandbox"


def clear_orphans(uid: int) -> int:
    """Kill first processes of Orion's sandboxes that run as `uid` and whose bubblewrap is gone; how many. A sandbox in
    use is never touched: its bubblewrap is the parent of its first process."""
    cleared = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        with suppress(OSError, ValueError, KeyError):
            if folder.stat().st_uid != uid or not _is_ours(folder):
                continue
            handle = os.pidfd_open(int(folder.name))
            try:
                # Looked at again behind the handle, so that it is this process and no later one of the same number.
                if _is_ours(folder):
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
                    cleared += 1
            finally:
                os.close(handle)
    return cleared


def _is_ours(folder: Path) -> bool:
    words = (folder / "cmdline").read_bytes().split(b"\0")
    if MARK.encode() not in words or b"--json-status-fd" not in words:
        return False
    status = _status(folder)
    first_of_its_namespace = len(status["NSpid"].split()) > 1 and status["NSpid"].split()[-1] == "1"
    return first_of_its_namespace and _status(folder.with_name(status["PPid"])).get("Name") != status["Name"]


def _status(folder: Path) -> dict[str, str]:
    text = (folder / "status").read_text(encoding="utf-8", errors="replace")
    return {name: value.strip() for name, _, value in (line.partition(":") for line in text.splitlines())}
