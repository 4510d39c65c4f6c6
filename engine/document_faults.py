"""A fault that a JSON Schema found, as a sentence for the person who wrote the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeAlias

from engine.vocabulary.text import nearest, shortened, visible

if TYPE_CHECKING:
    from jsonschema import ValidationError

Said: TypeAlias = tuple[str, str, str]
"""Field, message, hint."""

_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a group of fields",
    "null": "nothing",
}
_BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
}
_COUNTS = {
    "minItems": ("at least", "entry", "entries"),
    "maxItems": ("at most", "entry", "entries"),
    "minProperties": ("at least", "field", "fields"),
    "maxProperties": ("at most", "field", "fields"),
    "minLength": ("at least", "character", "characters"),
    "maxLength": ("at most", "character", "characters"),
}


def field_of(where: str, key: str | int) -> str:
    """The dotted name of `key` inside `where`."""
    if isinstance(key, int):
        return f"{where}[{key}]"
    return f"{where}.{key}" if where else key


def explain(fault: ValidationError) -> Iterator[Said]:
    """One fault of the schema as what a person should read, possibly several. In a choice (`oneOf`, `anyOf`) only the
    form that was meant is spoken of. A schema's `x-expected` says what a pattern wants in words."""
    where = ""
    for key in fault.absolute_path:
        where = field_of(where, key)
    wanted: Any = fault.validator_value
    schema: Any = fault.schema
    found: Any = fault.instance
    rule = str(fault.validator)
    expected = schema.get("x-expected", "") if isinstance(schema, Mapping) else ""
    if rule == "additionalProperties" and isinstance(found, Mapping):
        yield from _unknown(where, found, schema)
    elif rule == "required":
        for name in wanted:
            if name not in found:
                yield field_of(where, name), f"{name!r} is missing", _describe(schema, name)
    elif rule in ("oneOf", "anyOf"):
        yield from _choice(where, fault)
    elif rule == "type":
        kinds = [wanted] if isinstance(wanted, str) else list(wanted)
        names = " or ".join(_KINDS.get(kind, kind) for kind in kinds)
        quotes = "put it in quotes" if kinds == ["string"] and isinstance(found, (int, float, bool)) else ""
        yield where, f"expected {names}, found {_found(found)}", expected or quotes
    elif rule == "enum":
        words = [str(word) for word in wanted]
        yield where, f"{_shown(found)} is not one of the known values", nearest(str(found), words)
    elif rule == "const":
        yield where, f"expected {_shown(wanted)}, found {_found(found)}", expected
    elif rule == "pattern":
        yield where, f"{_shown(found)} is not allowed here", f"expected {expected or f'a match of {wanted}'}"
    elif rule in _COUNTS:
        yield where, _counted(rule, wanted, found), expected
    elif rule in _BOUNDS:
        yield where, f"{_shown(found)} is out of range", f"expected {_BOUNDS[rule]} {wanted}"
    elif rule == "uniqueItems":
        twice = next((item for index, item in enumerate(found) if item in found[:index]), "")
        yield where, f"{_shown(twice)} stands in the list twice", "keep one of them"
    elif rule == "dependentRequired":
        for name, needs in wanted.items():
            for need in needs:
                if name in found and need not in found:
                    yield field_of(where, name), f"{name!r} needs {need!r} beside it", ""
    else:
        yield where, visible(shortened(fault.message, 200)), expected


def _unknown(where: str, found: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Said]:
    import re

    known = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    for name in found:
        if name not in known and not any(re.search(pattern, name) for pattern in patterns):
            missing = [word for word in known if word not in found]
            yield field_of(where, name), f"unknown field {_shown(name)}", nearest(name, missing or known)


def _choice(where: str, fault: ValidationError) -> Iterator[Said]:
    """Several forms are allowed and none fits: say what is wrong with the one that was meant."""
    found: Any = fault.instance
    forms: Any = fault.validator_value
    branches: Sequence[Any] = [_resolved(branch, fault) for branch in forms]
    by_branch: dict[int, list[ValidationError]] = {}
    for inner in fault.context or ():
        by_branch.setdefault(int(inner.relative_schema_path[0]), []).append(inner)
    if not by_branch:
        yield where, "fits more than one form at once", "keep one of them"
        return
    meant = [index for index in by_branch if not any(_wrong_kind(inner, fault) for inner in by_branch[index])]
    if not meant:
        # A word of the right kind that is none of the known ones: a slip of the pen, not another form.
        words = [inner for found_in in by_branch.values() for inner in found_in if _unknown_word(inner, fault)]
        if words:
            yield from explain(words[0])
            return
        kinds = {_KINDS.get(str(branch.get("type", "")), "") for branch in branches if isinstance(branch, Mapping)}
        wanted = " or ".join(sorted(kind for kind in kinds if kind)) or "something else"
        yield where, f"expected {wanted}, found {_found(found)}", ""
        return
    if len(meant) > 1 and isinstance(found, Mapping):
        marks = {index: set(branches[index].get("required", ())) for index in meant}
        present = [index for index in meant if marks[index] & set(found)]
        names = sorted({name for index in meant for name in marks[index]})
        if not present:
            close = [key for key in found if get_close_matches(key, names, n=1, cutoff=0.5)]
            if close:
                yield field_of(where, close[0]), f"unknown field {_shown(close[0])}", nearest(close[0], names)
            else:
                keys = ", ".join(_shown(key) for key in found) or "nothing"
                yield where, f"needs one of {', '.join(names)}; found {keys}", ""
            return
        if len(present) > 1:
            both = " and ".join(sorted(name for index in present for name in marks[index] & set(found)))
            yield where, f"{both} cannot stand together", f"keep one of {', '.join(names)}; split the entry in two"
            return
        meant = present
    best = min(meant, key=lambda index: len(by_branch[index]))
    for inner in by_branch[best]:
        yield from explain(inner)


def _wrong_kind(inner: ValidationError, outer: ValidationError) -> bool:
    return inner.validator in ("type", "const", "enum") and len(inner.absolute_path) == len(outer.absolute_path)


def _unknown_word(inner: ValidationError, outer: ValidationError) -> bool:
    return inner.validator == "enum" and isinstance(inner.instance, str) and _wrong_kind(inner, outer)


def _resolved(branch: Any, fault: ValidationError) -> Any:
    """A branch that is a `$ref` into the same schema, followed once."""
    if isinstance(branch, Mapping) and "$ref" in branch:
        forms: Any = fault.validator_value
        for inner in fault.context or ():
            if forms[inner.relative_schema_path[0]] is branch and len(inner.absolute_path) == len(fault.absolute_path):
                return inner.schema
    return branch


def _describe(schema: Any, name: str) -> str:
    about = schema.get("properties", {}).get(name, {}) if isinstance(schema, Mapping) else {}
    return str(about.get("description", "")) if isinstance(about, Mapping) else ""


def _counted(rule: str, wanted: int, found: Any) -> str:
    if wanted == 1 and not found:
        return "must not be empty"
    bound, one, many = _COUNTS[rule]
    return f"must have {bound} {wanted} {one if wanted == 1 else many}, has {len(found)}"


def _shown(value: Any) -> str:
    return visible(shortened(repr(value), 80))


def _found(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {_shown(value)}"
        case list():
            return "a list"
        case _:
            return "a group of fields"
