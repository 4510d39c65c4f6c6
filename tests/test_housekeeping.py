"""What retention removes: settled sessions when they are old or too many, their outputs, unused set-ups; never what
waits for a person, and the logs stay verifiable."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.build import build
from engine.engine import Engine
from engine.vocabulary.events import ACCOUNT, EventKind, Fact
from engine.vocabulary.housekeeping import Tidied
from tests.support.cli import Orion
from tests.support.sessions import PIN, playbook, worked

OUTPUT = b"a long output\n" * 100


class Later:
    """The present, so many days on."""

    def __init__(self, engine: Engine) -> None:
        self._real, self.days = engine._core.clock, 0.0
        engine._core.clock = self  # type: ignore[assignment]

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=self.days)

    def monotonic(self) -> float:
        return self._real.monotonic()


def session(engine: Engine, name: str, state: str = "", *, kept: int = 0, output: bytes = b"") -> str:
    """A session of that state as the journal and the disk have it after its work."""
    blob = engine._core.adapters.blobs.put(output) if output else ""
    if blob:
        path = engine._core.adapters.blobs._path(blob)  # type: ignore[attr-defined]
        os.utime(path, (0, 0))
    goal = {"goal": name, "role": "software-engineer", "workspace": "/w", "limits": {}, "model": "", "sandbox": ""}
    facts = [Fact(EventKind.SESSION_CREATED, {**goal, "role_digest": "", "base_commit": "b", "branch": "main"})]
    tasks = [{"id": f"t{number}", "title": "t", "depends_on": [], "action": "code.write"} for number in range(kept)]
    if tasks:
        facts.append(Fact(EventKind.PLAN_MADE, {"plan": {"goal": name, "tasks": tasks}, "verdicts": {}}))
    for task in tasks:
        data = {"task": task["id"], "state": "kept", "reason": "", "confidence": 1.0, "commit": "c"}
        facts.append(Fact(EventKind.TASK_ENDED, data))
    facts.append(
        Fact(EventKind.CHECK, {"task": "", "run": "true", "exit": 0, "passed": True, "output": blob, "duration_s": 0.0})
    )
    if state == "rejected":
        facts.append(Fact(EventKind.REJECTED, {"reason": "no"}))
    elif state:
        facts.append(Fact(EventKind.SESSION_ENDED, {"state": state, "reason": "", "tasks": {}, "cost_usd": 0.0}))
    engine._core.journal.append(name, facts)
    folder = engine.home / "sessions" / name
    folder.mkdir(parents=True)
    (folder / "tree.bin").write_bytes(b"x" * 4096)
    return blob


def kinds(engine: Engine) -> list[tuple[str, str]]:
    return [(one.kind, one.name) for one in engine.housekeeping.look()]


def test_only_what_is_settled_goes_and_only_when_it_is_old(engine: Engine) -> None:
    clock = Later(engine)
    session(engine, "rejected", "rejected", kept=1, output=OUTPUT)
    session(engine, "nothing", "cancelled")
    for waiting in ("awaiting_review", "paused"):
        session(engine, f"is-{waiting}".replace("_", "-"), waiting, kept=1, output=OUTPUT + waiting.encode())
    session(engine, "kept-some", "cancelled", kept=1)
    session(engine, "failed-some", "failed", kept=1)
    assert kinds(engine) == []
    clock.days = 29.9
    assert kinds(engine) == []
    clock.days = 31
    assert sorted(kinds(engine)) == [("session", "nothing"), ("session", "rejected")]
    assert (engine.home / "sessions" / "rejected").exists()
    done = engine.housekeeping.tidy()
    assert (done.sessions, done.outputs, done.setups, done.size) == (2, 0, 0, 8192)
    left = {folder.name for folder in (engine.home / "sessions").iterdir()}
    assert left == {"is-awaiting-review", "is-paused", "kept-some", "failed-some"}
    clock.days = 91
    assert kinds(engine) == [("outputs", "rejected")]
    assert engine.housekeeping.tidy().size == len(OUTPUT)
    assert kinds(engine) == []
    assert engine.sessions.get("rejected").state.value == "rejected"
    assert engine.audit.verify().valid
    assert [entry.record.event for entry in engine.audit.entries(event="tidied")] == ["tidied", "tidied"]


@pytest.mark.sandbox
def test_what_a_promotion_left_out_waits_for_a_decision_however_old_it_is(
    engine: Engine, repository: Path, tmp_path: Path
) -> None:
    engine.auth.set_pin(PIN)
    steps = [{"write": {"path": f"docs/{name}.md", "content": "# x\n"}} for name in ("taken", "left")]
    done = worked(engine, repository, playbook(tmp_path, {"id": "t", "steps": steps})).id
    clock = Later(engine)
    assert engine.review.promote(done, secret=PIN, paths=["docs/taken.md"]).promoted
    clock.days = 400
    assert kinds(engine) == []
    engine.housekeeping.tidy()
    assert engine.review.promote(done, secret=PIN, paths=["docs/left.md"]).promoted
    assert ("session", done) in kinds(engine), "nothing of it is left to decide"
    assert engine.review.undo(done, secret=PIN).promoted
    assert kinds(engine) == [], "what was taken back is open again"
    engine.review.reject(done, "the rest is not wanted")
    assert ("session", done) in kinds(engine), "the rest was turned down"


def test_an_output_that_another_session_names_too_stays(engine: Engine) -> None:
    clock = Later(engine)
    blob = session(engine, "old", "rejected", output=OUTPUT)
    assert blob == session(engine, "new", "awaiting_review", kept=1, output=OUTPUT)
    clock.days = 400
    assert ("outputs", "old") not in kinds(engine)
    engine.housekeeping.tidy()
    assert engine.sessions.output(blob) == OUTPUT


def test_at_most_so_many_settled_ones_keep_their_trees_and_never_is_never(engine: Engine) -> None:
    clock = Later(engine)
    for number in range(4):
        session(engine, f"s{number}", "rejected")
    engine.settings.write("retention.sessions", "2")
    assert kinds(engine) == [("session", "s1"), ("session", "s0")]
    engine.settings.save("retention: {sessions_days: 0, outputs_days: 0, setups_days: 0}\n")
    clock.days = 10_000
    assert kinds(engine) == []


def test_it_happens_by_itself_once_a_day_and_not_in_a_new_home(engine: Engine) -> None:
    clock = Later(engine)
    assert engine.housekeeping.tidy_if_due() is None
    assert engine.setup.is_new()
    session(engine, "one", "rejected")
    assert engine.housekeeping.tidy_if_due() == Tidied()
    assert engine.housekeeping.tidy_if_due() is None
    clock.days = 1.01
    assert engine.housekeeping.tidy_if_due() == Tidied()
    assert len([e for e in engine._core.journal.events(ACCOUNT) if e.kind is EventKind.TIDIED]) == 2


@pytest.mark.parametrize("as_json", [True, False])
def test_the_command_shows_it_first(home: Path, repository: Path, engine: Engine, as_json: bool) -> None:
    session(engine, "one", "rejected")
    session(engine, "two", "rejected")
    engine.settings.write("retention.sessions", "1")
    orion = Orion(home, repository)
    if as_json:
        (would,) = orion("sessions", "cleanup", "--dry", "--json").json["would_remove"]
        assert (would["kind"], would["name"], would["size"]) == ("session", "one", 4096)
        assert orion("sessions", "cleanup", "--json").json["removed"] == 1
    else:
        assert "more than 1 are settled" in orion("sessions", "cleanup", "--dry").out
        assert (home / "sessions" / "one").exists()
        assert "1 session folders removed" in orion("sessions", "cleanup").out


def test_the_doctor_says_how_much_disk_is_used_and_how_it_all_goes(
    engine: Engine, home: Path, repository: Path
) -> None:
    before = engine.housekeeping.disk()
    session(engine, "large", "rejected")
    folder = home / "sessions" / "large"
    (folder / "more.bin").write_bytes(os.urandom(3 * 1024**2))
    (folder / "same.bin").hardlink_to(folder / "more.bin")
    use = engine.housekeeping.disk()
    assert use.parts[0][0] == "sessions"
    assert 3 * 1024**2 <= use.total - before.total < 3.5 * 1024**2, "a file of two names counts once"
    (disk,) = (check for check in engine.doctor.report().checks if check.name == "disk")
    assert disk.status == "ok"
    assert f"{home}" in disk.detail
    assert "sessions 3.0" in disk.detail
    said = Orion(home, repository)("doctor").out
    assert "orion sessions cleanup" in said
    assert "orion doctor --removal" in said
    assert not [line for line in said.splitlines()[:-1] if line[:1] not in "✓⚑✗ "], "a hint of two lines is indented"


def test_what_the_removal_says_leaves_nothing_of_orion_behind(
    engine: Engine, home: Path, repository: Path, git: Callable[..., str]
) -> None:
    facts = engine._core.journal
    goal = {"goal": "g", "role": "software-engineer", "limits": {}, "model": "", "sandbox": "", "role_digest": ""}
    place = {"workspace": str(repository), "base_commit": "b", "branch": "main"}
    facts.append("one", [Fact(EventKind.SESSION_CREATED, {**goal, **place})])
    git(repository, "tag", "orion-pre-promote/one")
    git(repository, "tag", "orion-post-promote/ada/one")
    git(repository, "tag", "orion-post-undo/one-2")
    git(repository, "tag", "mine")
    steps = engine.housekeeping.removal()
    engine.close()
    assert home.exists(), "nothing goes by asking"
    for step in steps:
        if step.command.startswith(("git", "rm")):
            subprocess.run(["/bin/sh", "-c", step.command], check=True, capture_output=True)
    assert git(repository, "tag").split() == ["mine"]
    assert not home.exists()
    assert "pip uninstall" in steps[-1].command


def test_secrets_in_a_systems_keychain_are_removed_by_their_names(home: Path, repository: Path) -> None:
    from engine.access.keychain_system import SystemKeychain

    class Backend:
        name = "of the test"

        def get_password(self, service: str, name: str) -> str:
            return f"{service} {name}"

    engine = build(home)
    keychain = SystemKeychain(Backend(), "0123456789ab")
    vars(engine._core.adapters.authenticator)["keychain"] = lambda: keychain
    (step,) = (step for step in engine.housekeeping.removal() if "3 secrets in" in step.what)
    engine.close()
    for entry in ("access", "audit-key", "audit-head"):
        assert f"-m keyring del orion {entry}@0123456789ab" in step.command
