"""One value of a YAML file replaced in its text, so that comments, order and layout around it stay as they were.

Works on files that `engine.documents` accepts: one document, no anchors, no tags. Pure: text in, text out.
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from engine.documents import parse_document
from engine.vocabulary.errors import RoleError

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH = 110
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_./()-]*(?: [A-Za-z0-9_./()-]+)*")
_SENTENCE = re.compile(r"[A-Za-z][^:#]*[^\s:#]")
# What some reader of YAML takes for something else than text.
_NOT_TEXT = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_KEPT_OUT = object()


def set_value(text: str, keys: Sequence[str], value: Any) -> str:
    """The text with the plain value at the path of keys, which is made where it is missing. Raises RoleError for a text
    that is no YAML."""
    return _changed(text, keys, value)


def remove_value(text: str, keys: Sequence[str]) -> str:
    """The text without that field; a group that has nothing else goes with it. Raises RoleError."""
    return _changed(text, keys, _KEPT_OUT)


def dumped(value: Any, *, inside: bool = True) -> str:
    """A plain value on one line of YAML, read back as it is by any reader; `inside` a list or group or not."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            plain = (_WORD if inside else _SENTENCE).fullmatch(value) and value.casefold() not in _NOT_TEXT
            return value if plain and value.isprintable() else json.dumps(value, ensure_ascii=not value.isprintable())
        case list():
            return "[" + ", ".join(dumped(item) for item in value) + "]"
        case _:
            return "{" + ", ".join(f"{dumped(str(key))}: {dumped(item)}" for key, item in value.items()) + "}"


def _changed(text: str, keys: Sequence[str], value: Any) -> str:
    old = _data(text)
    wanted, keys = _wanted(old, list(keys), value)
    if _same(old, wanted):
        return text
    node = _root(text)
    if node is not None:
        made = _spliced(text, node, old, keys, value)
        try:
            if made is not None and _same(_data(made), wanted):
                return made
        except RoleError:
            pass
    # A layout that this cannot splice: the head of the file stays, the rest is written anew.
    head = re.match(r"(?:#[^\n]*\n|[ \t]*\n)*", text)
    body = "".join(f"{dumped(str(key))}:{_after_key(item, 0)}\n" for key, item in wanted.items())
    return (head.group() if head else "") + body


def _data(text: str) -> Any:
    return parse_document(text, "the role", {}, error=RoleError).data


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=False) == json.dumps(other, sort_keys=False)


def _wanted(old: Any, keys: list[str], value: Any) -> tuple[Any, list[str]]:
    """The data after the change, and the keys of what is really set or removed: the last group that stays."""
    data = deepcopy(old) if isinstance(old, dict) else {}
    place, trail = data, [data]
    for key in keys[:-1]:
        if not isinstance(place.get(key), dict):
            if value is _KEPT_OUT:
                return data, keys
            place[key] = {}
        place = place[key]
        trail.append(place)
    if value is not _KEPT_OUT:
        place[keys[-1]] = value
        return data, keys
    place.pop(keys[-1], None)
    while len(keys) > 1 and not trail[-1]:
        trail.pop()
        keys = keys[:-1]
        trail[-1].pop(keys[-1], None)
    return data, keys


def _root(text: str) -> Any:
    import yaml

    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return None
    return node if isinstance(node, yaml.MappingNode) and not node.flow_style else None


def _spliced(text: str, node: Any, old: Any, keys: list[str], value: Any) -> str | None:
    import yaml

    for depth, key in enumerate(keys):
        pair = next((pair for pair in node.value if pair[0].value == key), None)
        rest = keys[depth + 1 :]
        if pair is None:
            return _with_new_key(text, node, key, _nested(rest, value))
        name, found = pair
        old = old[key]
        if not rest:
            return _without(text, name, found) if value is _KEPT_OUT else _replaced(text, name, found, old, value)
        if not isinstance(found, yaml.MappingNode) or found.flow_style:
            # A group on one line is written anew as a whole.
            inner, _ = _wanted(old, rest, value)
            return _replaced(text, name, found, old, inner)
        node = found
    return None


def _nested(keys: Sequence[str], value: Any) -> Any:
    for key in reversed(keys):
        value = {key: value}
    return value


def _end(node: Any) -> int:
    """Where the last character of a value is; the parser's own mark of a block lies behind the comments after it."""
    if isinstance(node.value, list) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    index: int = node.end_mark.index
    return index


def _line_end(text: str, index: int) -> int:
    """The end of the line on which the value that ends at `index` has its last character."""
    index -= len(text[:index]) - len(text[:index].rstrip("\n\r "))
    found = text.find("\n", index)
    return len(text) if found < 0 else found


def _with_new_key(text: str, node: Any, key: str, value: Any) -> str:
    column = node.value[0][0].start_mark.column
    at = _line_end(text, _end(node))
    return f"{text[:at]}\n{' ' * column}{dumped(key)}:{_after_key(value, column)}{text[at:] or chr(10)}"


def _without(text: str, name: Any, found: Any) -> str:
    begin = text.rfind("\n", 0, name.start_mark.index) + 1
    end = _line_end(text, max(_end(found), name.end_mark.index))
    return text[:begin] + text[end + 1 :]


def _replaced(text: str, name: Any, found: Any, old: Any, value: Any) -> str:
    import yaml

    if isinstance(found, yaml.SequenceNode) and not found.flow_style and isinstance(value, list) and value:
        merged = _merged(text, name, found, old, value)
        if merged is not None:
            return merged
    begin, end = name.end_mark.index, _end(found)
    end -= len(text[begin:end]) - len(text[begin:end].rstrip("\n\r "))
    between = text[begin : found.start_mark.index]
    column = name.start_mark.column
    if between.strip() in (":", ""):
        return f"{text[:begin]}:{_after_key(value, column)}{text[max(end, begin + len(between.rstrip())) :]}"
    # A comment stands between the key and its value: it stays.
    return text[: found.start_mark.index] + dumped(value) + text[end:]


def _after_key(value: Any, column: int) -> str:
    """What stands behind `key:`: the value on the same line, or a list over several when it is long."""
    line = dumped(value, inside=False)
    if isinstance(value, list) and value and column + len(line) > _WIDTH - 20:
        return "".join(f"\n{' ' * (column + 2)}- {dumped(item)}" for item in value)
    return f" {line}"


def _merged(text: str, name: Any, found: Any, old: list[Any], value: list[Any]) -> str | None:
    """A list of one entry a line, its entries kept with their comments where they stay."""
    lines = text.splitlines(keepends=True)
    # A comment above the first entry belongs to that entry.
    first, column = name.end_mark.line + 1, found.start_mark.column
    chunks: list[tuple[str, str]] = []
    begin = first
    for node, item in zip(found.value, old, strict=True):
        end = text.count("\n", 0, max(_end(node) - 1, 0))
        if end < begin or not re.match(r"\s*-\s+\S", lines[node.start_mark.line]) or node.start_mark.line < begin:
            return None
        chunks.append((json.dumps(item), "".join(lines[begin : end + 1])))
        begin = end + 1
    made = []
    for item in value:
        same = next((chunk for chunk in chunks if chunk[0] == json.dumps(item)), None)
        if same is not None:
            chunks.remove(same)
        made.append(same[1] if same else f"{' ' * column}- {dumped(item)}\n")
    ended = [chunk if chunk.endswith("\n") else chunk + "\n" for chunk in made]
    return "".join(lines[:first]) + "".join(ended) + "".join(lines[begin:])
