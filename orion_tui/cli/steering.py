"""Changing the course of a session: a message to whoever works, other limits, a recording of what was said."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.vocabulary.errors import UsageError
from engine.vocabulary.sessions import Limits
from engine.vocabulary.text import counted
from orion_tui.cli.exits import Exit
from orion_tui.cli.options import Duration, Money, json_option, opened, parallel_option, session_argument
from orion_tui.cli.out import say, say_json
from orion_tui.cli.progress import seconds

if TYPE_CHECKING:
    from engine.vocabulary.room import MemoryRoom
    from engine.vocabulary.sessions import Session

_WHOLE = click.IntRange(min=0)


@click.command()
@session_argument(required=True)
@click.argument("text", metavar="TEXT")
@click.option("--task", default="", metavar="T", help="Only for this task; otherwise for whichever is at work next.")
@json_option
def steer(session: str, text: str, task: str, as_json: bool) -> int:
    """Tell whoever works on a session something: TEXT stands before the model at its next turn."""
    with opened() as engine:
        found = engine.sessions.resolve(session)
        answer = engine.sessions.steer(found, text, task)
    if as_json:
        say_json({"session": found, "message": answer})
    else:
        say(answer)
    return Exit.DONE


@click.command()
@session_argument(required=True)
@click.option("--time-limit", "time_s", type=Duration(), help="Seconds of work in all, or 2h, 90m, 45s.")
@click.option("--cost-limit", "cost_usd", type=Money(), help="US dollars in all, such as 2.50; 0 is none.")
@click.option("--tokens", type=_WHOLE, help="Tokens in and out in all; 0 is no limit.")
@click.option("--turns", type=_WHOLE, help="Calls of a model in all; 0 is no limit.")
@click.option("--task-time", "task_time_s", type=Duration(), help="For each task: seconds of work.")
@click.option("--task-cost", "task_cost_usd", type=Money(), help="US dollars.")
@click.option("--task-tokens", type=_WHOLE, help="Tokens.")
@click.option("--task-turns", type=_WHOLE, help="Calls of a model.")
@parallel_option
@json_option
def limits(session: str, as_json: bool, **given: float | None) -> int:
    """Show the limits of a session, or give it others; one that runs takes them up before its next action."""
    with opened() as engine:
        found = engine.sessions.resolve(session)
        state = engine.sessions.get(found)
        new = {name: value for name, value in given.items() if value is not None}
        if new:
            engine.sessions.set_limits(found, _changed(state.limits, new))
            state = engine.sessions.get(found)
        room = engine.doctor.memory()
    if as_json:
        say_json({"session": found, "limits": asdict(state.limits)})
    else:
        _show(state, room)
    return Exit.DONE


def _changed(limits: Limits, new: dict[str, float]) -> Limits:
    fields: dict[str, Any] = asdict(limits) | new
    return Limits(**fields)


def _show(state: Session, room: MemoryRoom) -> None:
    limits = state.limits
    say(f"time    {seconds(state.worked_s(datetime.now(UTC)))} of {seconds(limits.time_s)}")
    say(f"cost    ${state.cost_usd:.2f} of {_most(limits.cost_usd, '${:.2f}')}")
    say(f"tokens  {state.tokens:,} of {_most(limits.tokens, '{:,}')}")
    say(f"turns   {state.calls:,} of {_most(limits.turns, '{:,}')}")
    each = [
        f"{seconds(limits.task_time_s)} of work" if limits.task_time_s else "",
        f"${limits.task_cost_usd:.2f}" if limits.task_cost_usd else "",
        f"{limits.task_tokens:,} tokens" if limits.task_tokens else "",
        f"{limits.task_turns:,} turns" if limits.task_turns else "",
    ]
    say(f"each task: {', '.join(part for part in each if part) or 'no limit of its own'}")
    if limits.parallel > 1:
        say(f"side by side: {limits.parallel} tasks; {room.said(limits.parallel)}")


def _most(limit: float, form: str) -> str:
    return form.format(limit) if limit else "no limit"


@click.command()
@session_argument(required=True)
@click.option("-o", "--output", "file", type=click.Path(path_type=Path), required=True, help="The file to write.")
@json_option
def record(session: str, file: Path, as_json: bool) -> int:
    """Write a session's conversation with its model to a file that can be replayed; secrets are redacted."""
    with opened() as engine:
        found = engine.sessions.resolve(session)
        count = engine.sessions.record(found, file.absolute())
    tell_recorded(file, count, as_json, found)
    return Exit.DONE


def tell_recorded(file: Path, count: int, as_json: bool, session: str) -> None:
    if as_json:
        say_json({"session": session, "file": str(file), "replies": count})
        return
    say(f"{counted(count, 'reply')} recorded in {file}")
    say("replay it with a model in config.yaml: {api: replay, file: …}")


def check_recordable(file: Path, *, detach: bool) -> None:
    """Raises UsageError before any work is done for nothing."""
    if detach:
        raise UsageError("--record and --detach exclude each other", "record it afterwards: orion record ID -o FILE")
    if not file.absolute().parent.is_dir():
        raise UsageError(f"there is no folder {file.absolute().parent}", "make it first, or name another file")
