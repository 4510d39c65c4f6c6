"""`orion setup`: the wizard of the first run, and the same steps for scripts."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.vocabulary.errors import UsageError
from orion_tui.cli.admin import say_checks
from orion_tui.cli.exits import Exit
from orion_tui.cli.options import home_folder, json_option, line_of_input, opened
from orion_tui.cli.out import note, say, say_json

if TYPE_CHECKING:
    from engine.engine import Engine

_SIGNS = {"allow": "✓ allowed", "park": "◐ asks you", "block": "⊘ blocked"}


@click.command()
@click.option("--role", default="", help="The default role; without it the one that is the default already.")
@click.option(
    "--pin-stdin", is_flag=True, help="Read the PIN to set (or, when one is set, to try) from standard input."
)
@click.option("--yes", is_flag=True, help="For scripts: take every step with its default instead of asking.")
@json_option
def setup(role: str, pin_stdin: bool, yes: bool, as_json: bool) -> int:
    """The first steps: can a session start here, which role, a PIN, a dry run, and what to try first.

    Opens the wizard in the app. With --yes it asks nothing: without --pin-stdin the PIN is left for later. Exit 6 when
    no session could start; the other steps are taken all the same.
    """
    if yes:
        return _scripted(role, pin_stdin, as_json)
    if role or pin_stdin or as_json:
        raise UsageError("these options are for scripts, and --yes is missing", "orion setup --yes --role NAME")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the set-up asks questions, and there is no terminal to ask on", "say yes to all with --yes")
    from orion_tui.app import run as run_app

    return run_app(home_folder(), Path.cwd(), wizard="always")


def _scripted(role: str, pin_stdin: bool, as_json: bool) -> int:
    workspace = Path.cwd()
    pin = line_of_input() if pin_stdin else None
    with opened() as engine:
        chosen = role or engine.setup.standing(workspace).role or engine.settings.get().default_role
        report = engine.doctor.report(workspace)
        if not as_json:
            say_checks(report)
        # What may be wrong with what was given is found before anything is kept.
        trials = engine.setup.dry_run(chosen, workspace)
        method = _secret(engine, pin)
        engine.setup.choose_role(chosen, workspace)
        suggestion = engine.setup.suggestion(workspace)
        engine.setup.finish()
    code = Exit.DONE if report.ok else Exit.NO_SANDBOX
    if as_json:
        said: list[dict[str, Any]] = [
            {
                "action": trial.label,
                "decision": trial.verdict.decision.value,
                "layer": trial.verdict.layer.value,
                "rule": trial.verdict.rule,
            }
            for trial in trials
        ]
        checks = [asdict(check) for check in report.checks]
        tell = {"command": suggestion.command, "why": suggestion.why}
        say_json(
            {"ok": report.ok, "checks": checks, "role": chosen, "method": method or None, "dry_run": said, "try": tell}
        )
        return code
    say(f"\nrole: {chosen}")
    for trial in trials:
        say(f"  {_SIGNS[trial.verdict.decision.value]:<11} {trial.label:<22} {trial.verdict.message}")
    if method:
        say(f"\n{'a PIN is' if method == 'pin' else 'one-time codes are'} set")
    else:
        note("\nno PIN is set, so nothing can be promoted yet: orion auth set pin, or orion auth set totp")
    say(f"\nto try first ({suggestion.why}):\n  {suggestion.command}")
    return code


def _secret(engine: Engine, pin: str | None) -> str:
    """Set the PIN that was given, or try it when a secret is set already; which method is set then."""
    method = engine.auth.status().method
    if pin is None:
        return method
    if method:
        engine.auth.verify(pin)
        return method
    engine.auth.set_pin(pin)
    return "pin"
