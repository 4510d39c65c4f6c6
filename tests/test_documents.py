"""Files that people write: what is wrong is said with its place, in words, and with the nearest right name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.documents import MAX_BYTES, parse_document, read_document, shipped_schema
from engine.vocabulary.errors import ConfigError, Problem, RoleError

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 1, "description": "what it is called"},
        "level": {"enum": ["low", "medium", "high"]},
        "count": {"type": "integer", "minimum": 1},
        "on": {"type": "boolean"},
        "start": {"type": "string"},
        "tags": {"type": "array", "uniqueItems": True, "items": {"type": "string"}},
        "jobs": {"type": "array", "items": {"oneOf": [{"$ref": "#/$defs/run"}, {"$ref": "#/$defs/copy"}]}},
        "rule": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        "mail": {"type": "string", "pattern": "^[^@]+@[^@]+$", "x-expected": "an address such as a@b.org"},
    },
    "$defs": {
        "run": {
            "type": "object",
            "required": ["run"],
            "additionalProperties": False,
            "properties": {"run": {"type": "string"}, "timeout_s": {"type": "number"}},
        },
        "copy": {
            "type": "object",
            "required": ["copy"],
            "additionalProperties": False,
            "properties": {"copy": {"type": "object", "required": ["from", "to"]}},
        },
    },
}


def problems_of(text: str | bytes) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        parse_document(text, "file.yaml", SCHEMA)
    assert caught.value.path == "file.yaml"
    assert caught.value.message.startswith("file.yaml: ")
    return caught.value.problems


def only(text: str | bytes) -> Problem:
    (problem,) = problems_of(text)
    return problem


def test_a_good_file_is_plain_values_and_knows_its_places() -> None:
    document = parse_document("name: x\njobs:\n  - run: a\n    timeout_s: 1.5\n", "file.yaml", SCHEMA)
    assert document.data == {"name": "x", "jobs": [{"run": "a", "timeout_s": 1.5}]}
    assert document.place("jobs[0].timeout_s") == (4, 5)
    assert document.place("jobs[0].nothing") == (3, 5)
    assert document.place("nothing") == (1, 1)


def test_an_unknown_field_is_named_with_line_and_nearest_name() -> None:
    problem = only("name: x\nlevle: low\n")
    assert (problem.line, problem.column, problem.field) == (2, 1, "levle")
    assert problem.message == "unknown field 'levle'"
    assert problem.hint == "did you mean 'level'?"


def test_a_missing_field_says_what_it_is_for() -> None:
    problem = only("level: low\n")
    assert (problem.field, problem.message, problem.hint) == ("name", "'name' is missing", "what it is called")


def test_in_a_choice_only_the_form_that_was_meant_is_spoken_of() -> None:
    problem = only("name: x\njobs:\n  - run: a\n    timout_s: 3\n")
    assert (problem.line, problem.field, problem.hint) == (4, "jobs[0].timout_s", "did you mean 'timeout_s'?")


def test_a_choice_that_nothing_was_meant_of_lists_the_forms() -> None:
    assert only("name: x\njobs: [{foo: 1}]").message == "needs one of copy, run; found 'foo'"
    assert only("name: x\njobs: [{rn: 1}]").hint == "did you mean 'run'?"
    assert only("name: x\njobs: [{run: a, copy: {from: a, to: b}}]").message == "copy and run cannot stand together"
    assert only("name: x\njobs: [5]").message == "expected a group of fields, found the number 5"
    assert only("name: x\nrule: 5").message == "expected a list or text, found the number 5"
    assert only("name: x\nrule: [a, 5]").field == "rule[1]"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("name: 5", "expected text, found the number 5", "put it in quotes"),
        ("name: true", "expected text, found true", "put it in quotes"),
        ("name: ''", "must not be empty", ""),
        ("name: x\nlevel: hihg", "'hihg' is not one of the known values", "did you mean 'high'?"),
        ("name: x\ncount: 0", "0 is out of range", "expected at least 1"),
        ("name: x\ncount: many", "expected a whole number, found the text 'many'", ""),
        ("name: x\ntags: [a, a]", "'a' stands in the list twice", "keep one of them"),
        ("name: x\nmail: nobody", "'nobody' is not allowed here", "expected an address such as a@b.org"),
        ("- a", "expected a group of fields, found a list", ""),
    ],
)
def test_a_wrong_value_is_told_in_words(text: str, message: str, hint: str) -> None:
    problem = only(text)
    assert (problem.message, problem.hint) == (message, hint)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "the file is empty"),
        ("# nothing\n", 1, "the file is empty"),
        ("name: x\n\tlevel: low", 2, "a tab where YAML wants spaces"),
        ("name: a: b", 1, "a ': ' where no field can start"),
        ("name: [a", 1, "expected ',' or ']'"),
        ("name: x\nname: y", 2, "'name' stands here twice (first in line 1)"),
        ("name: &a x", 1, "an anchor (&name) is not allowed here"),
        ("name: *a", 1, "an alias (*name) is not allowed here"),
        ("name: !!python/object/apply:os.system [id]", 1, "a tag (tag:yaml.org,2002:python/object/"),
        ("name: x\n---\nname: y", 2, "a second document starts here"),
        (b"name: x\nlevel: \xe4", 2, "not UTF-8: byte 0xe4"),
        ('name: "\x07"', 1, "the character U+0007 is not allowed in YAML"),
        ("[" * 5_000, 1, "nested deeper than 24 levels"),
        ("? [a]\n: b", 1, "a field's name must be plain text"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(text: str | bytes, line: int, said: str) -> None:
    problem = problems_of(text)[0]
    assert problem.line == line
    assert problem.message.startswith(said)


def test_words_and_times_that_yaml_1_1_would_turn_into_something_else_stay_text() -> None:
    document = parse_document(
        "name: yes\nstart: 22:00\non: true\ntags: [no, 2026-01-01, '5', 0x1f, 1_000]", "f", SCHEMA
    )
    assert document.data == {
        "name": "yes",
        "start": "22:00",
        "on": True,
        "tags": ["no", "2026-01-01", "5", "0x1f", "1_000"],
    }


def test_json_is_read_with_tabs_and_escaped_characters_beyond_the_first_plane() -> None:
    document = parse_document('{\n\t"name":\t"\\ud83d\\ude00",\n\t"count": 3\n}', "f", SCHEMA)
    assert document.data == {"name": "\U0001f600", "count": 3}
    assert document.place("count") == (3, 2)


def test_all_problems_are_told_in_the_order_of_the_file() -> None:
    problems = problems_of("count: 0\nlevel: x\nfoo: 1\n")
    assert [problem.line for problem in problems] == sorted(problem.line or 0 for problem in problems)
    assert {problem.field for problem in problems} == {"name", "count", "level", "foo"}


def test_a_file_that_cannot_be_read_is_the_error_that_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(RoleError, match="there is no file"):
        read_document(tmp_path / "none.yaml", SCHEMA, error=RoleError)
    with pytest.raises(RoleError, match="is not a file"):
        read_document(tmp_path, SCHEMA, error=RoleError)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RoleError, match="is not a file"):
        read_document(tmp_path / "pipe", SCHEMA, error=RoleError)
    (tmp_path / "large.yaml").write_text("#" * (MAX_BYTES + 1))
    with pytest.raises(RoleError, match="larger than 1 MiB"):
        read_document(tmp_path / "large.yaml", SCHEMA, error=RoleError)


def test_terminal_escapes_in_a_file_are_drawn_and_not_acted_on() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_document('name: x\n"\\e[2Jfoo": 1\n', "f", SCHEMA)
    assert "\x1b" not in caught.value.message


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>'\"\n\t #?%@,\\"), max_size=60))
def test_no_text_gives_anything_but_a_document_or_problems(text: str) -> None:
    problems = None
    try:
        parse_document(text, "f", SCHEMA)
    except ConfigError as error:
        problems = error.problems
    assert problems is None or problems


@pytest.mark.parametrize("name", ["playbook", "plan"])
def test_the_shipped_schemas_are_valid_themselves(name: str) -> None:
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(shipped_schema(name))
