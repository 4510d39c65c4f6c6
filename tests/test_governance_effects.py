"""Every kind of effect gets a decision and a sentence: modes, links, renames, nested repositories, odd names."""

from __future__ import annotations

import pytest

from engine.governance.gate import decide_changes
from engine.governance.protected import protected_reason
from engine.roles.library import RoleLibrary
from engine.storage.shipped import shipped
from engine.vocabulary.changes import ChangeSet, ChangeStatus, FileChange
from engine.vocabulary.roles import Role

FILE, PROGRAM, LINK, GITLINK = 0o100644, 0o100755, 0o120000, 0o160000
EMPTY = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


@pytest.fixture(scope="module")
def engineer(tmp_path_factory: pytest.TempPathFactory) -> Role:
    return RoleLibrary(shipped("roles"), tmp_path_factory.mktemp("none")).get("software-engineer")


def change(path: str, old: int, new: int, old_oid: str = "1", new_oid: str = "2", **more: bool) -> FileChange:
    status = ChangeStatus.ADDED if old == 0 else ChangeStatus.DELETED if new == 0 else ChangeStatus.MODIFIED
    return FileChange(path, status, old, new, old_oid if old else "", new_oid if new else "", 5, **more)


@pytest.mark.parametrize(
    ("effect", "decision", "rule", "flagged"),
    [
        (change("run.sh", FILE, PROGRAM), "allow", "autonomous: code.write", True),
        (change("run.sh", PROGRAM, FILE), "allow", "autonomous: code.write", False),
        (change("run.sh", FILE, 0o104755), "block", "tree.mode", False),
        (change("src/a.py", FILE, LINK), "allow", "autonomous: code.write", True),
        (change("src/link", LINK, LINK), "allow", "autonomous: code.write", True),
        (change("src/link", 0, LINK), "allow", "autonomous: code.write", True),
        (change("src/link", LINK, 0), "park", "requires_approval: file.delete", False),
        (change("lib/sub", 0, GITLINK), "block", "tree.gitlink", False),
        (change("lib/sub", GITLINK, 0), "block", "tree.gitlink", False),
        (change("lib/sub", GITLINK, FILE), "block", "tree.gitlink", False),
        (change(".gitmodules", FILE, FILE), "block", "path.submodule", False),
        (change(".gitmodules", FILE, 0), "block", "path.submodule", False),
        (change("logo.png", 0, FILE, binary=True), "allow", "autonomous: code.write", False),
        (change("a/.git/config", 0, FILE), "block", "path.git", False),
        (change("a/.git", 0, FILE), "block", "path.git", False),
        (change("a/git~1/config", 0, FILE), "block", "path.git", False),
        (change("a/.g\u200dit/config", 0, FILE), "block", "path.git", False),
        (change("a/.git /config", 0, FILE), "block", "path.git", False),
        (change("a/.git::$INDEX_ALLOCATION/config", 0, FILE), "block", "path.git", False),
        (change("a\nb.py", 0, FILE), "block", "path.name", False),
        (change("a\x1b[2Jb.py", 0, FILE), "block", "path.name", False),
        (change("a\udcffb.py", 0, FILE), "block", "path.name", False),
        (change("a\u202eyp.py", 0, FILE), "block", "path.name", False),
        (change("src/aux.c", 0, FILE), "block", "path.name", False),
        (change("CON/a.py", 0, FILE), "block", "path.name", False),
        (change("com1.txt", 0, FILE), "block", "path.name", False),
        (change("src/trailing.", 0, FILE), "block", "path.name", False),
        (change("src/trailing ", 0, FILE), "block", "path.name", False),
        (change("src/a:b", 0, FILE), "block", "path.name", False),
        (change("src/what?.py", 0, FILE), "block", "path.name", False),
        # A name that stands there already is its owner's business.
        (change("src/aux.c", FILE, FILE), "allow", "autonomous: code.write", False),
        (change("src/aux.c", FILE, 0), "park", "requires_approval: file.delete", False),
        (change("src/auxiliary.c", 0, FILE), "allow", "autonomous: code.write", False),
        (change("src/console.py", 0, FILE), "allow", "autonomous: code.write", False),
        (change("src/\u00fcbung [1].py", 0, FILE), "allow", "autonomous: code.write", False),
        (change("src\\..\\..\\b.py", 0, FILE), "block", "path.escape", False),
        (change(".github/workflows/ci.yml", FILE, 0), "block", "forbidden: ci.change", False),
        (change(".github/workflows/ci.yml", FILE, PROGRAM), "block", "forbidden: ci.change", False),
    ],
)
def test_each_kind_of_effect_is_decided_with_its_rule(
    engineer: Role, effect: FileChange, decision: str, rule: str, flagged: bool
) -> None:
    (verdict,) = decide_changes(engineer, ChangeSet("a", "b", (effect,)))
    assert (verdict.decision, verdict.rule, verdict.flagged) == (decision, rule, flagged)
    assert verdict.message


@pytest.mark.parametrize("path", [".gitattributes", "docs/.gitattributes", ".GITATTRIBUTES", "Makefile", "conftest.py"])
def test_machinery_is_written_but_never_let_in_without_being_accepted_by_name(engineer: Role, path: str) -> None:
    (verdict,) = decide_changes(engineer, ChangeSet("a", "b", (change(path, 0, FILE),)))
    assert verdict.decision != "block"
    assert protected_reason(path)


def test_one_new_file_is_the_new_place_of_one_old_one_only(engineer: Role) -> None:
    gone = [change(f"old{n}.py", FILE, 0, old_oid="x") for n in range(3)]
    verdicts = decide_changes(engineer, ChangeSet("a", "b", (change("new.py", 0, FILE, new_oid="x"), *gone)))
    assert [v.decision.value for v in verdicts].count("park") == 2


def test_an_empty_file_is_the_new_place_of_none(engineer: Role) -> None:
    files = (change("a/__init__.py", FILE, 0, old_oid=EMPTY), change("b/__init__.py", 0, FILE, new_oid=EMPTY))
    assert [v.decision.value for v in decide_changes(engineer, ChangeSet("a", "b", files))] == ["park", "allow"]


def test_a_rename_into_a_forbidden_place_is_judged_by_where_it_arrives(engineer: Role) -> None:
    files = (change("a.yml", FILE, 0, old_oid="x"), change(".github/workflows/a.yml", 0, FILE, new_oid="x"))
    assert "block" in [v.decision.value for v in decide_changes(engineer, ChangeSet("a", "b", files))]


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("readme.md", "README.md"),
        ("src/caf\u00e9.py", "src/cafe\u0301.py"),
        ("docs/new.md", "Docs/guide.md"),
        ("a/b/c/new.py", "a/B/c/old.py"),
        ("src/\uff41.py", "src/a.py"),
    ],
)
def test_a_new_name_that_other_systems_take_for_an_old_one_is_refused(engineer: Role, new: str, old: str) -> None:
    (verdict,) = decide_changes(engineer, ChangeSet("a", "b", (change(new, 0, FILE),), standing=(old, "x.py")))
    assert (verdict.decision, verdict.rule) == ("block", "name.collision")


def test_a_name_whose_old_spelling_goes_away_collides_with_nothing(engineer: Role) -> None:
    files = (change("Docs/a.md", FILE, 0, old_oid="x"), change("docs/a.md", 0, FILE, new_oid="x"))
    assert all(
        verdict.allowed for verdict in decide_changes(engineer, ChangeSet("a", "b", files, standing=("Docs/a.md",)))
    )


def test_old_names_that_collide_among_themselves_hold_up_no_new_one(engineer: Role) -> None:
    (verdict,) = decide_changes(
        engineer, ChangeSet("a", "b", (change("A/new.py", 0, FILE),), standing=("A/x.py", "a/y.py"))
    )
    assert verdict.allowed
