"""A session as one archive: written, and verified before anybody looks into it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from engine.vocabulary.errors import UsageError
from engine.vocabulary.text import counted
from orion_tui.cli.exits import Exit
from orion_tui.cli.options import json_option, opened, session_argument
from orion_tui.cli.out import say, say_json


@click.command()
@session_argument(required=False)
@click.option("--output", "-o", type=click.Path(path_type=Path), default=None, help="A file that is not there yet.")
@click.option("--verify", type=click.Path(path_type=Path), default=None, help="Check an exported file instead.")
@json_option
def export(session: str | None, output: Path | None, verify: Path | None, as_json: bool) -> int:
    """State, plan, decisions, the last three checkpoints and the diff of a session in one file, secrets redacted."""
    if (output is None) == (verify is None):
        raise UsageError("say where the archive goes, or which one to check", "orion export ID -o FILE")
    with opened() as engine:
        if verify is not None:
            verdict = engine.review.check_export(verify)
            if as_json:
                say_json(asdict(verdict))
            elif verdict.valid:
                say(f"✓ whole: {counted(verdict.members, 'member')} of session {verdict.session}", fg="green")
            else:
                say(f"✗ {verdict.reason}", fg="red")
            return Exit.DONE if verdict.valid else Exit.BLOCKED
        written = engine.review.export(engine.sessions.resolve(session, Path.cwd()), output or Path())
    if as_json:
        say_json({**asdict(written), "file": str(output)})
    else:
        say(f"{counted(written.members, 'member')}, {counted(written.size, 'byte')} in {output}; secrets are redacted")
    return Exit.DONE
