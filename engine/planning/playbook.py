"""Plans from files: a playbook that a person wrote, or a plan that `orion plan --json` wrote."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.documents import Document, read_document, shipped_schema
from engine.governance.classes import CLASSES
from engine.governance.classify import classify_action
from engine.planning.graph import faults
from engine.vocabulary.actions import (
    Action,
    ActionClass,
    DeleteFile,
    EditFile,
    ReadFile,
    RunCommand,
    WriteFile,
)
from engine.vocabulary.errors import PlanError
from engine.vocabulary.intake import brief_from_json
from engine.vocabulary.plans import Check, Plan, Task, plan_from_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.vocabulary.intake import Brief

_IGNORED = frozenset(
    {"verdict", "decision", "layer", "rule", "message", "flagged", "needs_auth", "subject", "calibrated"}
    | {"expected_cost_usd"}
)


def load_playbook(path: Path, goal: str = "") -> Plan:
    """The plan that a playbook says; a given `goal` wins over its own. Raises PlanError with line and field of every
    fault: an unknown or missing field, an unknown dependency, a cycle, an id twice."""
    document = read_document(path, shipped_schema("playbook"), error=PlanError)
    data = document.data
    tasks = tuple(_task(entry) for entry in data["tasks"])
    return _checked(Plan(goal.strip() or data["goal"].strip(), tasks, f"playbook {data['name']}"), document)


def load_plan(path: Path) -> Plan:
    """The plan in a file that `orion plan --json` wrote and that a person may have edited. Verdicts in it count for
    nothing. Its goal is empty when the file has none. Raises PlanError like `load_playbook`."""
    document = read_document(path, shipped_schema("plan"), error=PlanError)
    data = document.data
    tasks = [
        {name: value for name, value in entry.items() if name not in _IGNORED and value is not None}
        for entry in data["tasks"]
    ]
    plan = plan_from_json({"goal": data.get("goal", "").strip(), "tasks": tasks})
    problems = []
    for index, task in enumerate(plan.tasks):
        band = task.estimate_s
        if band is not None and band[0] > band[1]:
            field = f"tasks[{index}].estimate_s"
            problems.append(document.problem(field, f"{band[0]:g} is more than {band[1]:g}", "write low before high"))
    if problems:
        raise document.error(problems, PlanError)
    plain = tuple(
        task if task.steps or task.instructions else replace(task, instructions=task.title) for task in plan.tasks
    )
    return _checked(Plan(plan.goal, plain, "file"), document)


def load_brief(path: Path) -> Brief | None:
    """The brief in such a file; None when it has none. Raises PlanError like `load_plan`."""
    found = read_document(path, shipped_schema("plan"), error=PlanError).data.get("brief")
    return brief_from_json(found) if found else None


def _checked(plan: Plan, document: Document) -> Plan:
    problems = [document.problem(fault.field, fault.message, fault.hint) for fault in faults(plan)]
    if problems:
        raise document.error(problems, PlanError)
    return plan


def _task(entry: Mapping[str, Any]) -> Task:
    steps = tuple(_step(step) for step in entry["steps"])
    return Task(
        id=entry["id"],
        title=entry["title"].strip(),
        depends_on=tuple(entry.get("depends_on", ())),
        action=_main_class(steps),
        steps=steps,
        checks=tuple(Check(check["run"], check.get("timeout_s")) for check in entry.get("checks", ())),
        confidence=float(entry.get("confidence", 1.0)),
    )


def _step(step: Mapping[str, Any]) -> Action:
    match step:
        case {"run": command}:
            return RunCommand(command, step.get("timeout_s"), step.get("allow_failure", False))
        case {"write": {"path": path, "content": content}}:
            return WriteFile(path, content)
        case {"edit": {"path": path, "find": find, "replace": new}}:
            return EditFile(path, find, new)
        case {"delete": {"path": path}}:
            return DeleteFile(path)
        case _:
            return ReadFile(step["read"]["path"])


def _main_class(steps: tuple[Action, ...]) -> ActionClass:
    """What a task does at its most dangerous, for a list of tasks: the gate looks at the steps themselves."""
    found = (part.action for step in steps for part in classify_action(step))
    return max(found, key=lambda action: CLASSES[action].rank, default=ActionClass.CODE_WRITE)
