"""A night's work to review, on the stand-in engine: findings, a hand-off, an undone check, a PIN that can be wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from threading import Event as Flag
from typing import Any

from engine.review.hunks import hunks_of
from engine.vocabulary.actions import ActionClass
from engine.vocabulary.changes import (
    ChangeSet,
    ChangeStatus,
    Conflict,
    FileChange,
    Finding,
    FindingKind,
    Hunk,
    PromoteAs,
    Promotion,
    ReviewNote,
    Severity,
)
from engine.vocabulary.errors import AuthError, ConfigError, JournalError, Locked, SandboxUnavailable, WorkspaceError
from engine.vocabulary.events import EventKind
from engine.vocabulary.plans import Task
from engine.vocabulary.requests import AuthStatus, Review
from engine.vocabulary.sessions import Evidence
from engine.vocabulary.verdicts import Approval, ApprovalKind, approval_to_json
from engine.vocabulary.workspaces import ConflictSides, UndoPreview
from tests.support.fake_engine import FakeEngine
from tests.support.fake_facts import EVENING, NOW, PIN, role_named

SESSION = "s001"
GOAL = "Implement user authentication"
TASKS = (
    Task("model", "Write user model"),
    Task("tests", "Write unit tests", ("model",), ActionClass.TESTS_WRITE),
    Task("ci", "Run the tests in CI", ("tests",), ActionClass.CI_CHANGE),
    Task("bcrypt", "Add bcrypt dependency", ("model",), ActionClass.DEPS_CHANGE),
    Task("integration", "Write integration tests", ("bcrypt",), ActionClass.TESTS_WRITE),
)

PATCH = b"""diff --git a/.github/workflows/test.yml b/.github/workflows/test.yml
new file mode 100644
index 0000000..1111111
--- /dev/null
+++ b/.github/workflows/test.yml
@@ -0,0 +1,3 @@
+on: push
+jobs:
+  test: {runs-on: ubuntu-latest}
diff --git a/src/auth/config.py b/src/auth/config.py
index 1111111..2222222 100644
--- a/src/auth/config.py
+++ b/src/auth/config.py
@@ -1,4 +1,5 @@
 import os
\x20
-DEBUG = True
+DEBUG = False
+TOKEN = "ghp_example"
 HOST = os.environ["HOST"]
diff --git a/src/auth/models.py b/src/auth/models.py
index 3333333..4444444 100644
--- a/src/auth/models.py
+++ b/src/auth/models.py
@@ -38,7 +38,7 @@ class User:
         self.name = name
         self.hash = hash
\x20
     def verify(self, password: str) -> bool:
-        return self.hash == sha(password)
+        return bcrypt.checkpw(password.encode(), self.hash)
\x20
     def rename(self, name: str) -> None:
@@ -160,2 +160,4 @@ def load(path):
 \treturn json.loads(path.read_text())
+\t# a long line so that one can see that the text goes on beyond the right edge and scrolls there, number by number
+\treturn {}
 # end
diff --git a/tests/test_auth.py b/tests/test_auth.py
new file mode 100755
index 0000000..5555555
--- /dev/null
+++ b/tests/test_auth.py
@@ -0,0 +1,2 @@
+def test_verify() -> None:
+    assert User("ada", HASH).verify("secret")
"""

_NUMBERED = [b" # line %d\n" % number for number in range(1, 160)]
WHOLE = PATCH.replace(b"@@ -38,7 +38,7 @@ class User:\n", b"@@ -1,161 +1,163 @@\n" + b"".join(_NUMBERED[:37])).replace(
    b"@@ -160,2 +160,4 @@ def load(path):\n", b"".join(_NUMBERED[44:])
)
"""The same patch with every unchanged line of `models.py`."""


def _file(path: str, status: ChangeStatus, added: int, removed: int) -> FileChange:
    old = 0 if status is ChangeStatus.ADDED else 0o100644
    return FileChange(path, status, old, 0o100644, "a" * 40, "b" * 40, 400, False, added, removed)


FILES = (
    _file(".github/workflows/test.yml", ChangeStatus.ADDED, 3, 0),
    _file("src/auth/config.py", ChangeStatus.MODIFIED, 2, 1),
    _file("src/auth/models.py", ChangeStatus.MODIFIED, 3, 1),
    _file("tests/test_auth.py", ChangeStatus.ADDED, 2, 0),
)
FINDINGS = (
    Finding(
        "f-secret",
        FindingKind.SECRET,
        Severity.BLOCKING,
        "src/auth/config.py",
        4,
        "github-token: ghp_…",
        "leave the file out, or accept it by name when it is not a secret",
    ),
    Finding(
        "f-protected",
        FindingKind.PROTECTED_PATH,
        Severity.BLOCKING,
        ".github/workflows/test.yml",
        None,
        "added: runs on somebody's machine with every push",
        "read it, then accept this finding by name",
    ),
    Finding(
        "f-flagged",
        FindingKind.FLAGGED,
        Severity.WARNING,
        "",
        None,
        "task 'tests' ran with confidence 0.82: look closer",
    ),
)


class ReviewEngine(FakeEngine):
    """`conflicts` stand in the way of their path, `status` is what the PIN says, `block` makes the real gate refuse at
    that step although the report saw nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.findings: tuple[Finding, ...] = FINDINGS
        self.conflicts: tuple[Conflict, ...] = ()
        self.status = AuthStatus("pin", 3, 0.0, "the keychain", "system")
        self.block = ""
        self.evidence: tuple[Evidence, ...] = ()
        self.unproven: tuple[str, ...] = ()
        self.told: tuple[Any, ...] = ()
        self.pin = PIN
        self.review = _Reviews(self)  # type: ignore[assignment]
        self.auth = _Auth(self)  # type: ignore[assignment]


class _Reviews:
    def __init__(self, engine: ReviewEngine) -> None:
        self._engine = engine

    def diff(self, session: str, paths: Sequence[str] = (), *, whole: bool = False) -> bytes:
        patch = WHOLE if whole else PATCH
        if not paths or not self._open(session):
            return patch if self._open(session) else b""
        parts = patch.split(b"diff --git ")[1:]
        return b"".join(b"diff --git " + part for part in parts if part.split(b" ")[0][2:].decode() in paths)

    def diff_pieces(self, session: str) -> Iterator[bytes]:
        patch = self.diff(session)
        cut = patch.find(b"diff --git ", 1)
        yield from (patch[:cut], patch[cut:]) if cut > 0 else (patch,)

    def _open(self, session: str) -> tuple[FileChange, ...]:
        gone = {p for record in self._engine.state[session].promotions if not record.undone_by for p in record.paths}
        return tuple(change for change in FILES if change.path not in gone)

    def hunks(self, session: str) -> tuple[Hunk, ...]:
        changes = self.changes(session)
        return tuple(each.hunk for found in hunks_of(PATCH, changes).values() for each in found)

    def check(
        self,
        session: str,
        *,
        stop: Flag | None = None,
        progress: Callable[[str, str], None] | None = None,
        **choice: Any,
    ) -> tuple[Evidence, ...]:
        self._engine.calls.append(("check", session))
        if self._engine.block == "elsewhere":
            raise JournalError(f"session {session} is being run by process 4", "wait for it")
        if self._engine.block == "sandbox":
            raise SandboxUnavailable("no sandbox can be opened here", "orion doctor says why")
        self._engine.unproven = ()
        return ()

    def branches(self, session: str) -> tuple[str, ...]:
        return ("main", "next")

    def conflict(self, session: str, path: str, *, onto: str | None = None) -> ConflictSides:
        marked = b"<<<<<<< ours\nmine\n=======\nits own\n>>>>>>> theirs\n"
        return ConflictSides(path, b"before\n", b"mine\n", b"its own\n", marked)

    @contextmanager
    def look(self, session: str) -> Iterator[Any]:
        if self._engine.block == "sandbox":
            raise SandboxUnavailable("no sandbox can be opened here", "orion doctor says why")
        self._engine.calls.append(("look", session))
        yield None
        self._engine.calls.append(("looked", session))

    def check_out(self, session: str, folder: Path) -> int:
        if folder.exists():
            raise WorkspaceError(f"{folder} exists already", "name a folder that does not")
        self._engine.calls.append(("check_out", str(folder)))
        return 4

    def keep_note(self, session: str, note: ReviewNote) -> None:
        self._engine.calls.append(("keep_note", f"{note.path}:{note.line or ''} {note.text}"))
        self._engine.tell(session, EventKind.REVIEW_NOTED, added=[asdict(note)])

    def drop_note(self, session: str, note: ReviewNote) -> None:
        self._engine.tell(session, EventKind.REVIEW_NOTED, gone=[asdict(note)])

    def revise(self, session: str, notes: Sequence[ReviewNote]) -> str:
        self._engine.tell(session, EventKind.REVIEW_NOTED, gone=[asdict(note) for note in notes])
        self._engine.calls.append(("revise", *(f"{n.path}:{n.line or ''} {n.text}" for n in notes)))
        return "revise-1"

    def rebase(self, session: str, *, onto: str | None = None) -> str:
        self._engine.calls.append(("rebase", session))
        return "revise-1"

    def undo_preview(self, session: str, attempt: int | None = None) -> UndoPreview:
        record = next(record for record in reversed(self._engine.state[session].promotions) if not record.undone_by)
        return UndoPreview(record.branch, record.paths)

    def changes(self, session: str) -> ChangeSet:
        return ChangeSet("old", "new", self._open(session))

    def report(
        self,
        session: str,
        *,
        paths: Sequence[str] | None = None,
        hunks: Mapping[str, frozenset[int] | None] | None = None,
        resolutions: Mapping[str, bytes | None] | None = None,
        onto: str | None = None,
    ) -> Review:
        files = self._open(session)
        everything = paths is None and hunks is None
        parts = {hunk.path for hunk in self.hunks(session) if hunk.id in (hunks or {})}
        chosen = {change.path for change in files} if everything else {*(paths or ()), *parts}
        findings = tuple(f for f in self._engine.findings if f.path in chosen or (chosen and not f.path))
        conflicts = tuple(
            conflict for conflict in self._engine.conflicts if conflict.path in chosen - set(resolutions or ())
        )
        blocked = bool(conflicts) or any(f.severity is Severity.BLOCKING for f in findings)
        return Review(
            self._engine.state[session],
            ChangeSet("old", "new", files),
            findings,
            conflicts,
            self._engine.state[session].hand_off,
            bool(chosen) and not blocked,
            {
                "src/auth/models.py": ("model",),
                "src/auth/config.py": ("model",),
                "tests/test_auth.py": ("tests",),
                ".github/workflows/test.yml": ("ci",),
            },
            onto or "main",
            evidence=self._engine.evidence,
            unproven=self._engine.unproven,
        )

    def promote(
        self,
        session: str,
        *,
        secret: str,
        paths: Sequence[str] | None = None,
        hunks: Mapping[str, frozenset[int] | None] | None = None,
        resolutions: Mapping[str, bytes | None] | None = None,
        kind: PromoteAs | None = None,
        accept: Sequence[str] = (),
        onto: str | None = None,
        progress: Callable[[str, str], None] | None = None,
    ) -> Promotion:
        engine = self._engine
        tell = progress or (lambda _step, _status: None)
        for step in ("drift", "conflicts", "secrets", "limits", "scope", "checks"):
            tell(step, "running")
            if step == engine.block:
                tell(step, "blocked")
                return Promotion(False, reasons=("src/auth/models.py: cannot be merged: content",))
            tell(step, "ok")
        tell("authentication", "running")
        engine.auth.verify(secret)
        tell("authentication", "ok")
        tell("commit", "running")
        chosen = tuple(paths if paths is not None else (change.path for change in self._open(session)))
        tags = {"pre_tag": f"orion-pre-promote/{session}", "post_tag": f"orion-post-promote/{session}"}
        commit = "feedc0de" * 5
        parts = tuple(f"{key}:{sorted(lines) if lines else 'all'}" for key, lines in (hunks or {}).items())
        engine.calls.append(("promote", *chosen, *parts, "accepting", *sorted(accept)))
        engine.told = (kind, onto, dict(resolutions or {}))
        engine.tell(session, EventKind.PROMOTED, attempt=1, commit=commit, branch="main", paths=list(chosen), **tags)
        tell("commit", "ok")
        return Promotion(
            True,
            len(chosen),
            commit,
            tags["pre_tag"],
            tags["post_tag"],
            "main",
            chosen,
            notices=("hooks and signing were skipped",),
        )

    def undo(self, session: str, *, secret: str, attempt: int | None = None) -> Promotion:
        self._engine.auth.verify(secret)
        self._engine.calls.append(("undo", session, attempt))
        commit = "0ddba11f" * 5
        self._engine.tell(session, EventKind.PROMOTION_UNDONE, attempt=1, commit=commit, branch="main")
        return Promotion(True, 2, commit, branch="main")

    def reject(self, session: str, reason: str, *, task: str | None = None) -> None:
        self._engine.calls.append(("reject", session, reason))
        self._engine.tell(session, EventKind.REJECTED, reason=reason, task=task or "")


class _Auth:
    def __init__(self, engine: ReviewEngine) -> None:
        self._engine = engine

    def status(self) -> AuthStatus:
        return self._engine.status

    def windows(self) -> dict[str, float]:
        return {}

    def set_pin(self, new: str, current: str | None = None) -> None:
        if new == "123456":
            raise ConfigError("123456 is an obvious row of digits", "choose 6 to 12 digits that nobody would try first")
        self._engine.calls.append(("set_pin",))
        self._engine.pin = new
        self._engine.status = AuthStatus("pin", 3, 0.0, "the keychain", "system")

    def verify(self, secret: str) -> None:
        if secret == self._engine.pin:
            return
        left = self._engine.status.tries_left - 1
        self._engine.status = replace(self._engine.status, tries_left=left, locked_s=0.0 if left else 900.0)
        if not left:
            raise Locked(900.0, NOW)
        raise AuthError(
            f"the PIN is wrong, {left} {'try' if left == 1 else 'tries'} left", "then it locks for 15 minutes"
        )


def to_review(engine: ReviewEngine | None = None) -> ReviewEngine:
    """Three tasks kept, one of them flagged and one without a check; a deploy for the person to run."""
    engine = engine or ReviewEngine()
    engine.created(SESSION, GOAL, TASKS[:3])
    engine.started(SESSION)
    for task, confidence in (("model", 0.95), ("tests", 0.82)):
        engine.tell(SESSION, EventKind.TASK_STARTED, task=task, title=task, base="c0ffee0", attempt=1)
        engine.kept(SESSION, task, confidence=confidence, flagged=confidence < 0.9)
    engine.tell(SESSION, EventKind.TASK_STARTED, task="ci", title="ci", base="c0ffee0", attempt=1)
    engine.tell(
        SESSION,
        EventKind.TASK_ENDED,
        task="ci",
        state="kept",
        reason="",
        confidence=0.91,
        claimed="the workflow is in place",
        verified=None,
        commit="d" * 40,
    )
    engine.tell(SESSION, EventKind.HAND_OFF, command="make deploy STAGE=staging", task="ci", reason="deploy")
    engine.ended(SESSION, "awaiting_review", "the goal is complete")
    return engine


def with_decisions(engine: ReviewEngine | None = None) -> ReviewEngine:
    """A paused session with an action and an effect that wait for a person."""
    engine = engine or ReviewEngine()
    engine.created(SESSION, GOAL, TASKS)
    engine.started(SESSION)
    engine.tell(SESSION, EventKind.TASK_STARTED, task="bcrypt", title="Add bcrypt", base="c0ffee0", attempt=1)
    engine.parked(
        SESSION,
        "bcrypt",
        ActionClass.DEPS_CHANGE,
        "pip install bcrypt==4.2.0\npip freeze > requirements.txt",
        "the role asks a person before it changes dependencies",
    )
    engine.tell(SESSION, EventKind.TASK_STARTED, task="ci", title="Run the tests in CI", base="c0ffee0", attempt=1)
    approval = Approval(
        f"{SESSION}-ci-1",
        SESSION,
        "ci",
        ApprovalKind.EFFECT,
        ActionClass.CI_CHANGE,
        ".github/workflows/test.yml",
        "the task left a change that the role asks about",
        "requires_approval: ci.change",
        EVENING.isoformat(),
        "d",
        role_named("software-engineer").digest,
        "t",
        needs_auth=True,
    )
    engine.tell(SESSION, EventKind.PARKED, approval=approval_to_json(approval), partial="p", base="older", step=2)
    engine.patches[SESSION] = PATCH[: PATCH.index(b"diff --git a/src/auth/config.py")]
    engine.ended(SESSION, "paused", "everything left waits for approval")
    return engine


def clean() -> ReviewEngine:
    """A session in which nothing was found."""
    engine = to_review()
    engine.findings = ()
    return engine
