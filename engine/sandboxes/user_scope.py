"""A scope of the user's own service manager, for an Orion that was started where nothing is delegated to its user.

In an SSH session a process stands in a control group of root's, while `user@UID.service` has a part of the tree that is
the user's. systemd moves a process there when it is asked to start a transient scope around it (`StartTransientUnit` of
org.freedesktop.systemd1; systemd 238 and newer). The scope goes when Orion ends.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE_S = 10.0
_LOOK_AGAIN_S = 0.01
_MANAGER = ("org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager")


def enter_user_scope(
    moved: Callable[[], bool], runtime: Path | None = None, *, patience_s: float = _PATIENCE_S
) -> bool:
    """Ask the user's service manager for a scope around this process and wait until `moved` says that it is there;
    false where there is no such manager, it refuses, or it takes longer than `patience_s` seconds. `runtime` is the
    user's runtime folder, `/run/user/UID` by default."""
    folder = runtime or Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    asking = shutil.which("busctl")
    if asking is None or not (folder / "systemd/private").exists():
        return False
    pid = str(os.getpid())
    unit = ["ssa(sv)a(sa(sv))", f"orion-{pid}-{time.time_ns()}.scope", "fail"]
    properties = ["2", "PIDs", "au", "1", pid, "CollectMode", "s", "inactive-or-failed", "0"]
    try:
        asked = subprocess.run(
            [asking, "--user", "--quiet", "call", *_MANAGER, "StartTransientUnit", *unit, *properties],
            env={"XDG_RUNTIME_DIR": str(folder), "PATH": os.defpath},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    end = time.monotonic() + patience_s
    while asked.returncode == 0 and not moved():
        if time.monotonic() >= end:
            return False
        # The answer is a job; the process is moved when the manager has done it.
        time.sleep(_LOOK_AGAIN_S)
    return asked.returncode == 0
