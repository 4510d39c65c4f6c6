"""From what a person asked to a plan with verdicts, before anything is stored."""

from __future__ import annotations

from dataclasses import replace
from threading import Event as Flag
from typing import TYPE_CHECKING

from engine.governance.gate import decide_task
from engine.governance.guard import guard
from engine.governance.hours import next_opening, within_hours
from engine.planning.graph import check_plan
from engine.planning.planner import ModelPlanner
from engine.planning.playbook import load_playbook
from engine.session.working_hours import spoken
from engine.vocabulary.errors import ConfigError, UsageError
from engine.vocabulary.requests import Proposal, SessionRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.facade.core import Core
    from engine.vocabulary.plans import Plan
    from engine.vocabulary.roles import Role
    from engine.vocabulary.verdicts import Verdict
    from engine.vocabulary.workspaces import WorkspaceInfo


def propose(core: Core, request: SessionRequest) -> Proposal:
    """Plan the goal and gate each task. Raises ConfigError and its kind, WorkspaceError, ModelError."""
    settings = core.adapters.read_settings()
    workspace = core.adapters.users.inspect(request.workspace)
    role = core.adapters.library.get(request.role or settings.default_role, workspace.root)
    guarded = guard(request.goal)
    asked = replace(
        request,
        workspace=workspace.root,
        goal=guarded.sanitized,
        role=role.name,
        model=request.model or settings.default_model or "",
        sandbox=request.sandbox or settings.sandbox.prefer,
        limits=request.limits or settings.limits,
    )
    plan = _planned(core, asked, role, workspace)
    check_plan(plan)
    return Proposal(
        request=asked,
        goal=asked.goal or plan.goal,
        role=role,
        workspace=workspace,
        plan=plan,
        verdicts=gate_plan(role, plan),
        stripped=guarded.stripped,
        notices=(*_notices(workspace), *_outside_hours(core, role)),
    )


def gate_plan(role: Role, plan: Plan) -> Mapping[str, Verdict]:
    """Each task's verdict at plan time, by task id."""
    return {task.id: decide_task(role, task) for task in plan.tasks}


def _planned(core: Core, request: SessionRequest, role: Role, workspace: WorkspaceInfo) -> Plan:
    if request.playbook is not None:
        return load_playbook(request.playbook, request.goal)
    if request.plan is not None:
        return replace(request.plan, goal=request.goal or request.plan.goal)
    if not request.goal.strip():
        raise UsageError("there is no goal", "say what should be done, or give a playbook")
    model = core.model_for(request.model)
    if model is None:
        raise ConfigError(
            "no model is configured, so an open goal cannot be planned",
            f"set default_model in {core.home.config}, or use a playbook, which needs no model",
        )
    plan, _ = ModelPlanner(model).plan(request.goal, role, _brief(workspace), Flag())
    return plan


def _brief(workspace: WorkspaceInfo) -> str:
    return (
        f"a git repository called {workspace.root.name} with {workspace.files} tracked files, branch {workspace.branch}"
    )


def _outside_hours(core: Core, role: Role) -> tuple[str, ...]:
    now = core.clock.now().astimezone()
    if within_hours(role.working_hours, now):
        return ()
    opening = spoken(next_opening(role.working_hours, now))
    return (f"outside the working hours of {role.name}: a session waits until {opening}",)


def _notices(workspace: WorkspaceInfo) -> tuple[str, ...]:
    if not workspace.dirty:
        return ()
    count = f"{workspace.dirty} path has" if workspace.dirty == 1 else f"{workspace.dirty} paths have"
    return (f"{count} uncommitted changes, which the session does not see: it starts from HEAD",)
