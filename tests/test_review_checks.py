"""The checks run again on exactly what would be promoted, and findings say what they proved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event as Flag

import pytest

from engine.engine import Engine
from engine.vocabulary.changes import FindingKind, Severity
from engine.vocabulary.errors import Cancelled
from engine.vocabulary.requests import Review
from tests.support.cli import Orion
from tests.support.sessions import PIN, playbook, worked

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e]
CRITERION = "git diff --check HEAD"
"""Of the default role."""
BOTH = "test -f docs/a.md && test -f docs/b.md"


@pytest.fixture
def pair(engine: Engine, repository: Path, tmp_path: Path) -> str:
    """A session of two tasks; the second one's check needs the files of both."""
    engine.auth.set_pin(PIN)
    tasks = [
        {
            "id": "a",
            "steps": [{"write": {"path": "docs/a.md", "content": "a\n"}}],
            "checks": [{"run": "test -f docs/a.md"}],
        },
        {
            "id": "b",
            "depends_on": ["a"],
            "steps": [{"write": {"path": "docs/b.md", "content": "b\n"}}],
            "checks": [{"run": BOTH}],
        },
    ]
    return worked(engine, repository, playbook(tmp_path, *tasks)).id


def said(report: Review) -> list[tuple[Severity, str]]:
    return [(f.severity, f.message) for f in report.findings if f.kind is FindingKind.CHECK]


def test_all_of_a_session_is_proven_when_it_ends_and_nothing_runs_twice(engine: Engine, pair: str) -> None:
    """Evidence goes by the content: what ran on this very tree, whoever asked for it, is not run again."""
    report = engine.review.report(pair)
    assert report.unproven == ()
    assert said(report) == []
    assert {(each.run, each.passed) for each in report.evidence} == {
        ("test -f docs/a.md", True),
        (BOTH, True),
        (CRITERION, True),
    }
    assert {each.tree for each in report.evidence} == {report.tree}
    told: list[tuple[str, str]] = []
    engine.review.check(pair, progress=lambda run, status: told.append((run, status)))
    assert told == []
    steps: dict[str, str] = {}
    assert engine.review.promote(pair, secret=PIN, progress=steps.__setitem__).promoted
    assert steps["checks"] == "ok"


def test_what_never_ran_on_a_selection_is_said_until_it_has_run(engine: Engine, pair: str) -> None:
    paths = ["docs/a.md"]
    report = engine.review.report(pair, paths=paths)
    assert report.unproven == (CRITERION,), "the first task's check ran on this very tree"
    assert [severity for severity, _ in said(report)] == [Severity.WARNING]
    told: list[tuple[str, str]] = []
    evidence = engine.review.check(pair, paths=paths, progress=lambda run, status: told.append((run, status)))
    assert [each.passed for each in evidence] == [True, True]
    assert told == [(CRITERION, "running"), (CRITERION, "ok")]
    after = engine.review.report(pair, paths=paths)
    assert said(after) == []
    assert after.unproven == ()
    assert {each.tree for each in after.evidence} == {after.tree}


def test_a_session_that_waits_for_approval_is_proven_as_far_as_it_is(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    kept = {"id": "a", "steps": [{"write": {"path": "docs/a.md", "content": "a\n"}}]}
    waits = {"id": "dep", "steps": [{"write": {"path": "requirements.txt", "content": "flask==3.0\n"}}]}
    session = worked(engine, repository, playbook(tmp_path, kept, waits))
    assert session.waiting
    assert engine.review.report(session.id).unproven == ()


def test_a_check_that_fails_on_the_selection_blocks_until_it_is_accepted_by_name(
    engine: Engine, pair: str, repository: Path
) -> None:
    evidence = engine.review.check(pair, paths=["docs/b.md"])
    assert [(each.run, each.passed) for each in evidence] == [(BOTH, False), (CRITERION, True)]
    report = engine.review.report(pair, paths=["docs/b.md"])
    assert not report.can_promote
    finding = next(f for f in report.findings if f.severity is Severity.BLOCKING)
    assert "fails on exactly this selection" in finding.message
    steps: dict[str, str] = {}
    refused = engine.review.promote(pair, secret=PIN, paths=["docs/b.md"], progress=steps.__setitem__)
    assert not refused.promoted
    assert steps["checks"] == "blocked"
    assert not (repository / "docs").exists()
    done = engine.review.promote(pair, secret=PIN, paths=["docs/b.md"], accept=[finding.id])
    assert done.promoted


def test_the_steps_drift_and_checks_say_what_was_looked_at(
    engine: Engine, pair: str, repository: Path, git: Callable[..., str]
) -> None:
    (repository / "other.txt").write_text("mine\n")
    git(repository, "add", "other.txt")
    git(repository, "commit", "-q", "-m", "mine")
    before: dict[str, str] = {}
    report = engine.review.report(pair)
    assert report.moved == ("other.txt",)
    assert set(report.unproven) == {"test -f docs/a.md", BOTH, CRITERION}, "another commit makes another tree"
    done = engine.review.promote(pair, secret=PIN, progress=before.__setitem__)
    assert (before["drift"], before["checks"]) == ("moved", "unproven")
    engine.review.undo(pair, secret=PIN)
    engine.review.check(pair)
    steps: dict[str, str] = {}
    assert engine.review.promote(pair, secret=PIN, progress=steps.__setitem__).promoted
    assert steps["checks"] == "ok"
    assert done.promoted


def test_checks_see_the_merged_tree_and_never_the_users_folder(
    engine: Engine, repository: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    step = {"write": {"path": "docs/a.md", "content": "a\n"}}
    file = playbook(tmp_path, {"id": "a", "steps": [step], "checks": [{"run": "grep -q new marker.txt"}]}, goal="g")
    (repository / "marker.txt").write_text("new\n")
    git(repository, "add", "marker.txt")
    git(repository, "commit", "-q", "-m", "marker")
    session = worked(engine, repository, file).id
    git(repository, "rm", "-q", "marker.txt")
    git(repository, "commit", "-q", "-m", "gone")
    (repository / "marker.txt").write_text("new\n")
    evidence = engine.review.check(session)
    assert [each.passed for each in evidence] == [False, True], "neither the session's tree nor the work tree counts"


def test_a_check_that_is_stopped_leaves_no_evidence(engine: Engine, pair: str) -> None:
    stop = Flag()
    stop.set()
    with pytest.raises(Cancelled):
        engine.review.check(pair, paths=["docs/b.md"], stop=stop)
    assert engine.sessions.get(pair).checked == {}


def test_the_command_line_checks_before_it_promotes(engine: Engine, home: Path, repository: Path, pair: str) -> None:
    orion = Orion(home, repository)
    assert orion("check", pair, "--only", "docs/b.md").code != 0
    refused = orion("promote", pair, "--only", "docs/b.md", "--pin-stdin", given=PIN)
    assert refused.code != 0
    done = orion("promote", pair, "--pin-stdin", "--json", given=PIN)
    assert done.json["promoted"]
    assert orion("check", pair, "--json").json["checks"] == []
