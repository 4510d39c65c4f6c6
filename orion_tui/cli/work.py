"""`orion work`, `plan` and `resume`: from a goal to a session that runs."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.vocabulary.errors import UsageError
from engine.vocabulary.requests import Proposal, SessionRequest
from engine.vocabulary.text import counted, shortened
from orion_tui.cli.exits import Exit
from orion_tui.cli.follow import follow_to_end, next_step, preparing
from orion_tui.cli.intake import settled
from orion_tui.cli.options import (
    Command,
    Duration,
    Money,
    asked,
    json_option,
    opened,
    parallel_option,
    session_argument,
    workspace_option,
)
from orion_tui.cli.out import note, say, say_json, table
from orion_tui.cli.progress import seconds
from orion_tui.cli.shapes import plan_rows, proposal_json, steps_of
from orion_tui.cli.steering import check_recordable
from orion_tui.cli.waiting import TellsWaiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.engine import Engine
    from engine.vocabulary.sessions import Limits

_STEP_WIDTH = 400
_DECISIONS = {"allow": "✓ allow", "park": "◐ park", "block": "⊘ block", None: "·"}


def goal_options(command: Command) -> Command:
    """What `work` and `plan` have in common."""
    options: tuple[Callable[[Command], Command], ...] = (
        click.argument("goal", required=False, default=""),
        click.option("--role", default="", help="Who does it; `orion role list` shows them."),
        click.option("--playbook", default="", help="A playbook's file or name: a plan that needs no model."),
        click.option("--model", default="", metavar="NAME", help="A model of the configuration."),
        workspace_option,
        json_option,
        click.option(
            "--intake/--no-intake",
            default=True,
            help="Have the model say first what it understood, with questions where the goal is ambiguous.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@goal_options
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path),
    help="A plan that `orion plan --json` wrote, edited by hand.",
)
@click.option("--sandbox", type=click.Choice(["auto", "docker", "bubblewrap"]), help="Which sandbox to use.")
@click.option("--time-limit", type=Duration(), help="Seconds of work, or 2h, 90m, 45s.")
@click.option("--cost-limit", type=Money(), help="US dollars, such as 2.50.")
@parallel_option
@click.option("--yes", is_flag=True, help="Start without showing the plan first.")
@click.option("--detach", is_flag=True, help="Work in a process of its own and return at once.")
@click.option(
    "--record",
    "record_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the conversation with the model to this file in the end; orion record does so later.",
)
def work(
    goal: str,
    role: str,
    playbook: str,
    model: str,
    workspace: Path,
    as_json: bool,
    intake: bool,
    plan_file: Path | None,
    sandbox: str | None,
    time_limit: float | None,
    cost_limit: float | None,
    parallel: int | None,
    yes: bool,
    detach: bool,
    record_file: Path | None,
) -> int:
    """Carry out GOAL in the sandbox. GOAL may be left out with a playbook or a plan, which have their own."""
    if record_file is not None:
        check_recordable(record_file, detach=detach)
    with opened() as engine:
        request = _request(engine, goal, role, playbook, model, workspace, plan_file)
        limits = changed_limits(engine.settings.get().limits, time_limit, cost_limit, parallel)
        request = replace(request, sandbox=sandbox or "", limits=limits)
        if not (yes or _on_terminal() or request.playbook or request.plan):
            # Before a model is asked and paid for a plan that nobody could look at.
            raise UsageError("Start this plan? There is no terminal to ask on.", "say it with --yes")
        ask = not (yes or as_json) and _on_terminal()
        if not _look_at_stripped(engine, request, ask=ask):
            note("orion: nothing was sent")
            return Exit.DONE
        proposal = _proposed(engine, request, ask=ask, intake=intake)
        _tell_notices(engine, request, proposal)
        if not yes:
            if not as_json:
                show_proposal(proposal)
            if not asked("Start this plan?", "--yes"):
                note("orion: nothing was started")
                return Exit.DONE
        session = engine.sessions.create(proposal)
        with preparing(engine, session):
            engine.sessions.start(session, detach=detach)
        if detach:
            _tell_detached(session, as_json)
            return Exit.DONE
        code = _watched(engine, session, as_json=as_json)
        if record_file is not None:
            count = engine.sessions.record(session, record_file.absolute())
            note(f"orion: {counted(count, 'reply')} recorded in {record_file}")
        return code


@click.command()
@goal_options
def plan(goal: str, role: str, playbook: str, model: str, workspace: Path, as_json: bool, intake: bool) -> int:
    """Make a plan for GOAL and show what the gate says about each task. Nothing is stored or started."""
    with opened() as engine:
        request = _request(engine, goal, role, playbook, model, workspace, None)
        ask = not as_json and _on_terminal()
        if not _look_at_stripped(engine, request, ask=ask):
            note("orion: nothing was sent")
            return Exit.DONE
        proposal = _proposed(engine, request, ask=ask, intake=intake)
        if as_json:
            say_json(proposal_json(proposal))
        else:
            _tell_notices(engine, request, proposal)
            show_proposal(proposal)
    return Exit.DONE


@click.command()
@session_argument(required=False)
@workspace_option
@click.option("--detach", is_flag=True, help="Work in a process of its own and return at once.")
@click.option("--time-limit", type=Duration(), help="A new limit: seconds of work in all, or 2h, 90m, 45s.")
@click.option("--cost-limit", type=Money(), help="A new limit in US dollars, such as 2.50.")
@parallel_option
@json_option
def resume(
    session: str | None,
    workspace: Path,
    detach: bool,
    time_limit: float | None,
    cost_limit: float | None,
    parallel: int | None,
    as_json: bool,
) -> int:
    """Go on with a paused or interrupted session, or with what was approved, and follow it as `work` does."""
    with opened() as engine:
        found = engine.sessions.resolve(session, workspace.absolute())
        state = engine.sessions.get(found)
        after = state.seq
        limits = changed_limits(state.limits, time_limit, cost_limit, parallel)
        if limits is not None:
            engine.sessions.set_limits(found, limits)
        with preparing(engine, found):
            engine.sessions.resume(found, detach=detach)
        if detach:
            _tell_detached(found, as_json)
            return Exit.DONE
        return _watched(engine, found, after=after, as_json=as_json)


def _request(
    engine: Engine, goal: str, role: str, playbook: str, model: str, workspace: Path, plan_file: Path | None
) -> SessionRequest:
    if playbook and plan_file:
        raise UsageError("--playbook and --plan exclude each other", "a plan already says what is done; drop one")
    if not goal.strip() and not playbook and plan_file is None:
        raise UsageError("a goal is missing", 'say what is to be done: orion work "…"; or give --playbook')
    return SessionRequest(
        workspace=workspace.absolute(),
        goal=goal,
        role=role,
        playbook=engine.playbooks.find(playbook) if playbook else None,
        plan=engine.playbooks.load_plan(plan_file) if plan_file else None,
        model=model,
        brief=engine.playbooks.load_brief(plan_file) if plan_file else None,
    )


def changed_limits(
    usual: Limits, time_s: float | None, cost_usd: float | None, parallel: int | None = None
) -> Limits | None:
    """The limits with what was given on the command line; None when nothing was."""
    if time_s is None and cost_usd is None and parallel is None:
        return None
    return replace(
        usual,
        time_s=usual.time_s if time_s is None else time_s,
        cost_usd=usual.cost_usd if cost_usd is None else cost_usd,
        parallel=usual.parallel if parallel is None else parallel,
    )


def _look_at_stripped(engine: Engine, request: SessionRequest, *, ask: bool) -> bool:
    """Show what the guard takes out of the goal before a model is sent the rest. False when the person, who is only
    asked with `ask`, would rather not."""
    found = engine.scan.guard(request.goal)
    for hit in found.stripped:
        note(f"orion: taken out of the goal ({hit.rule}): {hit.text}")
    if not found.stripped or request.playbook is not None or request.plan is not None or not ask:
        return True
    note(f"orion: what a model would be sent: {found.sanitized}")
    return asked("Send it?", "--yes")


def _proposed(engine: Engine, request: SessionRequest, *, ask: bool, intake: bool) -> Proposal:
    if request.playbook is None and request.plan is None:
        if intake:
            note("orion: taking the goal in …")
            request = settled(engine.sessions.take_in(request, watch=TellsWaiting()), ask=ask)
        note("orion: planning …")
    return engine.sessions.propose(request, watch=TellsWaiting())


def _on_terminal() -> bool:
    return sys.stdin.isatty()


def _tell_notices(engine: Engine, request: SessionRequest, proposal: Proposal) -> None:
    told = len(engine.scan.guard(request.goal).stripped)
    for hit in proposal.stripped[told:]:
        note(f"orion: taken out of an answer ({hit.rule}): {hit.text}")
    for text in (*proposal.role.notices, *proposal.notices):
        note(f"orion: {text}")


def show_proposal(proposal: Proposal) -> None:
    """The plan as a table for a person, with each task's steps when they are fixed."""
    say(proposal.goal, bold=True)
    say(f"as {proposal.role.name} in {proposal.workspace.root}, from {proposal.workspace.head[:10]}")
    say()
    rows = [
        (
            row["id"],
            row["title"],
            ", ".join(row["depends_on"]) or "-",
            row["action"],
            _DECISIONS[row["verdict"]],
            row["rule"] or "",
            f"{row['calibrated']:.2f}",
            _band(row["estimate_s"]),
        )
        for row in plan_rows(proposal)
    ]
    head = ("task", "what", "after", "action", "gate", "rule", "sure", "time")
    table(head, rows, colours={"✓": "green", "◐": "yellow", "⊘": "red"})
    for task in proposal.plan.tasks:
        for step in steps_of(task):
            more = "   (all of it: orion plan --json)" if len(step) > _STEP_WIDTH else ""
            say(f"  {task.id}: {shortened(step, _STEP_WIDTH)}{more}")
    if proposal.spent:
        say(f"intake and planning: {counted(len(proposal.spent), 'call')}, ${proposal.cost_usd:.4f}")
    say()


def _band(estimate: list[float] | None) -> str:
    """Seconds from-to as a person says them."""
    if estimate is None:
        return "-"
    low, high = (seconds(value) for value in estimate)
    return low if low == high else f"{low} to {high}"


def _tell_detached(session: str, as_json: bool) -> None:
    if as_json:
        say_json({"session": session, "detached": True})
        return
    say(f"session {session} works in a process of its own")
    say(f"follow it with: orion log {session} --follow; or open the app: orion")


def _watched(engine: Engine, session: str, *, after: int = 0, as_json: bool) -> int:
    code = follow_to_end(engine, session, after=after, as_json=as_json)
    if code is not Exit.INTERRUPTED and not as_json:
        hint = next_step(engine.sessions.get(session))
        if hint:
            say(hint)
    return code
