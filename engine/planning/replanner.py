"""The rest of a plan weighed by a model in the light of what has happened: kept, revised or given up. What has ended
stays as it is; a revision is held against the role like the plan itself, and sent back with its errors twice."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.planning.asking import line_of, object_of, objection, problems_of
from engine.planning.checking import MAX_TASKS, problems_in
from engine.planning.planner import DATA_RULE, MAX_TRIES, TASK_RULES, authority_of, brief_text, task_of, task_schema
from engine.planning.sections import data_section
from engine.vocabulary.errors import ModelError, PlanError, Problem
from engine.vocabulary.models import Message
from engine.vocabulary.plans import Decided, Plan, Task, TaskState
from engine.vocabulary.text import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.planning.asking import Asker
    from engine.vocabulary.roles import Role
    from engine.vocabulary.sessions import Session, TaskView

MAX_TASKS_IN_ALL = 120
"""Ended tasks included: a plan that is revised again and again comes to an end."""
_REASON_WIDTH = 500
_EXCERPT = 600
_FILES = 12

_RULES = """\
An agent carries out a plan on a git repository, alone, in a sandbox without a network. Look at what has happened and
decide about the tasks that are left:
- keep: they still lead to the goal. This is the usual answer.
- revise: they do not, but others would. Give the whole list of tasks that shall be left, unchanged ones included.
  A task that ended stays as it is: what was kept is never done again, and what failed or was denied is only tried again
  as a new task with another id and in another way. A denial is a person's decision: respect its reason.
  New tasks may depend on tasks that were kept, on tasks that wait for a person, and on each other.
- abort: the goal cannot be reached, or not within what is allowed.
Give the reason in one or two sentences for the person who reads it in the morning. For keep and abort, tasks is empty.
Answer with one JSON object of the given schema and nothing else. For each task:
{task_rules}
At most {max_tasks} tasks.
{data_rule}"""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A decision with its reason. `plan` is the whole plan after a revision, else None; the ids are those of tasks that
    came, went and read differently."""

    decision: Decided
    reason: str
    plan: Plan | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def left_of(session: Session) -> tuple[Task, ...]:
    """The tasks that have not begun, in their order: all that a revision may touch."""
    return tuple(
        view.task
        for view in session.tasks.values()
        if view.state is TaskState.PENDING and view.suspension is None and not view.attempts
    )


def weigh(session: Session, role: Role, trigger: str, ground: tuple[str, str], asker: Asker) -> Weighed:
    """Ask about the rest of the plan. `trigger` says why now; `ground` are survey and project instructions as the
    planner had them. ModelError when no reply was of use, or when the model refuses; its own errors pass through, as do
    LimitExceeded before a call that does not fit, and Cancelled."""
    messages = [Message("system", _instructions(role)), Message("user", _material(session, trigger, ground))]
    problems: tuple[Problem, ...] = ()
    first = len(session.weighings) * MAX_TRIES
    for turn in range(1, MAX_TRIES + 1):
        # Numbered from the weighings that the journal knows: after a kill the same question has the same number.
        reply = asker.ask("replan", first + turn, messages, reply_schema())
        try:
            return _weighed(session, role, object_of(reply, reply_schema(), "decision"))
        except PlanError as error:
            problems = problems_of(error)
        messages += [Message("assistant", reply.text), Message("user", objection(problems, "decision"))]
    raise ModelError(
        f"the model {asker.model.name!r} gave no valid decision in {MAX_TRIES} tries; the last one: "
        f"{line_of(problems[0])}",
        "look at the plan yourself: pause the session and edit it",
    )


def reply_schema() -> dict[str, Any]:
    """What a decision must look like on the wire."""
    properties = {
        "decision": {"type": "string", "enum": [decision.value for decision in Decided]},
        "reason": {"type": "string", "minLength": 1},
        "tasks": {"type": "array", "maxItems": MAX_TASKS, "items": task_schema()},
    }
    return {"type": "object", "additionalProperties": False, "required": list(properties), "properties": properties}


def _weighed(session: Session, role: Role, data: dict[str, Any]) -> Weighed:
    decision = Decided(data["decision"])
    reason = shortened(" ".join(data["reason"].split()), _REASON_WIDTH)
    if decision is not Decided.REVISE:
        return Weighed(decision, reason)
    before = left_of(session)
    tasks = _revised(session, role, tuple(task_of(entry) for entry in data["tasks"]), before)
    old = {task.id: task for task in before}
    new = {task.id: task for task in tasks}
    if tasks == before:
        return Weighed(Decided.KEEP, reason)
    stays = tuple(view.task for view in session.tasks.values() if view.task.id not in old)
    plan = session.plan or Plan(session.goal, ())
    return Weighed(
        decision,
        reason,
        replace(plan, tasks=(*stays, *tasks)),
        tuple(key for key in new if key not in old),
        tuple(key for key in old if key not in new),
        tuple(key for key in new if key in old and new[key] != old[key]),
    )


def _revised(session: Session, role: Role, tasks: Sequence[Task], before: Sequence[Task]) -> tuple[Task, ...]:
    """The tasks that shall be left. Raises PlanError with a problem for each thing wrong."""
    old = {task.id for task in before}
    stands = {key: view for key, view in session.tasks.items() if key not in old}
    fine = {key for key, view in stands.items() if view.state is TaskState.KEPT or not view.state.ended}
    # Models like to repeat the whole plan; what is done or waits for a person stays as it is all the same.
    new = tuple(task for task in tasks if task.id not in fine)
    problems = [
        Problem(f"{task.id!r} has ended ({stands[task.id].state.value})", "tasks", hint="give a new try another id")
        for task in new
        if task.id in stands
    ]
    if len(stands) + len(new) > MAX_TASKS_IN_ALL:
        problems.append(Problem(f"more than {MAX_TASKS_IN_ALL} tasks in all", "tasks", hint="plan less, or abort"))
    if new and not problems:
        problems += problems_in(Plan(session.goal, new), role, standing=fine)
    if problems:
        raise PlanError(problems[0].message, problems[0].hint, problems=tuple(problems))
    return new


def _instructions(role: Role) -> str:
    rules = _RULES.format(task_rules=TASK_RULES, max_tasks=MAX_TASKS, data_rule=DATA_RULE)
    return f"{rules}\n\n{authority_of(role)}"


def _material(session: Session, trigger: str, ground: tuple[str, str]) -> str:
    survey, instructions = ground
    sections = [data_section("goal", session.goal)]
    if session.brief is not None:
        sections.append(data_section("brief", brief_text(session.brief)))
    if survey:
        sections.append(data_section("repository", survey))
    if instructions:
        sections.append(data_section("project-instructions", instructions))
    begun = {task.id for task in left_of(session)}
    happened = [_happened(view) for view in session.tasks.values() if view.task.id not in begun]
    sections.append(data_section("so-far", "\n".join(happened) or "nothing has ended"))
    rest = [_wire(task) for task in left_of(session)]
    sections.append(data_section("left", json.dumps({"tasks": rest}, indent=1)))
    sections.append(data_section("why-now", trigger))
    return "\n\n".join(sections)


def _happened(view: TaskView) -> str:
    lines = [f"{view.task.id}: {view.state.value}: {view.task.title}"]
    if view.reason:
        lines.append(f"  reason: {shortened(view.reason, _REASON_WIDTH)}")
    if view.state is TaskState.KEPT and view.files:
        lines.append(f"  changed: {', '.join(view.files[:_FILES])}")
    if view.claimed:
        lines.append(f"  it said: {shortened(' '.join(view.claimed.split()), _REASON_WIDTH)}")
    failed = next((found for found in reversed(view.evidence) if not found.passed), None)
    if failed is not None and view.state is not TaskState.KEPT:
        lines.append(f"  the check `{failed.run}` failed: {failed.excerpt[-_EXCERPT:]}")
    return "\n".join(lines)


def _wire(task: Task) -> dict[str, Any]:
    """A task as the model would write it."""
    return {
        "id": task.id,
        "title": task.title,
        "instructions": task.instructions or task.title,
        "depends_on": list(task.depends_on),
        "action": task.action.value,
        "confidence": task.confidence,
        "expected_files": list(task.expected_files),
        "estimate_s": list(task.estimate_s or (0, 0)),
        "checks": [check.run for check in task.checks],
    }
