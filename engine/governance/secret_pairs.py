"""Random letters told from names and words: by how often one character follows another where people write.

`secret_pairs.txt` holds how surprising each pair is (`benchmarks/fit_pairs.py` counted it in the standard library).
What a machine drew from an alphabet is, for each character, as surprising as the alphabet is large, and to a table of
written text far more than that."""

from __future__ import annotations

import math
import string
from functools import lru_cache
from pathlib import Path

SYMBOLS = string.ascii_letters + "0 "  # any digit, anything else
ELSE = len(SYMBOLS) - 1
_DIGIT = ELSE - 1
_ALPHABETS = tuple(map(frozenset, (string.ascii_lowercase, string.ascii_uppercase, string.digits)))
_HEX = tuple(map(frozenset, ("0123456789abcdef", "0123456789ABCDEF")))
_PLACES = {char: place for place, char in enumerate(string.ascii_letters)} | dict.fromkeys(string.digits, _DIGIT)


def places(text: str) -> list[int]:
    """The places of the characters in `SYMBOLS`."""
    return [_PLACES.get(char, ELSE) for char in text]


def surprise(text: str) -> float:
    """Bits by which the text is likelier to be drawn at random, from the alphabets that occur in it, than written.
    Names, words and dates are below 0 or little above; of 16 random letters or letters and digits, 99 in 100 have 9 or
    more, half have 38. Signs count nothing."""
    text = text if any(map(str.islower, text)) else text.lower()  # capitals only: the words of a constant
    used = set(text)
    size = 16 if any(used <= alphabet for alphabet in _HEX) else sum(len(a) for a in _ALPHABETS if used & a)
    drawn = math.log2(size) if size else 0.0
    bits, before = 0.0, ELSE
    for place in places(text):
        if place != ELSE:
            bits += _table()[before][place] - drawn + (_OF_DIGIT if place == _DIGIT else 0.0)
        before = place
    return bits


def is_drawn(text: str) -> bool:
    """Whether nearly every character surprises: no path and no name in a program comes near it."""
    return surprise(text) >= _OF_EACH * len(text) > 0


_OF_EACH = 1.6  # bits of surprise
_OF_DIGIT = math.log2(10)  # bits of a digit, since the table does not tell them apart


@lru_cache(maxsize=1)
def _table() -> tuple[tuple[float, ...], ...]:
    text = (Path(__file__).parent / "secret_pairs.txt").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if not line.startswith("#")]
    return tuple(tuple(int(char, 36) / 2 for char in row) for row in rows)
