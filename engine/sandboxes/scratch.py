"""Folders that a proof or a self-test works in for some seconds, and that a killed Orion leaves behind."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from engine.sandboxes.launcher import sandbox_owner

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "orion-proof-"
LEFT_BEHIND_S = 3600.0
"""Nothing works in one for longer than a minute."""


@contextmanager
def scratch(mode: int) -> Iterator[Path]:
    """A folder for the length of a block, with those permissions; clears what earlier ones left."""
    clear_left_behind()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        folder.chmod(mode)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clear_left_behind() -> int:
    """Remove folders of this user (of whoever commands run as, too) that nobody can be working in any more; how
    many."""
    owner = sandbox_owner()
    ours = {os.geteuid(), *(owner[:1] if owner else ())}
    cleared = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            about = folder.lstat()
            if stat.S_ISDIR(about.st_mode) and about.st_uid in ours and time.time() - about.st_mtime > LEFT_BEHIND_S:
                shutil.rmtree(folder)
                cleared += 1
    return cleared
