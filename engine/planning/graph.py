"""The order of a plan's tasks: what may run now, what waits for what, and what can never be an order. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.vocabulary.errors import PlanError, Problem
from engine.vocabulary.plans import Plan, Task, TaskState
from engine.vocabulary.text import nearest, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a plan as a graph; `field` such as `tasks[1].depends_on[0]`."""

    field: str
    message: str
    hint: str


def check_plan(plan: Plan) -> None:
    """Raises PlanError when the tasks cannot be put in an order: no task at all, an id twice, a dependency that is no
    task, a cycle. `problems` has all of them."""
    problems = tuple(Problem(fault.message, fault.field, hint=fault.hint) for fault in faults(plan))
    if problems:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise PlanError(f"{first.message}{more}", first.hint, problems=problems)


def faults(plan: Plan) -> Iterator[Fault]:
    """Everything that `check_plan` objects to, in the order of the plan."""
    if not plan.tasks:
        yield Fault("tasks", "a plan needs at least one task", "add a task with id, title and steps")
        return
    ids = Counter(task.id for task in plan.tasks)
    seen: dict[str, int] = {}
    for index, task in enumerate(plan.tasks):
        if task.id in seen:
            message = f"the id {_shown(task.id)} stands twice, in tasks {seen[task.id] + 1} and {index + 1}"
            yield Fault(f"tasks[{index}].id", message, "give each task an id of its own")
        seen.setdefault(task.id, index)
        for place, needed in enumerate(task.depends_on):
            if needed not in ids:
                others = [name for name in ids if name != task.id]
                hint = nearest(needed, others) if others else "the plan has no other task"
                message = f"{_shown(task.id)} depends on {_shown(needed)}, which is no task of this plan"
                yield Fault(f"tasks[{index}].depends_on[{place}]", message, visible(hint))
    for cycle in _cycles(plan):
        names = " → ".join((*cycle, cycle[0]))
        yield Fault(
            f"tasks[{seen[cycle[0]]}].depends_on",
            f"the tasks depend on each other in a circle: {visible(names)}",
            "take one of these dependencies out",
        )


def ready(plan: Plan, states: Mapping[str, TaskState]) -> tuple[str, ...]:
    """Ids of the tasks that may run now, in the order of the plan: not started, every dependency kept. A task without a
    state is pending."""
    waiting = (TaskState.PENDING, TaskState.READY)
    return tuple(
        task.id
        for task in plan.tasks
        if states.get(task.id, TaskState.PENDING) in waiting
        and all(states.get(needed) is TaskState.KEPT for needed in task.depends_on)
    )


def dependents(plan: Plan, task: str) -> tuple[str, ...]:
    """Ids of all tasks that need `task`, directly or through others, in the order of the plan."""
    needing: dict[str, list[str]] = {}
    for other in plan.tasks:
        for needed in other.depends_on:
            needing.setdefault(needed, []).append(other.id)
    found: set[str] = set()
    left = [task]
    while left:
        for name in needing.get(left.pop(), ()):
            if name not in found:
                found.add(name)
                left.append(name)
    return tuple(other.id for other in plan.tasks if other.id in found and other.id != task)


def ordered(plan: Plan) -> tuple[Task, ...]:
    """The tasks so that each comes after what it depends on, otherwise as they were written. The plan has no fault."""
    placed: set[str] = set()
    order: list[Task] = []
    left = list(plan.tasks)
    while left:
        now = next((task for task in left if placed.issuperset(task.depends_on)), None)
        if now is None:
            raise PlanError("the tasks of the plan cannot be put in an order", "check it with check_plan first")
        left.remove(now)
        placed.add(now.id)
        order.append(now)
    return tuple(order)


def _cycles(plan: Plan) -> Iterator[tuple[str, ...]]:
    """One circle for each knot of tasks, from its first task on along `depends_on`."""
    ids = {task.id for task in plan.tasks}
    needs: dict[str, list[str]] = {}
    for task in plan.tasks:
        needs.setdefault(task.id, []).extend(name for name in task.depends_on if name in ids)
    done: set[str] = set()
    while True:
        _settle(needs, done)
        start = next((name for name in needs if name not in done), None)
        if start is None:
            return
        # Whatever is left needs something that is left, so walking on must come back to a task already passed.
        path: list[str] = []
        name = start
        while name not in path:
            path.append(name)
            name = next(needed for needed in needs[name] if needed not in done)
        cycle = path[path.index(name) :]
        first = min(range(len(cycle)), key=lambda index: list(needs).index(cycle[index]))
        yield (*cycle[first:], *cycle[:first])
        done.update(cycle)


def _settle(needs: Mapping[str, list[str]], done: set[str]) -> None:
    """Mark every task whose dependencies are all done, until nothing moves."""
    moved = True
    while moved:
        now = [name for name in needs if name not in done and done.issuperset(needs[name])]
        done.update(now)
        moved = bool(now)


def _shown(name: str) -> str:
    return visible(repr(name))
