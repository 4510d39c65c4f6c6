"""AEGIS through its public faces: classification, the gate's order of layers, effects, limits, protected paths."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.governance.classify import classify_action, classify_change
from engine.governance.gate import decide_action, decide_changes, decide_task, thresholds_of
from engine.governance.protected import protected_reason
from engine.roles.library import RoleLibrary
from engine.storage.shipped import shipped
from engine.vocabulary.actions import ActionClass, DeleteFile, EditFile, ReadFile, RequestAction, RunCommand, WriteFile
from engine.vocabulary.changes import ChangeSet, ChangeStatus, FileChange, RefusedEntry
from engine.vocabulary.plans import Task
from engine.vocabulary.roles import AuthorityRule, RiskTolerance, Role, Thresholds, WriteLimits
from engine.vocabulary.verdicts import Decision, Layer

SHELLISH = st.text(alphabet=st.sampled_from("abe $\"'`()<>|&;{}[]*?#\\\n\t=-/.~!0\u200b\u202e\ud800é"), max_size=60)


@pytest.fixture(scope="module")
def engineer(tmp_path_factory: pytest.TempPathFactory) -> Role:
    return RoleLibrary(shipped("roles"), tmp_path_factory.mktemp("none")).get("software-engineer")


def added(path: str, size: int = 10, oid: str = "1", mode: int = 0o100644) -> FileChange:
    return FileChange(path, ChangeStatus.ADDED, 0, mode, "", oid, size, additions=size)


def deleted(path: str, oid: str = "1") -> FileChange:
    return FileChange(path, ChangeStatus.DELETED, 0o100644, 0, oid, "")


def changes(*files: FileChange, refused: tuple[RefusedEntry, ...] = ()) -> ChangeSet:
    return ChangeSet("a", "b", files, refused)


@given(SHELLISH | st.text(max_size=40))
@settings(max_examples=400, deadline=None)
def test_no_command_and_no_path_makes_classification_fail(text: str) -> None:
    for action in (RunCommand(text), WriteFile(text, ""), ReadFile(text), DeleteFile(text), EditFile(text, "a", "b")):
        pieces = classify_action(action)
        assert pieces
        assert classify_action(action) == pieces


@given(SHELLISH)
@settings(max_examples=300, deadline=None)
def test_a_forbidden_verb_is_never_allowed_by_what_stands_around_it(engineer: Role, noise: str) -> None:
    verdict = decide_action(engineer, RunCommand(f"npm publish ;{noise}"))
    assert verdict.decision is Decision.BLOCK


@given(st.text(alphabet="abcdefg./_-TESTDOCMY", min_size=1, max_size=30))
@settings(max_examples=300, deadline=None)
def test_the_class_of_a_file_does_not_depend_on_the_case_of_the_disk(path: str) -> None:
    assert classify_change(added(path)) == classify_change(added(path.upper())) == classify_change(added(path.lower()))


def test_the_refusal_says_who_may_not_do_what_where_and_by_which_rule(engineer: Role) -> None:
    verdict = decide_action(engineer, WriteFile(".github/workflows/ci.yml", "on: push\n"))
    assert verdict.layer is Layer.ROLE
    assert verdict.rule == "forbidden: ci.change"
    assert verdict.message == (
        "software-engineer may not change CI workflows: `.github/workflows/ci.yml` (forbidden: ci.change)"
    )


def test_the_layers_are_asked_in_order_and_the_first_refusal_wins(engineer: Role) -> None:
    scoped = replace(engineer, scope=("src/**",))
    assert decide_action(scoped, WriteFile("../x", ""), 0.1).layer is Layer.BASE
    assert decide_action(scoped, WriteFile("docs/a.md", ""), 0.1).rule == "scope"
    assert decide_action(scoped, WriteFile("src/package.json", "")).layer is Layer.AUTHORITY
    assert decide_action(scoped, WriteFile("src/a.py", ""), 0.1).rule == "confidence.low"
    assert decide_action(scoped, RunCommand("cat docs/a.md")).allowed


def test_confidence_allows_flags_parks_and_refuses(engineer: Role) -> None:
    answers = [
        decide_action(engineer, RunCommand("pytest"), c) for c in (0.9, 0.89, 0.7, 0.69, 0.5, 0.49, float("nan"))
    ]
    assert [(a.decision.value, a.flagged) for a in answers] == [
        ("allow", False),
        ("allow", True),
        ("allow", True),
        ("park", False),
        ("park", False),
        ("block", False),
        ("block", False),
    ]
    assert answers[5].layer is Layer.CONFIDENCE


@pytest.mark.parametrize(
    ("tolerance", "expected"),
    [
        (RiskTolerance.LOW, Thresholds(0.95, 0.75, 0.55)),
        (RiskTolerance.MEDIUM, Thresholds(0.9, 0.7, 0.5)),
        (RiskTolerance.HIGH, Thresholds(0.85, 0.65, 0.5)),
    ],
)
def test_risk_tolerance_shifts_the_thresholds(engineer: Role, tolerance: RiskTolerance, expected: Thresholds) -> None:
    assert thresholds_of(replace(engineer, risk_tolerance=tolerance)) == expected


def test_what_no_list_names_waits_for_a_person(engineer: Role) -> None:
    bare = replace(engineer, authority=replace(engineer.authority, autonomous=(), requires_approval=()))
    verdict = decide_action(bare, WriteFile("a.py", ""))
    assert (verdict.decision, verdict.rule) == (Decision.PARK, "unlisted: code.write")


def test_no_role_gets_the_network_merges_or_its_own_rules_for_free(engineer: Role) -> None:
    everything = tuple(AuthorityRule(action) for action in ActionClass)
    free = replace(
        engineer, authority=replace(engineer.authority, autonomous=everything, requires_approval=(), forbidden=())
    )
    assert decide_action(free, RunCommand("curl https://example.org")).rule == "network"
    assert decide_action(free, RunCommand("git merge x")).rule == "hand_off"
    assert decide_action(free, RunCommand("eval $x")).rule == "command.open"
    assert decide_action(free, WriteFile(".orion/roles/a.yaml", "")).decision is Decision.BLOCK
    assert decide_action(free, RunCommand("orion approve 1")).decision is Decision.BLOCK
    assert decide_action(None, RunCommand("ls")).rule == "role.missing"
    assert decide_action(replace(free, trusted=False), RunCommand("ls")).rule == "role.untrusted"


@pytest.mark.parametrize(
    "command", ["pip install x", "git merge x", "echo x >> package.json", "curl https://example.org"]
)
def test_an_approval_of_network_merges_or_protected_paths_asks_for_the_pin(engineer: Role, command: str) -> None:
    verdict = decide_action(engineer, RunCommand(command))
    assert verdict.decision is Decision.PARK
    assert verdict.needs_auth


def test_a_deletion_that_is_parked_needs_no_pin(engineer: Role) -> None:
    assert not decide_action(engineer, DeleteFile("src/a.py")).needs_auth


def test_a_task_is_as_strict_as_its_strictest_step_and_its_confidence_comes_last(engineer: Role) -> None:
    steps = (RunCommand("pytest"), WriteFile("package.json", "{}"))
    assert decide_task(engineer, Task("a", "A", steps=steps)).rule == "requires_approval: deps.change"
    assert decide_task(engineer, Task("a", "A", steps=steps[:1], confidence=0.2)).rule == "confidence.low"
    assert decide_task(engineer, Task("a", "A", action=ActionClass.DEPLOY)).decision is Decision.BLOCK
    assert decide_task(engineer, Task("a", "A")).allowed


def test_every_changed_and_every_refused_file_gets_a_verdict_that_names_it(engineer: Role) -> None:
    refused = (RefusedEntry("out", "tree.symlink", "the link leaves the workspace"),)
    verdicts = decide_changes(engineer, changes(added("a.py"), added("go.sum"), added(".travis.yml"), refused=refused))
    assert [(v.subject, v.decision.value) for v in verdicts] == [
        ("out", "block"),
        ("a.py", "allow"),
        ("go.sum", "park"),
        (".travis.yml", "block"),
    ]


def test_a_nested_repository_and_colliding_names_are_never_kept(engineer: Role) -> None:
    (gitlink,) = decide_changes(engineer, changes(added("sub", mode=0o160000)))
    assert gitlink.rule == "tree.gitlink"
    verdicts = decide_changes(
        engineer, changes(added("README"), added("readme"), added("caf\u00e9"), added("cafe\u0301"))
    )
    assert {v.rule for v in verdicts} == {"name.collision"}


def test_a_moved_file_is_no_deletion_but_a_lost_one_is(engineer: Role) -> None:
    moved = decide_changes(engineer, changes(deleted("old.py", "x"), added("new.py", oid="x")))
    assert all(v.allowed for v in moved)
    lost = decide_changes(engineer, changes(deleted("old.py", "x"), added("new.py", oid="y")))
    assert lost[0].rule == "requires_approval: file.delete"
    workflow = decide_changes(engineer, changes(deleted(".travis.yml", "x"), added("new.yml", oid="x")))
    assert workflow[0].decision is Decision.BLOCK


def test_write_limits_hold_for_a_file_and_for_the_session(engineer: Role) -> None:
    small = replace(engineer, write_limits=WriteLimits(100, 10, 2, 1, 250))
    assert decide_action(small, WriteFile("a.py", "x\n" * 11)).rule == "write_limits.file_lines"
    assert decide_action(small, WriteFile("a.py", "x" * 101)).rule == "write_limits.file_bytes"
    assert decide_action(small, WriteFile("a.py", "x\n" * 10)).allowed
    verdicts = decide_changes(small, changes(added("a.py"), added("b.py"), added("c.py"), deleted("d.py", "z")))
    assert [v.rule for v in verdicts][2:] == ["write_limits.files_created", "requires_approval: file.delete"]
    (one,) = decide_changes(small, changes(added("a.py")), bytes_before=245)
    assert one.rule == "write_limits.total_bytes"
    (long,) = decide_changes(small, changes(added("a.py", 40)), lines_of=lambda _: 11)
    assert long.rule == "write_limits.file_lines"


def test_a_role_object_with_limits_above_the_ceilings_gets_the_ceilings(engineer: Role) -> None:
    greedy = replace(engineer, write_limits=WriteLimits(file_lines=10**9))
    assert decide_action(greedy, WriteFile("a.py", "x\n" * 5001)).decision is Decision.BLOCK


@pytest.mark.parametrize(
    "path",
    [
        "AGENTS.md",
        "sub/CLAUDE.md",
        ".vscode/tasks.json",
        ".mcp.json",
        ".github/workflows/a.yml",
        "Makefile",
        "package.json",
        "conftest.py",
        ".gitattributes",
        ".GitAttributes",
        ".cursor/rules/a.md",
        ".husky/pre-commit",
        "pyproject.toml",
        ".envrc",
        "setup.py",
    ],
)
def test_machinery_and_instructions_are_protected_paths(path: str) -> None:
    assert protected_reason(path)


@pytest.mark.parametrize("path", ["src/app.py", "README.md", "tests/test_a.py", "docs/makefile-guide.md", "data.json"])
def test_ordinary_files_are_not_protected(path: str) -> None:
    assert protected_reason(path) is None


def test_a_narrowed_entry_holds_only_for_what_it_names(engineer: Role) -> None:
    rules = (AuthorityRule(ActionClass.DOCS_WRITE, ("docs/**",)), AuthorityRule(ActionClass.COMMAND_RUN, ("ruff *",)))
    narrow = replace(engineer, authority=replace(engineer.authority, autonomous=rules))
    assert decide_action(narrow, WriteFile("docs/a/b.md", "")).allowed
    assert decide_action(narrow, WriteFile("README.md", "")).decision is Decision.PARK
    assert decide_action(narrow, RunCommand("ruff")).allowed
    assert decide_action(narrow, RunCommand("ruff check .")).allowed
    assert decide_action(narrow, RunCommand("ruff check . && rufflike x")).decision is Decision.PARK


def test_a_request_is_judged_by_the_class_it_names(engineer: Role) -> None:
    assert decide_action(engineer, RequestAction(ActionClass.DEPLOY, "production")).decision is Decision.BLOCK
    assert decide_action(engineer, RequestAction(ActionClass.GIT_MERGE, "main")).needs_auth


def test_the_engine_reads_no_file_to_decide(engineer: Role, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = decide_action(engineer, RunCommand("cat a && rm b"))
    (tmp_path / "a").symlink_to("/etc/passwd")
    assert decide_action(engineer, RunCommand("cat a && rm b")) == before
