"""The second factor: status, set, verify."""

from __future__ import annotations

from dataclasses import asdict

import click

from engine.vocabulary.errors import UsageError
from orion_tui.cli.exits import Exit
from orion_tui.cli.options import json_option, opened, pin_option, secret_of
from orion_tui.cli.out import say, say_json
from orion_tui.cli.progress import seconds


@click.group()
def auth() -> None:
    """The PIN that promotions ask for."""


@auth.command()
@json_option
def status(as_json: bool) -> int:
    """Which method is set, how many tries are left, where the secret is kept."""
    with opened() as engine:
        found = engine.auth.status()
    if as_json:
        say_json({**asdict(found), "method": found.method or None})
    elif not found.method:
        say("no PIN is set; promotions need one: orion auth set")
    else:
        say(f"{found.method} set, kept in {found.storage}")
        if found.locked_s > 0:
            say(f"locked for another {seconds(found.locked_s)}", fg="red")
        else:
            say(f"{found.tries_left} tries left before a lock")
    return Exit.DONE


@auth.command("set")
@click.argument("method", type=click.Choice(["pin"]), default="pin")
@click.option("--pin-stdin", is_flag=True, help="Read the current PIN, if there is one, from standard input, first.")
@click.option("--new-pin-stdin", is_flag=True, help="Read the new PIN from one line of standard input.")
@json_option
def set_secret(method: str, pin_stdin: bool, new_pin_stdin: bool, as_json: bool) -> int:
    """Set the PIN (6 to 12 digits), or change it: the current one first."""
    with opened() as engine:
        has_one = bool(engine.auth.status().method)
        current = secret_of(pin_stdin, "current PIN") if pin_stdin or has_one else None
        new = secret_of(new_pin_stdin, "new PIN", "--new-pin-stdin")
        if not new_pin_stdin and secret_of(False, "new PIN, once more") != new:
            raise UsageError("the two entries differ", "nothing was changed; try again")
        engine.auth.set_pin(new, current if has_one else None)
    if as_json:
        say_json({"method": method, "set": True})
    else:
        say("the PIN is set")
    return Exit.DONE


@auth.command()
@pin_option
@json_option
def verify(pin_stdin: bool, as_json: bool) -> int:
    """Try the PIN. A wrong one counts."""
    with opened() as engine:
        engine.auth.verify(secret_of(pin_stdin))
    if as_json:
        say_json({"verified": True})
    else:
        say("✓ right", fg="green")
    return Exit.DONE
