"""Roles that come with a repository: trusted by content, with the PIN, and never in the place of another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.build import build
from engine.engine import Engine
from engine.storage.trust import TrustedContent
from engine.vocabulary.errors import AuthError, ConfigError, RoleError
from engine.vocabulary.requests import SessionRequest
from engine.vocabulary.roles import RoleSource
from tests.support.cli import Orion
from tests.support.sessions import PIN, created, playbook
from tests.test_roles import GOOD, written


@pytest.fixture
def theirs(repository: Path) -> Path:
    """The role file of a repository."""
    return written(repository / ".orion" / "roles")


def test_a_repositorys_role_is_usable_once_its_exact_content_is_trusted(
    engine: Engine, repository: Path, theirs: Path, tmp_path: Path
) -> None:
    engine.auth.set_pin(PIN)
    request = SessionRequest(repository, playbook=playbook(tmp_path, {"id": "one"}), role="night-owl")
    with pytest.raises(RoleError, match="not trusted"):
        engine.sessions.propose(request)
    assert engine.roles.trust("night-owl", repository, secret=PIN).trusted
    role = engine.sessions.propose(request).role
    assert (role.trusted, role.path) == (True, str(theirs))
    # Not one byte may differ, even where it means the same; putting it back is the trusted content again.
    theirs.write_text(GOOD + "\n")
    with pytest.raises(RoleError, match="not trusted"):
        engine.sessions.propose(request)
    theirs.write_text(GOOD)
    assert engine.roles.get("night-owl", repository).trusted


def test_trust_needs_the_pin_and_a_wrong_one_trusts_nothing(engine: Engine, repository: Path, theirs: Path) -> None:
    with pytest.raises(AuthError, match="no PIN or code is set"):
        engine.roles.trust("night-owl", repository, secret="")
    engine.auth.set_pin(PIN)
    with pytest.raises(AuthError):
        engine.roles.trust("night-owl", repository, secret="999111")
    assert not engine.roles.entry("night-owl", repository).trusted
    assert engine.auth.status().tries_left == 2


def test_trust_can_be_bound_to_what_was_shown(engine: Engine, repository: Path, theirs: Path) -> None:
    engine.auth.set_pin(PIN)
    seen = engine.roles.text("night-owl", repository)
    theirs.write_text(GOOD.replace("requires_approval: [code.write]", "requires_approval: [code.write, ci.change]"))
    with pytest.raises(RoleError, match="not the one that was shown"):
        engine.roles.trust("night-owl", repository, secret=PIN, content=seen.content)


def test_trust_outlives_the_process_and_is_private_and_can_be_taken_back(home: Path, repository: Path) -> None:
    theirs = written(repository / ".orion" / "roles")
    first = build(home)
    first.auth.set_pin(PIN)
    first.roles.trust("night-owl", repository, secret=PIN)
    first.close()
    assert (home / "trusted.json").stat().st_mode & 0o777 == 0o600
    second = build(home)
    assert second.roles.get("night-owl", repository).trusted
    theirs.write_text(GOOD.replace("Works", "Sleeps"))
    assert second.roles.untrust("night-owl", repository) == 1
    theirs.write_text(GOOD)
    with pytest.raises(RoleError, match="not trusted"):
        second.roles.get("night-owl", repository)
    assert second.roles.untrust("night-owl", repository) == 0
    second.close()


def test_a_repositorys_role_never_takes_the_name_of_a_role_that_the_user_knows(
    engine: Engine, home: Path, repository: Path, theirs: Path
) -> None:
    engine.auth.set_pin(PIN)
    evil = GOOD.replace("night-owl", "software-engineer").replace("Works at night", "Evil")
    written(repository / ".orion" / "roles", evil, "software-engineer")
    with pytest.raises(RoleError, match="a shipped role has the name"):
        engine.roles.trust("software-engineer", repository, secret=PIN)
    assert engine.roles.get("software-engineer", repository).description != "Evil"
    engine.roles.trust("night-owl", repository, secret=PIN)
    # The user's own comes later and takes its name back, trusted or not.
    written(home / "roles", GOOD.replace("Works at night", "Mine"))
    assert engine.roles.get("night-owl", repository).description == "Mine"
    (project,) = [e for e in engine.roles.list(repository) if e.name == "night-owl" and e.source.value == "project"]
    assert project.hidden_by is not None


def test_a_broken_role_of_a_repository_cannot_be_trusted(engine: Engine, repository: Path) -> None:
    engine.auth.set_pin(PIN)
    written(repository / ".orion" / "roles", GOOD.replace("deploy", "deplyo"))
    with pytest.raises(RoleError, match="cannot be trusted"):
        engine.roles.trust("night-owl", repository, secret=PIN)
    with pytest.raises(RoleError, match="no role of a repository"):
        engine.roles.trust("nobody", repository, secret=PIN)


def test_a_repository_cannot_make_listing_its_roles_expensive(engine: Engine, repository: Path, theirs: Path) -> None:
    for number in range(200):
        written(theirs.parent, GOOD.replace("night-owl", f"a{number}"), f"a{number}")
    written(theirs.parent, GOOD + "# padding\n" * 10_000, "a")
    shown = [entry for entry in engine.roles.list(repository) if entry.source is RoleSource.PROJECT]
    assert len(shown) == 50
    assert "32 KiB" in shown[0].problems[0].message
    # What is asked for by name is found all the same.
    assert engine.roles.entry("night-owl", repository).role is not None


@pytest.mark.sandbox
def test_a_session_goes_on_only_while_its_role_is_trusted(
    engine: Engine, repository: Path, theirs: Path, tmp_path: Path
) -> None:
    engine.auth.set_pin(PIN)
    engine.roles.trust("night-owl", repository, secret=PIN)
    session = created(engine, repository, playbook(tmp_path, {"id": "one"}), role="night-owl")
    theirs.write_text(GOOD + "# more\n")
    with pytest.raises(RoleError, match="not trusted"):
        engine.sessions.start(session)
    assert engine.review.diff(session) == b""
    engine.roles.trust("night-owl", repository, secret=PIN)
    assert engine.review.report(session).findings == ()


@pytest.mark.parametrize(
    "broken",
    ["", "{", "[]", '{"version": 2, "trusted": {}}', '{"version": 1, "trusted": {"x": {}}}', "\udcff"],
)
def test_a_damaged_record_trusts_nothing_and_hides_nothing(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "trusted.json"
    kept = TrustedContent(path)
    kept.add("a" * 64, name="n", path="p", at="t")
    assert kept("a" * 64)
    path.write_text(broken, "utf-8", "surrogateescape")
    assert not kept("a" * 64)
    with pytest.raises(ConfigError, match="cannot be used"):
        kept.add("b" * 64, name="n", path="p", at="t")


def test_a_record_that_others_can_write_or_that_is_a_link_trusts_nothing(tmp_path: Path) -> None:
    path = tmp_path / "trusted.json"
    kept = TrustedContent(path)
    kept.add("a" * 64, name="n", path="p", at="t")
    path.chmod(0o666)
    assert not kept("a" * 64)
    path.chmod(0o600)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert not kept("a" * 64)


def test_trust_from_the_command_line(home: Path, repository: Path, theirs: Path) -> None:
    orion = Orion(home, repository)
    orion("auth", "set", "--new-pin-stdin", given=PIN)
    assert "project, untrusted" in orion("role", "list").out
    shown = orion("role", "show", "night-owl")
    assert shown.code == 0, shown.err
    assert "not trusted" in shown.out
    assert orion("role", "test", "night-owl", "--read", "README.md").code == 2
    assert orion("role", "trust", "night-owl").code == 2
    assert orion("role", "trust", "night-owl", "--pin-stdin", given="999111\n").code == 7
    assert orion("role", "trust", "night-owl", "--content", "0" * 64, "--pin-stdin", given=PIN).code == 2
    trusted = orion("role", "trust", "night-owl", "--pin-stdin", "--json", given=PIN)
    assert trusted.code == 0, trusted.err
    assert trusted.json["trusted"] is True
    assert "project, trusted" in orion("role", "list").out
    assert orion("role", "test", "night-owl", "--read", "README.md", "--json").json["decision"] == "allow"
    theirs.write_text(GOOD + "# more\n")
    (row,) = [row for row in json.loads(orion("role", "list", "--json").out) if row["name"] == "night-owl"]
    assert row["trusted"] is False
    assert orion("role", "untrust", "night-owl", "--json").json == {"name": "night-owl", "trusted": False}
    assert orion("role", "untrust", "night-owl").code == 2
