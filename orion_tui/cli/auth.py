"""The second factor: status, set, switch, verify, reset."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from engine.vocabulary.errors import AuthError, UsageError
from engine.vocabulary.text import counted
from orion_tui.cli.exits import Exit
from orion_tui.cli.options import json_option, line_of_input, opened, pin_option, secret_of
from orion_tui.cli.out import note, say, say_json
from orion_tui.cli.progress import seconds
from orion_tui.qr import grouped, qr_lines

if TYPE_CHECKING:
    from engine.engine import Engine
    from engine.vocabulary.requests import AuthStatus

_METHODS = click.Choice(["pin", "totp"])
_current_pin = click.option("--pin-stdin", is_flag=True, help="Read the current PIN from one line of standard input.")
_code = click.option(
    "--code-stdin",
    is_flag=True,
    help="Read a code from one line of standard input: the current one when codes are set, then the new app's.",
)
_new_pin = click.option("--new-pin-stdin", is_flag=True, help="Read the new PIN from one line of standard input.")


@click.group()
def auth() -> None:
    """The PIN or the one-time codes that promotions ask for."""


@auth.command()
@json_option
def status(as_json: bool) -> int:
    """Which method is set, how many tries are left, where the secret is kept."""
    with opened() as engine:
        found = engine.auth.status()
    if as_json:
        say_json({**asdict(found), "method": found.method or None})
        return Exit.DONE
    if not found.method:
        say("no PIN or code is set; promotions need one: orion auth set pin, or orion auth set totp")
        say(found.storage)
        return Exit.DONE
    say(f"{found.method} set, kept in {found.storage}")
    if found.locked_s > 0:
        say(f"locked for another {seconds(found.locked_s)}", fg="red")
    else:
        say(f"{counted(found.tries_left, 'try')} left before a lock of {seconds(found.lock_s)}")
    if found.method == "totp":
        say(f"{found.backup_codes_left} backup codes left")
    if found.reset_left_s is not None:
        say(f"a reset was begun; {seconds(found.reset_left_s)} to wait: orion auth reset", fg="yellow")
    return Exit.DONE


@auth.command("set")
@click.argument("method", type=_METHODS, default="pin")
@_current_pin
@_code
@_new_pin
@json_option
def set_secret(method: str, pin_stdin: bool, code_stdin: bool, new_pin_stdin: bool, as_json: bool) -> int:
    """Set a PIN (6 to 12 digits) or one-time codes, or change them: the current secret first.

    For codes without a terminal: `set totp --json` prints the secret, then `set totp --code-stdin` takes a code that
    the app shows.
    """
    with opened() as engine:
        if method == "totp":
            return _set_totp(engine, pin_stdin, code_stdin, as_json)
        return _set_pin(engine, pin_stdin, code_stdin, new_pin_stdin, as_json)


@auth.command()
@click.argument("method", type=_METHODS)
@_current_pin
@_code
@_new_pin
@json_option
@click.pass_context
def switch(
    context: click.Context, method: str, pin_stdin: bool, code_stdin: bool, new_pin_stdin: bool, as_json: bool
) -> int:
    """Change from a PIN to codes or back: the current secret first, which is deleted then."""
    with opened() as engine:
        before = engine.auth.status().method
    if before in ("", method):
        what = f"the method is {method} already" if before else "nothing is set that could be switched"
        raise UsageError(what, f"orion auth set {method}")
    done: int = context.invoke(
        set_secret,
        method=method,
        pin_stdin=pin_stdin,
        code_stdin=code_stdin,
        new_pin_stdin=new_pin_stdin,
        as_json=as_json,
    )
    return done


@auth.command()
@pin_option
@json_option
def verify(pin_stdin: bool, as_json: bool) -> int:
    """Try the PIN or a code. A wrong one counts, a code is used up."""
    with opened() as engine:
        engine.auth.verify(secret_of(pin_stdin))
    if as_json:
        say_json({"verified": True})
    else:
        say("✓ right", fg="green")
    return Exit.DONE


@auth.command()
@json_option
def reset(as_json: bool) -> int:
    """Forget a lost PIN or authenticator: begins a wait of 24 hours, and finishes it when called again after that.

    Finishing rejects every session that was not promoted. The right secret ends the wait at any time.
    """
    with opened() as engine:
        left_s = engine.auth.begin_reset()
        voided = engine.auth.finish_reset() if left_s <= 0 else None
    if as_json:
        say_json({"reset": voided is not None, "left_s": left_s, "voided": voided})
    elif voided is None:
        say(f"{seconds(left_s)} to wait; then call this again. The right PIN or code ends the reset.")
    else:
        say(f"forgotten; {voided} sessions that were not promoted are rejected. Set a new one: orion auth set pin")
    return Exit.DONE


def _set_pin(engine: Engine, pin_stdin: bool, code_stdin: bool, new_pin_stdin: bool, as_json: bool) -> int:
    current = _current(engine.auth.status(), pin_stdin, code_stdin)
    new = secret_of(new_pin_stdin, "new PIN", "--new-pin-stdin")
    if not new_pin_stdin and secret_of(False, "new PIN, once more") != new:
        raise UsageError("the two entries differ", "nothing was changed; try again")
    engine.auth.set_pin(new, current)
    if as_json:
        say_json({"method": "pin", "set": True})
    else:
        say("the PIN is set")
    return Exit.DONE


def _set_totp(engine: Engine, pin_stdin: bool, code_stdin: bool, as_json: bool) -> int:
    if not (code_stdin or as_json or sys.stdin.isatty()):
        raise UsageError(
            "a new app must show a code before it counts, and there is no terminal to ask on",
            "print the secret with --json, then give a code with --code-stdin",
        )
    if code_stdin and not pin_stdin and not sys.stdin.isatty():
        code = line_of_input()
        try:
            return _told(engine.auth.confirm_totp(code), as_json)
        except AuthError:
            if engine.auth.status().method != "totp":
                raise
            # No app waits for its code: it is the current one, and a new secret is asked for.
            current: str | None = code
    else:
        current = _current(engine.auth.status(), pin_stdin, False)
    offer = engine.auth.offer_totp(current)
    if as_json and not code_stdin:
        say_json({"method": "totp", "set": False, "secret": offer.secret, "uri": offer.uri})
        return Exit.DONE
    for line in qr_lines(offer.uri):
        note(line)
    note(f"secret: {grouped(offer.secret)}")
    note(f"address: {offer.uri}")
    return _told(engine.auth.confirm_totp(secret_of(code_stdin, "code that the app shows", "--code-stdin")), as_json)


def _told(codes: tuple[str, ...], as_json: bool) -> int:
    if as_json:
        say_json({"method": "totp", "set": True, "backup_codes": list(codes)})
        return Exit.DONE
    say("one-time codes are set. Backup codes, shown this once, each good once:")
    for code in codes:
        say(f"  {code}")
    return Exit.DONE


def _current(status: AuthStatus, pin_stdin: bool, code_stdin: bool) -> str | None:
    """The current secret, None when nothing is set yet."""
    if not status.method:
        return None
    if status.method == "pin":
        return secret_of(pin_stdin, "current PIN")
    return secret_of(code_stdin or pin_stdin, "current code", "--code-stdin")
