"""One commit, one for each kept task, or uncommitted changes; and each of them taken back, in any order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.vocabulary.changes import PromoteAs
from engine.vocabulary.errors import StaleBase, UsageError, WorkspaceError
from engine.vocabulary.sessions import SessionState
from tests.support.cli import Orion
from tests.support.sessions import PIN, fingerprint, playbook, worked

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e]

Git = Callable[..., str]
TASKS = (
    {"id": "fix", "steps": [{"edit": {"path": "src/app.py", "find": "a - b", "replace": "a + b"}}]},
    {"id": "note", "steps": [{"write": {"path": "docs/note.md", "content": "# A note\n"}}]},
    {"id": "more", "steps": [{"edit": {"path": "docs/note.md", "find": "# A note", "replace": "# More"}}]},
)


@pytest.fixture
def session(engine: Engine, repository: Path, tmp_path: Path) -> str:
    engine.auth.set_pin(PIN)
    return worked(engine, repository, playbook(tmp_path, *TASKS)).id


def test_commits_by_task_stand_one_on_the_other_and_are_taken_back_as_one(
    engine: Engine, repository: Path, session: str, git: Git
) -> None:
    before = git(repository, "rev-parse", "HEAD")
    done = engine.review.promote(session, secret=PIN, kind=PromoteAs.COMMITS)
    assert git(repository, "log", "--format=%s", f"{before}..HEAD").splitlines() == [
        "orion(ara): Task more",
        "orion(ara): Task note",
        "orion(ara): Task fix",
    ]
    assert git(repository, "show", "HEAD~1:docs/note.md") == "# A note"
    assert git(repository, "log", "-1", "--format=%(trailers:key=Orion-Task,valueonly)", "HEAD~1").strip() == "note"
    assert git(repository, "rev-parse", done.pre_tag) == before
    assert git(repository, "status", "--porcelain") == ""

    engine.review.undo(session, secret=PIN)
    assert git(repository, "rev-parse", "HEAD^{tree}") == git(repository, "rev-parse", f"{before}^{{tree}}")
    assert len(git(repository, "log", "--format=%s", f"{before}..HEAD").splitlines()) == 4


def test_a_secret_that_a_later_task_removed_does_not_get_into_history(
    engine: Engine, repository: Path, tmp_path: Path, git: Git
) -> None:
    engine.auth.set_pin(PIN)
    key = "AKIA" + "Q3EGRT7YUIOPLK2H"
    tasks = (
        {"id": "leak", "steps": [{"write": {"path": "docs/key.md", "content": f"key: {key}\n"}}]},
        {"id": "mend", "steps": [{"write": {"path": "docs/key.md", "content": "key: from the environment\n"}}]},
    )
    leaky = worked(engine, repository, playbook(tmp_path, *tasks)).id
    refused = engine.review.promote(leaky, secret=PIN, kind=PromoteAs.COMMITS)
    assert not refused.promoted
    assert any(finding.kind.value == "secret" for finding in refused.findings)
    assert engine.review.promote(leaky, secret=PIN).promoted
    assert key not in git(repository, "log", "-p", "--all")


def test_commits_by_task_are_made_of_whole_files(engine: Engine, session: str) -> None:
    hunk = engine.review.hunks(session)[0]
    with pytest.raises(UsageError, match="whole files"):
        engine.review.promote(session, secret=PIN, hunks={hunk.id: None}, kind=PromoteAs.COMMITS)


def test_uncommitted_changes_move_files_alone_and_go_back(
    engine: Engine, repository: Path, session: str, git: Git
) -> None:
    (repository / "README.md").write_text("# Mine\n")
    git(repository, "add", "README.md")
    head, index = git(repository, "rev-parse", "HEAD"), git(repository, "ls-files", "-s")
    done = engine.review.promote(session, secret=PIN, kind=PromoteAs.CHANGES)
    assert (done.promoted, done.commit) == (True, "")
    assert git(repository, "rev-parse", "HEAD") == head
    assert git(repository, "ls-files", "-s") == index
    assert git(repository, "status", "--porcelain").split("\n") == ["M  README.md", " M src/app.py", "?? docs/"]
    assert engine.sessions.get(session).state is SessionState.PROMOTED
    assert engine.review.changes(session).files == ()

    preview = engine.review.undo_preview(session)
    assert (preview.uncommitted, preview.paths, preview.conflicts) == (True, ("docs/note.md", "src/app.py"), ())
    engine.review.undo(session, secret=PIN)
    assert git(repository, "status", "--porcelain") == "M  README.md"
    assert (repository / "src" / "app.py").read_text() == "def add(a, b):\n    return a - b\n"
    assert not (repository / "docs").exists()
    assert len(engine.review.changes(session).files) == 2


def test_uncommitted_changes_that_were_edited_since_stay_as_they_are(
    engine: Engine, repository: Path, session: str
) -> None:
    engine.review.promote(session, secret=PIN, kind=PromoteAs.CHANGES)
    (repository / "docs" / "note.md").write_text("# Mine now\n")
    before = fingerprint(repository)
    assert [each.path for each in engine.review.undo_preview(session).conflicts] == ["docs/note.md"]
    with pytest.raises(StaleBase, match=r"docs/note\.md"):
        engine.review.undo(session, secret=PIN)
    assert fingerprint(repository) == before


def test_uncommitted_changes_that_were_put_back_by_hand_can_be_let_in_again(
    engine: Engine, repository: Path, session: str, git: Git
) -> None:
    engine.review.promote(session, secret=PIN, kind=PromoteAs.CHANGES)
    git(repository, "checkout", "--", "src/app.py")
    (repository / "docs" / "note.md").unlink()
    assert engine.review.undo_preview(session).conflicts == ()
    engine.review.undo(session, secret=PIN)
    assert git(repository, "status", "--porcelain") == ""
    assert engine.review.promote(session, secret=PIN).promoted


@pytest.mark.parametrize("how", [("revert", "--no-edit", "HEAD"), ("reset", "-q", "--hard", "HEAD~1")])
def test_what_was_taken_back_by_hand_is_undone_without_a_commit(
    engine: Engine, home: Path, repository: Path, session: str, git: Git, how: tuple[str, ...]
) -> None:
    engine.review.promote(session, secret=PIN)
    git(repository, *how)
    head, tags = git(repository, "rev-parse", "HEAD"), git(repository, "tag")
    assert engine.review.undo_preview(session).paths == ()
    if how[0] == "reset":
        assert (
            "it can be promoted again" in Orion(home, repository)("undo-promote", session, "--pin-stdin", given=PIN).out
        )
    else:
        assert engine.review.undo(session, secret=PIN).files == 0
    assert (git(repository, "rev-parse", "HEAD"), git(repository, "tag")) == (head, tags)
    assert engine.sessions.get(session).state is SessionState.AWAITING_REVIEW
    assert engine.review.promote(session, secret=PIN).promoted


def test_a_promotion_whose_commit_was_tidied_away_says_so(
    engine: Engine, repository: Path, session: str, git: Git
) -> None:
    done = engine.review.promote(session, secret=PIN)
    git(repository, "commit", "-q", "--amend", "-m", "mine now")
    git(repository, "tag", "-d", done.post_tag)
    git(repository, "reflog", "expire", "--expire=now", "--all")
    git(repository, "gc", "-q", "--prune=now")
    with pytest.raises(WorkspaceError, match="is gone from the repository"):
        engine.review.undo_preview(session)


def test_a_branch_with_another_name_by_now_is_named(
    engine: Engine, home: Path, repository: Path, session: str, git: Git
) -> None:
    git(repository, "branch", "-m", "main", "trunk")
    orion = Orion(home, repository)
    with pytest.raises(StaleBase, match="no branch 'main'"):
        engine.review.report(session)
    assert orion("review", session, "--onto", "trunk", "--json").json["can_promote"]


def test_a_branch_that_is_not_checked_out_has_no_uncommitted_changes(
    engine: Engine, repository: Path, session: str, git: Git
) -> None:
    git(repository, "switch", "-q", "-c", "other")
    before = fingerprint(repository / "src")
    with pytest.raises(Exception, match="not checked out"):
        engine.review.promote(session, secret=PIN, kind=PromoteAs.CHANGES)
    assert fingerprint(repository / "src") == before
    assert git(repository, "tag") == ""


def test_promotions_are_taken_back_in_any_order_and_come_again(
    engine: Engine, repository: Path, session: str, git: Git
) -> None:
    first = engine.review.promote(session, secret=PIN, paths=["src/app.py"])
    second = engine.review.promote(session, secret=PIN, paths=["docs/note.md"])
    preview = engine.review.undo_preview(session, attempt=1)
    assert (preview.paths, preview.conflicts) == (("src/app.py",), ())
    engine.review.undo(session, secret=PIN, attempt=1)
    assert (repository / "docs" / "note.md").exists()
    assert "a - b" in (repository / "src" / "app.py").read_text()
    assert [change.path for change in engine.review.changes(session).files] == ["src/app.py"]
    with pytest.raises(UsageError, match="does not stand"):
        engine.review.undo(session, secret=PIN, attempt=1)
    engine.review.undo(session, secret=PIN)
    steps: dict[str, str] = {}
    engine.review.promote(session, secret=PIN, progress=steps.__setitem__)
    assert steps["drift"] == "ok", "nobody but Orion moved the branch"
    assert "a + b" in (repository / "src" / "app.py").read_text()
    assert first.commit != second.commit


def test_the_kind_and_the_promotion_are_chosen_on_the_command_line(
    engine: Engine, home: Path, repository: Path, session: str, git: Git
) -> None:
    orion = Orion(home, repository)
    done = orion("promote", session, "--as", "commits", "--pin-stdin", "--json", given=PIN)
    assert done.json["promoted"]
    assert git(repository, "log", "-1", "--format=%s") == "orion(ara): Task more"
    seen = orion("undo-promote", session, "--promotion", "1", "--preview", "--json").json
    assert seen["paths"] == ["docs/note.md", "src/app.py"]
    assert orion("undo-promote", session, "--promotion", "1", "--pin-stdin", given=PIN).code == 0
    assert orion("promote", session, "--as", "changes", "--pin-stdin", given=PIN).code == 0
    assert "?? docs/" in git(repository, "status", "--porcelain")
