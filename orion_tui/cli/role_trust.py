"""Roles that come with a repository: trust one as it is now, or take that back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from engine.vocabulary.errors import UsageError
from engine.vocabulary.roles import RoleSource
from orion_tui.cli.exits import Exit
from orion_tui.cli.options import json_option, opened, pin_option, secret_of, workspace_option
from orion_tui.cli.out import note, say, say_json

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("name")
@workspace_option
@click.option("--content", default="", metavar="SHA256", help="Trust only this content of the file, as `list --json`.")
@pin_option
@json_option
def trust(name: str, workspace: Path, content: str, pin_stdin: bool, as_json: bool) -> int:
    """Trust the repository's role NAME exactly as its file is now. Any later change makes it untrusted again."""
    place = workspace.absolute()
    with opened() as engine:
        shown = content
        if not pin_stdin and sys.stdin.isatty():
            mine = [e for e in engine.roles.list(place) if e.name == name and e.source is RoleSource.PROJECT]
            if mine and mine[0].hidden_by is None and mine[0].role is not None and not mine[0].trusted:
                found = engine.roles.text(name, place)
                shown = content or found.content
                note(f"{found.path} would decide what an agent may do here:\n\n{found.text}")
        here = [e for e in engine.roles.list(place) if e.name == name and e.source is RoleSource.PROJECT]
        # What is not there, or trusted already, is answered without a secret.
        secret = secret_of(pin_stdin) if here and not any(e.trusted for e in here) else ""
        entry = engine.roles.trust(name, place, secret=secret, content=shown)
    if as_json:
        say_json({"name": name, "trusted": entry.trusted, "content": entry.content, "path": entry.path})
    else:
        say(f"✓ {name} is trusted as it is now ({entry.content[:12]}); a change to {entry.path} ends that", fg="green")
    return Exit.DONE


@click.command()
@click.argument("name")
@workspace_option
@json_option
def untrust(name: str, workspace: Path, as_json: bool) -> int:
    """Take the trust in the repository's role NAME back."""
    with opened() as engine:
        ended = engine.roles.untrust(name, workspace.absolute())
    if not ended:
        raise UsageError(f"no role {name!r} of this repository is trusted", "see: orion role list")
    if as_json:
        say_json({"name": name, "trusted": False})
    else:
        say(f"{name} is not trusted any more")
    return Exit.DONE
