"""Role files: what a good one says, what a bad one is told, and which of three folders wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.roles.library import RoleLibrary
from engine.roles.profile import read_role, validate
from engine.storage.shipped import shipped
from engine.vocabulary.actions import ActionClass
from engine.vocabulary.errors import RoleError
from engine.vocabulary.roles import RoleSource, WriteLimits

GOOD = """name: night-owl
display_name: Night owl
description: Works at night
competencies: [everything]
authority:
  autonomous:
    - code.read
    - docs.write: ["docs/**"]
  requires_approval: [code.write]
  forbidden: [deploy]
"""


def written(folder: Path, text: str = GOOD, name: str = "night-owl") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(text, "utf-8")
    return path


def test_every_starter_is_valid_and_says_something_to_the_reviewer() -> None:
    entries = RoleLibrary(shipped("roles"), Path("/nonexistent")).list()
    assert [entry.name for entry in entries] == [
        "devops-engineer",
        "qa-engineer",
        "software-engineer",
        "technical-writer",
    ]
    for entry in entries:
        assert entry.problems == ()
        # By the schema too, which the library takes for granted of what ships.
        assert validate(Path(entry.path)) == ()
        assert entry.role is not None
        assert len(entry.role.success_criteria) >= 3
        assert {rule.action for rule in entry.role.authority.forbidden} >= {
            ActionClass.REPO_DELETE,
            ActionClass.SECRET_READ,
            ActionClass.GOVERNANCE_CHANGE,
        }


def test_every_field_of_a_role_is_read(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        GOOD
        + """scope: ["src/**", "docs/**"]
confidence_thresholds: {auto_execute: 0.95}
risk_tolerance: low
auth_method: totp
success_criteria: [clear, {text: tested, command: pytest}]
write_limits: {file_lines: 100}
working_hours: {days: [mon, fri], from: "22:00", to: "06:00"}
notifications: {failed: [desktop]}
replan_every: 3
""",
    )
    role = read_role(path, RoleSource.USER)
    assert role.scope == ("src/**", "docs/**")
    assert role.confidence_thresholds.auto_execute == 0.95
    assert role.success_criteria[1].command == "pytest"
    assert role.write_limits == WriteLimits(file_lines=100)
    assert role.working_hours is not None
    assert role.working_hours.start == "22:00"
    assert role.notifications == {"failed": ("desktop",)}
    assert (role.auth_method, role.replan_every, role.source) == ("totp", 3, RoleSource.USER)
    assert str(role.authority.autonomous[1]) == "docs.write [docs/**]"


@pytest.mark.parametrize(
    ("change", "field", "line"),
    [
        (("forbidden: [deploy]", "forbidden: [deploy, code.write]"), "authority.forbidden[1]", 10),
        (("forbidden: [deploy]", 'forbidden: [{docs.write: ["*.md"]}]'), "authority.forbidden[0]", 10),
        (("forbidden: [deploy]", "forbidden: [deplyo]"), "authority.forbidden[0]", 10),
        (("forbidden: [deploy]", "forbidden: []"), "authority.forbidden", 10),
        (("name: night-owl", "name: other"), "name", 1),
        (("display_name: Night owl", "display_nam: Night owl"), "display_nam", 2),
        (("competencies: [everything]", "competencies: []"), "competencies", 4),
        (
            ("competencies: [everything]", "competencies: [a]\nwrite_limits: {file_lines: 9999}"),
            "write_limits.file_lines",
            5,
        ),
        (
            ("competencies: [everything]", "competencies: [a]\nconfidence_thresholds: {auto_execute: 0.6}"),
            "confidence_thresholds.auto_execute",
            5,
        ),
    ],
)
def test_a_broken_rule_is_named_with_field_and_line(
    tmp_path: Path, change: tuple[str, str], field: str, line: int
) -> None:
    problems = validate(written(tmp_path, GOOD.replace(*change)))
    assert [(p.field, p.line) for p in problems if p.field == field] == [(field, line)]
    assert all(p.message for p in problems)


def test_patterns_that_cannot_meet_may_stand_in_two_lists(tmp_path: Path) -> None:
    text = GOOD.replace("forbidden: [deploy]", 'forbidden: [{docs.write: ["legal/**"]}]')
    assert validate(written(tmp_path, text)) == ()


def test_the_older_two_lists_are_migrated_and_reported(tmp_path: Path) -> None:
    text = GOOD[: GOOD.index("authority:")] + "allowed_actions: [code.read]\nblocked_actions: [deploy]\n"
    role = read_role(written(tmp_path, text))
    assert [rule.action for rule in role.authority.autonomous] == [ActionClass.CODE_READ]
    assert [rule.action for rule in role.authority.forbidden] == [ActionClass.DEPLOY]
    assert ActionClass.CODE_WRITE in {rule.action for rule in role.authority.requires_approval}
    assert "older form" in role.notices[0]


def test_a_users_role_hides_the_starter_and_a_broken_one_hides_nothing(tmp_path: Path) -> None:
    starters, user = tmp_path / "starters", tmp_path / "user"
    written(starters)
    written(starters, GOOD.replace("night-owl", "day-bird"), "day-bird")
    written(user, GOOD.replace("Works at night", "Mine"))
    written(user, "name: [", "broken")
    library = RoleLibrary(starters, user)
    assert [(e.name, e.source.value, e.role is not None) for e in library.list()] == [
        ("broken", "user", False),
        ("day-bird", "starter", True),
        ("night-owl", "user", True),
    ]
    assert library.get("night-owl").description == "Mine"
    with pytest.raises(RoleError, match="broken"):
        library.get("broken")


def test_a_users_broken_copy_is_never_replaced_by_the_starter_in_silence(tmp_path: Path) -> None:
    starters, user = tmp_path / "starters", tmp_path / "user"
    written(starters)
    written(user, GOOD.replace("deploy", "deplyo"))
    library = RoleLibrary(starters, user)
    assert [e.source.value for e in library.list()] == ["user", "starter"]
    with pytest.raises(RoleError) as caught:
        library.get("night-owl")
    assert caught.value.problems


def test_a_projects_role_is_shown_untrusted_and_cannot_be_used(tmp_path: Path) -> None:
    workspace = tmp_path / "work"
    written(workspace / ".orion" / "roles")
    library = RoleLibrary(tmp_path / "none", tmp_path / "none")
    (entry,) = library.list(workspace)
    assert (entry.source, entry.trusted) == (RoleSource.PROJECT, False)
    with pytest.raises(RoleError, match="not trusted"):
        library.get("night-owl", workspace)


def test_a_projects_role_never_hides_the_users_own(tmp_path: Path) -> None:
    written(tmp_path / "work" / ".orion" / "roles", GOOD.replace("Works at night", "Evil"))
    written(tmp_path / "user")
    library = RoleLibrary(tmp_path / "none", tmp_path / "user")
    assert library.get("night-owl", tmp_path / "work").description == "Works at night"


def test_a_projects_role_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    target = written(tmp_path / "elsewhere")
    folder = tmp_path / "work" / ".orion" / "roles"
    folder.mkdir(parents=True)
    (folder / "night-owl.yaml").symlink_to(target)
    (entry,) = RoleLibrary(tmp_path / "none", tmp_path / "none").list(tmp_path / "work")
    assert entry.role is None
    assert "link" in entry.problems[0].message


def test_an_unknown_role_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(RoleError) as caught:
        RoleLibrary(shipped("roles"), Path("/nonexistent")).get("sofware-engineer")
    assert "software-engineer" in caught.value.hint
