"""Texts drawn from a regular expression: the libraries for it cannot do `{146}`, or draw from no seed of one's own."""

from __future__ import annotations

import importlib
import random
import string
from typing import Any

_WORD = string.ascii_letters + string.digits
_CATEGORIES = {"CATEGORY_SPACE": " ", "CATEGORY_DIGIT": string.digits}
_MORE = 9  # rounds of a repetition beyond the fewest


def drawn(pattern: str, seed: str) -> str:
    """A text that the whole expression matches, but for what must or must not stand beside it, which is left out.
    The same seed draws the same text."""
    parser: Any = importlib.import_module("re._parser")
    return _of(parser.parse(pattern), random.Random(seed))


def _of(tree: Any, source: random.Random) -> str:
    return "".join(_one(str(operation), argument, source) for operation, argument in tree)


def _one(operation: str, argument: Any, source: random.Random) -> str:
    if operation == "LITERAL":
        return chr(argument)
    if operation == "NOT_LITERAL":
        return source.choice(_WORD.replace(chr(argument), ""))
    if operation == "IN":
        return source.choice(_characters(argument))
    if operation == "BRANCH":
        return _of(source.choice(argument[1]), source)
    if operation in ("SUBPATTERN", "ATOMIC_GROUP"):
        return _of(argument[3] if operation == "SUBPATTERN" else argument, source)
    if "REPEAT" in operation:
        fewest, most, inner = argument
        return "".join(_of(inner, source) for _ in range(source.randint(fewest, min(most, fewest + _MORE))))
    return ""


def _characters(argument: Any) -> str:
    parts, refused = [], False
    for operation, value in argument:
        refused = refused or str(operation) == "NEGATE"
        if str(operation) == "LITERAL":
            parts.append(chr(value))
        elif str(operation) == "RANGE":
            parts += map(chr, range(value[0], value[1] + 1))
        elif str(operation) == "CATEGORY":
            parts += _CATEGORIES.get(str(value), _WORD)
    return "".join(sorted(set(_WORD) - set(parts))) if refused else "".join(parts)
