"""How often a long test repeats: in full with `make soak`, a seeded twentieth otherwise."""

from __future__ import annotations

import os


def count(full: int, part: int = 20) -> int:
    """`full` when soaking, else a twentieth of it (or another part), at least one."""
    return full if os.environ.get("ORION_SOAK") else max(1, full // part)
