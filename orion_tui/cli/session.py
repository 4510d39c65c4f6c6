"""Sessions from the outside: list, status, log, pause, cancel, checkpoints, rollback, clean-up."""

from __future__ import annotations

import threading
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from engine.vocabulary.plans import TaskState
from orion_tui.cli.exits import Exit
from orion_tui.cli.follow import next_step, show
from orion_tui.cli.options import json_option, opened, session_argument, workspace_option
from orion_tui.cli.out import say, say_json, table
from orion_tui.cli.progress import COLOURS, seconds, signed
from orion_tui.cli.shapes import checkpoint_row, session_full, session_row

if TYPE_CHECKING:
    from pathlib import Path

    from engine.vocabulary.sessions import Session


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def sessions(ctx: click.Context, as_json: bool) -> int:
    """List sessions, newest first."""
    if ctx.invoked_subcommand is not None:
        return Exit.DONE
    with opened() as engine:
        found = engine.sessions.list()
    if as_json:
        say_json([session_row(summary) for summary in found])
    elif not found:
        say('no session yet; start one with: orion work "your goal", or with --playbook FILE')
    else:
        rows = [
            (
                summary.id,
                signed(summary.state.value),
                f"{summary.tasks.get('kept', 0)}/{summary.tasks.get('total', 0)}",
                str(summary.waiting or "-"),
                f"${summary.cost_usd:.2f}",
                (summary.started_at or "")[5:16].replace("T", " "),
                summary.goal,
            )
            for summary in found
        ]
        table(("id", "state", "kept", "waits", "cost", "began (UTC)", "goal"), rows, colours=COLOURS)
    return Exit.DONE


@sessions.command()
@click.option("--dry", is_flag=True, help="Only show what would be removed.")
@json_option
def cleanup(dry: bool, as_json: bool) -> int:
    """Remove what the configuration's `retention` lets go of: the trees and outputs of sessions that are settled, and
    set-ups that none uses. The history stays, and what waits for a review does. Happens by itself once a day."""
    with opened() as engine:
        found = engine.housekeeping.look() if dry else ()
        done = None if dry else engine.housekeeping.tidy()
    if as_json:
        would = [asdict(one) for one in found]
        say_json({"would_remove": would} if done is None else {**asdict(done), "removed": done.sessions})
    elif done is None:
        for one in found:
            say(f"{one.kind:<8} {one.name:<20} {one.size / 1024**2:>9.1f} MiB  {one.why}")
        say(f"{len(found)} to remove; without --dry they go" if found else "there is nothing to remove")
    else:
        size = f"{done.size / 1024**2:.1f} MiB"
        outputs, setups = f"outputs of {done.outputs}", f"{done.setups} set-ups"
        say(f"{done.sessions} session folders removed, {outputs}, {setups}: {size}")
    return Exit.DONE


@click.command()
@session_argument(required=False)
@workspace_option
@json_option
def status(session: str | None, workspace: Path, as_json: bool) -> int:
    """One session in full; without ID the latest of this workspace."""
    with opened() as engine:
        found = engine.sessions.resolve(session, workspace.absolute())
        state, runner = engine.sessions.get(found), engine.sessions.runner(found)
    if as_json:
        say_json(session_full(state, runner))
        return Exit.DONE
    _show_session(state)
    if runner is not None and runner.alive:
        say(f"runs in process {runner.pid} on {runner.host}")
    hint = next_step(state)
    if hint:
        say(hint)
    return Exit.DONE


def _show_session(state: Session) -> None:
    say(state.goal, bold=True)
    reason = f" ({state.reason})" if state.reason else ""
    sandbox = f"{state.sandbox or 'no sandbox yet'}, network off"
    say(f"{state.id}  {signed(state.state.value)}{reason}  {state.role}  {sandbox}")
    say(f"{state.workspace} on {state.branch}, from {state.base_commit[:10]}")
    say(
        f"time {seconds(state.worked_s(datetime.now(UTC)))} of {seconds(state.limits.time_s)}, "
        f"cost ${state.cost_usd:.2f} of ${state.limits.cost_usd:.2f}, {len(state.checkpoints)} checkpoints"
    )
    say()
    rows = [
        (
            signed(view.state.value),
            view.task.id,
            f"{view.confidence:.2f}{'⚑' if view.flagged else ''}",
            {True: "verified", False: "not verified", None: "-"}[view.verified],
            f"+{view.additions} -{view.deletions}" if view.state in (TaskState.KEPT, TaskState.PARKED) else "-",
            view.reason or view.task.title,
        )
        for view in state.tasks.values()
    ]
    table(("state", "task", "confidence", "checks", "lines", "what"), rows, colours=COLOURS)
    for approval in state.waiting:
        say(f"◐ {approval.id}: {approval.reason}", fg="yellow")
    for command in state.hand_off:
        say(f"◐ for you to run: {command}", fg="yellow")


@click.command()
@session_argument(required=False)
@workspace_option
@click.option("--follow", is_flag=True, help="Go on with what happens until the session ends.")
@json_option
def log(session: str | None, workspace: Path, follow: bool, as_json: bool) -> int:
    """Every event of a session, in order; `orion why NUMBER` explains what the gate said at one."""
    with opened() as engine:
        found = engine.sessions.resolve(session, workspace.absolute())
        events = engine.sessions.follow(found, 0, threading.Event()) if follow else engine.sessions.events(found)
        for event in events:
            show(event, as_json, numbered=True)
    return Exit.DONE


@click.command()
@session_argument(required=False)
@workspace_option
@json_option
def pause(session: str | None, workspace: Path, as_json: bool) -> int:
    """Stop after a checkpoint, to go on later."""
    with opened() as engine:
        found = engine.sessions.resolve(session, workspace.absolute())
        engine.sessions.pause(found)
        _answer(engine.sessions.wait(found, 60), as_json)
    return Exit.DONE


@click.command()
@session_argument(required=True)
@json_option
def cancel(session: str, as_json: bool) -> int:
    """Stop for good. The branch and what was kept stay for review."""
    with opened() as engine:
        found = engine.sessions.resolve(session)
        engine.sessions.cancel(found)
        _answer(engine.sessions.wait(found, 60), as_json)
    return Exit.DONE


def _answer(state: Session, as_json: bool) -> None:
    if as_json:
        say_json({"session": state.id, "state": state.state.value, "reason": state.reason})
        return
    say(f"{state.id} {signed(state.state.value)}")
    hint = next_step(state)
    if hint:
        say(hint)


@click.command()
@session_argument(required=False)
@workspace_option
@json_option
def checkpoints(session: str | None, workspace: Path, as_json: bool) -> int:
    """The points a session can go back to."""
    with opened() as engine:
        points = engine.sessions.checkpoints(engine.sessions.resolve(session, workspace.absolute()))
    if as_json:
        say_json([checkpoint_row(point.number, point.commit, point.task, point.at) for point in points])
    elif not points:
        say("no checkpoint yet; one is made after each task that is kept")
    else:
        rows = [(str(p.number), p.commit[:10], p.task or "-", p.why, p.at[:19].replace("T", " ")) for p in points]
        table(("id", "commit", "task", "why", "at (UTC)"), rows)
    return Exit.DONE


@click.command()
@session_argument(required=True)
@click.argument("checkpoint", type=click.IntRange(min=1))
@json_option
def rollback(session: str, checkpoint: int, as_json: bool) -> int:
    """Take a session that does not run back to CHECKPOINT (its number); later tasks are to be done again."""
    with opened() as engine:
        found = engine.sessions.resolve(session)
        engine.sessions.rollback(found, checkpoint)
        _answer(engine.sessions.get(found), as_json)
    return Exit.DONE
