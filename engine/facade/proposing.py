"""From what a person asked to a plan with verdicts, before anything is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Event as Flag
from typing import TYPE_CHECKING

from engine.facade.hearing import Hearing
from engine.facade.knowing import ground_of
from engine.facade.memory import memory_room
from engine.facade.steering import check_parallel
from engine.governance.gate import decide_task
from engine.governance.guard import guard
from engine.governance.hours import next_opening, within_hours
from engine.planning.asking import Asker
from engine.planning.calibration import outlook_of
from engine.planning.graph import check_plan
from engine.planning.intake import take_in as ask_for_brief
from engine.planning.planner import Known, ModelPlanner
from engine.planning.playbook import load_playbook
from engine.sandboxes.registry import choose
from engine.session.working_hours import spoken
from engine.vocabulary.errors import ConfigError, ModelError, ModelFault, SandboxUnavailable, UsageError
from engine.vocabulary.outlook import History
from engine.vocabulary.requests import Intake, Proposal, SessionRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.facade.core import Core
    from engine.facade.knowing import Ground
    from engine.vocabulary.intake import Brief, Exchange
    from engine.vocabulary.outlook import Outlook
    from engine.vocabulary.plans import Plan
    from engine.vocabulary.ports import Model, ModelWatch
    from engine.vocabulary.requests import Guarded, Stripped
    from engine.vocabulary.roles import Role
    from engine.vocabulary.verdicts import Verdict
    from engine.vocabulary.workspaces import WorkspaceInfo

_GO_ON_WITHOUT = (ModelFault.NOT_RECORDED, ModelFault.UNUSABLE, ModelFault.REPLY, ModelFault.REQUEST)


def take_in(core: Core, request: SessionRequest, stop: Flag | None = None, watch: ModelWatch | None = None) -> Intake:
    """Turn an open goal into a brief, with questions where it is ambiguous. What needs no planning (a playbook, a plan
    from a file) has no brief. A model that answers but gives no usable brief does not stop the way: a notice says so
    and the goal is planned as it stands. Raises what `propose` raises."""
    found = _looked_up(core, request)
    stripped = found.guarded.stripped
    if found.request.playbook is not None or found.request.plan is not None:
        return Intake(request, stripped)
    model = _model(core, found.request, found.role)
    spent: list[Exchange] = []
    limits = found.request.limits
    hearing = Hearing(watch)
    asker = Asker(model, stop or Flag(), spent.append, limits.cost_usd if limits else 0.0, watch=hearing)
    notice = "the model gave no brief of the goal: it is planned as it stands"
    try:
        brief = ask_for_brief(found.request.goal, found.role, ground_of(core, found.workspace).survey, asker)
    except ModelError as error:
        if error.fault not in _GO_ON_WITHOUT:
            raise
        # A recording without such a reply, mostly. What really ails a model shows when it plans.
        brief, notice = None, f"{notice} ({error.message})"
    known = replace(request, brief=brief, spent=(*request.spent, *spent))
    return Intake(known, stripped, (*hearing.notices, *(() if brief is not None else (notice,))))


def propose(core: Core, request: SessionRequest, stop: Flag | None = None, watch: ModelWatch | None = None) -> Proposal:
    """Plan the goal and gate each task. Raises ConfigError and its kind, WorkspaceError, ModelError, LimitExceeded,
    and Cancelled once `stop` is set."""
    found = _looked_up(core, request)
    asked, role, workspace = found.request, found.role, found.workspace
    spent = list(asked.spent)
    ground, hearing = None, Hearing(watch)
    if asked.playbook is not None:
        plan = load_playbook(asked.playbook, asked.goal)
    elif asked.plan is not None:
        plan = replace(asked.plan, goal=asked.goal or asked.plan.goal)
    else:
        planner = ModelPlanner(_model(core, asked, role), spent.append, hearing)
        ground = ground_of(core, workspace)
        plan, _ = planner.plan(asked.goal, role, _known(core, found, ground), stop or Flag())
    check_plan(plan)
    outlooks = outlooks_of(history_for(core, role, plan), plan)
    noted = ground.instructions.noted if ground is not None else ()
    return Proposal(
        request=asked,
        goal=asked.goal or plan.goal,
        role=role,
        workspace=workspace,
        plan=plan,
        verdicts=gate_plan(role, plan, outlooks),
        outlooks=outlooks,
        stripped=found.guarded.stripped,
        notices=(
            *hearing.notices,
            *_notices(workspace),
            *_outside_hours(core, role),
            *_set_up(role),
            *_crowded(core, found.request),
            *_unlimited(core, asked),
            *_missing(core, found),
            *_of_instructions(noted),
        ),
        spent=tuple(spent),
        survey=ground.text() if ground is not None else "",
        noted=noted,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """A request with everything looked up that it only names."""

    request: SessionRequest
    role: Role
    workspace: WorkspaceInfo
    guarded: Guarded


def _looked_up(core: Core, request: SessionRequest) -> _Found:
    settings = core.adapters.read_settings()
    workspace = core.adapters.users.inspect(request.workspace)
    check_parallel(request.limits or settings.limits)
    role = core.adapters.library.get(request.role or settings.default_role, workspace.root)
    guarded = guard(request.goal)
    brief, stripped = _guarded_answers(request.brief)
    asked = replace(
        request,
        workspace=workspace.root,
        goal=guarded.sanitized,
        brief=brief,
        role=role.name,
        model=request.model or role.model or settings.default_model or "",
        sandbox=request.sandbox or settings.sandbox.prefer,
        limits=request.limits or settings.limits,
    )
    return _Found(asked, role, workspace, replace(guarded, stripped=(*guarded.stripped, *stripped)))


def _guarded_answers(brief: Brief | None) -> tuple[Brief | None, tuple[Stripped, ...]]:
    """A person's own answers go the way of the goal."""
    if brief is None:
        return None, ()
    looked = [(answer, guard(answer.text)) for answer in brief.answers]
    answers = tuple(replace(answer, text=found.sanitized) for answer, found in looked)
    return replace(brief, answers=answers), tuple(hit for _, found in looked for hit in found.stripped)


def _known(core: Core, found: _Found, ground: Ground) -> Known:
    request = found.request
    spent = sum(exchange.reply.usage.cost_usd for exchange in request.spent)
    rejections = core.adapters.feedback.history(found.role.name).rejections
    return Known(ground.survey, ground.instructions.text, request.brief, rejections, request.limits, spent)


def history_for(core: Core, role: Role, plan: Plan) -> History:
    """What is remembered of the role; nothing where no model works on the plan, which then needs no look at it."""
    if all(task.steps is not None for task in plan.tasks):
        return History()
    return core.adapters.feedback.history(role.name)


def outlooks_of(history: History, plan: Plan) -> Mapping[str, Outlook]:
    """What experience says of each task, by task id."""
    found = {task.id: outlook_of(history, task) for task in plan.tasks}
    if plan.source.startswith("model "):
        return found
    # A plan from a file says how long a person thinks it takes, or what an earlier plan made of it already.
    return {task.id: replace(found[task.id], estimate_s=task.estimate_s) for task in plan.tasks}


def gate_plan(role: Role, plan: Plan, outlooks: Mapping[str, Outlook]) -> Mapping[str, Verdict]:
    """Each task's verdict at plan time, by task id, with its calibrated confidence."""
    return {
        task.id: decide_task(role, replace(task, confidence=outlooks[task.id].confidence.value)) for task in plan.tasks
    }


def _model(core: Core, request: SessionRequest, role: Role) -> Model:
    if not request.goal.strip():
        raise UsageError("there is no goal", "say what should be done, or give a playbook")
    model = core.model_for(request.model, role)
    if model is None:
        raise ConfigError(
            "no model is configured, so an open goal cannot be planned",
            f"set default_model in {core.home.config}, or use a playbook, which needs no model",
        )
    return model


def _of_instructions(noted: tuple[str, ...]) -> tuple[str, ...]:
    if not noted:
        return ()
    more = f" (and {len(noted) - 1} more)" if len(noted) > 1 else ""
    return (f"the project's own instructions speak to the model about its rules; {noted[0]}{more}",)


def _missing(core: Core, found: _Found) -> tuple[str, ...]:
    """What the repository's manifests need and the sandbox that it will get does not have."""
    from engine.facade.settings import command_for, proposed

    needed = proposed(core, found.workspace, found.request.sandbox)
    short = tuple(each for each in needed if not each.inside or each.folders)
    if not short:
        return ()
    command = command_for(core, short)
    take = f"; take it with: {command}" if command else ""
    return (f"{'; '.join(each.detail for each in short)}{take}",)


def _crowded(core: Core, request: SessionRequest) -> tuple[str, ...]:
    parallel = request.limits.parallel if request.limits else 1
    room = memory_room(core.adapters.read_settings().sandbox)
    return (room.said(parallel),) if parallel > 1 and room.tight(parallel) else ()


def _unlimited(core: Core, request: SessionRequest) -> tuple[str, ...]:
    """What nothing limits in the sandbox that it will get; nothing is said where there is none to be had yet."""
    try:
        box = choose(request.sandbox, core.adapters.providers).probe()
    except SandboxUnavailable:
        return ()
    if not box.unlimited:
        return ()
    free = ", ".join(box.unlimited)
    return (f"nothing limits a command's {free} in {box.name} on this machine; orion doctor says more",)


def _set_up(role: Role) -> tuple[str, ...]:
    if role.setup is None:
        return ()
    commands = "; ".join(role.setup.commands)
    asks = f"before the first task, {role.name} asks for your PIN to run its set-up with a network"
    return (f"{asks}, unless an earlier session froze the same set-up: {commands}",)


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
