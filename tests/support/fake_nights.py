"""What a person finds on the stand-in engine: a session at work, one to review, a whole night."""

from __future__ import annotations

from dataclasses import replace

from engine.vocabulary.actions import ActionClass
from engine.vocabulary.changes import ChangeSet, ChangeStatus, FileChange
from engine.vocabulary.events import EventKind
from engine.vocabulary.plans import Task
from engine.vocabulary.requests import Review
from engine.vocabulary.sessions import SessionState
from engine.vocabulary.settings import ModelSettings, Settings
from tests.support.fake_engine import FakeEngine

AUTH_TASKS = (
    Task("schema", "Design auth schema", estimate_s=(120, 240)),
    Task("model", "Write user model", ("schema",)),
    Task("login", "Create login endpoint", ("model",)),
    Task("tests", "Write unit tests", ("login",), ActionClass.TESTS_WRITE),
    Task("bcrypt", "Add bcrypt dependency", ("schema",), ActionClass.DEPS_CHANGE),
    Task("integration", "Write integration tests", ("bcrypt",), ActionClass.TESTS_WRITE),
)
GOAL = "Implement user authentication"


def running_session(engine: FakeEngine, session: str = "s002") -> None:
    """A session in the middle of its work: three tasks kept, one running, one parked, one behind it."""
    engine.created(session, GOAL, AUTH_TASKS)
    engine.started(session)
    for task, confidence, flagged in (("schema", 0.95, False), ("model", 0.91, False), ("login", 0.88, True)):
        title = engine.state[session].tasks[task].task.title
        engine.tell(session, EventKind.TASK_STARTED, task=task, title=title, base="c0ffee0", attempt=1)
        engine.command(session, task, 0, f"python3 tools/make_{task}.py")
        engine.kept(session, task, confidence=confidence, flagged=flagged)
    engine.tell(
        session, EventKind.TASK_STARTED, task="bcrypt", title="Add bcrypt dependency", base="c0ffee0", attempt=1
    )
    engine.parked(
        session, "bcrypt", ActionClass.DEPS_CHANGE, "pip install bcrypt", "a new dependency is for a person to decide"
    )
    engine.tell(session, EventKind.TASK_STARTED, task="tests", title="Write unit tests", base="c0ffee0", attempt=1)
    engine.tell(
        session,
        EventKind.TURN,
        task="tests",
        turn=1,
        text="",
        calls=1,
        tokens_in=400_000,
        tokens_out=12_000,
        cost_usd=0.47,
    )
    engine.command(session, "tests", 0, "pytest tests/auth -q", exit=1, excerpt="1 failed, 3 passed", duration=4.2)
    engine.command(session, "tests", 1, "pytest tests/auth -q", excerpt="4 passed")


def finished_session(engine: FakeEngine, session: str = "s001") -> None:
    """A session whose work waits for review."""
    engine.created(session, "Document the retry module", AUTH_TASKS[:2], "technical-writer")
    engine.started(session)
    for task in ("schema", "model"):
        engine.tell(session, EventKind.TASK_STARTED, task=task, title=task, base="c0ffee0", attempt=1)
        engine.kept(session, task, files=2)
    engine.ended(session, "awaiting_review", "the goal is complete")
    files = (
        FileChange("docs/retry.md", ChangeStatus.ADDED, 0, 0o100644, "", "a" * 40, 900, False, 41, 0),
        FileChange("src/retry.py", ChangeStatus.MODIFIED, 0o100644, 0o100644, "b" * 40, "c" * 40, 700, False, 7, 3),
    )
    engine.reports[session] = Review(engine.state[session], ChangeSet("o", "n", files), (), (), (), True)


def night() -> FakeEngine:
    """What a person finds in the morning: one session at work with a decision to make, one ready to review."""
    engine = FakeEngine()
    finished_session(engine)
    running_session(engine)
    return engine


def with_model(engine: FakeEngine) -> FakeEngine:
    engine.configuration = Settings(
        default_model="local", models={"local": ModelSettings("local", "openai", "qwen3-coder")}
    )
    return engine


def interrupted(engine: FakeEngine, session: str) -> None:
    """What the engine answers for a session whose runner died."""
    engine.state[session] = replace(engine.state[session], state=SessionState.INTERRUPTED, reason="its runner is gone")
