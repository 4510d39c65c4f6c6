"""Fields of a role by name: which there are, what words for one mean, and the file's text with one changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from engine.documents import parse_document, shipped_schema
from engine.roles.rules import LISTS, reaches_scope
from engine.roles.splicing import remove_value, set_value
from engine.vocabulary.actions import ActionClass
from engine.vocabulary.errors import RoleError
from engine.vocabulary.text import nearest, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"(?P<days>[a-z, -]+?)\s+(?P<start>\d{1,2}:\d\d)\s*(?:-|to)\s*(?P<end>\d{1,2}:\d\d)")


def field_names() -> tuple[str, ...]:
    """Every field that can be changed, groups and what is in them: `scope`, `authority.forbidden`, …"""
    return tuple(_fields(_schema()))


def with_field(text: str, field: str, value: Any) -> str:
    """A role file's text with the field at that plain value, or without it when the value is None; comments and layout
    stay where that is possible. What the value means is not checked. Raises RoleError for an unknown field."""
    keys = _keys(field)
    return remove_value(text, keys) if value is None else set_value(text, keys, value)


def more_and_less(text: str, field: str, more: Sequence[Any], less: Sequence[Any]) -> list[Any]:
    """The entries of a list field with some more at its end and some less. In a list of actions a name stands for the
    entry with patterns, too. Raises RoleError: no list, or an entry to take out that is not there."""
    place = parse_document(text, "the role", {}, error=RoleError).data
    for key in _keys(field):
        place = place.get(key, []) if isinstance(place, dict) else []
    if _about(field).get("type") != "array" or not isinstance(place, list):
        raise RoleError(f"{field} is not a list, so nothing can be added or removed", "give its VALUE")
    items = list(place)
    for gone in less:
        kept = [item for item in items if item != gone and not (isinstance(item, dict) and list(item) == [gone])]
        if kept == items:
            known = [item if isinstance(item, str) else next(iter(item), "") for item in items]
            raise RoleError(f"{field} has no entry {visible(str(gone))!r}", nearest(str(gone), known))
        items = kept
    return [*items, *(item for item in more if item not in items)]


def within_scope(text: str) -> str:
    """The text without those patterns of what is done alone or asked for that its scope leaves nothing of; no verdict
    depends on them. Raises RoleError for a text that is no YAML."""
    data = parse_document(text, "the role", {}, error=RoleError).data
    for name in LISTS[:2]:
        items = data.get("authority", {}).get(name, [])
        kept = [fit for fit in (_fitting(item, data["scope"]) for item in items) if fit]
        if kept != items:
            text = with_field(text, f"authority.{name}", kept)
    return text


def _fitting(item: Any, scope: Sequence[str]) -> Any:
    if not isinstance(item, dict):
        return item
    fitting = {
        name: [pattern for pattern in patterns if reaches_scope(ActionClass(name), pattern, scope)]
        for name, patterns in item.items()
    }
    return {name: patterns for name, patterns in fitting.items() if patterns}


def value_of(field: str, words: str) -> Any:
    """What a person typed for the field: text as it is, lists split at commas, anything else (and what begins with
    `[`, `{` or `-`) as YAML. Working hours may be written `mon-fri 22:00-06:00`. Raises RoleError."""
    about = _about(field)
    said = words.strip()
    if about.get("type") == "string" or "enum" in about:
        return said
    if field == "working_hours" and not said.startswith("{"):
        return _hours(said)
    if about.get("type") == "array" and said[:1] not in ("[", "-"):
        if field == "success_criteria":
            return [said]
        return [said] if "{" in said else [part for part in (part.strip() for part in said.split(",")) if part]
    return parse_document(said or "null", field, {}, error=RoleError).data if said else said


def _hours(said: str) -> dict[str, Any]:
    found = _HOURS.fullmatch(said.casefold())
    if found is None:
        raise RoleError(f"working_hours: {visible(said)!r} is not understood", "write it as: mon-fri 22:00-06:00")
    days: list[str] = []
    for part in re.split(r"[,\s]+", found["days"].strip().replace(" - ", "-")):
        first, dash, last = part.partition("-")
        if first in _DAYS and (last in _DAYS or not dash):
            begin, end = _DAYS.index(first), _DAYS.index(last or first)
            days += [_DAYS[day % 7] for day in range(begin, end + 1 if begin <= end else end + 8)]
        elif part in ("daily", "always"):
            days += _DAYS
        else:
            raise RoleError(f"working_hours: {visible(part)!r} is not a day", nearest(part, _DAYS))
    times = [moment.rjust(5, "0") for moment in (found["start"], found["end"])]
    return {"days": list(dict.fromkeys(days)), "from": times[0], "to": times[1]}


def _schema() -> Mapping[str, Any]:
    return shipped_schema("role")


def _fields(schema: Mapping[str, Any]) -> Iterator[str]:
    for name, about in schema["properties"].items():
        yield name
        for inner in about.get("properties", ()):
            yield f"{name}.{inner}"
        for inner in about.get("propertyNames", {}).get("enum", ()):
            yield f"{name}.{inner}"


def _keys(field: str) -> list[str]:
    if field not in field_names():
        raise RoleError(f"a role has no field {visible(field)!r}", nearest(field, field_names()))
    return field.split(".")


def _about(field: str) -> Mapping[str, Any]:
    """The schema of one field, references followed."""
    schema = _schema()
    about: Mapping[str, Any] = schema
    for key in _keys(field):
        inner = about.get("properties", {}).get(key, about.get("additionalProperties"))
        about = inner if isinstance(inner, dict) else {}
        while "$ref" in about:
            about = schema["$defs"][about["$ref"].rsplit("/", 1)[-1]]
    return about
