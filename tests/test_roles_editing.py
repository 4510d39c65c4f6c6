"""One field of a role file changed in its text: the value is right, and the rest stays as a person wrote it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.documents import parse_document
from engine.roles.editing import field_names, value_of, with_field
from engine.roles.splicing import dumped
from engine.storage.shipped import shipped
from engine.vocabulary.errors import RoleError

STARTER = (shipped("roles") / "software-engineer.yaml").read_text("utf-8")


def data(text: str) -> Any:
    return parse_document(text, "role", {}).data


def lines_gone(before: str, after: str) -> set[str]:
    return set(before.splitlines()) - set(after.splitlines())


def test_a_changed_value_touches_its_own_line_only() -> None:
    changed = with_field(STARTER, "risk_tolerance", "low")
    assert lines_gone(STARTER, changed) == {"risk_tolerance: medium"}
    assert lines_gone(changed, STARTER) == {"risk_tolerance: low"}
    changed = with_field(STARTER, "confidence_thresholds.auto_execute", 0.95)
    assert lines_gone(STARTER, changed) == {"  auto_execute: 0.90"}


def test_entries_of_a_list_that_stay_keep_their_comments_and_one_that_goes_takes_its_own() -> None:
    kept = [item for item in data(STARTER)["authority"]["requires_approval"] if item != "schema.change"]
    changed = with_field(STARTER, "authority.requires_approval", [*kept, "ci.change"])
    assert data(changed)["authority"]["requires_approval"] == [*kept, "ci.change"]
    assert lines_gone(STARTER, changed) == {
        "    - schema.change",
        "    # A migration runs against data that exists once.",
    }
    forbidden = [item for item in data(STARTER)["authority"]["forbidden"] if item != "ci.change"]
    changed = with_field(STARTER, "authority.forbidden", forbidden)
    assert "A workflow runs" not in changed


def test_a_missing_field_is_added_and_an_absent_group_made() -> None:
    changed = with_field(STARTER, "write_limits.files_created", 3)
    assert data(changed)["write_limits"] == {"files_created": 3}
    assert lines_gone(STARTER, changed) == set()
    again = with_field(changed, "write_limits.files_modified", 4)
    assert data(again)["write_limits"] == {"files_created": 3, "files_modified": 4}


def test_a_field_that_is_taken_out_leaves_no_empty_group() -> None:
    changed = with_field(with_field(STARTER, "write_limits.files_created", 3), "write_limits.files_created", None)
    assert "write_limits" not in changed
    assert "replan_every" not in data(with_field(STARTER, "replan_every", None))
    assert with_field(STARTER, "notifications", None) == STARTER


@pytest.mark.parametrize(
    "text",
    [
        "name: a\nscope:\n- x\n- y\nrisk_tolerance: low",
        "name: a\nscope: [x,\n  y]  # both\nrisk_tolerance: low\n",
        '{"name": "a", "scope": ["x", "y"], "risk_tolerance": "low"}',
        "name: a\nscope:   # which\n  - x\n\n  # second\n  - 'y'\n\n\nrisk_tolerance: >\n  low\n# end\n",
        "name: a\nscope:\n  -\n    x\n  - y\nrisk_tolerance: |\n  low\n",
        "# ünï\nname: a\r\nscope: [x, y]\r\nrisk_tolerance: low\r\n",
    ],
)
@pytest.mark.parametrize("value", [["x"], ["y", "x"], ["z", "y"], ["*.md", "a: b", "#", "- q", "ünï"], []])
def test_every_layout_is_read_back_with_the_new_value_and_nothing_else_changed(text: str, value: list[str]) -> None:
    changed = with_field(text, "scope", value)
    assert data(changed) == {**data(text), "scope": value}
    assert data(with_field(changed, "risk_tolerance", "high")) == {**data(changed), "risk_tolerance": "high"}
    assert "scope" not in data(with_field(changed, "scope", None))


SCALARS = st.one_of(st.text(max_size=30), st.integers(-1000, 1000), st.booleans(), st.floats(0, 1, width=16))
VALUES = st.one_of(SCALARS, st.lists(st.one_of(SCALARS, st.dictionaries(st.text(max_size=5), SCALARS, max_size=2))))


@given(VALUES)
@settings(max_examples=300, deadline=None)
def test_whatever_the_value_it_is_read_back_as_it_is(value: Any) -> None:
    changed = with_field(STARTER, "competencies", value)
    assert data(changed) == {**data(STARTER), "competencies": value}


@given(st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_a_text_is_a_text_for_other_readers_of_yaml_too(value: str) -> None:
    if not any("\ud800" <= char <= "\udfff" or ord(char) > 0xFFFF for char in value):
        assert yaml.safe_load(f"key: {dumped(value, inside=False)}\n") == {"key": value}
        assert yaml.safe_load(f"[{dumped(value)}]\n") == [value]


@pytest.mark.parametrize(
    ("field", "words", "value"),
    [
        ("description", "Fix: it # now", "Fix: it # now"),
        ("risk_tolerance", "low", "low"),
        ("scope", "src/**, *.md", ["src/**", "*.md"]),
        ("scope", '["src/**"]', ["src/**"]),
        ("authority.autonomous", "code.read, docs.write", ["code.read", "docs.write"]),
        ("authority.autonomous", '[{docs.write: ["docs/**"]}]', [{"docs.write": ["docs/**"]}]),
        ("confidence_thresholds.auto_execute", "0.95", 0.95),
        ("confidence_thresholds.auto_execute", "much", "much"),
        ("replan_every", "3", 3),
        ("success_criteria", "It works, always", ["It works, always"]),
        ("notifications.failed", "desktop", ["desktop"]),
        (
            "working_hours",
            "mon-fri 9:00-17:30",
            {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:30"},
        ),
        ("working_hours", "sat-mon 22:00-06:00", {"days": ["sat", "sun", "mon"], "from": "22:00", "to": "06:00"}),
        ("working_hours.days", "mon, fri", ["mon", "fri"]),
    ],
)
def test_words_mean_what_a_person_would_expect(field: str, words: str, value: Any) -> None:
    assert value_of(field, words) == value


def test_unknown_fields_and_words_are_answered_with_what_is_right() -> None:
    with pytest.raises(RoleError) as caught:
        with_field(STARTER, "authority.autonomus", [])
    assert "authority.autonomous" in caught.value.hint
    with pytest.raises(RoleError, match="not a day"):
        value_of("working_hours", "mon-fry 09:00-17:00")
    with pytest.raises(RoleError, match="not understood"):
        value_of("working_hours", "at night")
    with pytest.raises(RoleError):
        value_of("scope", "[oops")
    assert "write_limits.file_lines" in field_names()
