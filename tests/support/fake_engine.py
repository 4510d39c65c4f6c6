"""A stand-in for the engine with the facade's face, in memory, for layouts: fixed times, no paths of this machine.

Flows that matter run against the real engine; this one keeps pictures the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from engine.vocabulary.actions import ActionClass, RunCommand
from engine.vocabulary.events import Event, EventKind
from engine.vocabulary.fold import fold
from engine.vocabulary.intake import Brief
from engine.vocabulary.plans import Plan, Task, plan_to_json
from engine.vocabulary.requests import Review
from engine.vocabulary.sessions import Session
from engine.vocabulary.settings import Settings
from engine.vocabulary.verdicts import Approval, ApprovalKind, approval_to_json, verdict_to_json
from tests.support.fake_facts import EVENING, WORKSPACE, verdict
from tests.support.fake_nouns import (
    FakeAttendance,
    FakeAudit,
    FakeAuth,
    FakeDoctor,
    FakeHousekeeping,
    FakePlaybooks,
    FakeScan,
    FakeSettings,
    FakeSetup,
    FewRoles,
)
from tests.support.fake_sessions import FakeApprovals, FakeReviews, FakeSessions


class FakeEngine:
    """Every noun of the facade is this same object's part; `tell` appends a fact as a runner would."""

    def __init__(self) -> None:
        self.history: dict[str, list[Event]] = {}
        self.state: dict[str, Session] = {}
        self.subscribers: list[Callable[[tuple[Event, ...]], None]] = []
        self.settled: tuple[str, ...] = ()
        self.calls: list[tuple[str, ...]] = []
        self.blobs: dict[str, bytes] = {}
        self.reports: dict[str, Review] = {}
        self.patches: dict[str, bytes] = {}
        self.configuration = Settings()
        self.config_text = ""
        self.brief: Brief | None = None
        self.writing: dict[str, str] = {}
        self.sessions = FakeSessions(self)
        self.approvals = FakeApprovals(self)
        self.review = FakeReviews(self)
        self.scan = FakeScan()
        self.roles = FewRoles()
        self.playbooks = FakePlaybooks()
        self.auth = FakeAuth()
        self.settings = FakeSettings(self)
        self.housekeeping = FakeHousekeeping()
        self.doctor = FakeDoctor()
        self.setup = FakeSetup()
        self.audit = FakeAudit()
        self.attendance = FakeAttendance()
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
