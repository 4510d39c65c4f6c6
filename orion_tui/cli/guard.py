"""Looking at text: the goal guard and the secret scanner."""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.vocabulary.errors import UsageError
from orion_tui.cli.exits import Exit
from orion_tui.cli.options import json_option, opened
from orion_tui.cli.out import note, say, say_json

if TYPE_CHECKING:
    from collections.abc import Iterator


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
            for name, data in _contents(path):
                for hit in engine.scan.secrets(data, name):
                    count += 1
                    if as_json:
                        say_json({"path": name, "line": hit.line, "rule": hit.rule, "redacted": hit.redacted})
                    else:
                        say(f"✗ {name}:{hit.line}: {hit.rule}: {hit.redacted}", fg="red")
    if not as_json:
        note(f"orion: {count} secrets found" if count else "orion: no secrets found")
    return Exit.BLOCKED if count else Exit.DONE


def _contents(path: str) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of what a person named: standard input, one file, or the files below a folder. There, git's own
    are left out and no link is followed."""
    if path == "-":
        yield path, sys.stdin.buffer.read()
        return
    named = Path(path)
    if not named.exists():
        raise UsageError(f"there is no file or folder {path}", "name what is to be looked at, or - for standard input")
    if not named.is_dir():
        yield from _read(named)
        return
    for folder, below, names in os.walk(named):
        below[:] = sorted(name for name in below if name != ".git")
        for name in sorted(names):
            yield from _read(Path(folder) / name, follow=False)


def _read(file: Path, *, follow: bool = True) -> Iterator[tuple[str, bytes]]:
    try:
        if not stat.S_ISREG(file.stat(follow_symlinks=follow).st_mode):
            return
        data = file.read_bytes()
    except OSError as error:
        note(f"orion: {file} cannot be read: {error.strerror}")
        return
    yield str(file), data
