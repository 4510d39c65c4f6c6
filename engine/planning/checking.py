"""A planned task held against what the role may do: forbidden actions, paths out of reach, checks that may not run, and
the sizes that a plan must keep. Pure; what it finds goes back to the planner."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.governance.classified import Classified, Touch
from engine.governance.gate import decide_action, decide_piece, decide_task
from engine.governance.path_classes import classify_path
from engine.planning.graph import faults
from engine.vocabulary.actions import RunCommand
from engine.vocabulary.errors import Problem
from engine.vocabulary.text import shortened, visible
from engine.vocabulary.verdicts import Decision

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from engine.vocabulary.plans import Plan, Task
    from engine.vocabulary.roles import Role

MAX_TASKS = 60
MAX_INSTRUCTIONS = 8_000
MAX_EXPECTED_FILES = 60
MAX_CHECKS = 8
MAX_CHECK_LENGTH = 1_000


def problems_in(plan: Plan, role: Role, *, standing: Collection[str] = ()) -> tuple[Problem, ...]:
    """Everything that speaks against a plan by a model, in its order. `standing` are ids of tasks outside of it that a
    task may wait for."""
    return (
        *_graph(plan, standing),
        *_sizes(plan, role),
        *(p for task in _numbered(plan) for p in _of_task(*task, role)),
    )


def _numbered(plan: Plan) -> Iterator[tuple[int, Task]]:
    return enumerate(plan.tasks)


def _graph(plan: Plan, standing: Collection[str]) -> Iterator[Problem]:
    known = frozenset(standing)
    inner = tuple(replace(task, depends_on=tuple(d for d in task.depends_on if d not in known)) for task in plan.tasks)
    for fault in faults(replace(plan, tasks=inner)):
        yield Problem(fault.message, fault.field, hint=fault.hint)


def _sizes(plan: Plan, role: Role) -> Iterator[Problem]:
    files = {path for task in plan.tasks for path in task.expected_files}
    most = role.write_limits.files_created + role.write_limits.files_modified
    if len(files) > most:
        yield Problem(
            f"the tasks together expect to change {len(files)} files; a session may change {most}",
            "tasks",
            hint="plan less, or name the files more precisely",
        )


def _of_task(number: int, task: Task, role: Role) -> Iterator[Problem]:
    field = f"tasks[{number}]"
    if len(task.instructions) > MAX_INSTRUCTIONS:
        yield Problem(
            f"{len(task.instructions):,} characters are too long, at most {MAX_INSTRUCTIONS:,}", f"{field}.instructions"
        )
    if len(task.expected_files) > MAX_EXPECTED_FILES:
        message = f"{len(task.expected_files)} files are no single reviewable change, at most {MAX_EXPECTED_FILES}"
        yield Problem(message, f"{field}.expected_files", hint="split the task")
    # Its own confidence is no reason to send a plan back: a task that is not tried costs nothing.
    verdict = decide_task(role, replace(task, confidence=1.0))
    if verdict.decision is Decision.BLOCK:
        yield Problem(
            f"{task.action.value} is not allowed: {visible(verdict.message)}", f"{field}.action", hint="leave it out"
        )
    for place, path in enumerate(task.expected_files[:MAX_EXPECTED_FILES]):
        found = decide_piece(role, Classified(classify_path(path), path, Touch.WRITE))
        if found.decision is Decision.BLOCK:
            yield Problem(visible(found.message), f"{field}.expected_files[{place}]", hint="out of reach: leave it out")
    yield from _checks(field, task, role)


def _checks(field: str, task: Task, role: Role) -> Iterator[Problem]:
    if len(task.checks) > MAX_CHECKS:
        yield Problem(f"{len(task.checks)} checks are too many, at most {MAX_CHECKS}", f"{field}.checks")
    for place, check in enumerate(task.checks[:MAX_CHECKS]):
        if len(check.run) > MAX_CHECK_LENGTH:
            yield Problem(f"longer than {MAX_CHECK_LENGTH:,} characters", f"{field}.checks[{place}]")
            continue
        verdict = decide_action(role, RunCommand(check.run))
        if verdict.decision is Decision.BLOCK:
            told = shortened(visible(verdict.message), 300)
            yield Problem(f"this check may not run: {told}", f"{field}.checks[{place}]", hint="use another, or none")
