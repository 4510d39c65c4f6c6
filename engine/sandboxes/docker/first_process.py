"""A hold on a container's first process from outside, where the engine shares this machine's processes.

Its death ends every process of the container, whatever has become of the engine: an engine that is killed leaves its
containers running.
"""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from pathlib import Path

_DEATH_MS = 5000


class FirstProcess:
    """Holds the process of that number if it is the container's; else holds nothing (an engine in a virtual machine
    counts its own processes)."""

    def __init__(self, pid: int = 0, container: str = "") -> None:
        self._handle: int | None = None
        if pid <= 0 or not container or not hasattr(os, "pidfd_open"):
            return
        with suppress(OSError):
            handle = os.pidfd_open(pid)
            # Looked at behind the handle, so that it is this process and no later one of the same number.
            if container in Path(f"/proc/{pid}/cgroup").read_text(encoding="ascii", errors="replace"):
                self._handle = handle
            else:
                os.close(handle)

    def kill(self) -> bool:
        """Kill it and wait until it is gone; whether it is. Doing it twice is fine."""
        handle, self._handle = self._handle, None
        if handle is None:
            return False
        try:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            watch = select.poll()
            watch.register(handle, select.POLLIN)
            return bool(watch.poll(_DEATH_MS))
        except PermissionError:
            return False
        finally:
            os.close(handle)
