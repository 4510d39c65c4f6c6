"""The models of the configuration: which there are, whether one answers, and its key."""

from __future__ import annotations

from dataclasses import asdict
from time import monotonic

import click

from engine.vocabulary.errors import UsageError
from engine.vocabulary.text import visible
from orion_tui.cli.exits import Exit
from orion_tui.cli.options import json_option, opened, secret_of
from orion_tui.cli.out import note, say, say_json, table


@click.group()
def model() -> None:
    """The models that plan and work."""


@model.command("list")
@json_option
def list_models(as_json: bool) -> int:
    """Every configured model, and what keeps one from being used."""
    with opened() as engine:
        entries, path = engine.models.list(), engine.settings.path()
    if as_json:
        say_json(
            [
                {**asdict(entry.settings), "default": entry.default, "trouble": str(entry.trouble or "") or None}
                for entry in entries
            ]
        )
        return Exit.DONE
    if not entries:
        say(f"no model is configured; describe one under models in {path}")
        say("playbooks work without one: orion work --playbook FILE")
        return Exit.DONE
    rows = [
        (
            f"{entry.settings.name}{' (default)' if entry.default else ''}",
            entry.settings.api,
            visible(entry.settings.model or entry.settings.file),
            f"{entry.settings.context_tokens:,}" if entry.settings.api != "replay" else "-",
            "✗ " + entry.trouble.message if entry.trouble else "✓ can be asked",
        )
        for entry in entries
    ]
    table(("name", "api", "model", "context", "state"), rows, colours={"✓": "green", "✗": "red"})
    for entry in entries:
        if entry.trouble and entry.trouble.hint:
            say(f"{entry.settings.name}: {entry.trouble.hint}")
    return Exit.DONE


@model.command()
@click.argument("name")
def check(name: str) -> int:
    """Ask NAME for one word: key, address and model in one go. Costs a few tokens."""
    with opened() as engine:
        engine.models.get(name)
        note(f"orion: asking {name} …")
        began = monotonic()
        engine.models.check(name)
    say(f"{name} answers, after {monotonic() - began:.1f} s")
    return Exit.DONE


@model.command()
@click.argument("name")
@click.option("--key-stdin", is_flag=True, help="Read the key from one line of standard input.")
@click.option("--remove", is_flag=True, help="Take it out of the keychain.")
def key(name: str, key_stdin: bool, remove: bool) -> int:
    """Keep the key of NAME in the keychain, under the name that its entry in the configuration gives."""
    if key_stdin and remove:
        raise UsageError("a key is either kept or removed", "give one of --key-stdin and --remove")
    with opened() as engine:
        engine.models.get(name)
        if remove:
            say(f"gone from {engine.models.forget_key(name)}")
            return Exit.DONE
        where = engine.models.store_key(name, secret_of(key_stdin, "key", "--key-stdin"))
    say(f"kept in {where}; try it: orion model check {name}")
    return Exit.DONE
