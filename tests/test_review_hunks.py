"""Taking a part of a file: hunks and single lines become a tree, and what was left can come later."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.engine import Engine
from engine.review.hunks import HunkLines, hunks_of, partial
from engine.vocabulary.changes import ChangeSet, ChangeStatus, FileChange
from engine.vocabulary.errors import UsageError
from tests.support.cli import Orion
from tests.support.sessions import PIN, playbook, worked

LINES = [f"line {number}\n" for number in range(1, 41)]
BEFORE = "".join(LINES)
AFTER = "".join(
    f"{line.strip()} changed\n" if number in (2, 3, 20, 38) else line for number, line in enumerate(LINES, 1)
)


def parsed(folder: Path, old: bytes, new: bytes, name: str = "a file.txt") -> tuple[HunkLines, ...]:
    """The hunks of git's own patch between two contents."""
    (folder / "a").mkdir(exist_ok=True)
    (folder / "b").mkdir(exist_ok=True)
    (folder / "a" / name).write_bytes(old)
    (folder / "b" / name).write_bytes(new)
    command = ["git", "diff", "--no-index", "--no-color", "--text", "--no-prefix", f"a/{name}", f"b/{name}"]
    patch = subprocess.run(command, cwd=folder, capture_output=True).stdout
    change = FileChange(name, ChangeStatus.MODIFIED, 0o100644, 0o100644, "1", "2")
    return hunks_of(patch, ChangeSet("x", "y", (change,))).get(name, ())


texts = st.lists(
    st.sampled_from([b"a", b"b", b"c", b"- d", b"+ e", b"@@ -1 +1 @@", b"\\ no", b"f\r", b""]), max_size=24
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=texts, new=texts, ends=st.tuples(st.booleans(), st.booleans()))
def test_all_hunks_or_all_lines_give_the_new_file_and_none_the_old(
    tmp_path: Path, old: list[bytes], new: list[bytes], ends: tuple[bool, bool]
) -> None:
    before, after = (
        b"\n".join(side) + (b"\n" if end and side else b"") for side, end in zip((old, new), ends, strict=True)
    )
    hunks = parsed(tmp_path, before, after)
    assert partial(before, hunks, {each.hunk.id: None for each in hunks}) == after
    assert partial(before, hunks, {}) == before
    every = {each.hunk.id: range(1, each.hunk.changed + 1) for each in hunks}
    assert partial(before, hunks, every) == after


def test_some_hunks_and_some_lines_change_only_what_they_name(tmp_path: Path) -> None:
    hunks = parsed(tmp_path, BEFORE.encode(), AFTER.encode())
    assert [each.hunk.changed for each in hunks] == [4, 2, 2]
    middle = partial(BEFORE.encode(), hunks, {hunks[1].hunk.id: None}).decode()
    assert middle == BEFORE.replace("line 20\n", "line 20 changed\n")
    # Of the first hunk: line 2 goes and its new text comes, line 3 stays as it was.
    lines = partial(BEFORE.encode(), hunks, {hunks[0].hunk.id: {1, 3}}).decode()
    assert lines.splitlines()[1:4] == ["line 3", "line 2 changed", "line 4"]


def test_a_line_without_an_end_never_runs_into_the_next(tmp_path: Path) -> None:
    hunks = parsed(tmp_path, b"one", b"one\ntwo\n")
    assert partial(b"one", hunks, {hunks[0].hunk.id: {3}}) == b"one\ntwo\n"


@pytest.mark.parametrize("name", ["with space", "tab\there", 'quo"te', "ünï", "back\\slash", "new\nline"])
def test_a_hunk_knows_its_file_whatever_its_name(tmp_path: Path, name: str) -> None:
    assert [each.hunk.path for each in parsed(tmp_path, b"a\n", b"b\n", name)] == [name]


@pytest.fixture
def wide(repository: Path, git: Callable[..., str]) -> Path:
    (repository / "wide.txt").write_text(BEFORE)
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "wide")
    return repository


def changing(folder: Path) -> Path:
    steps = [
        {"write": {"path": "wide.txt", "content": AFTER}},
        {"write": {"path": "docs/note.md", "content": "one\ntwo\n"}},
    ]
    return playbook(folder, {"id": "change", "steps": steps})


@pytest.mark.sandbox
@pytest.mark.e2e
def test_a_hunk_is_promoted_and_the_rest_comes_later(
    engine: Engine, wide: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    session = worked(engine, wide, changing(tmp_path)).id
    engine.auth.set_pin(PIN)
    hunks = [hunk for hunk in engine.review.hunks(session) if hunk.path == "wide.txt"]
    first = engine.review.promote(session, secret=PIN, hunks={hunks[1].id: None})
    assert first.promoted
    assert (wide / "wide.txt").read_text() == BEFORE.replace("line 20\n", "line 20 changed\n")
    assert not (wide / "docs" / "note.md").exists()

    left = engine.review.hunks(session)
    assert [hunk.path for hunk in left] == ["docs/note.md", "wide.txt", "wide.txt"]
    engine.review.promote(session, secret=PIN, paths=["docs/note.md"], hunks={left[1].id: None})
    engine.review.promote(session, secret=PIN)
    assert (wide / "wide.txt").read_text() == AFTER
    assert (wide / "docs" / "note.md").read_text() == "one\ntwo\n"
    assert engine.review.changes(session).files == ()
    assert git(wide, "status", "--porcelain") == ""


@pytest.mark.sandbox
@pytest.mark.e2e
def test_what_was_undone_is_open_again_and_nothing_else(engine: Engine, wide: Path, tmp_path: Path) -> None:
    session = worked(engine, wide, changing(tmp_path)).id
    engine.auth.set_pin(PIN)
    hunks = [hunk.id for hunk in engine.review.hunks(session) if hunk.path == "wide.txt"]
    engine.review.promote(session, secret=PIN, hunks={hunks[0]: None})
    engine.review.promote(session, secret=PIN, paths=["docs/note.md"])
    engine.review.undo(session, secret=PIN)
    assert [hunk.path for hunk in engine.review.hunks(session)] == ["docs/note.md", "wide.txt", "wide.txt"]
    engine.review.undo(session, secret=PIN)
    assert (wide / "wide.txt").read_text() == BEFORE
    engine.review.promote(session, secret=PIN)
    assert (wide / "wide.txt").read_text() == AFTER


@pytest.mark.sandbox
@pytest.mark.e2e
def test_a_part_of_a_new_file_and_of_a_deleted_one_can_be_taken(engine: Engine, wide: Path, tmp_path: Path) -> None:
    steps = [
        {"write": {"path": "docs/new.md", "content": "keep\nleave\n"}},
        {"write": {"path": "wide.txt", "content": ""}},
    ]
    session = worked(engine, wide, playbook(tmp_path, {"id": "change", "steps": steps})).id
    engine.auth.set_pin(PIN)
    hunks = {hunk.path: hunk.id for hunk in engine.review.hunks(session)}
    wanted = {hunks["docs/new.md"]: {1}, hunks["wide.txt"]: set(range(1, 40))}
    engine.review.promote(session, secret=PIN, hunks=wanted)
    assert (wide / "docs" / "new.md").read_text() == "keep\n"
    assert (wide / "wide.txt").read_text() == "line 40\n"


@pytest.mark.sandbox
@pytest.mark.e2e
def test_findings_are_those_of_the_chosen_lines_alone(engine: Engine, wide: Path, tmp_path: Path) -> None:
    key = "AKIA" + "Q3EGRT7YUIOPLK2H"
    content = AFTER.replace("line 38 changed", f'key = "{key}"')
    steps = [{"write": {"path": "wide.txt", "content": content}}]
    session = worked(engine, wide, playbook(tmp_path, {"id": "change", "steps": steps})).id
    hunks = [hunk.id for hunk in engine.review.hunks(session)]
    assert any(finding.kind.value == "secret" for finding in engine.review.report(session).findings)
    report = engine.review.report(session, hunks={hunks[0]: None, hunks[1]: None})
    assert not any(finding.kind.value == "secret" for finding in report.findings)
    for wrong in ({"0123456789": None}, {hunks[0]: {99}}, {hunks[0]: {0}}):
        with pytest.raises(UsageError, match="hunk"):
            engine.review.report(session, hunks=wrong)


@pytest.mark.sandbox
@pytest.mark.e2e
def test_hunks_are_chosen_on_the_command_line(engine: Engine, home: Path, wide: Path, tmp_path: Path) -> None:
    session = worked(engine, wide, changing(tmp_path)).id
    engine.auth.set_pin(PIN)
    orion = Orion(home, wide)
    hunks = [hunk for hunk in orion("review", session, "--json").json["hunks"] if hunk["path"] == "wide.txt"]
    for wrong in ("nothing", f"{hunks[0]['id']}:x", f"{hunks[0]['id']}:7"):
        assert orion("promote", session, "--hunk", wrong, "--pin-stdin", given=PIN).code == 2
    arguments = ("--hunk", hunks[1]["id"], "--hunk", f"{hunks[0]['id']}:1,3", "--only", "docs/note.md")
    done = orion("promote", session, *arguments, "--pin-stdin", "--json", given=PIN)
    assert done.json["promoted"]
    text = (wide / "wide.txt").read_text()
    assert text == BEFORE.replace("line 20\n", "line 20 changed\n").replace(
        "line 2\nline 3\n", "line 3\nline 2 changed\n"
    )
