"""What goes wrong around a sandbox is a state that a person can read and resume, and nothing is done twice."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from engine.build import build
from engine.engine import Engine
from engine.session import steady
from engine.vocabulary.errors import JournalError, OrionError, SandboxUnavailable
from engine.vocabulary.requests import SessionRequest
from engine.vocabulary.sessions import Session, SessionState
from tests.support.sessions import PIN, created, playbook, resumed, states, worked
from tests.support.setups import role_with_setup
from tests.support.troubled import broken, out_of_memory, troubled

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e]

COUNT = {"id": "count", "steps": [{"run": "echo line >> log.txt"}, {"run": "cat log.txt > big.txt"}]}


def test_a_command_that_runs_out_of_memory_begins_its_task_anew_with_half_as_much_again(
    home: Path, repository: Path, tmp_path: Path
) -> None:
    with troubled(home, big=[out_of_memory]) as (engine, provider):
        session = worked(engine, repository, playbook(tmp_path, COUNT))
        assert states(session) == {"count": "kept"}
        assert [spec.memory_mib for spec in provider.specs] == [512, 768]
        assert engine.review.diff(session.id).count(b"+line") == 2, "one line in each file: nothing was done twice"
        assert any("768 MiB instead of 512" in notice for notice in session.notices)


def test_memory_grows_once_and_what_needs_more_fails_with_the_reason(
    home: Path, repository: Path, tmp_path: Path
) -> None:
    with troubled(home, big=[out_of_memory, out_of_memory]) as (engine, provider):
        session = worked(engine, repository, playbook(tmp_path, COUNT))
        assert states(session) == {"count": "failed"}
        assert "out of memory" in session.tasks["count"].reason
        assert [spec.memory_mib for spec in provider.specs] == [512, 768]


def test_a_check_that_runs_out_of_memory_is_run_again_on_a_checkout_of_its_own(
    home: Path, repository: Path, tmp_path: Path
) -> None:
    task = {"id": "a", "steps": [{"run": "echo x > x"}], "checks": [{"run": "test ! -e seen && touch seen"}]}
    with troubled(home, seen=[out_of_memory]) as (engine, _):
        session = worked(engine, repository, playbook(tmp_path, task))
        assert states(session) == {"a": "kept"}
        assert [evidence.passed for evidence in session.tasks["a"].evidence] == [True]


def test_a_sandbox_that_breaks_is_restarted_on_its_tree_and_the_task_begins_anew(
    home: Path, repository: Path, tmp_path: Path
) -> None:
    before = {"id": "before", "steps": [{"run": "echo kept > before.txt"}]}
    with troubled(home, big=[broken]) as (engine, provider):
        session = worked(engine, repository, playbook(tmp_path, before, COUNT))
        assert states(session) == {"before": "kept", "count": "kept"}
        assert len(provider.specs) == 2
        assert engine.review.diff(session.id).count(b"+line") == 2
        assert provider.ran.count("echo kept > before.txt") == 1
        assert any("restarted on its tree" in notice for notice in session.notices)


def test_a_sandbox_that_breaks_again_and_again_pauses_the_session(home: Path, repository: Path, tmp_path: Path) -> None:
    with troubled(home, big=[broken] * 9) as (engine, provider):
        session = created(engine, repository, playbook(tmp_path, COUNT))
        engine.sessions.start(session)
        with pytest.raises(SandboxUnavailable):
            engine.sessions.wait(session, 60)
        state = engine.sessions.get(session)
        assert state.state is SessionState.PAUSED
        assert state.reason == "sandbox: the sandbox broke: somebody removed it"
        provider.troubles = {}
        assert states(resumed(engine, session)) == {"count": "kept"}
        assert engine.review.diff(session).count(b"+line") == 2


def test_an_engine_that_is_gone_pauses_the_session_which_goes_on_once_it_is_back(
    home: Path, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steady, "PATIENCE_S", (0.01,))
    with troubled(home) as (engine, provider):

        def gone(result: object) -> object:
            provider.gone = True
            raise SandboxUnavailable("the connection was refused")

        provider.troubles = {"big": [gone]}  # type: ignore[dict-item, list-item]
        session = created(engine, repository, playbook(tmp_path, COUNT))
        engine.sessions.start(session)
        with pytest.raises(SandboxUnavailable):
            engine.sessions.wait(session, 60)
        assert engine.sessions.get(session).reason == "sandbox: the engine does not answer any more"
        provider.gone = False
        assert states(resumed(engine, session)) == {"count": "kept"}


def test_a_set_up_that_runs_out_of_memory_is_tried_again_with_more(
    home: Path, repository: Path, tmp_path: Path
) -> None:
    role_with_setup(home, "mkdir -p made && echo big > made/it")
    with troubled(home, made=[out_of_memory]) as (engine, provider):
        task = {"id": "a", "steps": [{"run": "cat m*/it"}]}
        session = worked(engine, repository, playbook(tmp_path, task), role="installer")
        engine.auth.set_pin(PIN)
        engine.approvals.approve(session.waiting[0].id, secret=PIN)
        assert states(resumed(engine, session.id)) == {"a": "kept"}
        assert [spec.memory_mib for spec in provider.specs if spec.network] == [512, 768]


def test_what_a_sandbox_leaves_unlimited_is_said_before_a_session_begins(
    home: Path, repository: Path, tmp_path: Path
) -> None:
    with troubled(home) as (engine, provider):
        provider.unlimited = ("memory", "processes")
        asked = SessionRequest(workspace=repository, playbook=playbook(tmp_path, COUNT))
        (said,) = engine.sessions.propose(asked).notices
        assert said.startswith("nothing limits a command's memory, processes in bubblewrap on this machine")
        (check,) = [found for found in engine.doctor.report().checks if found.name == "sandbox.bubblewrap"]
        assert (check.status, "when it is named" in check.hint) == ("warn", True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 80 MiB for Orion's home."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=80m", "orion-test", place], check=False)
    if mounted.returncode:
        pytest.skip("nothing can be mounted here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_disk_without_any_room_is_called_full_also_by_who_only_reads(small_disk: Path) -> None:
    home = small_disk / "home"
    build(home).close()
    with suppress(OSError), (small_disk / "rest").open("wb", buffering=0) as rest:
        while rest.write(bytes(4096)):
            pass
    with pytest.raises(JournalError, match="the disk is full") as caught:
        build(home)
    assert "free some space" in caught.value.hint


@pytest.mark.parametrize("room", [48, 64, 80, 96])
def test_a_session_that_cannot_even_write_its_beginning_ends_at_once_and_can_be_resumed(
    small_disk: Path, repository: Path, tmp_path: Path, room: int
) -> None:
    engine = build(small_disk / "home")
    try:
        session = created(engine, repository, playbook(tmp_path, {"id": "one", "steps": [{"run": "true"}]}))
        rest = small_disk / "rest"
        with suppress(OSError), rest.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        os.truncate(rest, rest.stat().st_size - room * 1024)
        with suppress(OrionError):
            engine.sessions.start(session)
            engine.sessions.wait(session, 30)
        runner = engine.sessions.runner(session)
        assert runner is None or not runner.alive, "nobody seems to work on it"
        rest.unlink()
        assert states(resumed(engine, session)) == {"one": "kept"}
    finally:
        engine.close()


def tried(engine: Engine, repository: Path, file: Path) -> Session:
    """A session run to its end, whatever error that came with."""
    session = created(engine, repository, file)
    engine.sessions.start(session)
    with suppress(OrionError):
        engine.sessions.wait(session, 60)
    return engine.sessions.get(session)


def test_a_full_disk_pauses_the_session_and_more_room_lets_it_go_on(
    small_disk: Path, repository: Path, tmp_path: Path
) -> None:
    fill = {"id": "fill", "steps": [{"run": "head -c 90M /dev/zero > fill; e=$?; echo done > done.txt && exit $e"}]}
    tidy = {
        "id": "tidy",
        "steps": [{"run": "head -c 90M /dev/zero > fill && echo done > fill && echo done > done.txt"}],
    }
    first = {"id": "first", "steps": [{"run": "echo first > first.txt"}]}
    engine = build(small_disk / "home")
    try:
        session = tried(engine, repository, playbook(tmp_path, first, fill))
        assert session.state is SessionState.PAUSED
        assert "the disk is full" in session.reason
        assert states(session) == {"first": "kept", "fill": "pending"}
        assert not (small_disk / "home/sessions" / session.id / "tree/fill").exists(), "the half-done task made room"
        paused = tried(engine, repository, playbook(tmp_path, tidy))
        assert paused.state is SessionState.PAUSED
        subprocess.run(["mount", "-o", "remount,size=400m", small_disk], check=True)
        assert states(resumed(engine, paused.id)) == {"tidy": "kept"}
    finally:
        engine.close()
