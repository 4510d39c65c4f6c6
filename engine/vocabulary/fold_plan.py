"""How a plan comes into a session's state, changes and goes back: the part of the fold that is about plans."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.vocabulary.intake import brief_from_json
from engine.vocabulary.outlook import outlook_from_json
from engine.vocabulary.plans import Decided, Weighing, plan_from_json
from engine.vocabulary.sessions import Session, SessionState, TaskView
from engine.vocabulary.verdicts import ApprovalState, verdict_from_json

if TYPE_CHECKING:
    from collections.abc import Collection

    from engine.vocabulary.events import Event


def take_in(session: Session, event: Event) -> Session:
    raw = event.data.get("brief")
    return replace(session, brief=brief_from_json(raw) if raw else None, survey=event.data.get("survey", ""))


def plan_made(session: Session, event: Event) -> Session:
    plan = plan_from_json(event.data["plan"])
    verdicts = event.data.get("verdicts", {})
    outlooks = event.data.get("outlooks", {})
    tasks: dict[str, TaskView] = {}
    carried: set[str] = set()
    for task in plan.tasks:
        known = session.tasks.get(task.id)
        if known is not None and known.state.ended:
            tasks[task.id] = known
            carried.add(task.id)
            continue
        raw = verdicts.get(task.id)
        verdict = verdict_from_json(raw) if raw else None
        expected = outlook_from_json(outlooks[task.id]) if task.id in outlooks else None
        if known is not None and known.task == task:
            # What waits for a person, or stands half done, is not lost because another task was moved.
            tasks[task.id] = replace(known, verdict=verdict or known.verdict, outlook=expected or known.outlook)
            carried.add(task.id)
            continue
        confidence = expected.confidence.value if expected else task.confidence
        tasks[task.id] = TaskView(task, verdict=verdict, confidence=confidence, outlook=expected)
    return _voided(replace(session, plan=plan, tasks=tasks), session.tasks.keys() - carried)


def replanned(session: Session, event: Event) -> Session:
    data = event.data
    if data.get("plan"):
        session = plan_made(session, event)
    made = Weighing(
        Decided(data["decision"]),
        data["reason"],
        data["trigger"],
        event.at,
        tuple(data.get("added", ())),
        tuple(data.get("removed", ())),
        tuple(data.get("changed", ())),
    )
    weighed = set(data.get("weighed", ()))
    left = tuple(key for key in session.unweighed if key not in weighed)
    return replace(session, weighings=(*session.weighings, made), unweighed=left)


def _voided(session: Session, tasks: Collection[str]) -> Session:
    """What was asked or allowed for tasks that begin anew, or are gone, means nothing any more."""
    held = (ApprovalState.PARKED, ApprovalState.APPROVED)
    approvals = {
        key: replace(asked, state=ApprovalState.VOID) if asked.task in tasks and asked.state in held else asked
        for key, asked in session.approvals.items()
    }
    return replace(session, approvals=approvals)


def rolled_back(session: Session, event: Event) -> Session:
    data = event.data
    kept = tuple(point for point in session.checkpoints if point.number <= data["checkpoint"])
    tasks = dict(session.tasks)
    again = frozenset(data.get("tasks", ()))
    for task_id in again & tasks.keys():
        known = tasks[task_id]
        confidence = known.outlook.confidence.value if known.outlook else known.task.confidence
        fresh = TaskView(known.task, verdict=known.verdict, confidence=confidence, outlook=known.outlook)
        tasks[task_id] = replace(fresh, tokens=known.tokens, cost_usd=known.cost_usd)
    unweighed = tuple(key for key in session.unweighed if key not in again)
    session = replace(session, checkpoints=kept, tasks=tasks, unweighed=unweighed)
    return _voided(replace(session, state=SessionState.PAUSED, reason="rolled back"), again)
