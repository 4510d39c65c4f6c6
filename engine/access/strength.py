"""Which PINs anybody would try first."""

from __future__ import annotations

import re
from itertools import pairwise

SHORTEST, LONGEST = 6, 12

_YEAR = r"(19|20)\d\d"
_MONTH, _DAY = r"(0[1-9]|1[0-2])", r"(0[1-9]|[12]\d|3[01])"
_DATES = re.compile(
    f"{_YEAR}{_YEAR}|{_YEAR}{_MONTH}({_DAY})?|({_DAY})?{_MONTH}{_YEAR}|{_MONTH}{_DAY}{_YEAR}|{_YEAR}{_DAY}{_MONTH}"
)
# Shapes drawn on a keypad, and the ones that lead every published list of leaked PINs.
_KNOWN = """
147258 258369 147369 258147 369258 741852 852963 963852 852741 159357 357159 159753 753159 951753 789456 456789 789123
456123 123789 321654 654321 987321 147852 142536 102030 010203 112358 314159 271828 246810 123581 123654 258852
147258369 123654789 987456321 789456123 741852963
"""
_RUN = 5


def weakness(pin: str) -> str:
    """Why the PIN cannot be used, as half a sentence that does not repeat it; empty when it can."""
    if not (pin.isascii() and pin.isdigit()):
        return "a PIN has digits only"
    if not SHORTEST <= len(pin) <= LONGEST:
        return f"a PIN has {SHORTEST} to {LONGEST} digits"
    digits = [int(char) for char in pin]
    steps = [(after - before) % 10 for before, after in pairwise(digits)]
    if len(set(digits)) == 1:
        return "all its digits are the same"
    if len(set(steps)) == 1 or _longest_run(steps) >= _RUN:
        return "it counts up or down"
    if _repeats(pin):
        return "it repeats a part of itself"
    if len(pin) % 2 == 0 and pin[0::2] == pin[1::2]:
        return "it is made of pairs"
    if len(set(digits)) < 3:
        return "it has only two different digits"
    if pin == pin[::-1] and _longest_run(steps[: len(pin) // 2]) >= 3:
        return "it counts up and down again"
    if _DATES.fullmatch(pin):
        return "it looks like a year or a date"
    if pin in _KNOWN.split():
        return "it is among the first that anybody tries"
    return ""


def _repeats(pin: str) -> bool:
    return any(pin[period:] == pin[:-period] for period in range(1, len(pin) // 2 + 1))


def _longest_run(steps: list[int]) -> int:
    """Digits in the longest stretch that counts up or down by one, or stands still."""
    longest = length = 1
    for place, step in enumerate(steps):
        goes_on = step in (0, 1, 9) and (length == 1 or step == steps[place - 1])
        length = length + 1 if goes_on else 2 if step in (0, 1, 9) else 1
        longest = max(longest, length)
    return longest
