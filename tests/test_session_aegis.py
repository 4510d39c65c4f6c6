"""AEGIS decides on what a task did, not on what it said."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.engine import Engine
from engine.vocabulary.events import EventKind
from tests.support.sessions import fingerprint, playbook, states, worked

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e, pytest.mark.role_boundary]


def test_a_forbidden_effect_throws_out_the_whole_task_and_names_file_and_rule(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    # What a script does cannot be read off the command that runs it: only its effects tell.
    script = (
        "import pathlib\nfolder = pathlib.Path('.git' + 'hub') / 'workflows'\nfolder.mkdir(parents=True)\n"
        "(folder / ('x' + '.yml')).write_text('on: push')\npathlib.Path('good.txt').write_text('ok')\n"
    )
    sly = {
        "id": "sly",
        "steps": [{"write": {"path": "src/gen.py", "content": script}}, {"run": "python3 src/gen.py"}],
    }
    session = worked(
        engine, repository, playbook(tmp_path, sly, {"id": "next", "steps": [{"run": "test ! -e good.txt"}]})
    )
    assert states(session) == {"sly": "blocked", "next": "kept"}
    view = session.tasks["sly"]
    assert ".github/workflows/x.yml" in view.reason
    assert "ci.change" in view.rule
    assert engine.review.changes(session.id).files == ()


def test_a_forbidden_step_blocks_the_task_before_its_first_step_runs(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    steps = [{"run": "touch first"}, {"write": {"path": ".github/workflows/ci.yml", "content": "x"}}]
    session = worked(engine, repository, playbook(tmp_path, {"id": "bad", "steps": steps}))
    assert states(session) == {"bad": "blocked"}
    assert not [e for e in engine.sessions.events(session.id) if e.kind is EventKind.ACTION]


@pytest.mark.parametrize(
    "command",
    [
        "env -u GIT_DIR -u GIT_WORK_TREE git init -q nested && touch nested/x",
        "mkdir -p a/.git && echo hi > a/.git/config",
        "mkdir sub && echo gitdir: /etc > sub/.git",
        "ln -s /etc/passwd link",
        "ln -s ../../outside link",
        "mkfifo pipe",
        "mkdir -p .GIT && echo x > .GIT/config",
    ],
)
def test_what_can_never_be_kept_throws_out_the_task(
    engine: Engine, repository: Path, tmp_path: Path, command: str
) -> None:
    before = fingerprint(repository)
    steps = [{"run": f"{command} || true", "timeout_s": 20}]
    session = worked(engine, repository, playbook(tmp_path, {"id": "odd", "steps": steps}))
    assert states(session) == {"odd": "blocked"}, session.tasks["odd"].reason
    assert engine.review.changes(session.id).files == ()
    assert fingerprint(repository) == before


@pytest.mark.parametrize("path", ["../outside.txt", "a/../../b", ".git/config", "src/.git/hooks/x"])
def test_no_file_action_leaves_the_workspace_or_enters_git(
    engine: Engine, repository: Path, tmp_path: Path, path: str
) -> None:
    task = {"id": "climb", "steps": [{"write": {"path": path, "content": "x"}}]}
    session = worked(engine, repository, playbook(tmp_path, task))
    assert states(session) == {"climb": "blocked"}
    assert not (tmp_path / "outside.txt").exists()


def test_a_write_through_a_link_that_a_command_made_reaches_nothing(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    task = {
        "id": "link",
        "steps": [{"run": f"ln -s '{outside}' door"}, {"write": {"path": "door/file.txt", "content": "x"}}],
    }
    session = worked(engine, repository, playbook(tmp_path, task))
    assert states(session)["link"] in ("failed", "blocked")
    assert list(outside.iterdir()) == []


def test_a_file_over_the_write_limit_is_refused(engine: Engine, repository: Path, tmp_path: Path) -> None:
    big = {"id": "big", "steps": [{"run": "seq 1 6000 > long.txt"}]}
    sparse = {"id": "sparse", "steps": [{"run": "truncate -s 500M sparse.bin"}]}
    session = worked(engine, repository, playbook(tmp_path, big, sparse))
    assert states(session) == {"big": "blocked", "sparse": "blocked"}, {k: v.reason for k, v in session.tasks.items()}


def test_nothing_of_the_host_can_be_read_inside(engine: Engine, repository: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.write_text("secret")
    (repository / ".env").write_text("TOKEN=1\n")
    look = {
        "id": "look",
        "steps": [
            {"run": f"test ! -e '{canary}' && test ! -e .env && test ! -e /root/.ssh && test -z \"$ORION_HOME\""}
        ],
    }
    assert states(worked(engine, repository, playbook(tmp_path, look))) == {"look": "kept"}
