"""What was said between a worker and the engine, from the events of a task. Pure: the story draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.vocabulary.events import Event, EventKind
from engine.vocabulary.text import visible
from orion_tui.widgets.columns import count

if TYPE_CHECKING:
    from orion_tui.bridge import Watched


def said_in(event: Event, width: int) -> list[str]:
    """A model's reply in full, its calls with their arguments, and what it took, or a text that was said; in lines of
    at most `width` characters."""
    return [line for part in _parts(event) for line in in_lines(part, width)]


def in_lines(text: str, width: int) -> list[str]:
    """A text in lines of at most `width` characters, made visible."""
    return [piece for line in text.split("\n") for piece in _pieces(line, width)]


def _pieces(line: str, width: int) -> list[str]:
    shown = visible(line.expandtabs(4))
    return [shown[place : place + width] for place in range(0, len(shown), width)] or [""]


def _parts(event: Event) -> list[str]:
    data: Any = event.data
    parts = [data.get("text", "") or "(it said nothing)"]
    if event.kind is not EventKind.TURN:
        return parts
    for call in data.get("calls", ()):
        parts.append(f"→ {call['name']}")
        parts += [_argument(name, str(value)) for name, value in call["arguments"].items()]
    cached = f" ({data['cached_in']:,} of them cached)" if data.get("cached_in") else ""
    took = [f"{data.get('tokens_in', 0):,} tokens in{cached}", f"{data.get('tokens_out', 0):,} out"]
    took.append(f"${data.get('cost_usd', 0.0):.4f}")
    if data.get("duration_s"):
        took.append(f"{data['duration_s']:.1f} s")
    if data.get("finish") in ("length", "refusal"):
        took.append({"length": "cut off at its length", "refusal": "it declined"}[data["finish"]])
    return [*parts, f"[{', '.join(took)}{', by ' + visible(data['model']) if data.get('model') else ''}]"]


def _argument(name: str, value: str) -> str:
    """A text of several lines stands below its name, with its own indentation."""
    lines = value.splitlines()
    if len(lines) < 2:
        return f"    {name}: {value}"
    return "\n".join((f"    {name}:", *(f"      {line}" for line in lines)))


def executed(watched: Watched, task: str) -> str:
    """How many commands the worker ran itself, and how many of them failed: done, but checked by nobody."""
    ran = [
        event.data
        for event in watched.events
        if event.kind is EventKind.ACTION
        and event.data.get("task") == task
        and (event.data.get("action") or {}).get("tool") == "run"
    ]
    failed = sum(1 for data in ran if data.get("outcome") != "ok")
    return f"{count(len(ran), 'command')} by the worker" + (f", {failed} of them failed" if failed else "")
