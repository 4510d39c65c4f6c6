"""What every process of Orion does at its start, whoever started it."""

from __future__ import annotations

import resource
from contextlib import suppress


def leave_no_core() -> None:
    """A crash of this process, or of one that it starts, writes none of its memory to a file: a PIN may be in it."""
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
