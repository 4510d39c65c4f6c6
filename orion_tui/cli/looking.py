"""Beyond the diff: a look around in the sandbox, a plain checkout, notes that go back to the agent."""

from __future__ import annotations

from pathlib import Path

import click

from engine.vocabulary.changes import ReviewNote
from engine.vocabulary.errors import UsageError
from engine.vocabulary.text import counted
from orion_tui.cli.exits import Exit
from orion_tui.cli.options import json_option, opened, session_argument
from orion_tui.cli.out import note, say, say_bytes, say_json
from orion_tui.looking import look_around


@click.command()
@session_argument(required=True)
@click.option("-c", "command", default="", metavar="COMMAND", help="Run this one line and end.")
def look(session: str, command: str) -> int:
    """Look around: lines of shell in the sandbox, on a copy of the session's tree; nothing of it is kept."""
    with opened() as engine:
        found = engine.sessions.resolve(session)
        with engine.review.look(found) as place:
            if command:
                output, ended = place.run(command)
                say_bytes(output)
                if ended:
                    note(f"orion: it ended with {ended}" if ended.startswith("exit ") else f"orion: {ended}")
                return Exit.BLOCKED if ended else Exit.DONE
            look_around(place)
            return Exit.DONE


@click.command()
@session_argument(required=True)
@click.argument("folder", type=click.Path(path_type=Path))
@json_option
def checkout(session: str, folder: Path, as_json: bool) -> int:
    """Write the session's result as plain files to FOLDER, which must not exist yet."""
    with opened() as engine:
        found = engine.sessions.resolve(session)
        count = engine.review.check_out(found, folder.absolute())
    if as_json:
        say_json({"session": found, "folder": str(folder.absolute()), "files": count})
    else:
        say(f"✓ {counted(count, 'file')} in {folder}; nothing in there is checked or followed by Orion")
    return Exit.DONE


@click.command()
@session_argument(required=True)
@click.option("--note", "notes", multiple=True, metavar="PATH[:LINE]=TEXT", help="What should be different there.")
@click.option("--rebase", is_flag=True, help="Bring the files that conflict with the branch together instead.")
@click.option("--onto", default=None, metavar="BRANCH", help="With --rebase: another branch than the session's own.")
@json_option
def revise(session: str, notes: tuple[str, ...], rebase: bool, onto: str | None, as_json: bool) -> int:
    """Make comments a new task of the session; resuming it starts the work, and the review shows the result. Notes that
    were written in the review and not sent yet go along."""
    with opened() as engine:
        found = engine.sessions.resolve(session)
        if rebase:
            task = engine.review.rebase(found, onto=onto)
        else:
            kept = engine.sessions.get(found).notes
            task = engine.review.revise(found, [*kept, *(note_of(text) for text in notes)])
    if as_json:
        say_json({"session": found, "task": task})
    else:
        say(f"✓ task {task} is in the plan; start it with: orion resume {found}")
    return Exit.DONE


def note_of(text: str) -> ReviewNote:
    """`PATH=TEXT` or `PATH:LINE=TEXT`. Raises UsageError."""
    place, equals, said = text.partition("=")
    if not equals or not said.strip():
        raise UsageError(f"{text!r} is no note", "write PATH=TEXT, or PATH:LINE=TEXT")
    path, colon, line = place.rpartition(":")
    if colon and line.isdecimal() and len(line) < 8:
        return ReviewNote(path, said, int(line))
    return ReviewNote(place, said)
