"""Texts drawn from a regular expression: the libraries for it cannot do `{146}`, or draw from no seed of one's own."""

from __future__ import annotations

import importlib
import random
import string
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD = string.ascii_letters + string.digits
_SIGNS = " " + string.punctuation
_CATEGORIES = {"CATEGORY_SPACE": " ", "CATEGORY_DIGIT": string.digits}
_MORE = 9  # rounds of a repetition beyond the fewest


def drawn(pattern: str, seed: str, group: int = 0) -> str:
    """A text that the whole expression matches, or that group of it, but for what must or must not stand beside it,
    which is left out. The same seed draws the same text. Raises ValueError for a group that is not there."""
    parser: Any = importlib.import_module("re._parser")
    tree = parser.parse(pattern)
    found = [tree] if not group else [inner for number, inner in _groups(tree) if number == group]
    if not found:
        raise ValueError(f"no group {group}")
    return _of(found[0], random.Random(seed))


def _groups(tree: Any) -> Iterator[tuple[int | None, Any]]:
    for operation, argument in tree:
        name = str(operation)
        if name == "SUBPATTERN":
            yield argument[0], argument[3]
        inside = argument[1] if name == "BRANCH" else [argument[-1]] if name == "SUBPATTERN" or "REPEAT" in name else []
        for inner in inside:
            yield from _groups(inner)


def _of(tree: Any, source: random.Random) -> str:
    return "".join(_one(str(operation), argument, source) for operation, argument in tree)


def _one(operation: str, argument: Any, source: random.Random) -> str:
    if operation == "LITERAL":
        return chr(argument)
    if operation == "ANY":
        return source.choice(_WORD)
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
    left = [char for char in _WORD if char not in parts] or [char for char in _SIGNS if char not in parts]
    return "".join(left if refused else parts)
