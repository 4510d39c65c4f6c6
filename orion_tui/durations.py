"""Durations and amounts as people type them."""

from __future__ import annotations

import math
import re

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")


def read_duration(text: str) -> float | None:
    """Seconds of `90s`, `45m`, `8h`, `1h 30m` or `1d`; None when it is none of these, or nothing at all."""
    squeezed = text.strip().lower()
    parts = _PART.findall(squeezed)
    if not parts or _PART.sub("", squeezed).strip():
        return None
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    return seconds if 0 < seconds < math.inf else None


def read_money(text: str) -> float | None:
    """US dollars of `2.50`, `$2.50` or `0`; None when it is no such amount."""
    try:
        amount = float(text.strip().removeprefix("$"))
    except ValueError:
        return None
    return amount if 0 <= amount < math.inf else None


def written_duration(seconds: float) -> str:
    """The shortest way to type these seconds: `8h`, `90m`, `45s`."""
    for unit in ("h", "m"):
        if seconds % _UNITS[unit] == 0:
            return f"{int(seconds / _UNITS[unit])}{unit}"
    return f"{seconds:g}s"


def waiting_words(seconds: float) -> str:
    """What is left of a wait, to the second: `23 h 59 min 04 s`, `14 min 59 s`, `7 s`."""
    minutes, left = divmod(math.ceil(max(seconds, 0.0)), 60)
    hours, minutes = divmod(minutes, 60)
    said = f"{hours} h {minutes:02d} min " if hours else f"{minutes} min " if minutes else ""
    return f"{said}{left:02d} s" if said else f"{left} s"
