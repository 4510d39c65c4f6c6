"""A role file as a form: every field in words, the file after other words, the dry run, what changed since trust."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.engine import Engine
from engine.roles.editing import field_names
from engine.roles.form import fields_of, with_words
from engine.vocabulary.actions import ActionClass
from engine.vocabulary.errors import RoleError
from engine.vocabulary.verdicts import Decision, Layer

PIN = "493817"
STARTERS = Path(__file__).parents[1] / "roles"
TEXT = (STARTERS / "software-engineer.yaml").read_text("utf-8")
OLDER = """
name: older
display_name: Older
description: The older form
competencies: [python]
allowed_actions: [code.read, code.write]
blocked_actions: [deploy]
"""


def words(text: str) -> dict[str, str]:
    return {field.key: field.words for field in fields_of(text)}


def test_every_field_of_a_role_is_in_the_form() -> None:
    keys = {place.partition("[")[0] for field in fields_of(TEXT) for place in field.places} | set(words(TEXT))
    inside = {"working_hours.days", "working_hours.from", "working_hours.to"}
    groups = {"confidence_thresholds", "write_limits", "notifications", "authority", "setup"}
    missing = set(field_names()) - keys - inside - groups - {"name", "allowed_actions", "blocked_actions"}
    assert missing == set()
    assert {f"authority:{action}" for action in ActionClass} <= keys


@pytest.mark.parametrize("file", sorted(STARTERS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_words_of_a_field_mean_what_the_file_says(file: Path) -> None:
    text = file.read_text("utf-8")
    for field in fields_of(text):
        if field.words:
            assert with_words(text, field.key, field.words) == text, field.key


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("display_name", "Night owl: # late"),
        ("competencies", "one, two"),
        ("competencies", '["one, two", three]'),
        ("scope", "src/**, *.md"),
        ("authority:deps.change", "alone"),
        ("authority:ci.change", "never: .gitlab-ci.yml"),
        ("authority:docs.write", "alone: docs/**, *.md; never: legal/**"),
        ("authority:command.run", 'alone: ["make a,b", "make; never"]'),
        ("authority:code.read", ""),
        ("confidence_thresholds.auto_execute", "0.95"),
        ("risk_tolerance", "low"),
        ("success_criteria:0", "It builds $ make build"),
        ("success_criteria:5", "One more"),
        ("write_limits.files_created", "7"),
        ("working_hours", "mon-fri 22:00-06:00"),
        ("working_hours", "sat,sun 09:00-17:00"),
        ("notifications.failed", "email, desktop"),
        ("setup.commands", "pip install -r requirements.txt, make tools"),
        ("setup.environment", '{PIP_NO_INPUT: "1"}'),
        ("model", "local"),
        ("replan_every", "3"),
        ("replan_every", ""),
    ],
)
def test_words_that_are_typed_are_read_back(key: str, said: str) -> None:
    made = with_words(TEXT, key, said)
    assert words(made)[key] == said
    assert made.startswith("# A careful programmer")


def test_moving_an_action_takes_it_out_of_its_old_list_and_keeps_the_comments() -> None:
    made = with_words(TEXT, "authority:deps.change", "never")
    assert made.count("deps.change") == 1
    assert "# A migration runs against data that exists once." in made
    assert with_words(made, "authority:deps.change", "asks").count("deps.change") == 1


def test_the_older_form_becomes_the_newer_one_with_the_first_change(engine: Engine) -> None:
    assert words(OLDER)["authority:code.write"] == "alone"
    made = with_words(OLDER, "authority:code.write", "never")
    assert "allowed_actions" not in made
    role = engine.roles.check("older", made)
    assert {rule.action for rule in role.authority.forbidden} == {ActionClass.DEPLOY, ActionClass.CODE_WRITE}
    assert ActionClass.DEPS_CHANGE in {rule.action for rule in role.authority.requires_approval}


@pytest.mark.parametrize(
    ("key", "said", "hint"),
    [
        ("authority:deploy", "nevr", "did you mean 'never'?"),
        ("authority:deploy", "never:", "write never alone"),
        ("working_hours", "late", "mon-fri 22:00-06:00"),
        ("unknown:risk_tolerence", "low", "did you mean 'risk_tolerance'?"),
    ],
)
def test_words_that_mean_nothing_are_refused_with_the_nearest_right_ones(key: str, said: str, hint: str) -> None:
    with pytest.raises(RoleError) as refused:
        with_words(TEXT, key, said)
    assert hint in refused.value.hint


def test_an_unknown_field_stands_first_and_can_be_left_out(engine: Engine) -> None:
    text = TEXT.replace("risk_tolerance:", "risk_tolerence:")
    first = fields_of(text)[0]
    assert (first.key, first.words) == ("unknown:risk_tolerence", "medium")
    preview = engine.roles.preview("software-engineer", text)
    assert preview.role is None
    assert preview.trials == ()
    assert preview.problems_of(preview.fields[0]) == preview.problems
    assert engine.roles.preview("software-engineer", with_words(text, first.key, "")).role is not None


def test_an_unknown_field_in_a_group_can_be_left_out_as_well(engine: Engine) -> None:
    text = TEXT.replace("  pause_and_ask: 0.50", "  pause_and_ask: 0.50\n  pause_or_ask: 0.1")
    first = fields_of(text)[0]
    assert first.label == "confidence_thresholds.pause_or_ask"
    assert "pause_and_ask" in first.help
    assert with_words(text, first.key, "") == TEXT


def test_a_fault_is_told_at_its_field(engine: Engine) -> None:
    text = with_words(TEXT, "confidence_thresholds.execute_and_flag", "0.97")
    preview = engine.roles.preview("software-engineer", text)
    wrong = [field.key for field in preview.fields if preview.problems_of(field)]
    assert wrong == ["confidence_thresholds.execute_and_flag"]
    twice = with_words(with_words(TEXT, "authority:docs.write", "alone: docs/**; never: docs/x"), "scope", "/etc/**")
    preview = engine.roles.preview("software-engineer", twice)
    wrong = [field.key for field in preview.fields if preview.problems_of(field)]
    assert "scope" in wrong
    assert "authority:docs.write" in wrong


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([field.key for field in fields_of(TEXT)]),
    st.text(max_size=30)
    | st.sampled_from(["alone: [", "a: b: c", "- x", "{", "[1, 2]", "never; alone", "\x1b[2J", "\u202e"]),
)
def test_no_words_break_the_form(key: str, said: str) -> None:
    try:
        made = with_words(TEXT, key, said)
    except RoleError:
        return
    assert fields_of(made)


def test_the_dry_run_asks_the_gate_that_decides_at_run_time(engine: Engine) -> None:
    from engine.roles.typical import _TYPICAL

    role = engine.roles.get("software-engineer")
    for confidence in (1.0, 0.8, 0.6, 0.3):
        trials = engine.roles.typical(role, confidence)
        actions = dict(_TYPICAL)
        assert [t.verdict for t in trials] == [engine.roles.test(role, actions[t.label], confidence) for t in trials]


def test_the_dry_run_has_the_six_scenarios_of_the_set_up(engine: Engine) -> None:
    trials = {t.label: t.verdict for t in engine.roles.typical(engine.roles.get("software-engineer"))}
    for label in ("change src/app.py", "run pytest"):
        assert trials[label].decision is Decision.ALLOW
    for label in ("add a dependency", "merge into main"):
        assert trials[label].decision is Decision.PARK
    for label in ("deploy", "change Orion's rules"):
        assert trials[label].decision is Decision.BLOCK
    assert trials["change Orion's rules"].layer is Layer.BASE


def test_a_stamp_differs_after_any_change_of_a_role_and_only_then(engine: Engine, repository: Path, home: Path) -> None:
    engine.auth.set_pin(PIN)
    seen = [engine.roles.stamp(repository)]
    assert engine.roles.stamp(repository) == seen[0]

    def moved() -> bool:
        seen.append(engine.roles.stamp(repository))
        return seen[-1] not in seen[:-1]

    engine.roles.create("night-owl", secret=PIN)
    assert moved()
    mine = home / "roles" / "night-owl.yaml"
    mine.write_text(mine.read_text() + "# late\n")
    assert moved()
    theirs = repository / ".orion" / "roles"
    theirs.mkdir(parents=True)
    (theirs / "guest.yaml").write_text(TEXT.replace("name: software-engineer", "name: guest"))
    assert moved()
    engine.roles.trust("guest", repository, secret=PIN)
    assert moved()
    (theirs / "guest.yaml").unlink()
    assert moved()


def test_what_changed_since_a_role_was_trusted_can_be_seen(engine: Engine, repository: Path) -> None:
    engine.auth.set_pin(PIN)
    file = repository / ".orion" / "roles" / "guest.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(TEXT.replace("name: software-engineer", "name: guest"))
    assert engine.roles.since_trusted("guest", repository) == ""
    engine.roles.trust("guest", repository, secret=PIN)
    assert engine.roles.since_trusted("guest", repository) == ""
    file.write_text(file.read_text().replace("    - ci.change\n", ""))
    diff = engine.roles.since_trusted("guest", repository)
    assert "-    - ci.change" in diff.splitlines()
    for kept in (engine.home / "blobs").rglob("*"):
        if kept.is_file():
            kept.unlink()
    assert engine.roles.since_trusted("guest", repository) == ""
