"""Columns that stay where they are, and the few formats of numbers and times that all screens share."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.cells import cell_len, set_cell_size

from engine.vocabulary.text import visible


def cell(text: str, width: int, *, right: bool = False) -> str:
    """Untrusted text made visible and exactly `width` terminal cells wide, cut with an ellipsis."""
    shown = visible(text)
    have = cell_len(shown)
    if have > width:
        return "" if width <= 0 else set_cell_size(shown, width - 1) + "…"
    gap = " " * (width - have)
    return gap + shown if right else shown + gap


def count(number: int, noun: str) -> str:
    """`1 task`, `2 tasks`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def money(usd: float) -> str:
    return f"${usd:.2f}"


def span(seconds: float) -> str:
    """A duration in at most 6 characters: `42s`, `12m`, `2h 14m`, `3d 4h`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h {minutes:02d}m"
    days, hours = divmod(hours, 24)
    return f"{days}d {hours}h"


def when(iso: str) -> datetime | None:
    """The time of an ISO 8601 text, or None when it is none."""
    try:
        at = datetime.fromisoformat(iso)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def ago(iso: str, now: datetime) -> str:
    """How long ago, in words of at most 9 characters: `just now`, `5m ago`, `2h ago`, `3d ago`; empty when unknown."""
    at = when(iso)
    if at is None:
        return ""
    seconds = (now - at).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{int(seconds // 60)}m ago"
    if seconds < 86_400:
        return f"{int(seconds // 3600)}h ago"
    return f"{int(seconds // 86_400)}d ago"


def exact(iso: str) -> str:
    """The exact local time, for a detail."""
    at = when(iso)
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z") if at else "unknown"


def clock(iso: str) -> str:
    """The local time of day, 8 characters."""
    at = when(iso)
    return at.astimezone().strftime("%H:%M:%S") if at else "        "


def meter(value: float, limit: float, width: int) -> str:
    """A bar of `width` cells between two edges: how much of the limit is used."""
    share = min(1.0, value / limit) if limit > 0 else 0.0
    eighths = round(share * width * 8)
    full, part = divmod(eighths, 8)
    bar = "█" * full + (" ▏▎▍▌▋▊▉"[part] if part else "")
    return f"▕{bar:<{width}}▏"


def folded(text: str, width: int) -> list[str]:
    """Untrusted text made visible and broken into lines of at most `width` cells, at spaces where there are any."""
    from textwrap import wrap

    return wrap(visible(" ".join(text.split())), max(width, 8)) or [""]
