"""When the rest of a plan is weighed again, and what becomes of the session by it. The journal's event is the truth: a
kill before it asks once more, a kill after it finds the revised plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.governance.gate import decide_task
from engine.planning.asking import Asker
from engine.planning.calibration import outlook_of
from engine.planning.replanner import Weighed, left_of, weigh
from engine.session.calling import BudgetedModel, Paused
from engine.session.ground import ground_of
from engine.session.stop_conditions import Stop
from engine.vocabulary.errors import LimitExceeded, ModelError, ModelFault
from engine.vocabulary.events import EventKind, Fact
from engine.vocabulary.outlook import outlook_to_json
from engine.vocabulary.plans import Decided, TaskState, plan_to_json
from engine.vocabulary.sessions import LIMIT_REASONS, SessionState
from engine.vocabulary.text import shortened
from engine.vocabulary.turns import turn_of
from engine.vocabulary.verdicts import verdict_to_json

if TYPE_CHECKING:
    from engine.session.bench import Bench
    from engine.vocabulary.intake import Exchange
    from engine.vocabulary.plans import Plan
    from engine.vocabulary.roles import Role
    from engine.vocabulary.sessions import Session

MAX_REVISIONS = 10
"""After so many the plan stays as it is: a planner that never settles must not spend the whole budget."""
_TROUBLE = (TaskState.FAILED, TaskState.DENIED, TaskState.BLOCKED)
_STAYS = (ModelFault.UNUSABLE, ModelFault.NOT_RECORDED, ModelFault.REPLY, ModelFault.REQUEST, ModelFault.OVERFLOW)
"""Faults that say nothing about the next task's calls: the plan stays as it is."""


def due(session: Session, role: Role) -> str:
    """Why the rest of the plan should be weighed now; empty when it need not be. A plan that no model works on never
    is."""
    revised = sum(1 for weighing in session.weighings if weighing.decision is Decided.REVISE)
    if not session.by_model or session.given_up or revised >= MAX_REVISIONS:
        return ""
    ended = [session.tasks[key] for key in session.unweighed if key in session.tasks]
    for view in ended:
        if view.state in _TROUBLE:
            said = "denied by a person" if view.state is TaskState.DENIED else view.state.value
            return shortened(f"{view.task.title!r} was {said}: {view.reason or 'no reason was given'}", 600)
    kept = sum(1 for view in ended if view.state is TaskState.KEPT)
    if kept >= role.replan_every and left_of(session):
        return f"{kept} tasks have been kept since the plan was last weighed"
    return ""


class Replanning:
    """Weighs the plan of the session on the bench."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def weigh_if_due(self) -> Stop | None:
        """Ask, and write down what was decided; why the session has to stop, if it has. Errors of the model that would
        meet the next task too pass through, as does Cancelled."""
        bench = self._bench
        session = bench.ledger.session
        trigger = due(session, bench.role)
        if not trigger or bench.model is None:
            return None
        asker = Asker(
            BudgetedModel(bench, bench.model), bench.stop, self._heard, session.limits.cost_usd, session.cost_usd
        )
        try:
            found = weigh(session, bench.role, trigger, ground_of(session, bench.blobs), asker)
        except LimitExceeded as limit:
            return Stop(SessionState.PAUSED, limit.kind if limit.kind in LIMIT_REASONS else "cost_limit")
        except Paused:
            # The pause is what the runner looks at next; the plan is weighed when the session goes on.
            return Stop(SessionState.PAUSED, "paused by the user")
        except ModelError as error:
            if error.fault not in _STAYS:
                raise
            found = Weighed(Decided.KEEP, f"the plan stays as it is: {error.message}")
        self._write(found, trigger, session.unweighed)
        return None

    def _heard(self, exchange: Exchange) -> None:
        self._bench.ledger.record(EventKind.TURN, **turn_of(exchange))

    def _write(self, found: Weighed, trigger: str, weighed: tuple[str, ...]) -> None:
        ledger = self._bench.ledger
        # A person may have decided something while the model thought: it stands, and is weighed the next time.
        session = ledger.refresh()
        data: dict[str, object] = {
            "decision": found.decision.value,
            "reason": found.reason,
            "trigger": trigger,
            "weighed": list(weighed),
            "added": list(found.added),
            "removed": list(found.removed),
            "changed": list(found.changed),
        }
        if found.plan is not None:
            data |= self._gated(session, found.plan)
        facts = [Fact(EventKind.REPLANNED, data)]
        if found.decision is Decided.ABORT:
            facts += [
                Fact(
                    EventKind.TASK_ENDED,
                    {
                        "task": view.task.id,
                        "state": TaskState.SKIPPED.value,
                        "reason": f"the rest of the plan was given up: {found.reason}",
                        "confidence": view.confidence,
                        "verified": None,
                    },
                )
                for view in session.tasks.values()
                if view.state is TaskState.PENDING
            ]
        ledger.record_all(facts)

    def _gated(self, session: Session, plan: Plan) -> dict[str, object]:
        """The revised plan with new verdicts for what is left of it."""
        ended = {key for key, view in session.tasks.items() if view.state.ended}
        left = [task for task in plan.tasks if task.id not in ended]
        outlooks = {task.id: outlook_of(self._bench.history, task) for task in left}
        verdicts = {
            task.id: decide_task(self._bench.role, replace(task, confidence=outlooks[task.id].confidence.value))
            for task in left
        }
        return {
            "plan": plan_to_json(plan),
            "verdicts": {key: verdict_to_json(verdict) for key, verdict in verdicts.items()},
            "outlooks": {key: outlook_to_json(outlook) for key, outlook in outlooks.items()},
        }
