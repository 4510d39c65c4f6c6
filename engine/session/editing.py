"""Replacing texts that stand exactly once; when one does not, saying what stands there instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NEAR_LINES = 400_000
"""Characters up to which the most similar place is looked for; beyond it would take too long."""
_LIKE = 0.5
_SHOWN_LINES = 12


class EditFailed(ValueError):
    """The text to replace does not stand there exactly once; the message shows the nearest place."""


def edited(text: str, pairs: Sequence[tuple[str, str]]) -> str:
    """The text after all replacements, each made on what the one before left. Raises EditFailed, and then nothing is
    changed."""
    for number, (find, replace) in enumerate(pairs, 1):
        count = text.count(find) if find else 0
        if count != 1:
            which = f"edit {number} of {len(pairs)}: " if len(pairs) > 1 else ""
            where = "nowhere" if count == 0 else f"{count} times"
            none = "; none of the edits was made" if len(pairs) > 1 else ""
            shown = _places(text, find) if count else _nearest(text, find)
            raise EditFailed(
                f"{which}the text to replace stands {where}; it must stand there exactly once{none}{shown}"
            )
        text = text.replace(find, replace, 1)
    return text


def _places(text: str, find: str) -> str:
    lines: list[str] = []
    at = text.find(find)
    while at >= 0 and len(lines) < _SHOWN_LINES:
        lines.append(str(text.count("\n", 0, at) + 1))
        at = text.find(find, at + 1)
    return f". It begins in the lines {', '.join(lines)}; take in more of what surrounds it"


def _nearest(text: str, find: str) -> str:
    """The lines that are most like the first line that was wanted, with their numbers."""
    from difflib import SequenceMatcher

    if not find.strip() or len(text) > NEAR_LINES:
        return ""
    wanted = [line.strip() for line in find.splitlines() if line.strip()]
    lines = text.splitlines()
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted[0])
    best, place = 0.0, -1
    for number, line in enumerate(lines):
        matcher.set_seq1(line.strip())
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best and matcher.ratio() > best:
            best, place = matcher.ratio(), number
    if best < _LIKE:
        return ". No line is like it"
    span = min(max(len(find.splitlines()), 1), _SHOWN_LINES)
    shown = "\n".join(f"{place + offset + 1}: {line}" for offset, line in enumerate(lines[place : place + span]))
    return f". The nearest lines are\n{shown}"
