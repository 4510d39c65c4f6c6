"""A promotion of any kind, or its undoing, killed at every step: the next Orion command puts the repository in order,
as before or as after, and says which."""

from __future__ import annotations

import itertools
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.build import build
from engine.engine import Engine
from engine.vocabulary.changes import PromoteAs
from tests.support.cli import Orion
from tests.support.counts import count
from tests.support.sessions import PIN, playbook, worked
from tests.support.workspace import git, make_repository, put

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e, pytest.mark.slow]

ACTS = ("commit", "commits", "changes", "undo-commit", "undo-changes")
PLACES = ("authenticated", "promoting", "marker", "lock", "files", "refs", "index", "unlock", "unmark", "recorded")
POINTS = [(act, place, wait) for wait in range(4) for act, place in itertools.product(ACTS, PLACES)]
"""200 of them: at the place itself, and three times a little later, where the children of a step are at work."""
NOT_REACHED = ("refs", "index", "unlock", "unmark")
"""Putting uncommitted changes back takes none of these steps."""
FULL = count(200) == 200
CHOSEN = POINTS if FULL else [("commit", "files", 0), ("commits", "index", 0), ("changes", "refs", 2)]

ACT = """
import os, random, signal, sys, threading
from pathlib import Path
from engine.build import build
from engine.vocabulary.changes import PromoteAs
from engine.vocabulary.events import EventKind
home, session, pin, act, place, wait, seed = sys.argv[1:]
def die():
    os.killpg(0, signal.SIGKILL)
def at(name):
    if name == place:
        if wait == "0":
            die()
        threading.Timer(random.Random(seed).random() * 0.03, die).start()
KINDS = {"authenticated": "authenticated", "promoting": "promoting"}
KINDS |= {"promoted": "recorded", "promotion_undone": "recorded"}
engine = build(Path(home))
engine._core.adapters.users._step = at
engine._core.journal.subscribe(lambda events: [at(KINDS.get(event.kind.value, "")) for event in events])
if act.startswith("undo"):
    engine.review.undo(session, secret=pin)
else:
    engine.review.promote(session, secret=pin, kind=PromoteAs(act))
threading.Event().wait(0.05)
die()
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """A home and a repository with one worked session, kept aside so that each point begins with the same."""

    home: Path
    root: Path
    kept: Path
    session: str

    def keep(self, name: str) -> None:
        for place in (self.home, self.root):
            shutil.copytree(place, self.kept / name / place.name, symlinks=True)

    def bring(self, name: str) -> None:
        for place in (self.home, self.root):
            shutil.rmtree(place)
            shutil.copytree(self.kept / name / place.name, place, symlinks=True)

    def seen(self) -> tuple[object, ...]:
        """All that a person can tell of the repository, without what differs from one run to the next."""
        files = sorted(
            (
                str(each.relative_to(self.root)),
                each.lstat().st_mode,
                each.read_bytes() if not each.is_symlink() else b"",
            )
            for each in self.root.rglob("*")
            if (each.is_file() or each.is_symlink()) and ".git" not in each.relative_to(self.root).parts
        )
        return (
            git(self.root, "rev-parse", "HEAD^{tree}"),
            git(self.root, "log", "--format=%T %s"),
            git(self.root, "for-each-ref", "--format=%(refname)"),
            git(self.root, "ls-files", "-s"),
            git(self.root, "status", "--porcelain"),
            files,
        )


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder = tmp_path_factory.mktemp("kills")
    files = {"a.txt": "one\n", "mine.txt": "m\n", "dir/ünï.txt": "two\n"}
    root = make_repository(folder / "a répo", files)
    put(root, {"mine.txt": "my edit\n", "notes.txt": "untracked\n"})
    steps = [
        {"write": {"path": "new dir/ñ.txt", "content": "new\n"}},
        {"edit": {"path": "a.txt", "find": "one", "replace": "uno"}},
    ]
    more = [{"run": "ln -s a.txt link; printf '#!/bin/sh\\n' > tool.sh; chmod +x tool.sh"}]
    many = [{"run": "mkdir many; for n in $(seq 9); do seq 500 > many/$n.txt; done"}]
    engine = build(folder / "home")
    engine.auth.set_pin(PIN)
    tasks = ({"id": "one", "steps": steps}, {"id": "two", "steps": more}, {"id": "three", "steps": many})
    session = worked(engine, root, playbook(folder, *tasks)).id
    assert len(engine.review.changes(session).files) == 13
    engine.close()
    made = Scene(folder / "home", root, folder / "kept", session)
    made.keep("worked")
    for kind in ("commit", "changes"):
        run_clean(made, kind)
        made.keep(f"promoted-{kind}")
        made.bring("worked")
    return made


def run_clean(scene: Scene, act: str) -> None:
    engine = build(scene.home)
    try:
        done = act_on(engine, scene.session, act)
        assert done, act
    finally:
        engine.close()


def act_on(engine: Engine, session: str, act: str) -> bool:
    if act.startswith("undo"):
        return engine.review.undo(session, secret=PIN).promoted
    accepted = [finding.id for finding in engine.review.report(session).findings]
    return engine.review.promote(session, secret=PIN, kind=PromoteAs(act), accept=accepted).promoted


@pytest.fixture(scope="module")
def ends() -> dict[str, tuple[tuple[object, ...], tuple[object, ...]]]:
    """For each act that was asked for, how the repository looks before and after it."""
    return {}


def both_ends(scene: Scene, known: dict[str, tuple[tuple[object, ...], tuple[object, ...]]], act: str) -> None:
    if act not in known:
        scene.bring(begin(act))
        before = scene.seen()
        run_clean(scene, act)
        known[act] = (before, scene.seen())


def begin(act: str) -> str:
    return f"promoted-{act.removeprefix('undo-')}" if act.startswith("undo") else "worked"


@pytest.mark.parametrize(("act", "place", "wait"), CHOSEN, ids=lambda value: str(value))
def test_a_kill_leaves_before_or_after_and_the_next_command_says_which(
    scene: Scene,
    ends: dict[str, tuple[tuple[object, ...], tuple[object, ...]]],
    act: str,
    place: str,
    wait: int,
) -> None:
    both_ends(scene, ends, act)
    scene.bring(begin(act))
    command = [
        sys.executable,
        "-c",
        ACT,
        str(scene.home),
        scene.session,
        PIN,
        act,
        place,
        str(wait),
        f"{act}{place}{wait}",
    ]
    killed = subprocess.run(command, capture_output=True, start_new_session=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    said = Orion(scene.home, scene.root)("sessions", "--json")
    assert said.code == 0
    before, after = ends[act]
    seen = scene.seen()
    assert seen in (before, after)
    assert not [each for each in (scene.root / ".git").rglob("*") if each.suffix in {".lock", ".index"}]
    assert ("has been finished" in said.err) <= (seen == after)
    assert ("taken back" in said.err) <= (seen == before)
    if wait == 0:
        assert (seen == after) == (place in after_the_commit_point(act)), (place, said.err)
        quiet = ("authenticated", "recorded", *(NOT_REACHED if act == "undo-changes" else ()))
        assert bool(said.err) == (place not in quiet), said.err
    engine = build(scene.home)
    try:
        assert engine.settled == ()
        assert engine.sessions.get(scene.session).promoting is None
        if seen == before and FULL:
            assert act_on(engine, scene.session, act)
            assert scene.seen()[0] == after[0]
        git(scene.root, "fsck")
    finally:
        engine.close()


def after_the_commit_point(act: str) -> tuple[str, ...]:
    if act == "undo-changes":
        # Nothing but files moves: once it began, recovery does the rest.
        return ("lock", "files", "recorded", *NOT_REACHED)
    return ("index", "unlock", "unmark", "recorded")
