"""A plan that a person is changing before it runs: tasks taken out or moved, within what they depend on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.vocabulary.plans import Plan, Task


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """`plan` as it stands, `before` the plans that an undo goes back to, the latest last."""

    plan: Plan
    before: tuple[Plan, ...] = ()

    @property
    def edits(self) -> int:
        """How many changes an undo could take back."""
        return len(self.before)

    def needs(self, task_id: str) -> tuple[Task, ...]:
        """The tasks that this one depends on directly."""
        return tuple(task for task in self.plan.tasks if task.id in self.plan.task(task_id).depends_on)

    def needed_by(self, task_id: str) -> tuple[Task, ...]:
        """The tasks that depend on this one directly."""
        return tuple(task for task in self.plan.tasks if task_id in task.depends_on)

    def depths(self) -> dict[str, int]:
        """For each task, how many stand one behind the other before it can begin. Needs may be written after the task;
        a cycle, which a checked plan does not have, ends all the same."""
        found = {task.id: 0 for task in self.plan.tasks}
        for _ in self.plan.tasks:
            before = dict(found)
            for task in self.plan.tasks:
                found[task.id] = max((found[need] + 1 for need in task.depends_on if need in found), default=0)
            if found == before:
                break
        return found

    def remove(self, task_id: str) -> PlanDraft | str:
        """The draft without the task, or a sentence on why that cannot be."""
        needed = self.needed_by(task_id)
        if needed:
            names = ", ".join(f"'{task.title}'" for task in needed)
            return f"{names} need{'s' if len(needed) == 1 else ''} it: remove that first"
        return self._changed(tuple(task for task in self.plan.tasks if task.id != task_id))

    def move(self, task_id: str, by: int) -> PlanDraft | str:
        """The draft with the task one place earlier (-1) or later (+1), or a sentence on why that cannot be."""
        tasks = list(self.plan.tasks)
        place = next(number for number, task in enumerate(tasks) if task.id == task_id)
        other = place + by
        if not 0 <= other < len(tasks):
            return "it is the first already" if by < 0 else "it is the last already"
        task, neighbour = tasks[place], tasks[other]
        if by < 0 and neighbour.id in task.depends_on:
            return f"'{task.title}' needs '{neighbour.title}', so it cannot come before it"
        if by > 0 and task.id in neighbour.depends_on:
            return f"'{neighbour.title}' needs '{task.title}', so it cannot come after it"
        tasks[place], tasks[other] = neighbour, task
        return self._changed(tuple(tasks))

    def undo(self) -> PlanDraft:
        """The draft before the last change; the same when there was none."""
        return PlanDraft(self.before[-1], self.before[:-1]) if self.before else self

    def _changed(self, tasks: tuple[Task, ...]) -> PlanDraft:
        return PlanDraft(replace(self.plan, tasks=tasks), (*self.before, self.plan))
