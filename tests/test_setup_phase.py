"""A role's set-up phase: asked for once, run with a network on committed files, frozen for the session."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.vocabulary.errors import AuthError, UsageError
from engine.vocabulary.events import EventKind
from engine.vocabulary.requests import SessionRequest
from engine.vocabulary.sessions import Session, SessionState
from engine.vocabulary.verdicts import Approval, ApprovalKind, ApprovalState
from tests.support.sessions import PIN, fingerprint, playbook, resumed, states, worked
from tests.support.setups import Index, package_index, role_with_setup, wheel

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e]

FETCH = """import sys, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=5).status)
except OSError as error:
    sys.exit(f"not reached: {error}")
"""
TAMPER = """import os, pathlib, shutil
for attempt in (
    lambda: pathlib.Path("made/new").touch(),
    lambda: shutil.rmtree("made"),
    lambda: os.rename("made", "away"),
    lambda: os.symlink("/etc", "src/inner/link"),
    lambda: os.chmod("made/deep", 0o777),
):
    try:
        attempt()
    except OSError:
        continue
    raise SystemExit("changed what is frozen")
"""
PIP = ("/usr/bin/python3", "-m", "pip")
INSTALL = (
    f"{' '.join(PIP)} install -q --disable-pip-version-check --no-cache-dir --target deps --index-url {{}}/simple greet"
)
has_pip = subprocess.run([*PIP, "--version"], capture_output=True, check=False).returncode == 0


@pytest.fixture
def repository(repository: Path, git: Callable[..., str]) -> Path:
    """The sample with two programs that try what must not work."""
    (repository / "fetch.py").write_text(FETCH)
    (repository / "tamper.py").write_text(TAMPER)
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "probes")
    return repository


@pytest.fixture
def index() -> Iterator[Index]:
    with package_index(greet=wheel("greet", "1.0", "def greet():\n    return 'hello from a wheel'\n")) as served:
        yield served


def setup_facts(engine: Engine, session: str) -> list[str]:
    """What became of the phase, fact by fact; that a command began is left out."""
    facts = [event.data["state"] for event in engine.sessions.events(session) if event.kind is EventKind.SETUP]
    return [state for state in facts if state != "began"]


def approved(engine: Engine, session: str) -> Session:
    """The set-up asked for, approved and the session run to its end."""
    approval = asked(engine, session)
    engine.auth.set_pin(PIN)
    engine.approvals.approve(approval.id, secret=PIN)
    return resumed(engine, session)


def asked(engine: Engine, session: str) -> Approval:
    (approval,) = engine.approvals.list(session)
    return approval


def test_nothing_runs_before_a_person_has_approved_the_literal_commands_with_the_pin(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    role_with_setup(home, "echo one > /setup/one", "mkdir deps", environment={"INDEX": "http://here"})
    session = worked(engine, repository, playbook(tmp_path, {"id": "a"}), role="installer")
    assert (session.state, session.reason) == (
        SessionState.AWAITING_REVIEW,
        "the set-up phase waits for your approval",
    )
    assert states(session) == {"a": "pending"}
    approval = asked(engine, session.id)
    assert approval.kind is ApprovalKind.SETUP
    assert approval.detail == "echo one > /setup/one\nmkdir deps\nwith INDEX=http://here"
    assert approval.needs_auth
    assert "shares this machine's network, services that listen on its loopback included" in approval.reason
    assert setup_facts(engine, session.id) == []
    with pytest.raises(UsageError, match="nothing of this session is ready"):
        engine.sessions.resume(session.id)
    engine.auth.set_pin(PIN)
    with pytest.raises(AuthError):
        engine.approvals.approve(approval.id)
    assert "Resume it" in engine.approvals.approve(approval.id, secret=PIN)
    after = resumed(engine, session.id)
    assert states(after) == {"a": "kept"}
    assert setup_facts(engine, session.id) == ["ran", "ran", "frozen"]


@pytest.mark.skipif(not has_pip, reason="the system's Python has no pip")
def test_the_phase_installs_from_an_index_that_the_agent_and_the_checks_cannot_reach(
    engine: Engine, home: Path, repository: Path, tmp_path: Path, index: Index
) -> None:
    before = fingerprint(repository)
    role_with_setup(home, INSTALL.format(index.url), f"python3 fetch.py {index.url}/simple/greet/")
    (tmp_path / "say.py").write_text("import sys; sys.path.append('deps'); import greet; print(greet.greet())\n")
    task = {
        "id": "use",
        "steps": [
            {"write": {"path": "say.py", "content": (tmp_path / "say.py").read_text()}},
            {"run": "python3 say.py > said.txt"},
            {"run": f"python3 fetch.py {index.url}/simple/greet/ && echo reached >> said.txt", "allow_failure": True},
        ],
        "checks": [{"run": "python3 say.py"}, {"run": f"! python3 fetch.py {index.url}/simple/greet/"}],
    }
    session = worked(engine, repository, playbook(tmp_path, task), role="installer")
    assert index.asked == []
    after = approved(engine, session.id)
    assert states(after) == {"use": "kept"}
    assert [change.path for change in engine.review.changes(session.id).files] == ["said.txt", "say.py"]
    assert b"+hello from a wheel" in engine.review.diff(session.id)
    assert b"reached" not in engine.review.diff(session.id)
    assert len(index.asked) == 3, "two by pip, one by the probe of the phase; none by the agent's or the checks'"
    assert fingerprint(repository) == before


def test_what_it_made_in_the_tree_is_read_only_and_never_part_of_a_candidate(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    role_with_setup(home, "mkdir -p made/deep src/inner && echo it | tee made/deep/file src/inner/file > loose.txt")
    task = {
        "id": "look",
        "steps": [
            {"run": "cat made/deep/file src/inner/file > said.txt; test ! -e loose.txt"},
            {"run": "python3 tamper.py"},
            {"run": "echo more > src/more.py"},
        ],
        "checks": [{"run": "test -f made/deep/file -a -f src/inner/file -a ! -e made/new"}],
    }
    session = worked(engine, repository, playbook(tmp_path, task), role="installer")
    after = approved(engine, session.id)
    assert states(after) == {"look": "kept"}
    assert [change.path for change in engine.review.changes(session.id).files] == ["said.txt", "src/more.py"]


def test_only_committed_files_and_no_environment_of_the_user_reach_it(
    engine: Engine, home: Path, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "canary")
    (repository / ".env").write_text("canary")
    (repository / "README.md").write_text("canary")
    commands = "mkdir seen; env > seen/variables; cp README.md seen; ls -a > seen/names; echo $HOME > seen/home"
    role_with_setup(home, commands)
    task = {"id": "look", "steps": [{"run": "cat seen/variables seen/README.md seen/names seen/home > said.txt"}]}
    session = worked(engine, repository, playbook(tmp_path, task), role="installer")
    after = approved(engine, session.id)
    assert states(after) == {"look": "kept"}, [view.reason for view in after.tasks.values()]
    said = engine.review.diff(session.id).decode()
    assert "# Sample" in said
    assert "+/setup\n" in said
    assert "canary" not in said
    assert "+.env" not in said


def test_the_same_setup_is_taken_from_earlier_without_asking_until_a_manifest_changes(
    engine: Engine, home: Path, repository: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    role_with_setup(home, "mkdir made; echo it > made/it")
    file = playbook(tmp_path, {"id": "a", "steps": [{"run": "cat made/it"}]})
    first = worked(engine, repository, file, role="installer")
    assert states(approved(engine, first.id)) == {"a": "kept"}
    second = worked(engine, repository, file, role="installer")
    assert states(second) == {"a": "kept"}
    (frozen,) = [e.data for e in engine.sessions.events(second.id) if e.kind is EventKind.SETUP]
    assert frozen["cached"] is True
    (repository / "notes.md").write_text("no manifest\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "notes")
    assert states(worked(engine, repository, file, role="installer")) == {"a": "kept"}
    (repository / "requirements.txt").write_text("flask\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "deps")
    changed = worked(engine, repository, file, role="installer")
    assert states(changed) == {"a": "pending"}
    assert asked(engine, changed.id).kind is ApprovalKind.SETUP


def test_a_denied_setup_means_work_without_it(engine: Engine, home: Path, repository: Path, tmp_path: Path) -> None:
    role_with_setup(home, "mkdir made")
    file = playbook(tmp_path, {"id": "a", "steps": [{"run": "test ! -e made"}]})
    session = worked(engine, repository, file, role="installer")
    said = engine.approvals.deny(asked(engine, session.id).id, "no network tonight")
    assert "resume" in said
    after = resumed(engine, session.id)
    assert states(after) == {"a": "kept"}
    assert setup_facts(engine, session.id) == ["skipped"]


def test_a_failed_setup_names_the_command_and_leaves_nothing_in_the_cache(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    role_with_setup(home, "echo fine", "echo about to fail; echo no such package >&2; exit 3")
    session = worked(engine, repository, playbook(tmp_path, {"id": "a"}), role="installer")
    after = approved(engine, session.id)
    assert after.state is SessionState.FAILED
    assert "`echo about to fail; echo no such package >&2; exit 3`: exit 3: no such package" in after.reason
    assert setup_facts(engine, session.id) == ["ran", "ran", "failed"]
    assert list((home / "setups").iterdir()) == []
    again = resumed(engine, session.id)
    assert setup_facts(engine, session.id) == ["ran", "ran", "failed"] * 2, "resuming tries again and asks nobody"
    assert again.state is SessionState.FAILED


def test_an_approval_is_for_these_commands_and_a_changed_role_asks_again(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    role_with_setup(home, "echo one")
    session = worked(engine, repository, playbook(tmp_path, {"id": "a"}), role="installer")
    first = asked(engine, session.id)
    engine.auth.set_pin(PIN)
    engine.approvals.approve(first.id, secret=PIN)
    role_with_setup(home, "echo two")
    after = resumed(engine, session.id)
    assert states(after) == {"a": "pending"}
    assert asked(engine, session.id).detail == "echo two"
    assert setup_facts(engine, session.id) == []


def test_a_question_that_nobody_answered_is_withdrawn_when_the_role_changes(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    role_with_setup(home, "echo one")
    session = worked(engine, repository, playbook(tmp_path, {"id": "a"}), role="installer")
    first = asked(engine, session.id)
    role_with_setup(home, "echo two")
    with pytest.raises(UsageError, match="changed"):
        engine.approvals.approve(first.id, secret=PIN)
    engine.approvals.deny(first.id, "old")
    resumed(engine, session.id)
    assert asked(engine, session.id).detail == "echo two"
    assert engine.approvals.get(first.id).state is ApprovalState.DENIED


def test_programs_of_the_setup_are_on_the_path_of_commands_and_checks(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    tool = "printf '#!/bin/sh\\necho {0}\\n' > {1} && chmod +x {1}"
    role_with_setup(
        home,
        f"mkdir -p ~/.local/bin && {tool.format('mine', '~/.local/bin/mine')}",
        f"mkdir -p node_modules/.bin && {tool.format('lint', 'node_modules/.bin/lint')}",
        f"mkdir -p .venv/bin && touch .venv/pyvenv.cfg && {tool.format('unit', '.venv/bin/unit')}",
    )
    task = {"id": "a", "steps": [{"run": "mine; lint; unit"}], "checks": [{"run": "mine && lint && unit"}]}
    session = worked(engine, repository, playbook(tmp_path, task), role="installer")
    assert states(approved(engine, session.id)) == {"a": "kept"}


def test_what_will_be_asked_is_said_when_the_goal_is_planned(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    role_with_setup(home, "pip install -r requirements.txt")
    request = SessionRequest(workspace=repository, playbook=playbook(tmp_path, {"id": "a"}), role="installer")
    (notice,) = [notice for notice in engine.sessions.propose(request).notices if "set-up" in notice]
    assert "pip install -r requirements.txt" in notice
    assert "PIN" in notice


def test_too_many_new_folders_are_refused_with_what_to_do(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    role_with_setup(home, "for i in $(seq 70); do mkdir new$i; done")
    session = worked(engine, repository, playbook(tmp_path, {"id": "a"}), role="installer")
    engine.auth.set_pin(PIN)
    engine.approvals.approve(asked(engine, session.id).id, secret=PIN)
    with pytest.raises(UsageError, match="70 new folders"):
        resumed(engine, session.id)
    assert engine.sessions.get(session.id).state is SessionState.FAILED
    assert list((home / "setups").iterdir()) == []


def test_links_that_a_setup_leaves_lead_nowhere(engine: Engine, home: Path, repository: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "canary").write_text("canary")
    role_with_setup(home, f"ln -s {secret} outside; mkdir made; ln -s {secret} made/link; ln -s {secret} ~/bin")
    task = {"id": "a", "steps": [{"run": "cat outside/canary made/link/canary && exit 1; true"}]}
    session = worked(engine, repository, playbook(tmp_path, task), role="installer")
    assert states(approved(engine, session.id)) == {"a": "kept"}
    assert (secret / "canary").read_text() == "canary"


def test_a_set_up_that_nobody_has_used_for_a_month_is_cleared_and_asked_for_again(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    role_with_setup(home, "mkdir made; chmod 0 made")
    file = playbook(tmp_path, {"id": "a"})
    assert states(approved(engine, worked(engine, repository, file, role="installer").id)) == {"a": "kept"}
    engine.housekeeping.tidy()
    (kept,) = (home / "setups").iterdir()
    long_ago = time.time() - 31 * 24 * 3600
    os.utime(kept / "setup.json", (long_ago, long_ago))
    (home / "setups" / "0123.part").mkdir()
    engine.housekeeping.tidy()
    assert list((home / "setups").iterdir()) == []
    assert states(worked(engine, repository, file, role="installer")) == {"a": "pending"}
