"""Sessions, decisions and reviews of the stand-in engine: each answers from the facts that it was told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from engine.vocabulary.actions import ActionClass
from engine.vocabulary.changes import ChangeSet, Promotion
from engine.vocabulary.errors import AuthError, UsageError
from engine.vocabulary.events import Event, EventKind
from engine.vocabulary.plans import Plan, Task, plan_to_json
from engine.vocabulary.requests import Intake, Proposal, Review, SessionRequest, Stripped
from engine.vocabulary.sessions import Limits, Session, SessionSummary, summary_of_session
from engine.vocabulary.verdicts import Approval, Decision
from engine.vocabulary.workspaces import WorkspaceInfo
from tests.support.fake_facts import PIN, WORKSPACE, role_named, verdict

if TYPE_CHECKING:
    from tests.support.fake_engine import FakeEngine


class FakeSessions:
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
        self._engine.tell(session, EventKind.LIMITS_SET, **asdict(limits))

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


class FakeApprovals:
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


class FakeReviews:
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

    def complete(self, session: str) -> None:
        self._engine.tell(session, EventKind.COMPLETED)

    def reject(self, session: str, reason: str, *, task: str | None = None) -> None:
        self._engine.calls.append(("reject", session, reason))
        self._engine.tell(session, EventKind.REJECTED, reason=reason, **({"task": task} if task else {}))
