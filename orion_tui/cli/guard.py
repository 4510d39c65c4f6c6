"""Looking at text: the goal guard and the secret scanner."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from orion_tui.cli.exits import Exit
from orion_tui.cli.options import json_option, opened
from orion_tui.cli.out import note, say, say_json


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


@click.command()
@click.argument("paths", metavar="PATH…", nargs=-1, required=True)
@json_option
def scan(paths: tuple[str, ...], as_json: bool) -> int:
    """Look for secrets in files and folders (`-` is standard input). Exit 8 when there is any."""
    count = 0
    with opened() as engine:
        for path in paths:
            data = sys.stdin.buffer.read() if path == "-" else None
            for hit in engine.scan.secrets(path, data):
                count += 1
                if as_json:
                    say_json({"path": hit.path, "line": hit.line, "rule": hit.rule, "redacted": hit.redacted})
                else:
                    say(f"✗ {hit.path}:{hit.line}: {hit.rule}: {hit.redacted}", fg="red")
    if not as_json:
        note(f"orion: {count} secrets found" if count else "orion: no secrets found")
    return Exit.BLOCKED if count else Exit.DONE
