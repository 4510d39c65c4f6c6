"""Plans that a person wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.planning.playbook import load_plan, load_playbook
from engine.vocabulary.actions import DeleteFile, EditFile, ReadFile, RunCommand, WriteFile
from engine.vocabulary.errors import PlanError, Problem
from engine.vocabulary.plans import Check, plan_to_json

CONTRACT = """\
name: tidy                      # required
goal: Tidy the tree             # required
tasks:                          # required, at least one
  - id: lint                    # required, unique
    title: Fix what the linter can fix
    depends_on: []              # ids
    confidence: 0.95            # optional, default 1.0
    steps:                      # required, at least one; each is one action
      - run: "ruff check --fix ."
        timeout_s: 300          # optional
        allow_failure: true     # optional, default false
      - write: {path: docs/NOTE.md, content: "text"}
      - edit: {path: README.md, find: "a", replace: "b"}
      - delete: {path: old.txt}
      - read: {path: README.md}
    checks:                     # optional; run by the engine after the steps, exit 0 is a pass
      - run: "python3 -m unittest"
  - id: note
    title: Say so
    depends_on: [lint]
    steps:
      - run: "true"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "book.yaml"


def problem_in(file: Path, text: str) -> Problem:
    file.write_text(text)
    with pytest.raises(PlanError) as caught:
        load_playbook(file)
    assert caught.value.path == str(file)
    (problem,) = caught.value.problems
    return problem


def test_the_playbook_of_the_contract_becomes_a_plan(file: Path) -> None:
    file.write_text(CONTRACT)
    plan = load_playbook(file)
    assert (plan.goal, plan.source) == ("Tidy the tree", "playbook tidy")
    lint, note = plan.tasks
    assert (lint.id, lint.title, lint.confidence) == ("lint", "Fix what the linter can fix", 0.95)
    assert lint.steps == (
        RunCommand("ruff check --fix .", 300, True),
        WriteFile("docs/NOTE.md", "text"),
        EditFile("README.md", "a", "b"),
        DeleteFile("old.txt"),
        ReadFile("README.md"),
    )
    assert lint.checks == (Check("python3 -m unittest"),)
    assert (note.depends_on, note.confidence, note.checks) == (("lint",), 1.0, ())
    assert note.steps == (RunCommand("true", None, False),)


def test_a_given_goal_wins_over_the_playbooks_own(file: Path) -> None:
    file.write_text(CONTRACT)
    assert load_playbook(file, "  Mine ").goal == "Mine"
    assert load_playbook(file, "   ").goal == "Tidy the tree"


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "message", "hint"),
    [
        ("timeout_s", "timout_s", 10, "tasks[0].steps[0].timout_s", "unknown field 'timout_s'", "'timeout_s'"),
        ('- run: "ruff', '- rn: "ruff', 9, "tasks[0].steps[0].rn", "unknown field 'rn'", "'run'"),
        ("name: tidy", "naem: tidy", 1, "naem", "unknown field 'naem'", "'name'"),
        (
            "id: note\n    title: Say so\n    depends_on: [lint]",
            "id: lint\n    title: Say so",
            18,
            "tasks[1].id",
            "the id 'lint' stands twice",
            "of its own",
        ),
        ("[lint]", "[lnit]", 20, "tasks[1].depends_on[0]", "'note' depends on 'lnit'", "did you mean 'lint'?"),
        (
            "[] ",
            "[note] ",
            6,
            "tasks[0].depends_on",
            "the tasks depend on each other in a circle: lint → note → lint",
            "",
        ),
        ("0.95", "95", 7, "tasks[0].confidence", "95 is out of range", "at most 1"),
        ("timeout_s: 300", "timeout_s: 0", 10, "tasks[0].steps[0].timeout_s", "0 is out of range", "more than 0"),
        ('find: "a"', 'find: ""', 13, "tasks[0].steps[2].edit.find", "must not be empty", ""),
        ("{path: old.txt}", "old.txt", 14, "tasks[0].steps[3].delete", "expected a group of fields", ""),
        ("path: old.txt", "path: /etc/passwd", 14, "tasks[0].steps[3].delete.path", "'/etc/passwd' is not", "relative"),
        ("id: lint", "id: li/nt", 4, "tasks[0].id", "'li/nt' is not allowed", "letters, digits"),
        ("    title: Say so\n", "", 18, "tasks[1].title", "'title' is missing", "on one line"),
    ],
)
def test_a_fault_is_named_with_line_field_and_remedy(
    file: Path, old: str, new: str, line: int, field: str, message: str, hint: str
) -> None:
    text = CONTRACT.replace(old, new, 1)
    if old == "name: tidy":
        text += "name: tidy\n"
    problem = problem_in(file, text)
    assert (problem.line, problem.field) == (line, field)
    assert problem.message.startswith(message)
    assert hint in problem.hint


@pytest.mark.parametrize("text", ["", "name: a\ngoal: b\ntasks: []\n", "name: a\ngoal: b\n"])
def test_a_playbook_without_tasks_is_refused(file: Path, text: str) -> None:
    assert problem_in(file, text).line == (3 if "[]" in text else 1)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"there is no file .*nowhere\.yaml"):
        load_playbook(tmp_path / "nowhere.yaml")


def test_a_plan_written_as_json_comes_back_the_same(file: Path) -> None:
    file.write_text(CONTRACT)
    plan = load_playbook(file)
    for indent in (None, 2, "\t"):
        file.write_text(json.dumps(plan_to_json(plan), indent=indent))
        again = load_plan(file)
        assert (again.goal, again.tasks, again.source) == (plan.goal, plan.tasks, "file")


def test_the_output_of_orion_plan_is_a_plan_whose_verdicts_count_for_nothing(file: Path) -> None:
    entry = {"id": "a", "title": "Write it", "depends_on": [], "action": "docs.write", "estimate_s": [5, 10]}
    verdict = {"verdict": "allow", "layer": "authority", "rule": "docs.write"}
    file.write_text(json.dumps({"tasks": [{**entry, **verdict}], "stripped": []}))
    (task,) = load_plan(file).tasks
    assert (task.instructions, task.steps, task.estimate_s) == ("Write it", None, (5.0, 10.0))


@pytest.mark.parametrize(
    ("entry", "field", "message"),
    [
        ({"steps": [{"tool": "run", "comand": "x", "command": "y"}]}, "tasks[0].steps[0].comand", "unknown field"),
        ({"steps": [{"tool": "rnu"}]}, "tasks[0].steps[0].tool", "'rnu' is not one of"),
        ({"steps": [{"run": "x"}]}, "tasks[0].steps[0].tool", "'tool' is missing"),
        ({"action": "code.wriet"}, "tasks[0].action", "'code.wriet' is not one of"),
        ({"estimate_s": [9, 3]}, "tasks[0].estimate_s", "9 is more than 3"),
        ({"depends_on": ["b"]}, "tasks[0].depends_on[0]", "'a' depends on 'b'"),
    ],
)
def test_a_fault_in_an_edited_plan_is_named(file: Path, entry: dict[str, object], field: str, message: str) -> None:
    file.write_text(json.dumps({"tasks": [{"id": "a", "title": "A", **entry}]}))
    with pytest.raises(PlanError) as caught:
        load_plan(file)
    problem = caught.value.problems[0]
    assert problem.field == field
    assert problem.message.startswith(message)
