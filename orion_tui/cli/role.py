"""Roles: list, show, example, validate, test; the commands that change something stand in files of their own."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.vocabulary.actions import (
    Action,
    ActionClass,
    DeleteFile,
    EditFile,
    ReadFile,
    RequestAction,
    RunCommand,
    WriteFile,
)
from engine.vocabulary.errors import UsageError
from engine.vocabulary.roles import RoleSource
from engine.vocabulary.text import nearest
from orion_tui.cli.exits import Exit, describe
from orion_tui.cli.options import json_option, opened, workspace_option
from orion_tui.cli.out import say, say_json, table
from orion_tui.cli.role_change import create, delete, edit
from orion_tui.cli.role_trust import trust, untrust
from orion_tui.cli.shapes import role_json, verdict_row

if TYPE_CHECKING:
    from engine.engine import Engine
    from engine.vocabulary.requests import RoleEntry
    from engine.vocabulary.role_forms import Trial
    from engine.vocabulary.roles import Role
    from engine.vocabulary.verdicts import Verdict

_SIGNS = {"allow": "✓", "park": "◐", "block": "⊘"}
_COLOURS = {"✓": "green", "◐": "yellow", "⊘": "red"}


@click.group()
def role() -> None:
    """List, show, make, change, validate, test and trust roles."""


for command in (create, edit, delete, trust, untrust):
    role.add_command(command)


@role.command("list")
@workspace_option
@json_option
def list_roles(workspace: Path, as_json: bool) -> int:
    """The roles there are: starters, yours, and those of the repository. A broken file is listed with its faults."""
    with opened() as engine:
        entries = engine.roles.list(workspace.absolute())
    if as_json:
        say_json(
            [
                {
                    "name": entry.name,
                    "display_name": entry.role.display_name if entry.role else None,
                    "description": entry.role.description if entry.role else None,
                    "source": entry.source.value,
                    "path": entry.path,
                    "trusted": entry.trusted,
                    "content": entry.content,
                    "hidden_by": entry.hidden_by.value if entry.hidden_by else None,
                    "valid": entry.role is not None,
                    "errors": [_problem_row(problem) for problem in entry.problems],
                }
                for entry in entries
            ]
        )
        return Exit.DONE
    rows = [
        (
            entry.name,
            _origin(entry),
            entry.role.description if entry.role else "✗ broken: " + describe(entry.problems[0]),
        )
        for entry in entries
    ]
    table(("role", "from", "what it is for"), rows, colours={"✗": "red"})
    return Exit.DONE


def _origin(entry: RoleEntry) -> str:
    """Where a role comes from, and whether it counts."""
    if entry.source is not RoleSource.PROJECT:
        return entry.source.value
    whose = {RoleSource.USER: "yours counts", RoleSource.STARTER: "the starter counts"}
    return "project, " + (whose[entry.hidden_by] if entry.hidden_by else "trusted" if entry.trusted else "untrusted")


@role.command()
@click.argument("name")
@workspace_option
@json_option
def show(name: str, workspace: Path, as_json: bool) -> int:
    """Everything that a role says; one of the repository also before it is trusted."""
    with opened() as engine:
        found = engine.roles.entry(name, workspace.absolute()).role
        if found is None:
            found = engine.roles.get(name, workspace.absolute())
    if as_json:
        say_json(role_json(found))
        return Exit.DONE
    trust = "" if found.trusted else ", not trusted: orion role trust " + found.name
    say(f"{found.display_name} ({found.name}, {found.source.value}{trust})", bold=True)
    say(found.description)
    say(f"file: {found.path}")
    say(f"may change: {', '.join(found.scope)}")
    for title, rules in (
        ("✓ by itself", found.authority.autonomous),
        ("◐ with your approval, like everything not listed", found.authority.requires_approval),
        ("⊘ never", found.authority.forbidden),
    ):
        say(f"{title}:", fg=_COLOURS[title[0]])
        for rule in rules:
            say(f"    {rule}")
    limits = found.confidence_thresholds
    say(
        f"confidence: runs from {limits.auto_execute}, is flagged from {limits.execute_and_flag}, "
        f"asks from {limits.pause_and_ask}; risk tolerance {found.risk_tolerance.value}"
    )
    for criterion in found.success_criteria:
        say(f"success: {criterion.text}{f' ({criterion.command})' if criterion.command else ''}")
    for notice in found.notices:
        say(f"note: {notice}", fg="yellow")
    return Exit.DONE


@role.command()
def example() -> int:
    """An annotated role file to start from."""
    say(files("orion_tui.cli").joinpath("role_example.yaml").read_text("utf-8").rstrip("\n"))
    return Exit.DONE


@role.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def validate(file: Path, as_json: bool) -> int:
    """Check a role file. Exit 2 when it cannot be used, with line, field and what was expected."""
    if not file.is_file():
        raise UsageError(f"there is no file {file}", "give the path of a role file")
    with opened() as engine:
        problems = engine.roles.validate(file)
    if as_json:
        say_json({"valid": not problems, "errors": [_problem_row(problem) for problem in problems]})
    elif problems:
        for problem in problems:
            say(f"✗ {describe(problem, str(file))}", fg="red")
    else:
        say(f"✓ {file} is a valid role", fg="green")
    return Exit.USAGE if problems else Exit.DONE


def _problem_row(problem: Any) -> dict[str, Any]:
    row = asdict(problem)
    return {name: row[name] for name in ("line", "column", "field", "message", "hint")}


@role.command("test")
@click.argument("name", metavar="ROLE")
@click.option("--run", "run_command", default=None, metavar="CMD", help="A shell command.")
@click.option("--write", default=None, metavar="PATH", help="Writing a file.")
@click.option("--delete", default=None, metavar="PATH", help="Deleting a file.")
@click.option("--read", default=None, metavar="PATH", help="Reading a file.")
@click.option("--action", default=None, metavar="NAME", help="A named action such as deploy or git.merge.")
@click.option("--confidence", type=click.FloatRange(0, 1), default=1.0, show_default=True)
@click.option("--typical", is_flag=True, help="A list of typical actions, from harmless to grave.")
@click.option("--batch", is_flag=True, help='Read lines such as {"run": "make"} from standard input.')
@workspace_option
@json_option
def try_role(
    name: str,
    run_command: str | None,
    write: str | None,
    delete: str | None,
    read: str | None,
    action: str | None,
    confidence: float,
    typical: bool,
    batch: bool,
    workspace: Path,
    as_json: bool,
) -> int:
    """Ask what the gate would say about an action under ROLE. Nothing is done."""
    given = {"run": run_command, "write": write, "delete": delete, "read": read, "action": action}
    asked = {verb: value for verb, value in given.items() if value is not None}
    if len(asked) + typical + batch != 1:
        raise UsageError(
            "role test takes exactly one action, or --typical, or --batch alone",
            "one of --run CMD, --write PATH, --delete PATH, --read PATH, --action NAME",
        )
    with opened() as engine:
        found = engine.roles.get(name, workspace.absolute())
        if batch:
            _try_lines(engine, found, confidence)
            return Exit.DONE
        if typical:
            _try_typical(engine.roles.typical(found, confidence), as_json)
            return Exit.DONE
        verdict = engine.roles.test(found, _action(asked), confidence)
    if as_json:
        say_json(verdict_row(verdict))
    else:
        _show_verdict(verdict)
    return Exit.DONE


def _try_typical(trials: Sequence[Trial], as_json: bool) -> None:
    if as_json:
        say_json([{"label": trial.label, **verdict_row(trial.verdict)} for trial in trials])
        return
    rows = [
        (
            f"{_SIGNS[trial.verdict.decision.value]} {trial.verdict.decision.value}",
            trial.label,
            f"{trial.verdict.layer.value}, {trial.verdict.rule}",
        )
        for trial in trials
    ]
    table(("gate", "action", "layer and rule"), rows, colours=_COLOURS)


def _try_lines(engine: Engine, found: Role, confidence: float) -> None:
    for number, line in enumerate(sys.stdin, 1):
        if not line.strip():
            continue
        try:
            asked = json.loads(line)
        except ValueError as error:
            raise UsageError(f"line {number} of standard input is not JSON", str(error)) from error
        if not isinstance(asked, dict):
            raise UsageError(f"line {number} of standard input is not a JSON object", 'write {"run": "make test"}')
        sure = asked.pop("confidence", confidence)
        if isinstance(sure, bool) or not isinstance(sure, int | float) or not 0 <= sure <= 1:
            raise UsageError(f"line {number}: confidence is not a number from 0 to 1", "leave it out for the default")
        try:
            action = _action(asked)
        except UsageError as error:
            raise UsageError(f"line {number} of standard input: {error.message}", error.hint) from error
        say_json(verdict_row(engine.roles.test(found, action, float(sure))))


def _action(asked: Mapping[str, Any]) -> Action:
    """The action that one verb with its value stands for; paths may also come as `{"path": …}`, as in a playbook."""
    if len(asked) != 1:
        raise UsageError("exactly one of run, write, edit, delete, read, action is expected", 'such as {"run": "make"}')
    verb, value = next(iter(asked.items()))
    content = value if isinstance(value, Mapping) else {}
    if isinstance(value, Mapping):
        value = value.get("path")
    if not isinstance(value, str):
        raise UsageError(f"{verb} needs a text", 'such as {"run": "make"} or {"write": "src/app.py"}')
    match verb:
        case "run":
            return RunCommand(value)
        case "write":
            return WriteFile(value, str(content.get("content", "")))
        case "edit":
            return EditFile(value, str(content.get("find", "")), str(content.get("replace", "")))
        case "delete":
            return DeleteFile(value)
        case "read":
            return ReadFile(value)
        case "action":
            try:
                return RequestAction(ActionClass(value), "")
            except ValueError as error:
                known = [kind.value for kind in ActionClass]
                raise UsageError(f"there is no action {value!r}", nearest(value, known)) from error
        case _:
            hint = nearest(verb, ("run", "write", "edit", "delete", "read", "action"))
            raise UsageError(f"there is no action verb {verb!r}", hint)


def _show_verdict(verdict: Verdict) -> None:
    sign = _SIGNS[verdict.decision.value]
    what = verdict.action.value if verdict.action else "-"
    flag = ", flagged for review" if verdict.flagged else ""
    say(f"{sign} {verdict.decision.value}  {what}{flag}", fg=_COLOURS[sign])
    say(f"  layer {verdict.layer.value}, rule {verdict.rule}: {verdict.message}")
