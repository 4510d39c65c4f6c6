"""Looking at a goal text: the guard."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from orion_tui.cli.exits import Exit
from orion_tui.cli.options import json_option, opened
from orion_tui.cli.out import say, say_json


@click.command()
@json_option
def guard(as_json: bool) -> int:
    """Read a goal text from standard input and show what the guard makes of it."""
    text = sys.stdin.buffer.read().decode("utf-8", errors="replace")
    with opened() as engine:
        found = engine.scan.guard(text)
    if as_json:
        say_json(
            {
                "safe": found.safe,
                "score": found.score,
                "sanitized": found.sanitized,
                "stripped": [asdict(hit) for hit in found.stripped],
            }
        )
        return Exit.DONE
    say(
        f"{'✓ safe' if found.safe else '⚑ suspicious'}, score {found.score:.2f}", fg="green" if found.safe else "yellow"
    )
    for hit in found.stripped:
        say(f"  taken out ({hit.rule}): {hit.text}")
    say(found.sanitized)
    return Exit.DONE
