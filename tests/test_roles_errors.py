"""The error table of role files: each fault with its place, what was expected, and the nearest name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.governance.globs import overlap, path_matches
from engine.governance.path_classes import classify_path
from engine.roles.profile import validate
from engine.roles.witnesses import other_class
from engine.vocabulary.actions import ActionClass
from tests.support.setups import role_with_setup
from tests.test_roles import written

ROLE = """name: night-owl
display_name: Night owl
description: Works at night
scope: ["src/**", "docs/**"]
competencies: [everything]
authority:
  autonomous:
    - code.read
    - code.write: ["src/**"]
    - command.run: ["/usr/bin/make *", "../run *"]
  requires_approval:
    - docs.write: ["docs/**"]
  forbidden:
    - deploy
    - secret.read: [".git/config"]
confidence_thresholds:
  auto_execute: 0.9
  execute_and_flag: 0.7
  pause_and_ask: 0.5
write_limits:
  files_created: 10
working_hours:
  days: [mon]
  from: "22:00"
  to: "06:00"
"""

# What is put in place of what; then field, line and column of the one problem, and words that must be told.
FAULTS = {
    "an unknown field": ("scope:", "scop:", "scop", 4, 1, "'scope'"),
    "a name that is not the file's": ("name: night-owl", "name: other", "name", 1, 1, "night-owl"),
    "a name that is not kebab-case": ("name: night-owl", "name: Night_Owl", "name", 1, 1, "hyphens"),
    "an empty text": ("Works at night", '""', "description", 3, 1, "empty"),
    "a missing field": ("competencies: [everything]\n", "", "competencies", 1, 1, "missing"),
    "no competency": ("[everything]", "[]", "competencies", 5, 1, "empty"),
    "an unknown action": ("- deploy", "- deplyo", "authority.forbidden[0]", 14, 7, "'deploy'"),
    "an unknown action with patterns": (
        *('docs.write: ["docs/**"]', 'docs.wirte: ["docs/**"]'),
        *("authority.requires_approval[0]", 12, 7, "docs.write"),
    ),
    "a missing list": (
        '  requires_approval:\n    - docs.write: ["docs/**"]\n',
        *("", "authority.requires_approval", 6, 1, "missing"),
    ),
    "an unknown list": (
        "  requires_approval:",
        "  requires_aproval:",
        "authority.requires_aproval",
        11,
        3,
        "'requires_",
    ),
    "an action in two lists": ("- deploy", "- code.read", "authority.forbidden[0]", 14, 7, "autonomous too (line 8)"),
    "patterns that overlap": (
        "- deploy",
        '- code.write: ["src/api/**"]',
        *("authority.forbidden[0]", 14, 7, "'src/api/**' and 'src/**'"),
    ),
    "a name that holds at any depth": (
        "- deploy",
        '- docs.write: ["README.md"]',
        *("authority.forbidden[0]", 14, 7, "./README.md"),
    ),
    "a folder and what is in it": (
        "- deploy",
        '- code.write: ["src"]',
        *("authority.forbidden[0]", 14, 7, "'src' and 'src/**'"),
    ),
    "an action twice in a list": (
        "- deploy",
        "- deploy\n    - deploy",
        "authority.forbidden[1]",
        15,
        7,
        "stands twice",
    ),
    "thresholds that rise": ("0.7", "0.95", "confidence_thresholds.execute_and_flag", 18, 3, "descend"),
    "a threshold above a default": (
        "  auto_execute: 0.9\n  execute_and_flag: 0.7\n",
        "  auto_execute: 0.6\n",
        *("confidence_thresholds.auto_execute", 17, 3, "execute_and_flag is 0.7 unless set"),
    ),
    "a threshold out of range": ("0.9\n", "90\n", "confidence_thresholds.auto_execute", 17, 3, "at most 1"),
    "a threshold in words": ("0.9\n", "much\n", "confidence_thresholds.auto_execute", 17, 3, "a number"),
    "a limit over its ceiling": ("files_created: 10", "files_created: 101", "write_limits.files_created", 21, 3, "100"),
    "an unknown limit": ("files_created: 10", "files_made: 1", "write_limits.files_made", 21, 3, "files_"),
    "hours that end as they begin": ('"06:00"', '"22:00"', "working_hours.to", 25, 3, "leave working_hours out"),
    "a time that is none": ('"06:00"', "6am", "working_hours.to", 25, 3, '"09:00"'),
    "a day that is none": ("[mon]", "[monday]", "working_hours.days[0]", 23, 10, "'mon'"),
    "hours without an end": ('  to: "06:00"\n', "", "working_hours.to", 22, 1, "missing"),
    "an absolute scope": ('"docs/**"]\ncomp', '"docs/**", "/etc/**"]\ncomp', "scope[2]", 4, 30, "absolute"),
    "a scope at home": ('"docs/**"]\ncomp', '"docs/**", "~/x"]\ncomp', "scope[2]", 4, 30, "absolute"),
    "a scope of a drive": ('"docs/**"]\ncomp', '"docs/**", "C:/x"]\ncomp', "scope[2]", 4, 30, "absolute"),
    "a glob that leaves": (
        'write: ["src/**"]',
        'write: ["src/../../x"]',
        *("authority.autonomous[1].code.write[0]", 9, 20, "outside the workspace"),
    ),
    "a glob with backslashes": (
        'write: ["src/**"]',
        r'write: ["src\\api"]',
        *("authority.autonomous[1].code.write[0]", 9, 20, "'src/api'"),
    ),
    "a glob with an empty part": (
        'write: ["src/**"]',
        'write: ["src//api/./x"]',
        *("authority.autonomous[1].code.write[0]", 9, 20, "'src/api/x'"),
    ),
    "a glob with a space at its end": (
        'write: ["src/**"]',
        'write: ["src/** "]',
        *("authority.autonomous[1].code.write[0]", 9, 20, "spaces"),
    ),
    "a glob in git's own folder": (
        'write: ["src/**"]',
        'write: ["src/**", ".git/hooks/**"]',
        *("authority.autonomous[1].code.write[1]", 9, 30, "out of reach"),
    ),
    "a glob outside the scope": (
        'write: ["src/**"]',
        'write: ["lib/**"]',
        *("authority.autonomous[1].code.write[0]", 9, 20, "only src/**, docs/**"),
    ),
    "a glob of another class": (
        'write: ["src/**"]',
        'write: ["src/**", "docs/**"]',
        *("authority.autonomous[1].code.write[1]", 9, 30, "docs.write, never code.write"),
    ),
    "a name of another class": (
        'write: ["src/**"]',
        'write: ["src/package.json"]',
        *("authority.autonomous[1].code.write[0]", 9, 20, "deps.change, never code.write"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_at_its_place_with_what_was_expected(fault: str, tmp_path: Path) -> None:
    old, new, field, line, column, words = FAULTS[fault]
    assert ROLE.count(old) == 1
    problems = validate(written(tmp_path, ROLE.replace(old, new)))
    # A misspelled required name is missing, too.
    (problem,) = [found for found in problems if not (len(problems) > 1 and "missing" in found.message)]
    assert (problem.field, problem.line, problem.column) == (field, line, column)
    assert words in f"{problem.message} {problem.hint}"


def test_the_role_of_the_table_is_a_good_one(tmp_path: Path) -> None:
    assert validate(written(tmp_path, ROLE)) == ()


@pytest.mark.parametrize("pattern", ["./src", "src", "src/*", "**/*.py", "*.py", "src/[ab]/**", "**", "SRC/x"])
def test_a_pattern_that_can_match_inside_the_scope_is_never_called_dead(pattern: str, tmp_path: Path) -> None:
    text = ROLE.replace('code.write: ["src/**"]', f'code.write: ["{pattern}"]')
    assert validate(written(tmp_path, text)) == ()


_NAMES = ("a.py", "README.md", "package.json", "Dockerfile", "x", ".env", "conf.py", "1__a.sql", "main.tf", "test_a.py")
_PARTS = ("docs", "src", "tests", "**", "*", "*.py", "*.md", "migrations", ".github", "package.json", "x?y", "[ab].tf")


@given(
    action=st.sampled_from([a for a in ActionClass if a.endswith(("write", "change"))]),
    parts=st.lists(st.sampled_from(_PARTS), min_size=1, max_size=3),
    names=st.lists(st.sampled_from(_NAMES), min_size=6, max_size=6),
)
def test_what_is_called_dead_holds_no_path_of_its_class(
    action: ActionClass, parts: list[str], names: list[str]
) -> None:
    pattern = "/".join(parts)
    falls = other_class(action, pattern, lambda one, two: overlap(one, two) or overlap(one, f"**/{two}"))
    filled = iter(names)
    path = re.sub(r"\*+", lambda _: next(filled), pattern).replace("?", "z").replace("[ab]", "a")
    assert path_matches(pattern, path)
    assert falls is None or classify_path(path) is not action


def test_many_faults_are_told_together_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = ROLE.replace('"docs/**"]\ncomp', '"/etc"]\ncomp').replace("0.7", "0.95").replace(": 10", ": 9999")
    problems = validate(written(tmp_path, text))
    assert [problem.field for problem in problems] == [
        "scope[1]",
        "authority.requires_approval[0].docs.write[0]",
        "confidence_thresholds.execute_and_flag",
        "write_limits.files_created",
    ]


def test_a_set_up_cannot_stand_beside_a_forbidden_network(tmp_path: Path) -> None:
    path = role_with_setup(tmp_path, "pip install x")
    assert validate(path) == ()
    text = path.read_text().replace("  - network.request\n", "")
    path.write_text(text.replace("  - deploy\n", "  - deploy\n  - network.request\n"))
    (problem,) = validate(path)
    assert problem.field == "setup"
    assert "network.request is forbidden" in problem.message


def test_the_parts_of_a_set_up_are_checked_where_they_stand(tmp_path: Path) -> None:
    path = role_with_setup(tmp_path, "pip install x", files=["/etc/passwd"])
    (problem,) = validate(path)
    assert problem.field == "setup.files[0]"
    path = role_with_setup(tmp_path, "pip install x", enviroment={})
    (problem,) = validate(path)
    assert problem.field == "setup.enviroment"
    assert "environment" in problem.hint
