"""Whatever instant Orion is killed at, a later start clears what is left, and nothing of another session is touched."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event as Flag

import pytest

from engine.build import build
from engine.engine import Engine
from engine.sandboxes.docker.connection import find_engine
from engine.storage.files import is_locked
from engine.vocabulary.events import EventKind
from engine.vocabulary.plans import TaskState
from engine.vocabulary.sessions import SessionState
from tests.support.counts import count
from tests.support.killed import killed, runner
from tests.support.sandboxes import processes_with
from tests.support.sessions import PIN, created, fingerprint, playbook, resumed, states
from tests.support.setups import package_index, role_with_setup

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e, pytest.mark.slow]

KILLS = 3
"""Of each session at most: fewer when it was through before. Fifty sessions have had more than a hundred."""
EVENTS = 30
"""About as many as an undisturbed run of the session has; each further run has less to do."""


def background(marker: str) -> str:
    """Processes that would stay behind: away from their shell, deaf to polite signals."""
    return f"for i in 1 2 3; do (setsid sh -c 'trap \"\" HUP TERM; sleep 1000; : {marker}' &); done"


KINDS = ("bubblewrap", pytest.param("docker", marks=pytest.mark.docker))


@pytest.fixture(scope="module")
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def neighbour(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], bool]]:
    """Another session, of the same user in another home, at work on one long command; whether it still is."""
    place = tmp_path_factory.mktemp("neighbour")
    repository, marker = place / "repository", uuid.uuid4().hex
    repository.mkdir()
    (repository / "README.md").write_text("# Neighbour\n")
    for command in ("init -q -b main", "add -A", "-c user.name=N -c user.email=n@example.org commit -qm base"):
        subprocess.run(["git", *command.split()], cwd=repository, check=True)
    home = place / "home"
    engine = build(home)
    session = created(
        engine,
        repository,
        playbook(place, {"id": "long", "steps": [{"run": f"sleep 1000; : {marker}"}]}),
        sandbox=kind,
    )
    child = runner(home, session)
    for event in engine.sessions.follow(session, 0, Flag()):
        if event.kind is EventKind.ACTION_STARTED:
            break
    yield lambda: engine.sessions.get(session).tasks["long"].state is TaskState.RUNNING and child.poll() is None
    child.kill()
    child.communicate()
    engine.close()


def left_behind(home: Path, marker: str, pids: list[int]) -> list[str]:
    """Everything of killed runners that is still there, in words."""
    found = [f"process {pid}" for pid in processes_with(marker)]
    found += [f"mount {line.split()[4]}" for line in _mounts() if str(home) in line]
    found += [f"control group {group}" for group in _control_groups(pids)]
    found += [f"lock {lock.name}" for lock in (home / "locks").iterdir() if is_locked(lock)]
    found += [f"half a set-up {part.name}" for part in (home / "setups").iterdir() if "." in part.name]
    return [*found, *_containers(home)]


def _control_groups(pids: list[int]) -> list[str]:
    # A walk, since groups of others come and go meanwhile.
    ours = tuple(f"orion-sandbox-{pid}-" for pid in pids)
    return [name for _, names, _ in os.walk("/sys/fs/cgroup") for name in names if name.startswith(ours)]


def _containers(home: Path) -> list[str]:
    if os.environ.get("DOCKER_HOST", "").startswith("unix:///nowhere"):
        return []
    engine = find_engine()
    try:
        # By label, whatever they are called: those of this home and of no other.
        mine = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
        every = engine.api.containers(all=True, filters={"label": [f"orion.home={mine}"]})
    finally:
        engine.close()
    return [f"container {one['Names']} {one['State']}" for one in every if one["State"] != "removing"]


def _mounts() -> list[str]:
    return Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()


@pytest.mark.parametrize("seed", range(count(50, part=50)))
@pytest.mark.parametrize("kind", KINDS, indirect=True)
def test_a_session_killed_at_random_leaves_nothing_that_a_later_start_does_not_clear(
    kind: str,
    seed: int,
    home: Path,
    repository: Path,
    tmp_path: Path,
    neighbour: Callable[[], bool],
) -> None:
    chance, marker = random.Random(seed), uuid.uuid4().hex
    before = fingerprint(repository)
    role_with_setup(home, "mkdir made && echo it > made/it", f"{background(marker)}; cp made/it made/more")
    tasks = [
        {"id": "first", "steps": [{"run": f"{background(marker)}; echo line >> log.txt"}, {"run": "cat made/more"}]},
        {
            "id": "second",
            "depends_on": ["first"],
            "steps": [{"run": f"echo line >> log.txt; {background(marker)}"}],
            "checks": [{"run": f"{background(marker)}; test $(wc -l < log.txt) = 2 -a -f made/more"}],
        },
    ]
    engine, kills = build(home), []
    try:
        session = created(engine, repository, playbook(tmp_path, *tasks), role="installer", sandbox=kind)
        resumed(engine, session)
        engine.auth.set_pin(PIN)
        engine.approvals.approve(engine.sessions.get(session).waiting[0].id, secret=PIN)
        for tries in range(KILLS):
            if engine.sessions.get(session).tasks["second"].state is TaskState.KEPT:
                break
            kills.append(killed(engine, home, session, chance, events=EVENTS >> tries, after_s=0.15))
        print("killed after", [kill.after for kill in kills if kill.after])  # pytest -rP shows it
        state = engine.sessions.get(session)
        if state.state is not SessionState.AWAITING_REVIEW or not state.tasks["second"].state.ended:
            state = resumed(engine, session)
        assert states(state) == {"first": "kept", "second": "kept"}, [view.reason for view in state.tasks.values()]
        assert engine.review.diff(session).count(b"+line") == 2, "nothing was lost and nothing done twice"
        resumed(engine, created(engine, repository, playbook(tmp_path, {"id": "later"}), sandbox=kind))
        assert left_behind(home, marker, [kill.pid for kill in kills]) == []
        assert neighbour(), "another session's command goes on"
        assert fingerprint(repository) == before
    finally:
        engine.close()


def test_a_kill_in_the_middle_of_a_set_up_freezes_nothing_and_the_next_try_makes_it_whole(
    engine: Engine, home: Path, repository: Path, tmp_path: Path
) -> None:
    marker = uuid.uuid4().hex
    with package_index(greet=b"here") as index:
        fetch = f"python3 -c \"import urllib.request as u; u.urlopen('{index.url}/simple/greet/')\""
        half = f"mkdir made; echo half > made/it; {fetch} || sleep 1000; : {marker}"
        role_with_setup(home, half, "echo whole > made/it")
        file = playbook(tmp_path, {"id": "a", "steps": [{"run": "grep -qx whole made/it"}]})
        session = created(engine, repository, file, role="installer")
        resumed(engine, session)
        engine.auth.set_pin(PIN)
        engine.approvals.approve(engine.sessions.get(session).waiting[0].id, secret=PIN)
        index.shut = True
        child = runner(home, session)
        for event in engine.sessions.follow(session, engine.sessions.get(session).seq, Flag()):
            if event.kind is EventKind.SETUP:
                break
        child.kill()
        child.communicate()
        assert engine.sessions.get(session).state is SessionState.INTERRUPTED
        assert all("." in made.name for made in (home / "setups").iterdir()), "nothing has the name of a whole one"
        index.shut = False
        assert states(resumed(engine, session)) == {"a": "kept"}
        assert left_behind(home, marker, [child.pid]) == []
