"""YAML files that a person wrote, checked against a JSON Schema (2020-12), with the place of every fault.

Stricter than YAML on purpose: no aliases or anchors (an expansion bomb needs them), no tags, no duplicate keys, one
document, `yes` and `22:00` are text. JSON is read as well, being YAML. What a person gets is a list of problems, each
with line, column, field, what was expected, and the nearest right name.
"""

from __future__ import annotations

import json
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.document_faults import explain, field_of
from engine.vocabulary.errors import ConfigError, Problem
from engine.vocabulary.text import shortened, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 24
MAX_PROBLEMS = 40

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}


@dataclass(frozen=True, slots=True)
class Document:
    """A file that fits its schema. `data` is plain JSON values; `places` maps a field to line and column from 1."""

    data: Any
    path: str
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict, repr=False)

    def place(self, field: str) -> tuple[int | None, int | None]:
        """Line and column of a field such as `tasks[2].id`: that of its key, or of the nearest thing around it."""
        while field not in self.places:
            if not field:
                return None, None
            field = field[: max(field.rfind("."), field.rfind("["), 0)]
        return self.places[field]

    def problem(self, field: str, message: str, hint: str = "") -> Problem:
        """A fault that no schema can say, at the place of `field`."""
        line, column = self.place(field)
        return Problem(message, field, line, column, hint)

    def error(self, problems: Iterable[Problem], kind: type[ConfigError] = ConfigError) -> ConfigError:
        """The error that carries the problems, in the order of the file; its message is the first of them."""
        return _error(problems, self.path, kind)


def shipped_schema(name: str) -> Mapping[str, Any]:
    """The schema `name` (`role`, `playbook`, `plan`) that ships with Orion, from a wheel or from a checkout."""
    file = f"roles/schema/{name}.schema.json"
    engine = Path(__file__).parent
    inside = engine / "_data" / file
    schema: Mapping[str, Any] = json.loads((inside if inside.is_file() else engine.parent / file).read_text("utf-8"))
    return schema


def read_document(path: Path, schema: Mapping[str, Any], *, error: type[ConfigError] = ConfigError) -> Document:
    """The document in the file. Raises `error` with its `problems`: no such file, too large, not UTF-8, not YAML, or
    not what the schema says."""
    return parse_document(read_bytes(path, error=error), str(path), schema, error=error)


def read_bytes(path: Path, *, error: type[ConfigError] = ConfigError) -> bytes:
    """What the file holds, cut just beyond 1 MiB. Raises `error`: no such file, not a file, not readable."""
    name = str(path)
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            raise error(f"{visible(name)} is not a file", "name a YAML file", path=name)
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError as missing:
        raise error(f"there is no file {visible(name)}", "check the spelling of the path", path=name) from missing
    except OSError as refused:
        raise error(
            f"{visible(name)} cannot be read: {refused.strerror}", "check its permissions", path=name
        ) from refused


def parse_document(
    text: str | bytes,
    name: str,
    schema: Mapping[str, Any] | None,
    *,
    error: type[ConfigError] = ConfigError,
) -> Document:
    """The same from a string; `name` stands for the file in messages. Without a schema, which is for a file that ships
    and whose tests hold it to one, its values are as they stand there."""
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise error(f"{visible(name)} is larger than 1 MiB", "keep large content out of it", path=name)
    parser = _Parser()
    try:
        data = parser.parse(_decoded(text))
    except _Unreadable as unreadable:
        raise _error([unreadable.problem], name, error) from unreadable
    document = Document(data, name, parser.places)
    problems = list(parser.problems)
    if data is None and not problems:
        problems.append(Problem("the file is empty", line=1, column=1, hint=_required_hint(schema or {})))
    elif not problems and schema is not None:
        problems += _schema_problems(document, schema)
    if problems:
        raise _error(problems, name, error)
    return document


def _required_hint(schema: Mapping[str, Any]) -> str:
    names = ", ".join(schema.get("required", ()))
    return f"it needs {names}" if names else ""


def _schema_problems(document: Document, schema: Mapping[str, Any]) -> Iterator[Problem]:
    from jsonschema import Draft202012Validator

    seen = set()
    for fault in Draft202012Validator(schema).iter_errors(document.data):
        for where, message, hint in explain(fault):
            problem = document.problem(where, message, hint)
            if problem not in seen:
                seen.add(problem)
                yield problem


def _error(problems: Iterable[Problem], path: str, kind: type[ConfigError]) -> ConfigError:
    ordered = tuple(sorted(problems, key=lambda p: (p.line or 0, p.column or 0, p.field)))
    first, more = ordered[0], len(ordered) - 1
    where = f"line {first.line}" if first.line else ""
    place = ", ".join(part for part in (where, first.field) if part)
    message = f"{path}: {place}: {first.message}" if place else f"{path}: {first.message}"
    if more:
        message += f" (and {more} more {'problem' if more == 1 else 'problems'})"
    return kind(visible(message), first.hint, problems=ordered[:MAX_PROBLEMS], path=path)


class _Unreadable(Exception):
    """The text is no YAML at all."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _decoded(text: str | bytes) -> str:
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as bad:
            before, byte = bad.object[: bad.start], bad.object[bad.start]
            line, column = before.count(b"\n") + 1, bad.start - before.rfind(b"\n")
            problem = Problem(f"not UTF-8: byte 0x{byte:02x}", "", line, column, "save the file as UTF-8")
            raise _Unreadable(problem) from bad
    if text.lstrip()[:1] == "{" and "\t" in text:
        # JSON may be indented with tabs, which YAML forbids; valid JSON has none inside its strings.
        try:
            json.loads(text)
        except ValueError:
            return text
        return text.replace("\t", " ")
    return text


class _Parser:
    """YAML's events to plain values, noting the place of every field."""

    def __init__(self) -> None:
        self.places: dict[str, tuple[int, int]] = {"": (1, 1)}
        self.problems: list[Problem] = []

    def parse(self, text: str) -> Any:
        import yaml

        try:
            events = yaml.parse(text, Loader=yaml.SafeLoader)
            value = None
            for index, event in enumerate(e for e in events if isinstance(e, yaml.DocumentStartEvent)):
                if index:
                    self._note(event, "", "a second document starts here", "keep one document in a file")
                    break
                value = self._value(next(events), events, "", 0)
            return value
        except yaml.reader.ReaderError as bad:
            line = text.count("\n", 0, bad.position) + 1
            message = f"the character U+{int(bad.character):04X} is not allowed in YAML"
            raise _Unreadable(Problem(message, line=line, column=None, hint="remove it or write it escaped")) from bad
        except yaml.MarkedYAMLError as bad:
            raise _Unreadable(_syntax_problem(bad)) from bad

    def _note(self, event: Any, where: str, message: str, hint: str) -> None:
        line, column = _place(event)
        self.problems.append(Problem(message, where, line, column, hint))

    def _value(self, event: Any, events: Iterator[Any], where: str, depth: int) -> Any:
        import yaml

        if depth > MAX_DEPTH:
            line, column = _place(event)
            raise _Unreadable(Problem(f"nested deeper than {MAX_DEPTH} levels", where, line, column))
        self.places.setdefault(where, _place(event))
        if isinstance(event, yaml.AliasEvent):
            self._note(event, where, "an alias (*name) is not allowed here", "write the value out")
            return ""
        if getattr(event, "anchor", None):
            self._note(event, where, "an anchor (&name) is not allowed here", "write the value out where it is needed")
        if event.tag is not None and event.tag not in ("!", "tag:yaml.org,2002:str"):
            self._note(event, where, f"a tag ({shortened(event.tag, 40)}) is not allowed here", "leave the tag out")
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event.value) if event.implicit[0] and event.tag is None else _joined(event.value)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(event := next(events), yaml.SequenceEndEvent):
                items.append(self._value(event, events, f"{where}[{len(items)}]", depth + 1))
            return items
        return self._mapping(events, where, depth)

    def _mapping(self, events: Iterator[Any], where: str, depth: int) -> dict[str, Any]:
        import yaml

        made: dict[str, Any] = {}
        while not isinstance(key_event := next(events), yaml.MappingEndEvent):
            if not isinstance(key_event, yaml.ScalarEvent):
                line, column = _place(key_event)
                raise _Unreadable(Problem("a field's name must be plain text", where, line, column))
            key = _joined(key_event.value)
            place = field_of(where, key)
            value_event = next(events)
            if key in made:
                first = self.places[place][0]
                self._note(key_event, place, f"{key!r} stands here twice (first in line {first})", "keep one of them")
                self._value(value_event, events, place, depth + 1)
                continue
            self.places[place] = _place(key_event)
            made[key] = self._value(value_event, events, place, depth + 1)
        return made


def _place(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _scalar(value: str) -> Any:
    if value in _WORDS:
        return _WORDS[value]
    if _INTEGER.fullmatch(value):
        return int(value)
    if _NUMBER.fullmatch(value):
        return float(value)
    return value


def _joined(value: str) -> str:
    """JSON writes characters beyond the first plane as two escapes, which YAML leaves as two halves."""
    if any("\ud800" <= char <= "\udfff" for char in value):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def _syntax_problem(bad: Any) -> Problem:
    mark = bad.problem_mark or bad.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    said = bad.problem or bad.context or "not YAML"
    hint = "check indentation, quotes and brackets around this line"
    if "'\\t'" in said:
        said, hint = "a tab where YAML wants spaces", "indent with spaces"
    elif "mapping values are not allowed" in said:
        said, hint = "a ': ' where no field can start", "put text that contains ': ' in quotes; check the indentation"
    elif "expected <block end>" in said:
        said, hint = "this line does not belong to what stands above it", "check its indentation"
    elif said.startswith("could not find expected ':'"):
        said, hint = "a field without ': '", "write `name: value`"
    elif "cannot start any token" in said:
        said, hint = "a value cannot start with this character", "put the text in quotes"
    return Problem(visible(shortened(said, 200)), line=line, column=column, hint=hint)
