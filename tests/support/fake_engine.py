"""A stand-in for the engine with the facade's face, in memory, for layouts: fixed times, no paths of this machine.

Flows that matter run against the real engine; this one keeps pictures the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine.planning.suggesting import suggest
from engine.roles.profile import parse_role
from engine.roles.typical import scenarios_of
from engine.vocabulary.absence import Absence
from engine.vocabulary.access import TotpOffer
from engine.vocabulary.actions import ActionClass, RunCommand
from engine.vocabulary.audit import AuditEntry, AuditHead, AuditVerdict
from engine.vocabulary.changes import ChangeSet, ChangeStatus, FileChange, Promotion
from engine.vocabulary.errors import AuthError, UsageError
from engine.vocabulary.events import Event, EventKind
from engine.vocabulary.first_run import Standing, Suggestion
from engine.vocabulary.fold import fold
from engine.vocabulary.intake import Brief
from engine.vocabulary.plans import Plan, Task, plan_to_json
from engine.vocabulary.requests import (
    AuthStatus,
    DoctorCheck,
    DoctorReport,
    Guarded,
    Intake,
    PlaybookEntry,
    Proposal,
    Review,
    RoleEntry,
    SessionRequest,
    Stripped,
)
from engine.vocabulary.role_forms import Trial
from engine.vocabulary.roles import Authority, AuthorityRule, Role, RoleSource
from engine.vocabulary.sessions import Limits, Session, SessionState, SessionSummary, summary_of_session
from engine.vocabulary.settings import ModelSettings, Settings
from engine.vocabulary.verdicts import (
    Approval,
    ApprovalKind,
    Decision,
    Layer,
    Verdict,
    approval_to_json,
    verdict_to_json,
)
from engine.vocabulary.workspaces import WorkspaceInfo

NOW = datetime(2026, 1, 6, 7, 12, tzinfo=UTC)
"""The moment at which the pictures are taken."""
EVENING = datetime(2026, 1, 6, 0, 32, tzinfo=UTC)
WORKSPACE = Path("/home/ada/shop")
PIN = "428613"


def role_named(name: str) -> Role:
    return Role(
        name,
        name.replace("-", " ").title(),
        "Writes and tests code",
        ("python",),
        Authority(
            (AuthorityRule(ActionClass.CODE_WRITE), AuthorityRule(ActionClass.TESTS_RUN)),
            (AuthorityRule(ActionClass.DEPS_CHANGE),),
            (AuthorityRule(ActionClass.DEPLOY),),
        ),
    )


def verdict(decision: Decision = Decision.ALLOW, action: ActionClass = ActionClass.CODE_WRITE, **more: Any) -> Verdict:
    message = {
        "allow": "the role may do this by itself",
        "park": "a person decides this",
        "block": "the role forbids it",
    }
    return Verdict(decision, Layer.AUTHORITY, action.value, message[decision.value], action, **more)


class FakeEngine:
    """Every noun of the facade is this same object's part; `tell` appends a fact as a runner would."""

    def __init__(self) -> None:
        self.history: dict[str, list[Event]] = {}
        self.state: dict[str, Session] = {}
        self.subscribers: list[Callable[[tuple[Event, ...]], None]] = []
        self.calls: list[tuple[str, ...]] = []
        self.blobs: dict[str, bytes] = {}
        self.reports: dict[str, Review] = {}
        self.patches: dict[str, bytes] = {}
        self.configuration = Settings()
        self.brief: Brief | None = None
        self.writing: dict[str, str] = {}
        self.sessions = _Sessions(self)
        self.approvals = _Approvals(self)
        self.review = _Reviews(self)
        self.scan = _Scan()
        self.roles = _Roles()
        self.playbooks = _Playbooks()
        self.auth = _Auth()
        self.settings = _Settings(self)
        self.doctor = _Doctor()
        self.setup = _Setup()
        self.audit = _Audit()
        self.attendance = _Attendance()
        self._row = 0

    def tell(self, session: str, kind: EventKind, *, at: datetime | None = None, **data: Any) -> Event:
        events = self.history.setdefault(session, [])
        self._row += 1
        moment = at or EVENING + timedelta(seconds=4 * len(events))
        event = Event(session, len(events) + 1, moment.isoformat(), kind, data, self._row)
        events.append(event)
        self.state[session] = fold(self.state.get(session, Session(session)), event)
        for callback in self.subscribers:
            callback((event,))
        return event

    def created(self, session: str, goal: str, tasks: Sequence[Task], role: str = "software-engineer") -> None:
        """A session with a plan, not started."""
        self.tell(
            session,
            EventKind.SESSION_CREATED,
            goal=goal,
            role=role,
            role_digest="r",
            workspace=str(WORKSPACE),
            base_commit="c0ffee0",
            branch="main",
            model="",
            sandbox="bubblewrap",
            limits={"time_s": 28_800.0, "cost_usd": 2.0},
        )
        plan = Plan(goal, tuple(tasks), "playbook auth")
        verdicts = {task.id: verdict_to_json(verdict(action=task.action)) for task in tasks}
        self.tell(session, EventKind.PLAN_MADE, plan=plan_to_json(plan), verdicts=verdicts)

    def started(self, session: str) -> None:
        box = {"name": "bubblewrap", "network": "off", "detail": ""}
        self.tell(session, EventKind.SESSION_STARTED, sandbox=box, generation=1, pid=1, host="here", resumed=False)

    def command(
        self,
        session: str,
        task: str,
        step: int,
        command: str,
        *,
        exit: int = 0,
        excerpt: str = "",
        duration: float = 4.0,
    ) -> None:
        """One action: the gate's verdict, the start and the end."""
        allowed = verdict_to_json(verdict(action=ActionClass.TESTS_RUN, subject=command))
        self.tell(session, EventKind.GATE, task=task, step=step, verdict=allowed, phase="action")
        action = {"tool": "run", **asdict(RunCommand(command))}
        self.tell(session, EventKind.ACTION_STARTED, task=task, step=step, action=action, summary=command)
        self.tell(
            session,
            EventKind.ACTION,
            task=task,
            step=step,
            action=action,
            summary=command,
            outcome="ok" if exit == 0 else "failed",
            exit=exit,
            duration_s=duration,
            output="",
            excerpt=excerpt,
        )

    def kept(self, session: str, task: str, *, confidence: float = 0.95, flagged: bool = False, files: int = 1) -> None:
        """The end of a task whose work is kept, with a check and a checkpoint."""
        entries = [
            {"path": f"src/{task}_{n}.py", "status": "modified", "additions": 12, "deletions": 3} for n in range(files)
        ]
        self.tell(
            session, EventKind.EFFECTS, task=task, tree="t", files=entries, additions=12 * files, deletions=3 * files
        )
        self.tell(
            session,
            EventKind.CHECK,
            task=task,
            run="python3 -m unittest",
            exit=0,
            passed=True,
            duration_s=1.25,
            output="",
            excerpt="OK",
            tree="t",
        )
        number = len(self.state[session].checkpoints) + 1
        self.tell(
            session, EventKind.CHECKPOINT, task=task, commit=f"{number:040x}", tree="t", number=number, why="kept"
        )
        self.tell(
            session,
            EventKind.TASK_ENDED,
            task=task,
            state="kept",
            reason="",
            confidence=confidence,
            flagged=flagged,
            claimed="done",
            verified=True,
            commit=f"{number:040x}",
        )

    def parked(self, session: str, task: str, action: ActionClass, detail: str, reason: str) -> Approval:
        approval = Approval(
            f"{session}-{task}-1",
            session,
            task,
            ApprovalKind.ACTION,
            action,
            detail,
            reason,
            action.value,
            (EVENING + timedelta(hours=2, minutes=40)).isoformat(),
            "d",
            "r",
            "t",
        )
        self.tell(session, EventKind.PARKED, approval=approval_to_json(approval), partial="p", base="c0ffee0", step=0)
        return approval

    def ended(self, session: str, state: str, reason: str, elapsed_s: float = 8040.0) -> None:
        self.tell(
            session,
            EventKind.SESSION_ENDED,
            state=state,
            reason=reason,
            tasks=self.state[session].counts(),
            cost_usd=self.state[session].cost_usd,
            elapsed_s=elapsed_s,
        )

    def subscribe(self, callback: Callable[[tuple[Event, ...]], None]) -> Callable[[], None]:
        self.subscribers.append(callback)
        return lambda: self.subscribers.remove(callback)

    def close(self) -> None:
        self.calls.append(("close",))


class _Scan:
    def guard(self, goal: str) -> Guarded:
        hits = (Stripped("override", "ignore previous instructions"),) if "ignore" in goal else ()
        return Guarded(not hits, float(bool(hits)), goal.replace("ignore previous instructions", ""), hits)


class _Sessions:
    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine

    def take_in(self, request: SessionRequest, stop: object = None, watch: object = None) -> Intake:
        self._engine.calls.append(("take_in", request.goal))
        return Intake(replace(request, brief=self._engine.brief))

    def propose(self, request: SessionRequest, stop: object = None, watch: object = None) -> Proposal:
        goal = request.goal or "Tidy the tree"
        tasks = (
            Task("layout", "Read how the tree is laid out", action=ActionClass.CODE_READ),
            Task("tidy", "Fix white space and line endings", ("layout",), estimate_s=(60.0, 120.0)),
            Task("deps", "Add the ruff dependency", ("layout",), ActionClass.DEPS_CHANGE, confidence=0.82),
            Task("ship", "Deploy to staging", ("tidy", "deps"), ActionClass.DEPLOY),
        )
        decisions = {"deps": Decision.PARK, "ship": Decision.BLOCK}
        info = WorkspaceInfo(
            WORKSPACE,
            WORKSPACE / ".git",
            WORKSPACE / ".git",
            "c0ffee0",
            "main",
            "sha1",
            2,
            "Ada <ada@example.org>",
            120,
        )
        stripped = (Stripped("override", "ignore previous instructions"),) if "ignore" in goal else ()
        return Proposal(
            request,
            goal,
            role_named(request.role or "software-engineer"),
            info,
            Plan(goal, tasks, "playbook tidy"),
            {task.id: verdict(decisions.get(task.id, Decision.ALLOW), task.action) for task in tasks},
            stripped,
            ("2 files have uncommitted changes: work starts from the last commit",),
        )

    def create(self, proposal: Proposal) -> str:
        session = f"s{len(self._engine.state) + 1:03d}"
        self._engine.calls.append(("create", session))
        self._engine.created(session, proposal.goal, proposal.plan.tasks, proposal.role.name)
        return session

    def start(self, session: str, *, detach: bool = False) -> None:
        self._engine.calls.append(("start", session, "detach" if detach else "here"))
        self._engine.started(session)

    def set_limits(self, session: str, limits: Limits) -> None:
        self._engine.tell(session, EventKind.LIMITS_SET, time_s=limits.time_s, cost_usd=limits.cost_usd)

    def steer(self, session: str, text: str, task: str = "") -> str:
        self._engine.tell(session, EventKind.STEERED, text=text, task=task)
        return "It stands before the model at its next turn."

    def rollback(self, session: str, checkpoint: int) -> None:
        self._engine.calls.append(("rollback", session, str(checkpoint)))

    def edit_plan(self, session: str, plan: Plan) -> None:
        self._engine.tell(session, EventKind.PLAN_MADE, plan=plan_to_json(plan), verdicts={})

    def list(self) -> tuple[SessionSummary, ...]:
        made = [summary_of_session(session) for session in self._engine.state.values()]
        return tuple(sorted(made, key=lambda row: row.id, reverse=True))

    def get(self, session: str) -> Session:
        try:
            return self._engine.state[session]
        except KeyError:
            raise UsageError(f"no session {session}", "orion sessions lists them") from None

    def events(self, session: str, after: int = 0) -> tuple[Event, ...]:
        return tuple(event for event in self._engine.history[session] if event.seq > after)

    def pause(self, session: str) -> None:
        self._engine.calls.append(("pause", session))
        self._engine.ended(session, "paused", "you paused it", 60.0)

    def resume(self, session: str, *, detach: bool = False) -> None:
        self._engine.calls.append(("resume", session, "detach" if detach else "here"))
        self._engine.started(session)

    def cancel(self, session: str) -> None:
        self._engine.calls.append(("cancel", session))
        self._engine.ended(session, "cancelled", "you cancelled it", 60.0)

    def output(self, blob: str) -> bytes:
        return self._engine.blobs[blob]

    def live_text(self, session: str, task: str) -> str:
        return self._engine.writing.get(task, "")

    def task_diff(self, session: str, task: str) -> bytes:
        return self._engine.patches.get(session, b"")


class _Approvals:
    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine

    def list(self, session: str | None = None) -> tuple[Approval, ...]:
        found = [a for state in self._engine.state.values() for a in state.waiting if session in (None, state.id)]
        return tuple(sorted(found, key=lambda approval: approval.asked_at))

    def get(self, approval: str) -> Approval:
        return next(a for a in self.list() if a.id.startswith(approval))

    def approve(self, approval: str, *, secret: str | None = None, answer: str = "") -> str:
        found = self.get(approval)
        if found.needs_auth and secret != PIN:
            raise AuthError("this needs your PIN", "type it")
        self._decide(found, "approved", answer)
        return "approved: the running session goes on with it"

    def deny(self, approval: str, reason: str) -> str:
        self._decide(self.get(approval), "denied", reason)
        return "denied: what depends on it is skipped"

    def _decide(self, found: Approval, decision: str, reason: str) -> None:
        self._engine.calls.append((decision, found.id, reason))
        self._engine.tell(
            found.session, EventKind.DECIDED, approval=found.id, task=found.task, decision=decision, reason=reason
        )


class _Reviews:
    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine

    def changes(self, session: str) -> ChangeSet:
        return self.report(session).changes

    def diff(self, session: str, paths: Sequence[str] = ()) -> bytes:
        return self._engine.patches.get(session, b"")

    def report(self, session: str, *, paths: Sequence[str] | None = None) -> Review:
        made = self._engine.reports[session]
        if paths is None:
            return made
        files = tuple(change for change in made.changes.files if change.path in paths)
        return replace(made, changes=replace(made.changes, files=files))

    def promote(
        self,
        session: str,
        *,
        secret: str,
        paths: Sequence[str] | None = None,
        accept: Sequence[str] = (),
        onto: str | None = None,
        progress: Callable[[str, str], None] | None = None,
    ) -> Promotion:
        if secret != PIN:
            raise AuthError("the PIN is wrong, 2 tries left", "then it locks for 15 minutes")
        for step in ("drift", "conflicts", "secrets", "limits", "scope", "checks", "authentication", "commit"):
            if progress is not None:
                progress(step, "running")
                progress(step, "ok")
        self._engine.calls.append(("promote", session, *(paths or ())))
        return Promotion(
            True,
            len(paths or ()) or 2,
            "feedc0de" * 5,
            f"orion-pre-promote/{session}",
            f"orion-post-promote/{session}",
            "main",
            tuple(paths or ()),
        )

    def undo(self, session: str, *, secret: str) -> Promotion:
        self._engine.calls.append(("undo", session))
        return Promotion(True, 2, "0ddba11" * 5, branch="main")

    def reject(self, session: str, reason: str, *, task: str | None = None) -> None:
        self._engine.calls.append(("reject", session, reason))
        self._engine.tell(session, EventKind.REJECTED, reason=reason, **({"task": task} if task else {}))


class _Roles:
    def stamp(self, workspace: Path | None = None) -> tuple[tuple[str, int, int, int], ...]:
        return ()

    def list(self, workspace: Path | None = None) -> tuple[RoleEntry, ...]:
        names = ("devops-engineer", "qa-engineer", "software-engineer", "technical-writer")
        return tuple(
            RoleEntry(name, RoleSource.STARTER, f"roles/{name}.yaml", role_named(name), True) for name in names
        )


class _Playbooks:
    def list(self) -> tuple[PlaybookEntry, ...]:
        return (
            PlaybookEntry("tidy", "Tidy white space, line endings and ends of files", Path("tidy.yaml"), 3),
            PlaybookEntry("test-report", "Run the tests and measure coverage", Path("test-report.yaml"), 2),
        )

    def find(self, name: str | Path) -> Path:
        return next(entry.path for entry in self.list() if entry.name == str(name))


class _Auth:
    def __init__(self) -> None:
        self.state = AuthStatus("pin", 3, 0.0, "the system's keychain (Secret Service)", "system")

    def status(self) -> AuthStatus:
        return self.state

    def set_pin(self, new: str, current: str | None = None) -> None:
        return None

    def covers(self, session: str) -> bool:
        return False

    def offer_totp(self, current: str | None = None) -> TotpOffer:
        secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
        return TotpOffer(secret, f"otpauth://totp/Orion:ada%40shop?secret={secret}&issuer=Orion")

    def confirm_totp(self, code: str) -> tuple[str, ...]:
        return ("k3f9m-x2qtb", "ahw4d-9pnre", "t7cgy-m4kfz", "b2xvj-hq8sw", "eg6nu-3rdpt", "wz9ka-fy7cm")


class _Doctor:
    def __init__(self) -> None:
        self.checks: tuple[DoctorCheck, ...] = (
            DoctorCheck("git", "ok", "git version 2.47.1"),
            DoctorCheck("sandbox.docker", "warn", "no Docker engine answers", "start it, or do without: one is enough"),
            DoctorCheck("sandbox.bubblewrap", "ok", "bubblewrap 0.11.0"),
            DoctorCheck("self-test.bubblewrap", "ok", "5 kinds of ways out tried, none led out in 60 ms"),
            DoctorCheck("keychain", "ok", "the secrets are in the system's keychain (Secret Service)"),
            DoctorCheck("model", "warn", "none is configured", "playbooks work without one"),
            DoctorCheck("home", "ok", "/home/ada/.orion, 70693 MiB free"),
        )

    def report(self, workspace: Path | None = None, told: Callable[[DoctorCheck], None] | None = None) -> DoctorReport:
        return DoctorReport(all(check.status != "fail" for check in self.checks), self.checks)


class _Attendance:
    """Nobody was away until a test says so; `seen_times` counts how often somebody was seen."""

    def __init__(self) -> None:
        self.last: Absence | None = None
        self.seen_times = 0

    def seen(self) -> None:
        self.seen_times += 1

    def absence(self) -> Absence | None:
        return self.last


class _Audit:
    """No verdict until a test gives one, so that the header of other pictures stays as it is."""

    def __init__(self) -> None:
        self.verdict: AuditVerdict | None = None
        self.log: list[AuditEntry] = []

    def watch(self, before: AuditVerdict | None = None) -> AuditVerdict | None:
        return self.verdict

    def verify(self) -> AuditVerdict | None:
        return self.verdict

    def entries(self, *, after: int = 0) -> Iterator[AuditEntry]:
        return iter(self.log[after:])

    def export(self, target: Path) -> AuditHead:
        return AuditHead(len(self.log), "a" * 64)


class _Setup:
    def __init__(self) -> None:
        self.at = Standing(True, False, "", "")

    def is_new(self) -> bool:
        return self.at.is_new

    def standing(self, workspace: Path | None = None) -> Standing:
        return self.at

    def choose_role(self, name: str, workspace: Path) -> None:
        return None

    def dry_run(self, name: str, workspace: Path) -> tuple[Trial, ...]:
        text = (Path(__file__).parents[2] / "roles" / f"{name}.yaml").read_text("utf-8")
        return scenarios_of(parse_role(text, Path(f"{name}.yaml"), RoleSource.STARTER))

    def suggestion(self, workspace: Path) -> Suggestion:
        return suggest({"README.md": 1, "src/cart.py": 900, "tests/test_pay.py": 3}, model=True)

    def finish(self) -> None:
        return None

    def leave(self, step: str) -> None:
        return None

    def verify(self, secret: str) -> None:
        if secret != PIN:
            raise AuthError("the PIN is wrong, 2 tries left")


class _Settings:
    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine

    def get(self) -> Settings:
        return self._engine.configuration

    def path(self) -> Path:
        return Path("/home/ada/.orion/config.yaml")


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
