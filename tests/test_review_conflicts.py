"""Conflicts are answered by a person, comments become work, and the result can be looked at beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.facade.revising import rebased, revised
from engine.vocabulary.changes import FindingKind, ReviewNote
from engine.vocabulary.errors import UsageError, WorkspaceError
from engine.vocabulary.plans import Check, Plan, Task, TaskState
from engine.vocabulary.sessions import Session, SessionState, TaskView
from engine.vocabulary.workspaces import ConflictSides
from tests.support.cli import Orion
from tests.support.sessions import PIN, playbook, worked

OURS = "def add(a, b):\n    return b + a\n"
THEIRS = "def add(a, b):\n    return a + b\n"
BOTH = "def add(a, b):\n    return sum((a, b))\n"


@pytest.fixture
def conflicting(engine: Engine, repository: Path, tmp_path: Path, git: Callable[..., str]) -> str:
    """The session and the branch changed the same line, and the session deleted a file that the branch changed."""
    engine.auth.set_pin(PIN)
    steps = [
        {"write": {"path": "src/app.py", "content": THEIRS}},
        {"write": {"path": "docs/note.md", "content": "one\n"}},
    ]
    session = worked(engine, repository, playbook(tmp_path, {"id": "a", "steps": steps})).id
    (repository / "src" / "app.py").write_text(OURS)
    git(repository, "commit", "-q", "-a", "-m", "mine")
    return session


@pytest.mark.sandbox
@pytest.mark.e2e
def test_a_conflict_is_shown_from_three_sides_and_resolved_by_the_persons_own_text(
    engine: Engine, conflicting: str, repository: Path, git: Callable[..., str]
) -> None:
    assert not engine.review.report(conflicting).can_promote
    sides = engine.review.conflict(conflicting, "src/app.py")
    assert (sides.ours, sides.theirs) == (OURS.encode(), THEIRS.encode())
    assert sides.base == b"def add(a, b):\n    return a - b\n"
    assert b"<<<<<<<" in sides.marked
    with pytest.raises(UsageError, match="merged by itself"):
        engine.review.conflict(conflicting, "docs/note.md")

    answers = {"src/app.py": BOTH.encode()}
    report = engine.review.report(conflicting, resolutions=answers)
    assert report.conflicts == ()
    done = engine.review.promote(conflicting, secret=PIN, resolutions=answers)
    assert done.promoted
    assert (repository / "src" / "app.py").read_text() == BOTH
    assert (repository / "docs" / "note.md").read_text() == "one\n"
    assert engine.review.changes(conflicting).files == (), "the answer is no change of the session's that is left over"
    engine.review.undo(conflicting, secret=PIN)
    assert (repository / "src" / "app.py").read_text() == OURS
    assert git(repository, "status", "--porcelain") == ""


@pytest.mark.sandbox
@pytest.mark.e2e
def test_an_answer_is_scanned_like_everything_else_and_names_only_chosen_files(
    engine: Engine, conflicting: str, repository: Path
) -> None:
    secret = f'key = "{"AKIA" + "Q3EGRT7YUIOPLK2H"}"\n'
    answers: dict[str, bytes | None] = {"src/app.py": secret.encode()}
    report = engine.review.report(conflicting, resolutions=answers)
    assert any(finding.kind is FindingKind.SECRET for finding in report.findings)
    assert not engine.review.promote(conflicting, secret=PIN, resolutions=answers).promoted
    with pytest.raises(UsageError, match="not among the chosen files"):
        engine.review.report(conflicting, paths=["docs/note.md"], resolutions=answers)
    orion = Orion(engine.home, repository)
    done = orion("promote", conflicting, "--theirs", "src/app.py", "--pin-stdin", "--json", given=PIN)
    assert done.json["promoted"]
    assert (repository / "src" / "app.py").read_text() == THEIRS


@pytest.mark.sandbox
@pytest.mark.e2e
def test_a_look_around_happens_in_the_sandbox_and_leaves_nothing(
    engine: Engine, conflicting: str, repository: Path, tmp_path: Path
) -> None:
    with engine.review.look(conflicting) as place:
        assert place.run("cd docs && cat note.md") == (b"one\n", "")
        assert place.run("echo more >> note.md; pwd")[0].endswith(b"/docs\n")
        assert place.run("cat note.md") == (b"one\nmore\n", "")
        assert place.run("exit 3")[1] == "exit 3"
        assert place.run(f"cat '{repository}/README.md'")[1], "the person's own folder is not there"
    assert [change.path for change in engine.review.changes(conflicting).files] == ["docs/note.md", "src/app.py"]
    folder = tmp_path / "result"
    assert engine.review.check_out(conflicting, folder) == 4
    assert (folder / "docs" / "note.md").read_text() == "one\n"
    assert (folder / "src" / "app.py").read_text() == THEIRS
    with pytest.raises(WorkspaceError, match="exists already"):
        engine.review.check_out(conflicting, folder)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".orion-")) == []
    for inside in (repository / "result", repository / ".git" / "result"):
        with pytest.raises(UsageError, match="before a promotion"):
            engine.review.check_out(conflicting, inside)
    orion = Orion(engine.home, repository)
    assert orion("look", conflicting, "-c", "cat docs/note.md").out == "one\n"
    failed = orion("look", conflicting, "-c", "cat gone")
    assert (failed.code, "it ended with exit 1" in failed.err) == (8, True)
    assert orion("checkout", conflicting, str(tmp_path / "other")).code == 0
    refused = orion("revise", conflicting, "--note", "src/app.py:2=why")
    assert refused.code != 0
    assert "no model works on this session" in refused.err


def a_session(model: str = "local") -> Session:
    task = Task("a", "A", checks=(Check("pytest -q"),))
    kept = TaskView(task, TaskState.KEPT, files=("src/app.py",))
    return replace(
        Session("0123456789ab", "goal", model=model, state=SessionState.AWAITING_REVIEW, plan=Plan("goal", (task,))),
        tasks={"a": kept},
    )


def test_notes_become_a_task_with_the_checks_of_what_they_are_about() -> None:
    notes = [
        ReviewNote("src/app.py", "add what?", 2, "return a + b"),
        ReviewNote("src/other.py", "not wanted", rejected=True),
    ]
    plan, name = revised(a_session(), notes)
    task = plan.task(name)
    assert [each.id for each in plan.tasks] == ["a", "revise-1"]
    assert task.checks == (Check("pytest -q"),)
    assert task.expected_files == ("src/app.py", "src/other.py")
    for part in ("src/app.py, line 2: add what?", "the line reads: return a + b", "src/other.py (turned down)"):
        assert part in task.instructions
    again, second = revised(replace(a_session(), tasks={**a_session().tasks, name: TaskView(task)}), notes)
    assert second == "revise-2"
    assert len(again.tasks) == 3


def test_nobody_is_asked_where_nobody_could_work_on_it() -> None:
    note = [ReviewNote("a", "b")]
    with pytest.raises(UsageError, match="no model works"):
        revised(a_session(model=""), note)
    with pytest.raises(UsageError, match="nothing to say"):
        revised(a_session(), [])
    with pytest.raises(UsageError, match="is running"):
        revised(replace(a_session(), state=SessionState.RUNNING), note)


def test_bringing_a_conflict_together_is_told_what_the_branch_has() -> None:
    plan, name = rebased(a_session(), "main", [ConflictSides("src/app.py", b"x", OURS.encode(), b"y", b"")])
    assert OURS in plan.task(name).instructions
    assert plan.task(name).expected_files == ("src/app.py",)


def test_of_long_files_the_agent_is_told_what_the_branch_changed_however_many_there_are() -> None:
    before = "".join(f"line {number}\n" for number in range(3_000))
    ours = before.replace("line 2900\n", "line of the branch\n").encode()
    sides = [ConflictSides(f"{number}.py", before.encode(), ours, b"y", b"") for number in range(9)]
    plan, name = rebased(a_session(), "main", sides)
    assert plan.task(name).instructions.count("+line of the branch") == 9


@pytest.mark.sandbox
@pytest.mark.e2e
def test_each_conflict_says_what_kind_it_is_and_what_is_in_the_way_is_told_with_it(
    engine: Engine, repository: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    for name in ("picture.bin", "gone.py", "mine.py"):
        (repository / name).write_bytes(b"\0\1\n" if name == "picture.bin" else b"x = 1\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "more")
    changed = "printf 'x = 2\\n' | tee gone.py mine.py src/app.py >new.py; printf '\\0\\2\\n' >picture.bin"
    session = worked(engine, repository, playbook(tmp_path, {"id": "a", "steps": [{"run": changed}]})).id
    (repository / "picture.bin").write_bytes(b"\0\3\n")
    (repository / "src" / "app.py").write_text(OURS)
    git(repository, "rm", "-q", "gone.py")
    git(repository, "commit", "-qam", "mine")
    (repository / "mine.py").write_text("x = 3\n")
    (repository / "new.py").write_text("x = 4\n")

    report = engine.review.report(session)
    kinds = {"gone.py": "deleted", "picture.bin": "binary", "src/app.py": "content"}
    away = {"mine.py": "uncommitted changes", "new.py": "untracked file"}
    assert {each.path: each.reason for each in report.conflicts} == kinds | away
    assert {each.path for each in report.conflicts if each.resolvable} == set(kinds)
    told = {found.path: found for found in report.findings if found.kind is FindingKind.CONFLICT}
    assert "it is binary" in told["picture.bin"].message
    assert "deleted it" in told["gone.py"].message
    assert "stash" in told["mine.py"].hint
    drifted = [found.path for found in report.findings if found.kind is FindingKind.DRIFT]
    assert not set(drifted) & set(told), "of a conflict nothing says that both changes are in the result"
    answers = {"gone.py": None, "picture.bin": None, "src/app.py": BOTH.encode()}
    left = engine.review.report(session, resolutions=answers).conflicts
    assert {each.path: each.reason for each in left} == away
