"""Making, changing and deleting roles: checked first, then the PIN, then whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.engine import Engine
from engine.vocabulary.errors import AuthError, RoleError, UsageError
from engine.vocabulary.roles import RoleSource
from tests.support.cli import Orion
from tests.support.sessions import PIN
from tests.test_roles import GOOD, written


@pytest.fixture
def ready(engine: Engine) -> Engine:
    engine.auth.set_pin(PIN)
    return engine


@pytest.fixture
def orion(home: Path, repository: Path) -> Orion:
    made = Orion(home, repository)
    made("auth", "set", "--new-pin-stdin", given=PIN)
    return made


def test_editing_a_starter_makes_a_copy_that_hides_it_and_deleting_the_copy_brings_it_back(
    ready: Engine, home: Path
) -> None:
    entry = ready.roles.edit("software-engineer", "risk_tolerance", "low", secret=PIN)
    assert (entry.source, entry.path) == (RoleSource.USER, str(home / "roles" / "software-engineer.yaml"))
    text = Path(entry.path).read_text()
    assert "# Commits and branches of the session's own" in text
    assert Path(entry.path).stat().st_mode & 0o777 == 0o600
    assert ready.roles.get("software-engineer").risk_tolerance == "low"
    ready.roles.edit("software-engineer", "replan_every", 7, secret=PIN)
    assert ready.roles.get("software-engineer").replan_every == 7
    ready.roles.delete("software-engineer", secret=PIN)
    assert ready.roles.get("software-engineer").source is RoleSource.STARTER
    with pytest.raises(RoleError, match="cannot be deleted"):
        ready.roles.delete("software-engineer", secret=PIN)
    with pytest.raises(RoleError, match="no role"):
        ready.roles.delete("nobody", secret=PIN)


def test_nothing_is_written_for_a_wrong_pin_or_a_role_that_would_be_broken(ready: Engine, home: Path) -> None:
    with pytest.raises(AuthError):
        ready.roles.edit("software-engineer", "risk_tolerance", "low", secret="999111")
    with pytest.raises(RoleError) as caught:
        ready.roles.edit("software-engineer", "confidence_thresholds.auto_execute", 0.2, secret=PIN)
    assert caught.value.problems[0].field == "confidence_thresholds.execute_and_flag"
    assert caught.value.problems[0].line
    with pytest.raises(RoleError):
        ready.roles.create("../evil", base="software-engineer", secret=PIN)
    with pytest.raises(RoleError, match="called software-engineer already"):
        ready.roles.create("software-engineer", secret=PIN)
    assert list((home / "roles").glob("*.y*")) == []
    assert ready.auth.status().tries_left == 2


def test_a_role_is_made_out_of_another(ready: Engine) -> None:
    fields = {"display_name": "Night owl", "scope": ["docs/**"], "authority.autonomous": ["code.read", "docs.write"]}
    entry = ready.roles.create("night-owl", base="technical-writer", fields=fields, secret=PIN)
    assert entry.role is not None
    assert (entry.role.display_name, entry.role.scope) == ("Night owl", ("docs/**",))
    with pytest.raises(RoleError, match="a role of yours is called"):
        ready.roles.create("night-owl", secret=PIN)


def test_a_file_that_changed_since_it_was_read_is_not_written_over(ready: Engine, home: Path) -> None:
    path = written(home / "roles")
    seen = ready.roles.text("night-owl")
    path.write_text(GOOD + "replan_every: 9\n")
    with pytest.raises(UsageError, match="not the one that was read"):
        ready.roles.save("night-owl", GOOD, secret=PIN, expected=seen.content)
    with pytest.raises(UsageError, match="there already"):
        ready.roles.save("night-owl", GOOD, secret=PIN)
    assert "replan_every: 9" in path.read_text()


def test_a_link_to_a_role_kept_elsewhere_stays_a_link(ready: Engine, home: Path, tmp_path: Path) -> None:
    target = written(tmp_path / "dotfiles")
    (home / "roles" / "night-owl.yaml").symlink_to(target)
    ready.roles.edit("night-owl", "risk_tolerance", "low", secret=PIN)
    assert (home / "roles" / "night-owl.yaml").is_symlink()
    assert "risk_tolerance: low" in target.read_text()


def test_a_broken_role_can_be_mended_by_the_field_that_is_wrong(ready: Engine, home: Path) -> None:
    written(home / "roles", GOOD + "risk_tolerance: reckless\n")
    with pytest.raises(RoleError):
        ready.roles.edit("night-owl", "description", "Better", secret=PIN)
    ready.roles.edit("night-owl", "risk_tolerance", "low", secret=PIN)
    assert ready.roles.get("night-owl").risk_tolerance == "low"


def test_a_role_of_the_repository_is_not_orions_to_change(ready: Engine, repository: Path) -> None:
    written(repository / ".orion" / "roles")
    with pytest.raises(RoleError, match="belongs to the repository"):
        ready.roles.edited("night-owl", "risk_tolerance", "low", repository)


def test_a_file_changed_by_hand_counts_at_once(ready: Engine, home: Path) -> None:
    path = written(home / "roles")
    assert ready.roles.get("night-owl").description == "Works at night"
    path.write_text(GOOD.replace("Works at night", "Sleeps"))
    assert ready.roles.get("night-owl").description == "Sleeps"
    path.unlink()
    assert "night-owl" not in [entry.name for entry in ready.roles.list()]


def test_create_edit_and_delete_from_the_command_line(orion: Orion) -> None:
    made = orion(
        *("role", "create", "--from", "software-engineer", "--name", "night-owl", "--description", "Works: at night"),
        *("--scope", "src/**, docs/**", "--forbidden", "deps.change", "--requires-approval", "command.run"),
        *("--working-hours", "mon-fri 22:00-06:00", "--pin-stdin", "--json"),
        given=PIN,
    )
    assert made.code == 0, made.err
    shown = orion("role", "show", "night-owl", "--json").json
    assert shown["description"] == "Works: at night"
    assert shown["scope"] == ["src/**", "docs/**"]
    assert "deps.change" in shown["authority"]["forbidden"]
    assert "deps.change" not in shown["authority"]["requires_approval"]
    assert "command.run" in shown["authority"]["requires_approval"]
    assert shown["working_hours"]["days"] == ["mon", "tue", "wed", "thu", "fri"]
    edited = orion("role", "edit", "night-owl", "confidence_thresholds.auto_execute", "0.95", "--pin-stdin", given=PIN)
    assert edited.code == 0, edited.err
    assert orion("role", "show", "night-owl", "--json").json["confidence_thresholds"]["auto_execute"] == 0.95
    assert orion("role", "edit", "night-owl", "working_hours", "--unset", "--pin-stdin", given=PIN).code == 0
    assert orion("role", "show", "night-owl", "--json").json["working_hours"] is None
    assert orion("role", "delete", "night-owl", "--pin-stdin", given=PIN).code == 0
    assert orion("role", "show", "night-owl").code == 2


def test_entries_are_added_and_removed_and_an_action_moves_from_list_to_list(orion: Orion) -> None:
    def edit(*arguments: str) -> int:
        return orion("role", "edit", *arguments, "--pin-stdin", given=PIN).code

    both = orion("role", "edit", "devops-engineer", "authority.forbidden", "--add", "code.write", "--pin-stdin")
    assert both.code == 2
    assert "autonomous too (line 25)" in both.err
    assert edit("devops-engineer", "authority.autonomous", "--remove", "code.write") == 0
    assert edit("devops-engineer", "authority.forbidden", "--add", "code.write") == 0
    lists = orion("role", "show", "devops-engineer", "--json").json["authority"]
    assert "code.write" in lists["forbidden"]
    assert not [rule for rule in lists["autonomous"] if rule.startswith("code.write")]
    assert edit("devops-engineer", "scope", "--add", "x/**", "--remove", "**") == 0
    assert orion("role", "show", "devops-engineer", "--json").json["scope"] == ["x/**"]
    near = orion("role", "edit", "devops-engineer", "authority.forbidden", "--remove", "repo.delet", "--pin-stdin")
    assert near.code == 2
    assert "'repo.delete'" in near.err
    assert edit("devops-engineer", "description", "--add", "x") == 2
    assert edit("devops-engineer", "scope", "y/**", "--add", "x/**") == 2


def test_a_refusal_says_what_where_and_how(orion: Orion) -> None:
    wrong = orion("role", "edit", "software-engineer", "authority.forbidden", "deplyo, code.write", "--pin-stdin")
    assert wrong.code == 2
    assert "deploy" in wrong.err
    both = orion("role", "edit", "software-engineer", "authority.forbidden", "code.write, docs.write", "--pin-stdin")
    assert both.code == 2
    assert both.err.count("authority.forbidden[") >= 2
    assert orion("role", "edit", "software-engineer", "risk_tolerence", "low").code == 2
    assert orion("role", "edit", "software-engineer", "risk_tolerance").code == 2
    assert orion("role", "edit", "software-engineer", "risk_tolerance", "low").code == 2
    assert orion("role", "create").code == 2
    assert orion("role", "create", "--name", "a b", "--pin-stdin", given=PIN).code == 2
    assert orion("role", "delete", "software-engineer", "--pin-stdin", given=PIN).code == 2
    assert orion("role", "edit", "software-engineer", "risk_tolerance", "low", "--pin-stdin", given="999111").code == 7
