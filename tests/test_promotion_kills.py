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
from engine.vocabulary.changes import PromoteAs, Severity
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
home, session, pin, act, place, wait, seed, *accepted = sys.argv[1:]
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
    engine.review.promote(session, secret=pin, kind=PromoteAs(act), accept=accepted)
threading.Event().wait(0.05)
die()
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """A home and a repository with one worked session, kept aside so that each point begins with the same; `accepted`
    are the findings that a promotion of it needs accepted."""

    home: Path
    root: Path
    kept: Path
    session: str
    accepted: tuple[str, ...]

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
        {"write": {"path": "Makefile", "content": "test:\n\ttrue\n"}},
    ]
    more = [{"run": "ln -s a.txt link; printf '#!/bin/sh\\n' > tool.sh; chmod +x tool.sh"}]
    many = [{"run": "mkdir many; for n in $(seq 9); do seq 500 > many/$n.txt; done"}]
    engine = build(folder / "home")
    engine.auth.set_pin(PIN)
    tasks = ({"id": "one", "steps": steps}, {"id": "two", "steps": more}, {"id": "three", "steps": many})
    session = worked(engine, root, playbook(folder, *tasks)).id
    assert len(engine.review.changes(session).files) == 14
    accepted = tuple(each.id for each in engine.review.report(session).findings if each.severity is Severity.BLOCKING)
    assert accepted
    engine.close()
    made = Scene(folder / "home", root, folder / "kept", session, accepted)
    made.keep("worked")
    for kind in ("commit", "changes"):
        run_clean(made, kind)
        made.keep(f"promoted-{kind}")
        made.bring("worked")
    return made


def run_clean(scene: Scene, act: str) -> None:
    engine = build(scene.home)
    try:
        done = act_on(engine, scene, act)
        assert done, act
    finally:
        engine.close()


def act_on(engine: Engine, scene: Scene, act: str) -> bool:
    if act.startswith("undo"):
        return engine.review.undo(scene.session, secret=PIN).promoted
    return engine.review.promote(scene.session, secret=PIN, kind=PromoteAs(act), accept=scene.accepted).promoted


@dataclass(frozen=True, slots=True)
class Ends:
    """How the repository looks before and after an act that nothing cut short, and what is on record of it then."""

    before: tuple[object, ...]
    after: tuple[object, ...]
    record: dict[str, object]


@pytest.fixture(scope="module")
def ends() -> dict[str, Ends]:
    """For each act that was asked for."""
    return {}


def both_ends(scene: Scene, known: dict[str, Ends], act: str) -> Ends:
    if act not in known:
        scene.bring(begin(act))
        before = scene.seen()
        run_clean(scene, act)
        known[act] = Ends(before, scene.seen(), recorded(scene))
    return known[act]


def recorded(scene: Scene) -> dict[str, object]:
    """What journal, audit log and commit say of the last promotion or its undoing, without what differs from run to
    run: object ids and where the audit log stood."""
    engine = build(scene.home)
    try:
        assert engine.audit.verify().valid
        records = [each.record for each in engine.audit.entries(session=scene.session)]
        last = [each for each in records if each.event in ("promoted", "promotion_undone")][-1]
        events = [each for each in engine.sessions.events(scene.session) if each.kind.value == last.event]
        told = {key: value for key, value in events[-1].data.items() if key != "commit"}
        audited = {key: value for key, value in last.details.items() if key != "commit"}
    finally:
        engine.close()
    message = [line for line in git(scene.root, "log", "-1", "--format=%B").splitlines() if "Orion-Audit" not in line]
    return {"kind": last.event, "journal": told, "audit": audited, "message": message}


def begin(act: str) -> str:
    return f"promoted-{act.removeprefix('undo-')}" if act.startswith("undo") else "worked"


@pytest.mark.parametrize(("act", "place", "wait"), CHOSEN, ids=lambda value: str(value))
def test_a_kill_leaves_before_or_after_and_the_next_command_says_which(
    scene: Scene,
    ends: dict[str, Ends],
    act: str,
    place: str,
    wait: int,
) -> None:
    known = both_ends(scene, ends, act)
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
        *scene.accepted,
    ]
    killed = subprocess.run(command, capture_output=True, start_new_session=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    said = Orion(scene.home, scene.root)("sessions", "--json")
    assert said.code == 0
    before, after = known.before, known.after
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
            assert act_on(engine, scene, act)
            assert scene.seen()[0] == after[0]
        git(scene.root, "fsck")
    finally:
        engine.close()
    if seen == after:
        assert recorded(scene) == known.record


def after_the_commit_point(act: str) -> tuple[str, ...]:
    if act == "undo-changes":
        # Nothing but files moves: once it began, recovery does the rest.
        return ("lock", "files", "recorded", *NOT_REACHED)
    return ("index", "unlock", "unmark", "recorded")
