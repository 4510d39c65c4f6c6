"""A goal taken apart: tasks with dependencies, and how each will be verified."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from engine.vocabulary.actions import Action, ActionClass, action_from_json, action_to_json

if TYPE_CHECKING:
    from collections.abc import Mapping


class TaskState(StrEnum):
    """Where a task stands. They are counted apart and sum to the plan."""

    PENDING = "pending"
    READY = "ready"
    RUNNING = "running"
    PARKED = "parked"
    DENIED = "denied"
    EXPIRED = "expired"
    BLOCKED = "blocked"
    FAILED = "failed"
    KEPT = "kept"
    SKIPPED = "skipped"

    @property
    def ended(self) -> bool:
        """Nothing more will happen to such a task by itself."""
        return self not in (TaskState.PENDING, TaskState.READY, TaskState.RUNNING, TaskState.PARKED)


@dataclass(frozen=True, slots=True)
class Check:
    """A command that the engine itself runs on a fresh checkout of the candidate tree; exit status 0 is a pass."""

    run: str
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One unit of work, kept whole or not at all.

    With `steps` it is carried out as written (a playbook); without, a model works on `instructions`. `action` is what
    it mainly does, for the plan-time gate. `confidence` in 0..1 is claimed by the plan. `estimate_s` is a band in
    seconds.
    """

    id: str
    title: str
    depends_on: tuple[str, ...] = ()
    action: ActionClass = ActionClass.CODE_WRITE
    steps: tuple[Action, ...] | None = None
    checks: tuple[Check, ...] = ()
    confidence: float = 1.0
    instructions: str = ""
    expected_files: tuple[str, ...] = ()
    estimate_s: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Tasks in the order in which they were written; `source` says who made it (`playbook tidy`, `model local`,
    `file`)."""

    goal: str
    tasks: tuple[Task, ...]
    source: str = ""

    def task(self, task_id: str) -> Task:
        """The task with that id. Raises KeyError."""
        for task in self.tasks:
            if task.id == task_id:
                return task
        raise KeyError(task_id)


class Decided(StrEnum):
    """What became of the rest of a plan when it was weighed again."""

    KEEP = "keep"
    REVISE = "revise"
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class Weighing:
    """One time at which the rest of a plan was weighed: why, what was decided with which reason, and the ids of the
    tasks that came, went and read differently afterwards."""

    decision: Decided
    reason: str
    trigger: str
    at: str = ""
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def task_to_json(task: Task) -> dict[str, Any]:
    data = asdict(task)
    data["steps"] = None if task.steps is None else [action_to_json(step) for step in task.steps]
    return data


def task_from_json(data: Mapping[str, Any]) -> Task:
    """The task that `task_to_json` wrote. Raises KeyError, TypeError or ValueError on anything else."""
    fields = dict(data)
    steps = fields.get("steps")
    band = fields.get("estimate_s")
    fields["steps"] = None if steps is None else tuple(action_from_json(step) for step in steps)
    fields["checks"] = tuple(Check(**check) for check in fields.get("checks", ()))
    fields["depends_on"] = tuple(fields.get("depends_on", ()))
    fields["expected_files"] = tuple(fields.get("expected_files", ()))
    fields["action"] = ActionClass(fields.get("action", ActionClass.CODE_WRITE))
    fields["estimate_s"] = None if band is None else (float(band[0]), float(band[1]))
    return Task(**fields)


def plan_to_json(plan: Plan) -> dict[str, Any]:
    return {"goal": plan.goal, "source": plan.source, "tasks": [task_to_json(task) for task in plan.tasks]}


def plan_from_json(data: Mapping[str, Any]) -> Plan:
    return Plan(data["goal"], tuple(task_from_json(task) for task in data["tasks"]), data.get("source", ""))
