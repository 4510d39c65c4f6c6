"""What the starters may do, may do after a yes, and may never do."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.governance.gate import decide_action, decide_changes
from engine.roles.library import RoleLibrary
from engine.storage.shipped import shipped
from engine.vocabulary.actions import Action, ActionClass, DeleteFile, ReadFile, RequestAction, RunCommand, WriteFile
from engine.vocabulary.changes import ChangeSet, ChangeStatus, FileChange
from tests.role_boundary_cases import CASES
from tests.role_boundary_commands import ASKED_FOR, OTHER_ROLES, REFUSED
from tests.role_boundary_fresh import THIRD
from tests.role_boundary_fresh_cases import FRESH_ASKED_FOR, FRESH_REFUSED
from tests.role_boundary_fresh_files import FRESH_CASES
from tests.role_boundary_ordinary import FIRST
from tests.role_boundary_ordinary_more import SECOND

pytestmark = pytest.mark.role_boundary


def rows() -> list[tuple[str, str, str, str]]:
    out = []
    for line in [*CASES.strip().splitlines(), *FRESH_CASES.strip().splitlines()]:
        role, verb, rest = line.split("|", 2)
        what, decision = rest.rsplit("|", 1)
        out.append((role.strip(), verb.strip(), what.strip().replace("\u23ce", "\n"), decision.strip()))
    return out


def action_of(verb: str, what: str) -> Action:
    match verb:
        case "run":
            return RunCommand(what)
        case "write":
            return WriteFile(what, "text\n")
        case "delete":
            return DeleteFile(what)
        case "read":
            return ReadFile(what)
        case _:
            return RequestAction(ActionClass(what), "as planned")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> RoleLibrary:
    return RoleLibrary(shipped("roles"), tmp_path_factory.mktemp("none"))


@pytest.mark.parametrize(("role", "verb", "what", "decision"), rows())
def test_the_starter_decides_as_a_careful_lead_would(
    library: RoleLibrary, role: str, verb: str, what: str, decision: str
) -> None:
    if verb in ("keep", "drop"):
        added = verb == "keep"
        status = ChangeStatus.ADDED if added else ChangeStatus.DELETED
        change = FileChange(what, status, 0 if added else 0o100644, 0o100644 if added else 0, "", "1", 5)
        (verdict,) = decide_changes(library.get(role), ChangeSet("a", "b", (change,)))
    else:
        verdict = decide_action(library.get(role), action_of(verb, what))
    assert verdict.decision == decision, verdict.message
    assert verdict.message
    assert verdict.rule


def commands(text: str) -> list[str]:
    return [line.replace("\u23ce", "\n") for line in text.strip().splitlines()]


@pytest.mark.parametrize("command", [*commands(ASKED_FOR), *commands(FRESH_ASKED_FOR)])
def test_a_command_that_deserves_a_look_waits_for_one(library: RoleLibrary, command: str) -> None:
    assert decide_action(library.get("software-engineer"), RunCommand(command)).decision == "park"


@pytest.mark.parametrize("command", [*commands(REFUSED), *commands(FRESH_REFUSED)])
def test_a_command_that_the_role_forbids_is_refused_in_every_disguise(library: RoleLibrary, command: str) -> None:
    assert decide_action(library.get("software-engineer"), RunCommand(command)).decision == "block"


def test_of_what_developers_ordinarily_type_at_most_three_in_a_hundred_are_held_up(library: RoleLibrary) -> None:
    ordinary = [*commands(FIRST), *commands(SECOND), *commands(THIRD)]
    verdicts = {line: decide_action(library.get("software-engineer"), RunCommand(line)) for line in ordinary}
    held_up = {line: verdict.message for line, verdict in verdicts.items() if not verdict.allowed}
    assert len(held_up) <= 0.03 * len(ordinary), held_up


@pytest.mark.parametrize("line", OTHER_ROLES.strip().splitlines())
def test_the_other_roles_are_held_to_their_trade(library: RoleLibrary, line: str) -> None:
    role, decision, command = line.split(" | ", 2)
    verdict = decide_action(library.get(role), RunCommand(command))
    assert verdict.decision == decision, verdict.message


def test_the_table_is_large_enough_to_mean_something() -> None:
    assert len(rows()) >= 200
    assert len(set(rows())) == len(rows())
    assert (
        len(rows()) + sum(len(commands(text)) for text in (FIRST, SECOND, THIRD, ASKED_FOR, REFUSED, OTHER_ROLES))
        >= 1_000
    )


def test_the_tables_file_lists_no_role_that_does_not_ship(library: RoleLibrary) -> None:
    assert {row[0] for row in rows()} == {entry.name for entry in library.list()}
    assert Path(library.get("qa-engineer").path).is_file()
