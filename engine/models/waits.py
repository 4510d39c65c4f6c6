"""How long an endpoint asks to wait, from the headers that the big ones send."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_RESETS = re.compile(r"(?:anthropic-|x-)?ratelimit-(?:(?P<kind>[a-z-]+)-)?reset(?:-(?P<other>[a-z-]+))?\Z")
_PARTS = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_EPOCH = 1_000_000_000  # a number this large is a time, not a duration


def told_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait: `retry-after-ms` and `retry-after` first (seconds or an HTTP date), else the latest reset of a
    quota that is used up (OpenAI's `x-ratelimit-reset-tokens: 6m0s`, Anthropic's `anthropic-ratelimit-…-reset` as a
    time, OpenRouter's `x-ratelimit-reset` in milliseconds since 1970). None when nothing is said. Names in lower
    case."""
    in_ms = headers.get("retry-after-ms", "")
    if re.fullmatch(r"\d+(\.\d+)?", in_ms):
        return float(in_ms) / 1000
    after = _seconds(headers.get("retry-after", ""), now)
    if after is not None:
        return after
    resets = []
    for name, value in headers.items():
        found = _RESETS.match(name)
        if found and _used_up(headers, found.group("kind") or found.group("other") or ""):
            seconds = _seconds(value, now)
            if seconds is not None:
                resets.append(seconds)
    return max(resets, default=None)


def _used_up(headers: Mapping[str, str], kind: str) -> bool:
    """Whether nothing remains of that quota; true when the endpoint does not say."""
    names = (f"anthropic-ratelimit-{kind}-remaining", f"x-ratelimit-remaining-{kind}", "x-ratelimit-remaining")
    said = next((headers[name] for name in names if name in headers), "0")
    return said.strip() in ("0", "0.0", "")


def _seconds(value: str, now: datetime) -> float | None:
    value = value.strip()
    if re.fullmatch(r"\d+(\.\d+)?", value):
        number = float(value)
        if number > _EPOCH * 1000:
            number /= 1000
        return max(number - now.timestamp(), 0.0) if number > _EPOCH else number
    parts = _PARTS.findall(value)
    if parts and "".join(number + unit for number, unit in parts) == value:
        return sum(float(number) * _UNITS[unit] for number, unit in parts)
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            when = read(value)
        except (ValueError, TypeError):
            continue
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        return max((when - now).total_seconds(), 0.0)
    return None
