"""`engine.sessions.explain`: the verdicts behind an event of a session's log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.roles.explaining import ground_of, remedies
from engine.roles.profile import parse_role_document
from engine.vocabulary.errors import RoleError, UsageError
from engine.vocabulary.events import Event, EventKind
from engine.vocabulary.requests import Explanation
from engine.vocabulary.verdicts import ApprovalState, Decision, Verdict, verdict_from_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.documents import Document
    from engine.facade.core import Core
    from engine.vocabulary.sessions import Session


def explain(core: Core, session: str, seq: int) -> tuple[Explanation, ...]:
    """Why the gate decided as it did at that event, the decisive verdict first: a verdict itself, a plan, or what it
    led to (a parked or an ended task). Raises UsageError for an event without a verdict, naming some that have one."""
    state = core.session(session)
    events = core.journal.events(session)
    event = next((event for event in events if event.seq == seq), None)
    if event is None:
        raise UsageError(f"the session {session} has no event {seq}", f"it has 1 to {state.seq}: orion log {session}")
    found = _verdicts(event, events)
    if not found:
        told = [other.seq for other in events if _verdicts(other, events)]
        near = sorted(sorted(told, key=lambda other: abs(other - seq))[:5])
        hint = (
            f"the gate spoke at {', '.join(map(str, near))}" if near else "the gate has not spoken in this session yet"
        )
        raise UsageError(f"event {seq} ({event.kind.value}) carries no verdict of the gate", hint)
    role = _Role(core, state)
    made = [role.explained(event, source, task, verdict) for source, task, verdict in found]
    return tuple(sorted(made, key=lambda one: -_WEIGHT[one.verdict.decision]))


_WEIGHT = {Decision.ALLOW: 0, Decision.PARK: 1, Decision.BLOCK: 2}


def _verdicts(event: Event, events: Sequence[Event]) -> list[tuple[Event, str, Verdict]]:
    """Each verdict with the event that it was given at and its task."""
    data = event.data
    match event.kind:
        case EventKind.GATE:
            return [(event, data["task"], verdict_from_json(data["verdict"]))]
        case EventKind.PLAN_MADE:
            return [(event, task, verdict_from_json(said)) for task, said in data.get("verdicts", {}).items()]
        case EventKind.PARKED:
            return _before(event, events, data["approval"]["task"], Decision.PARK)
        case EventKind.TASK_ENDED if data.get("rule"):
            return _before(event, events, data["task"], Decision.BLOCK)
        case EventKind.TASK_ENDED if data.get("flagged"):
            return [hit for hit in _before(event, events, data["task"], Decision.ALLOW) if hit[2].flagged]
        case _:
            return []


def _before(event: Event, events: Sequence[Event], task: str, decision: Decision) -> list[tuple[Event, str, Verdict]]:
    """The verdicts of that kind in the present attempt at the task, up to the event."""
    found: list[tuple[Event, str, Verdict]] = []
    for other in events:
        if other.seq > event.seq:
            break
        if other.data.get("task") != task:
            continue
        if other.kind is EventKind.TASK_STARTED:
            found = []
        elif other.kind is EventKind.GATE:
            verdict = verdict_from_json(other.data["verdict"])
            if verdict.decision is decision:
                found.append((other, task, verdict))
    return found


class _Role:
    """The session's role as its file reads now, or nothing when it is gone or broken."""

    def __init__(self, core: Core, state: Session) -> None:
        self._state = state
        self._document: Document | None = None
        self._text = ""
        self.changed = True
        library = core.adapters.library
        try:
            role = library.get(state.role, Path(state.workspace))
            self._text = library.text(state.role, Path(state.workspace)).text
            self._document = parse_role_document(self._text, Path(role.path))
            self.changed = role.digest != state.role_digest
        except RoleError:
            return

    def explained(self, event: Event, source: Event, task: str, verdict: Verdict) -> Explanation:
        ground = ground_of(verdict, self._document, self._text) if self._document else None
        open_one = next(
            (a.id for a in self._state.approvals.values() if a.task == task and a.state is ApprovalState.PARKED), ""
        )
        return Explanation(
            session=self._state.id,
            seq=event.seq,
            source_seq=source.seq,
            at=source.at,
            task=task,
            phase=str(source.data.get("phase", "plan")),
            verdict=verdict,
            role=self._state.role,
            ground=ground,
            role_changed=self.changed,
            remedies=remedies(verdict, self._state.role, ground, open_one),
        )
