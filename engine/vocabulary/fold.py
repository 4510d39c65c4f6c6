"""From events to state: the one function that a screen, a restart and an export share."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from engine.vocabulary.events import Event, EventKind
from engine.vocabulary.fold_plan import plan_made, replanned, rolled_back, take_in
from engine.vocabulary.fold_review import (
    completed,
    promoted,
    promoting,
    promotion_failed,
    promotion_undone,
    rejected,
    review_noted,
    selection_checked,
)
from engine.vocabulary.outlook import confidence_from_json
from engine.vocabulary.plans import TaskState
from engine.vocabulary.sessions import (
    Checkpoint,
    Evidence,
    Limits,
    Session,
    SessionState,
    Steering,
    Suspension,
)
from engine.vocabulary.verdicts import ApprovalState, approval_from_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def fold_all(session_id: str, events: Iterable[Event]) -> Session:
    """The state after all the events, in order."""
    session = Session(session_id)
    for event in events:
        session = fold(session, event)
    return session


def fold(session: Session, event: Event) -> Session:
    """The state after one more event. Pure; kinds that change nothing but `seq` are cheap."""
    handler = _HANDLERS.get(event.kind)
    if handler is not None:
        session = handler(session, event)
    if "run_s" in event.data:
        worked, until = float(event.data["run_s"]), event.data.get("until", "")
        return replace(session, seq=event.seq, run_s=worked, run_s_at=event.at, waits_until=until)
    return replace(session, seq=event.seq)


def _with_task(session: Session, task_id: str, **changes: Any) -> Session:
    view = session.tasks.get(task_id)
    if view is None:
        return session
    return replace(session, tasks={**session.tasks, task_id: replace(view, **changes)})


def _created(session: Session, event: Event) -> Session:
    data = event.data
    return replace(
        session,
        goal=data["goal"],
        role=data["role"],
        role_digest=data["role_digest"],
        workspace=data["workspace"],
        base_commit=data["base_commit"],
        branch=data["branch"],
        model=data.get("model", ""),
        sandbox=data.get("sandbox", ""),
        limits=Limits(**data.get("limits", {})),
        created_at=event.at,
        notices=tuple(data.get("notices", ())),
    )


def _started(session: Session, event: Event) -> Session:
    sandbox = event.data.get("sandbox") or {}
    # A task that was running when its runner died has left no trace: it starts again from the last checkpoint.
    tasks = {
        key: replace(view, state=TaskState.PENDING) if view.state is TaskState.RUNNING else view
        for key, view in session.tasks.items()
    }
    return replace(
        session,
        state=SessionState.RUNNING,
        reason="",
        tasks=tasks,
        started_at=session.started_at or event.at,
        run_started_at=event.at,
        run_s=0.0,
        run_s_at="",
        waits_until="",
        ended_at="",
        elapsed_s=session.elapsed_s + event.data.get("lost_s", 0.0),
        sandbox=sandbox.get("name", session.sandbox),
    )


def _task_started(session: Session, event: Event) -> Session:
    data = event.data
    return _with_task(
        session,
        data["task"],
        state=TaskState.RUNNING,
        attempts=data.get("attempt", 1),
        started_at=event.at,
        ended_at="",
        reason="",
        evidence=(),
        verified=None,
        # Until it has ended, a task that goes on where it stood can do so again after a kill.
        **({} if data.get("resumed") else {"suspension": None}),
        confidence=data.get("confidence", 1.0),
    )


def _turn(session: Session, event: Event) -> Session:
    data = event.data
    cost, tokens = data.get("cost_usd", 0.0), data.get("tokens_in", 0) + data.get("tokens_out", 0)
    view = session.tasks.get(data.get("task", ""))
    if view is not None:
        session = _with_task(
            session,
            view.task.id,
            turns=view.turns + 1,
            tokens=view.tokens + tokens,
            cost_usd=view.cost_usd + cost,
            worked_s=data.get("task_s", view.worked_s),
        )
    return replace(
        session,
        cost_usd=session.cost_usd + cost,
        tokens=session.tokens + tokens,
        calls=session.calls + 1,
    )


def _steered(session: Session, event: Event) -> Session:
    said = Steering(event.seq, event.data["text"], event.data.get("task", ""))
    return replace(session, steering=(*session.steering, said))


def _heeded(session: Session, event: Event) -> Session:
    seen, task = set(event.data["messages"]), event.data.get("task", "")
    marked = (
        replace(said, heard=(*said.heard, task)) if said.seq in seen else said
        for said in session.steering
        if said.seq not in seen or not said.task
    )
    return _without_heard(replace(session, steering=tuple(marked)))


def _without_heard(session: Session) -> Session:
    """Drop the messages for all that every model at work has seen; who begins later was not meant."""
    if not any(said.heard for said in session.steering):
        return session
    at_work = {
        key for key, view in session.tasks.items() if view.state is TaskState.RUNNING and view.task.steps is None
    }
    left = tuple(said for said in session.steering if not said.heard or at_work.difference(said.heard))
    return replace(session, steering=left)


def _effects(session: Session, event: Event) -> Session:
    data = event.data
    return _with_task(
        session,
        data["task"],
        additions=data.get("additions", 0),
        deletions=data.get("deletions", 0),
        files=tuple(entry["path"] for entry in data.get("files", ())),
    )


def _check(session: Session, event: Event) -> Session:
    data = event.data
    view = session.tasks.get(data["task"])
    found = Evidence(
        data["run"],
        data["passed"],
        data.get("exit"),
        data.get("duration_s", 0.0),
        data.get("output", ""),
        data.get("excerpt", ""),
        data.get("tree", ""),
    )
    if view is None:
        return replace(session, criteria=(*session.criteria, found))
    return _with_task(session, data["task"], evidence=(*view.evidence, found))


def _suspension(data: Mapping[str, Any]) -> Suspension:
    return Suspension(data["partial"], data["base"], data["step"], data.get("transcript", ""))


def _parked(session: Session, event: Event) -> Session:
    approval = approval_from_json(event.data["approval"])
    session = _with_task(
        session,
        approval.task,
        state=TaskState.PARKED,
        reason=approval.reason,
        rule=approval.rule,
        suspension=_suspension(event.data),
    )
    return _without_heard(replace(session, approvals={**session.approvals, approval.id: approval}))


def _decided(session: Session, event: Event) -> Session:
    data = event.data
    approval = session.approvals.get(data["approval"])
    if approval is None:
        return session
    state = ApprovalState(data["decision"])
    if state is not ApprovalState.VOID and approval.state is not ApprovalState.PARKED:
        # Two decided at once: the first one counts, the task may be at work already.
        return session
    decided = replace(approval, state=state, decided_at=event.at, decision_reason=data.get("reason", ""))
    session = replace(session, approvals={**session.approvals, approval.id: decided})
    if state is ApprovalState.DENIED:
        session = replace(session, unweighed=(*session.unweighed, approval.task))
        return _with_task(
            session, approval.task, state=TaskState.DENIED, reason=data.get("reason", ""), ended_at=event.at
        )
    if state is ApprovalState.EXPIRED:
        return _with_task(session, approval.task, state=TaskState.EXPIRED, ended_at=event.at)
    if state is ApprovalState.APPROVED:
        return _with_task(session, approval.task, state=TaskState.READY, reason="approved, waits to go on")
    return _with_task(session, approval.task, state=TaskState.PENDING, suspension=None)


def _suspended(session: Session, event: Event) -> Session:
    data = event.data
    view = session.tasks.get(data["task"])
    if view is None:
        return session
    return _with_task(
        session,
        data["task"],
        state=TaskState.PENDING,
        suspension=_suspension(data),
        held=data.get("held", ""),
        worked_s=data.get("task_s", view.worked_s),
    )


def _checkpoint(session: Session, event: Event) -> Session:
    data = event.data
    made = Checkpoint(data["number"], data["commit"], data.get("task", ""), event.at, data.get("why", "kept"))
    return replace(session, checkpoints=(*session.checkpoints, made))


def _task_ended(session: Session, event: Event) -> Session:
    data = event.data
    how = data.get("calibration")
    if TaskState(data["state"]) is not TaskState.SKIPPED:
        session = replace(session, unweighed=(*session.unweighed, data["task"]))
    session = _with_task(
        session,
        data["task"],
        state=TaskState(data["state"]),
        ended_at=event.at,
        reason=data.get("reason", ""),
        confidence=data.get("confidence", 1.0),
        flagged=data.get("flagged", False),
        claimed=data.get("claimed", ""),
        claimed_evidence=data.get("claimed_evidence", ""),
        worked_s=data.get("task_s", session.tasks[data["task"]].worked_s if data["task"] in session.tasks else 0.0),
        verified=data.get("verified"),
        commit=data.get("commit", ""),
        rule=data.get("rule", ""),
        suspension=None,
        calibration=confidence_from_json(how) if how else None,
    )
    return _without_heard(session)


def _notice(session: Session, event: Event) -> Session:
    return replace(session, notices=(*session.notices, event.data["message"]))


def _waiting(session: Session, event: Event) -> Session:
    # Until when, and how much was worked before, every event may say: see `fold`.
    return session


def _hand_off(session: Session, event: Event) -> Session:
    return replace(session, hand_off=(*session.hand_off, event.data["command"]))


def _limits_set(session: Session, event: Event) -> Session:
    known = {field.name: event.data[field.name] for field in fields(Limits) if field.name in event.data}
    # Whether a limit still holds a task is found out when it is about to go on.
    tasks = {key: replace(view, held="") if view.held else view for key, view in session.tasks.items()}
    return replace(session, limits=replace(session.limits, **known), tasks=tasks)


def _drift(session: Session, event: Event) -> Session:
    return replace(session, drift=event.data["severity"])


def _session_ended(session: Session, event: Event) -> Session:
    data = event.data
    tasks = {
        key: replace(view, state=TaskState.PENDING) if view.state is TaskState.RUNNING else view
        for key, view in session.tasks.items()
    }
    return replace(
        session,
        tasks=tasks,
        state=SessionState(data["state"]),
        reason=data.get("reason", ""),
        ended_at=event.at,
        elapsed_s=session.elapsed_s + data.get("elapsed_s", 0.0),
    )


_HANDLERS: Mapping[EventKind, Callable[[Session, Event], Session]] = {
    EventKind.SESSION_CREATED: _created,
    EventKind.INTAKE: take_in,
    EventKind.PLAN_MADE: plan_made,
    EventKind.REPLANNED: replanned,
    EventKind.SESSION_STARTED: _started,
    EventKind.TASK_STARTED: _task_started,
    EventKind.TURN: _turn,
    EventKind.STEERED: _steered,
    EventKind.HEEDED: _heeded,
    EventKind.EFFECTS: _effects,
    EventKind.CHECK: _check,
    EventKind.PARKED: _parked,
    EventKind.DECIDED: _decided,
    EventKind.SUSPENDED: _suspended,
    EventKind.CHECKPOINT: _checkpoint,
    EventKind.TASK_ENDED: _task_ended,
    EventKind.NOTICE: _notice,
    EventKind.WAITING: _waiting,
    EventKind.HAND_OFF: _hand_off,
    EventKind.DRIFT: _drift,
    EventKind.LIMITS_SET: _limits_set,
    EventKind.SESSION_ENDED: _session_ended,
    EventKind.SELECTION_CHECKED: selection_checked,
    EventKind.PROMOTING: promoting,
    EventKind.PROMOTED: promoted,
    EventKind.PROMOTION_FAILED: promotion_failed,
    EventKind.PROMOTION_UNDONE: promotion_undone,
    EventKind.REJECTED: rejected,
    EventKind.REVIEW_NOTED: review_noted,
    EventKind.COMPLETED: completed,
    EventKind.ROLLED_BACK: rolled_back,
}

FOLDED: frozenset[EventKind] = frozenset(_HANDLERS)
"""The kinds that change more than `seq`; whoever folds thousands a second may pass over the others."""
