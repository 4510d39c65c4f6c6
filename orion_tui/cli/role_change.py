"""Roles of your own: make one, change a field, delete one. Each asks for the PIN once everything else is right."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from engine.vocabulary.errors import ConfigError, UsageError
from engine.vocabulary.roles import RoleSource
from orion_tui.cli.exits import Exit
from orion_tui.cli.options import TakesNumbers, json_option, opened, pin_option, secret_of, workspace_option
from orion_tui.cli.out import note, say, say_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from engine.engine import Engine
    from engine.vocabulary.requests import RoleEntry
    from engine.vocabulary.roles import Role

_LISTS = ("autonomous", "requires_approval", "forbidden")
_CHOICES = {"a": "autonomous", "r": "requires_approval", "f": "forbidden"}


@click.command()
@click.option("--from", "base", default="", metavar="ROLE", help="The role to begin from.  [default: the configured]")
@click.option("--name", default="", help="kebab-case; the file's name too.")
@click.option("--display-name", default=None, help="The name for people.")
@click.option("--description", default=None, help="What the role is for.")
@click.option("--scope", default=None, metavar="GLOBS", help="What it may change, such as 'src/**, tests/**'.")
@click.option("--competencies", default=None, metavar="LIST", help="What it is good at.")
@click.option("--autonomous", default="", metavar="ACTIONS", help="Actions it does by itself, unlike in ROLE.")
@click.option("--requires-approval", default="", metavar="ACTIONS", help="Actions it asks for, unlike in ROLE.")
@click.option("--forbidden", default="", metavar="ACTIONS", help="Actions it never does, unlike in ROLE.")
@click.option("--risk-tolerance", default=None, help="low asks sooner, high later.")
@click.option("--working-hours", default=None, metavar="HOURS", help="Such as 'mon-fri 22:00-06:00'.")
@workspace_option
@pin_option
@json_option
def create(
    base: str,
    name: str,
    workspace: Path,
    pin_stdin: bool,
    as_json: bool,
    autonomous: str,
    requires_approval: str,
    forbidden: str,
    **given: str | None,
) -> int:
    """Make a role of your own out of another. In a terminal Orion asks for what you did not say; Enter keeps what the
    role that you begin from says."""
    interview = sys.stdin.isatty() and not pin_stdin and not as_json
    if not name and not interview:
        raise UsageError("the new role has no name", "give it with --name")
    moves = dict(zip(_LISTS, (autonomous, requires_approval, forbidden), strict=True))
    with opened() as engine:
        place = workspace.absolute()
        if interview:
            base = base or click.prompt("Begin from which role", default=engine.settings.get().default_role, err=True)
        start = engine.roles.get(base or engine.settings.get().default_role, place)
        if interview:
            name = name or _named(engine, start, place)
        engine.roles.free(name)
        if interview:

            def check(field: str, default: str, words: str) -> None:
                if words == default:
                    return
                value = engine.roles.value_of(field, words)
                engine.roles.check(
                    name, engine.roles.draft(name, base=start.name, fields={field: value}, workspace=place)
                )

            given, moves = _interviewed(start, name, dict(given), moves, check)
        fields = {field: engine.roles.value_of(field, words) for field, words in given.items() if words is not None}
        fields.setdefault("display_name", name.replace("-", " ").capitalize())
        fields |= _moved(start, moves)
        text = engine.roles.draft(name, base=start.name, fields=fields, workspace=place)
        engine.roles.check(name, text)
        if interview:
            note(f"\n{text}")
        entry = engine.roles.save(name, text, secret=secret_of(pin_stdin))
    _tell(
        entry, as_json, f"✓ the role {name} is made: {entry.path}\n  try it: orion role test {name} --run 'make test'"
    )
    return Exit.DONE


@click.command(cls=TakesNumbers)
@click.argument("name")
@click.argument("field")
@click.argument("value", required=False)
@click.option("--add", default=None, metavar="ENTRIES", help="Add these to the list that is there.")
@click.option("--remove", default=None, metavar="ENTRIES", help="Take these out of the list that is there.")
@click.option("--unset", is_flag=True, help="Take the field out, so that its default counts.")
@pin_option
@json_option
def edit(
    name: str,
    field: str,
    value: str | None,
    add: str | None,
    remove: str | None,
    unset: bool,
    pin_stdin: bool,
    as_json: bool,
) -> int:
    """Change one FIELD of the role NAME, such as `scope 'src/**, docs/**'` or `confidence_thresholds.auto_execute
    0.95`. Lists are split at commas; YAML works too. A shipped role is copied into your own folder first."""
    if [value is not None, add is not None or remove is not None, unset].count(True) != 1:
        raise UsageError(
            "role edit takes a VALUE, or --add and --remove, or --unset",
            f"such as: orion role edit {name} {field} VALUE",
        )
    with opened() as engine:
        plain = None if value is None else engine.roles.value_of(field, value)
        if value is None and not unset:
            more, less = ([] if words is None else engine.roles.value_of(field, words) for words in (add, remove))
            plain = list(engine.roles.entries_of(name, field, more=more, less=less))
        made = engine.roles.edited(name, field, plain)
        engine.roles.check(name, made.text)
        mine = made.source is RoleSource.USER
        entry = engine.roles.save(name, made.text, secret=secret_of(pin_stdin), expected=made.content if mine else "")
    copied = "" if mine else "; it is a copy of the shipped one, which it hides"
    _tell(entry, as_json, f"✓ {field} of {name} is changed in {entry.path}{copied}")
    return Exit.DONE


@click.command()
@click.argument("name")
@pin_option
@json_option
def delete(name: str, pin_stdin: bool, as_json: bool) -> int:
    """Delete the role NAME of yours. Shipped roles are protected."""
    with opened() as engine:
        found = engine.roles.deletable(name)
        engine.roles.delete(name, secret=secret_of(pin_stdin))
        left = [entry for entry in engine.roles.list() if entry.name == name]
    if as_json:
        say_json({"name": name, "deleted": True, "path": found.path})
    else:
        say(f"{found.path} is deleted" + (f"; the shipped {name} counts again" if left else ""))
    return Exit.DONE


def _named(engine: Engine, start: Role, place: Path) -> str:
    def check(said: str) -> None:
        engine.roles.free(said)
        engine.roles.check(said, engine.roles.draft(said, base=start.name, workspace=place))

    return _answered("Its name, in kebab-case", f"my-{start.name}", check)


def _answered(question: str, default: str, check: Callable[[str], None]) -> str:
    """The answer to a question, which is put again until `check` raises no error."""
    while True:
        said: str = click.prompt(question, default=default, err=True)
        try:
            check(said)
        except ConfigError as error:
            note(f"  {error.problems[0].message if error.problems else error.message}", fg="red")
            hint = error.problems[0].hint if error.problems else error.hint
            note(f"  {hint}")
        else:
            return said


def _interviewed(
    start: Role,
    name: str,
    given: Mapping[str, str | None],
    moves: Mapping[str, str],
    check: Callable[[str, str, str], None],
) -> tuple[dict[str, str | None], dict[str, str]]:
    """What was given, and answers to the rest; an answer that is the default changes nothing."""
    defaults = {
        "display_name": name.replace("-", " ").capitalize(),
        "description": start.description,
        "scope": ", ".join(start.scope),
        "risk_tolerance": start.risk_tolerance.value,
        "working_hours": "always" if start.working_hours is None else "as there",
    }
    questions = {
        "display_name": "Its name for people",
        "description": "What is it for",
        "scope": "Which paths may it change",
        "risk_tolerance": "How bold is it (low, medium, high)",
        "working_hours": "When may it work (such as mon-fri 22:00-06:00)",
    }
    answers = dict(given)
    for field, question in questions.items():
        if answers.get(field) is None:
            said = _answered(question, defaults[field], partial(check, field, defaults[field]))
            answers[field] = None if said == defaults[field] else said
    chosen = dict(moves)
    if not any(chosen.values()) and click.confirm("Change what it does alone, asks for or never does", err=True):
        asked: dict[str, list[str]] = {kind: [] for kind in _LISTS}
        for kind in _LISTS:
            for rule in getattr(start.authority, kind):
                said = click.prompt(
                    f"  {rule}: (a)lone, (r)equires approval, (f)orbidden",
                    default=kind[0],
                    type=click.Choice(list(_CHOICES)),
                    show_choices=False,
                    err=True,
                )
                if _CHOICES[said] != kind:
                    asked[_CHOICES[said]].append(rule.action.value)
        chosen = {kind: ", ".join(names) for kind, names in asked.items()}
    return answers, chosen


def _moved(start: Role, moves: Mapping[str, str]) -> dict[str, Any]:
    """The three lists with the named actions moved; those of `start` that did not move stay as they are."""
    named = {kind: [word.strip() for word in words.split(",") if word.strip()] for kind, words in moves.items()}
    moving = {name for names in named.values() for name in names}
    if not moving:
        return {}
    fields: dict[str, Any] = {}
    for kind in _LISTS:
        kept = [rule for rule in getattr(start.authority, kind) if rule.action.value not in moving]
        plain = [{rule.action.value: list(rule.patterns)} if rule.patterns else rule.action.value for rule in kept]
        fields[f"authority.{kind}"] = [*plain, *named[kind]]
    return fields


def _tell(entry: RoleEntry, as_json: bool, sentence: str) -> None:
    if as_json:
        say_json({"name": entry.name, "path": entry.path, "source": entry.source.value, "content": entry.content})
    else:
        say(sentence, fg="green")
