"""Hostile text made visible, at one boundary: whatever a repository, a model or a command wrote goes through here
before it reaches a terminal."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def visible(text: str, *, keep: str = "") -> str:
    """The text with every control, format, bidirectional, zero-width and unassigned character drawn as a visible
    stand-in (`␛`, `⟨U+202E⟩`), so that no terminal acts on it and no reader is fooled. `keep` lists characters left as
    they are (a newline or a tab where the caller lays out lines itself). Never raises, whatever the text."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(char, keep) for char in text)


def _shown(char: str, keep: str) -> str:
    if char in keep or char.isprintable():
        return char
    code = ord(char)
    if code in _PICTURES:
        return _PICTURES[code]
    if unicodedata.category(char) in _HIDDEN_CATEGORIES:
        return f"\u27e8U+{code:04X}\u27e9"
    # What is left is some other kind of space: drawn as a plain one.
    return " "


def decoded(raw: bytes) -> str:
    """Bytes of unknown origin as text: UTF-8, with each byte that is not shown as `\\xNN` rather than lost."""
    return raw.decode("utf-8", errors="backslashreplace")


def shortened(text: str, width: int) -> str:
    """The text cut to `width` characters with an ellipsis at the end."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


def on_one_line(text: str, width: int) -> str:
    """The text with every run of blanks and line ends as one blank, cut to `width` characters."""
    return shortened(" ".join(text.split()), width)


def counted(number: int, noun: str) -> str:
    """A number with its noun, as a person says it: `1 file`, `1,200 files`, `2 entries`."""
    if number != 1:
        noun = f"{noun[:-1]}ies" if noun[-1:] == "y" and noun[-2:-1] not in "aeiou" else f"{noun}s"
    return f"{number:,} {noun}"


def lines_of(text: str) -> list[str]:
    """The lines of a text as git and a shell count them: only a newline ends one. `splitlines` would let a form feed or
    a U+2028 in untrusted text pass for the beginning of the next line."""
    return text.removesuffix("\n").split("\n") if text else []


def first_line(text: str) -> str:
    """The first line that says something, stripped."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


_NAMED = 30


def nearest(word: str, words: Iterable[str]) -> str:
    """A hint with the most similar of the known words, or the list of them when none is close."""
    from difflib import get_close_matches

    known = sorted(words)
    close = get_close_matches(word, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    more = f" and {len(known) - _NAMED} more" if len(known) > _NAMED else ""
    return f"known: {', '.join(known[:_NAMED])}{more}"
