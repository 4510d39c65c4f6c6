"""What the content of single files says is looked at once, and a large change in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.facade.looking_aside import look_aside
from engine.governance.allow_list import NOTHING, Allowance, AllowList
from engine.review.contents import MANY_BYTES, Contents, Seen, look
from engine.vocabulary.changes import FileChange
from engine.workspace.session_repository import GitSessionRepository
from tests.support.sessions import playbook, worked

pytestmark = pytest.mark.sandbox

TOKEN = "ghp_" + "Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4zA7b0"
STEPS = {
    "id": "t",
    "steps": [
        {"write": {"path": "a.py", "content": f'token = "{TOKEN}"\n'}},
        {"write": {"path": "src/ünï.py", "content": "x = 1\n"}},
    ],
}


def looked_at(engine: Engine, repository: Path, tmp_path: Path) -> tuple[Path, str, tuple[FileChange, ...]]:
    """A session with a secret in one file: its folder, its id, its changes."""
    made = worked(engine, repository, playbook(tmp_path, STEPS)).id
    return engine.home / "sessions" / made, made, engine.review.changes(made).files


def test_a_process_of_its_own_sees_what_this_one_sees(engine: Engine, repository: Path, tmp_path: Path) -> None:
    folder, made, changes = looked_at(engine, repository, tmp_path)
    here = tuple(look(GitSessionRepository(folder, made), changes, NOTHING))
    assert [seen.lines for seen in here] == [1, 1]
    assert any(finding.kind == "secret" for seen in here for finding in seen.findings)
    assert look_aside(folder, made, changes, NOTHING) == here
    allowed = AllowList((Allowance("a sample", path="a.py"),))
    assert look_aside(folder, made, changes, allowed) == tuple(
        look(GitSessionRepository(folder, made), changes, allowed)
    )


def test_a_process_that_fails_is_told_in_the_log_and_the_work_is_done_here(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    folder, made, changes = looked_at(engine, repository, tmp_path)
    lost = [replace(change, new_oid="0" * 40) for change in changes]
    assert look_aside(folder, made, lost, NOTHING) is None
    contents = Contents(lambda *_: None)
    many = [replace(change, size=MANY_BYTES) for change in changes]
    assert contents.of(made, GitSessionRepository(folder, made), many, NOTHING)["a.py"].findings


def test_nothing_is_looked_at_twice_and_only_much_is_looked_at_aside(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    folder, made, changes = looked_at(engine, repository, tmp_path)
    of_session, asked = GitSessionRepository(folder, made), []

    def aside(_: str, missing: Sequence[FileChange], __: AllowList) -> tuple[Seen, ...]:
        asked.append(tuple(missing))
        return tuple(Seen((), 7) for _ in missing)

    contents = Contents(aside)
    contents.of(made, of_session, changes, NOTHING)
    assert not asked, "two small files are not worth a process"
    large = [replace(changes[0], size=MANY_BYTES), changes[1]]
    assert contents.of(made, of_session, large, NOTHING)[changes[0].path].lines == 7
    assert asked == [(large[0],)], "the other is known already"
    contents.of(made, of_session, large, NOTHING)
    assert len(asked) == 1
    contents.of(made, of_session, large, AllowList((Allowance("a sample", path="a.py"),)))
    assert len(asked) == 2, "another allow-list may let other things pass"
