"""Schemas in a form that endpoints can hold a model to. A narrower schema is always sound: what fits it fits the wide
one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_STEPS = ((600, 12), (400, 8), (300, 5), (200, 3), (120, 2), (60, 1))
"""Characters of a text and entries of a list, from roomy to tight."""
_MANY = 1_000_000
_SIZES = ("minLength", "maxLength")
_PARTS = [number / 20 for number in range(21)]


def without_sizes(schema: Any) -> Any:
    """Without the lengths of texts, which OpenAI's strict mode does not know; the engine checks them anyway."""
    if isinstance(schema, dict):
        return {key: without_sizes(value) for key, value in schema.items() if key not in _SIZES or _is_schema(value)}
    return [without_sizes(value) for value in schema] if isinstance(schema, list) else schema


def graspable(schema: Any) -> Any:
    """With a number from 0 to 1 as a choice in twentieths: grammars of local endpoints hold no bounds of numbers."""
    if isinstance(schema, dict):
        if schema.get("type") == "number" and (schema.get("minimum"), schema.get("maximum")) == (0, 1):
            return {"type": "number", "enum": _PARTS}
        if schema.get("type") == "number" and schema.get("minimum") == 0 and "maximum" not in schema:
            return {**schema, "type": "integer"}
        return {key: graspable(value) for key, value in schema.items()}
    return [graspable(value) for value in schema] if isinstance(schema, list) else schema


def fitted(schema: Mapping[str, Any], chars: int) -> dict[str, Any]:
    """Texts and lists bounded so that even the longest answer has about that many characters, for a model that does
    not stop by itself. The tightest bounds are used when none fits."""
    found: dict[str, Any] = dict(schema)
    for text, items in _STEPS:
        found = _bounded(schema, text, items)
        if _longest(found) <= chars:
            break
    return found


def _bounded(schema: Any, text: int, items: int) -> Any:
    if isinstance(schema, list):
        return [_bounded(value, text, items) for value in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _bounded(value, text, items) for key, value in schema.items()}
    if schema.get("type") == "string" and "enum" not in schema:
        found["maxLength"] = max(min(schema.get("maxLength", _MANY), text), schema.get("minLength", 0))
        if "pattern" in schema:
            # Grammars take either the length or the pattern, so that has to come to an end, too.
            found["pattern"] = re.sub(r"(?<=[\])])\*", "{0,2}", re.sub(r"(?<=[\])])\+", "{1,12}", schema["pattern"]))
    if schema.get("type") == "array":
        found["maxItems"] = max(min(schema.get("maxItems", _MANY), items), schema.get("minItems", 0))
    return found


def _longest(schema: Mapping[str, Any]) -> int:
    """Characters of the longest answer, layout included."""
    if "enum" in schema:
        return max(len(str(value)) for value in schema["enum"]) + 2
    match schema.get("type"):
        case "object":
            return sum(len(key) + 8 + _longest(inner) for key, inner in schema.get("properties", {}).items()) + 4
        case "array":
            return int(schema.get("maxItems", _MANY)) * (_longest(schema.get("items", {})) + 4) + 4
        case "string":
            return int(schema.get("maxLength", _MANY)) + 2
        case _:
            return 12


def _is_schema(value: Any) -> bool:
    return isinstance(value, dict)
