"""A session as everybody sees it. `fold.py` makes it from events: the same for a screen, a restart and an export."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from engine.vocabulary.plans import Decided, Plan, Task, TaskState, Weighing
from engine.vocabulary.verdicts import Approval, ApprovalKind, ApprovalState, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.vocabulary.changes import ReviewNote
    from engine.vocabulary.intake import Brief
    from engine.vocabulary.outlook import Confidence, Outlook


class SessionState(StrEnum):
    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    AWAITING_REVIEW = "awaiting_review"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    PROMOTED = "promoted"
    REJECTED = "rejected"


LIMIT_REASONS = frozenset(f"{of}{kind}_limit" for of in ("", "task_") for kind in ("time", "cost", "token", "turn"))
"""Reasons of a paused session that a limit stopped; going on needs a higher one."""


MOST_PARALLEL = 4
"""Tasks of one session at the same time; each has a sandbox with memory and processes of its own."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a session stops: seconds of work (waiting not counted), US dollars, tokens in and out, turns of a model;
    and the same for each of its tasks. 0 is no limit, except for `time_s`. `parallel` is how many tasks may run side by
    side, 1 to MOST_PARALLEL."""

    time_s: float = 28_800.0
    cost_usd: float = 5.00
    tokens: int = 0
    turns: int = 0
    task_time_s: float = 0.0
    task_cost_usd: float = 0.0
    task_tokens: int = 0
    task_turns: int = 60
    parallel: int = 1


@dataclass(frozen=True, slots=True)
class Evidence:
    """One check that the engine ran on a fresh checkout. `output` is a blob id."""

    run: str
    passed: bool
    exit: int | None
    duration_s: float
    output: str
    excerpt: str
    tree: str


@dataclass(frozen=True, slots=True)
class Suspension:
    """Where a stopped task goes on: the commit with its partial tree, the commit it started from, the next step."""

    partial: str
    base: str
    step: int
    transcript: str = ""


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task and everything known about it. `verified` is None when no check ran. `outlook` is what was expected of it
    when it was planned, `calibration` how the confidence it ended with came about; `rejected` is why a reviewer turned
    this one down. `turns`, `tokens`, `cost_usd` and `worked_s` count all its attempts; `held` names the limit of its
    own that it reached, until the limits change."""

    task: Task
    state: TaskState = TaskState.PENDING
    verdict: Verdict | None = None
    confidence: float = 1.0
    flagged: bool = False
    attempts: int = 0
    started_at: str = ""
    ended_at: str = ""
    reason: str = ""
    claimed: str = ""
    verified: bool | None = None
    evidence: tuple[Evidence, ...] = ()
    commit: str = ""
    additions: int = 0
    deletions: int = 0
    files: tuple[str, ...] = ()
    suspension: Suspension | None = None
    rule: str = ""
    outlook: Outlook | None = None
    calibration: Confidence | None = None
    turns: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    rejected: str = ""
    worked_s: float = 0.0
    held: str = ""
    claimed_evidence: str = ""


@dataclass(frozen=True, slots=True)
class Steering:
    """What a person told whoever works and not every model has seen yet; `task` is empty for all that work, `heard`
    names those of them that it stood before."""

    seq: int
    text: str
    task: str = ""
    heard: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`number` counts from 1 within the session; `commit` is on the branch `orion-ara/{session}`."""

    number: int
    commit: str
    task: str
    at: str
    why: str = "kept"


@dataclass(frozen=True, slots=True)
class PromotionRecord:
    """One promotion of a session, finished or undone. `source` is the session commit whose content it took, `base` and
    `chosen` the trees before and after it, as far as the session is concerned; empty in what older versions wrote.
    `old` is the commit that the branch was at. `kind` is commit, commits or changes; `accepted` are the findings that
    were accepted with it, each as a sentence."""

    attempt: int
    commit: str
    branch: str
    pre_tag: str
    post_tag: str
    paths: tuple[str, ...]
    at: str
    source: str = ""
    undone_by: str = ""
    base: str = ""
    chosen: str = ""
    old: str = ""
    kind: str = "commit"
    accepted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """State of one session after the event numbered `seq`. Times are ISO 8601; `elapsed_s` counts finished runs only;
    `run_s` is what the present one had worked at `run_s_at`, and it waits until `waits_until`, which is no work.
    `survey` is the blob with what the planner was told of the repository; `unweighed` are the tasks that ended since
    the plan was last weighed, in the order of their ends; `checked` is the evidence that a reviewer asked for, by the
    tree that would have been promoted; `cut_short` are promotions that came to nothing, each with its time and why."""

    id: str
    goal: str = ""
    role: str = ""
    role_digest: str = ""
    workspace: str = ""
    base_commit: str = ""
    branch: str = ""
    model: str = ""
    sandbox: str = ""
    limits: Limits = field(default_factory=Limits)
    state: SessionState = SessionState.CREATED
    reason: str = ""
    created_at: str = ""
    started_at: str = ""
    ended_at: str = ""
    run_started_at: str = ""
    elapsed_s: float = 0.0
    run_s: float = 0.0
    run_s_at: str = ""
    waits_until: str = ""
    cost_usd: float = 0.0
    tokens: int = 0
    calls: int = 0
    plan: Plan | None = None
    tasks: Mapping[str, TaskView] = field(default_factory=dict)
    approvals: Mapping[str, Approval] = field(default_factory=dict)
    checkpoints: tuple[Checkpoint, ...] = ()
    promotions: tuple[PromotionRecord, ...] = ()
    promoting: Mapping[str, Any] | None = None
    cut_short: tuple[tuple[str, str], ...] = ()
    notes: tuple[ReviewNote, ...] = ()
    hand_off: tuple[str, ...] = ()
    criteria: tuple[Evidence, ...] = ()
    checked: Mapping[str, tuple[Evidence, ...]] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    steering: tuple[Steering, ...] = ()
    drift: str = "none"
    brief: Brief | None = None
    survey: str = ""
    weighings: tuple[Weighing, ...] = ()
    unweighed: tuple[str, ...] = ()
    seq: int = 0

    def worked_s(self, now: datetime) -> float:
        """Seconds of work so far, which is what the time limit goes by: waits for a model, a person or working hours
        are none."""
        if self.state is not SessionState.RUNNING:
            return self.elapsed_s
        marks = [datetime.fromisoformat(at) for at in (self.run_s_at or self.run_started_at, self.waits_until) if at]
        since = max(marks, default=now)
        return self.elapsed_s + self.run_s + max((now - since).total_seconds(), 0.0)

    @property
    def tip(self) -> str:
        """The commit of the last checkpoint, or the base when nothing is kept yet."""
        return self.checkpoints[-1].commit if self.checkpoints else self.base_commit

    @property
    def over(self) -> bool:
        """Whether nothing more can be done by it: completed, cancelled or rejected."""
        return self.state in (SessionState.COMPLETED, SessionState.CANCELLED, SessionState.REJECTED)

    @property
    def waiting(self) -> tuple[Approval, ...]:
        """Approvals that nobody has decided yet, oldest first; none once the session is over."""
        if self.over:
            return ()
        return tuple(a for a in self.approvals.values() if a.state is ApprovalState.PARKED)

    def next_task(self) -> TaskView | None:
        """The first task in plan order that may run now: approved, or with every dependency kept, and not held by a
        limit of its own."""
        return next(iter(self.ready_tasks()), None)

    def ready_tasks(self) -> tuple[TaskView, ...]:
        """All tasks that may run now, in plan order."""
        return tuple(
            view
            for view in self.tasks.values()
            if view.state is TaskState.READY
            or (
                view.state is TaskState.PENDING
                and not view.held
                and all(self._kept(needed) for needed in view.task.depends_on)
            )
        )

    @property
    def held(self) -> tuple[TaskView, ...]:
        """Tasks that a limit of their own keeps from going on."""
        return tuple(view for view in self.tasks.values() if view.held and view.state is TaskState.PENDING)

    @property
    def setup_waits(self) -> bool:
        """Whether nothing can run before a person has decided on the set-up phase."""
        return any(asked.kind is ApprovalKind.SETUP for asked in self.waiting)

    @property
    def by_model(self) -> bool:
        """Whether a model works on tasks of it, so that a model may weigh its plan."""
        return bool(self.model) and any(view.task.steps is None for view in self.tasks.values())

    @property
    def given_up(self) -> str:
        """Why the rest of the plan was given up, empty when it was not."""
        last = self.weighings[-1] if self.weighings else None
        return last.reason if last is not None and last.decision is Decided.ABORT else ""

    @property
    def weighs_a_denial(self) -> bool:
        """Whether a person has denied something since the plan was last weighed."""
        denied = (key for key in self.unweighed if key in self.tasks and self.tasks[key].state is TaskState.DENIED)
        return self.by_model and not self.given_up and any(denied)

    @property
    def can_go_on(self) -> bool:
        """Whether resuming would do something: nobody works on it, it is not over, and a task could run or the plan be
        weighed."""
        if self.setup_waits:
            return False
        if self.state in (SessionState.AWAITING_REVIEW, SessionState.FAILED, SessionState.PROMOTED):
            weighs = self.state is SessionState.AWAITING_REVIEW and self.weighs_a_denial
            return weighs or self.next_task() is not None
        return self.state in (SessionState.CREATED, SessionState.PAUSED, SessionState.INTERRUPTED)

    @property
    def only_review_left(self) -> bool:
        """Whether a person's review is all that it waits for."""
        return self.state is SessionState.AWAITING_REVIEW and not self.waiting and not self.can_go_on

    def _kept(self, task: str) -> bool:
        view = self.tasks.get(task)
        return view is not None and view.state is TaskState.KEPT

    def counts(self) -> dict[str, int]:
        """`total` and a count for every task state."""
        counts = {"total": len(self.tasks), **{state.value: 0 for state in TaskState}}
        for view in self.tasks.values():
            counts[view.state.value] += 1
        return counts


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """One row of the list of sessions; kept by the journal in the same transaction as the events.
    `promoting` while a promotion has begun and neither ended nor been settled."""

    id: str
    goal: str
    role: str
    workspace: str
    state: SessionState
    reason: str
    started_at: str
    ended_at: str
    cost_usd: float
    tasks: Mapping[str, int]
    waiting: int
    additions: int = 0
    deletions: int = 0
    seq: int = 0
    promoting: bool = False


def summary_of_session(session: Session) -> SessionSummary:
    kept = [view for view in session.tasks.values() if view.state is TaskState.KEPT]
    return SessionSummary(
        id=session.id,
        goal=session.goal,
        role=session.role,
        workspace=session.workspace,
        state=session.state,
        reason=session.reason,
        started_at=session.started_at or session.created_at,
        ended_at=session.ended_at,
        cost_usd=session.cost_usd,
        tasks=session.counts(),
        waiting=len(session.waiting),
        additions=sum(view.additions for view in kept),
        deletions=sum(view.deletions for view in kept),
        seq=session.seq,
        promoting=session.promoting is not None,
    )
