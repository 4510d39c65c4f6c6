"""What a session would bring: diff and review."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orion_tui.cli.exits import Exit
from orion_tui.cli.options import json_option, opened, session_argument, workspace_option
from orion_tui.cli.out import say, say_bytes, say_json, table
from orion_tui.cli.progress import signed
from orion_tui.cli.shapes import diff_rows, review_json

if TYPE_CHECKING:
    from pathlib import Path

    from engine.vocabulary.changes import Conflict, Finding
    from engine.vocabulary.requests import Review

SEVERITY_SIGNS = {"blocking": "✗", "warning": "⚑", "info": "·"}
_SEVERITY_COLOURS = {"✗": "red", "⚑": "yellow"}


@click.command()
@session_argument(required=False)
@workspace_option
@click.option("--only", "paths", multiple=True, metavar="PATH", help="Only this file; can be repeated.")
@json_option
def diff(session: str | None, workspace: Path, paths: tuple[str, ...], as_json: bool) -> int:
    """The session's changes as a unified patch that `git apply` takes."""
    with opened() as engine:
        found = engine.sessions.resolve(session, workspace.absolute())
        if as_json:
            say_json(diff_rows(engine.review.report(found, paths=paths or None)))
        else:
            say_bytes(engine.review.diff(found, paths))
    return Exit.DONE


@click.command()
@session_argument(required=False)
@workspace_option
@click.option("--onto", default=None, metavar="BRANCH", help="Onto another branch than the one the session began on.")
@json_option
def review(session: str | None, workspace: Path, onto: str | None, as_json: bool) -> int:
    """Files, findings and conflicts of a session, and whether it could be promoted as it is."""
    with opened() as engine:
        resolved = engine.sessions.resolve(session, workspace.absolute())
        found = engine.review.report(resolved, onto=onto)
        hunks = engine.review.hunks(resolved) if as_json else ()
    if as_json:
        say_json(review_json(found, hunks))
    else:
        show_review(found)
    return Exit.DONE


def show_review(found: Review) -> None:
    """The review for a person."""
    state = found.session
    say(state.goal, bold=True)
    counts = ", ".join(f"{count} {name}" for name, count in state.counts().items() if count and name != "total")
    say(f"{state.id}  {signed(state.state.value)}  {state.role}  {state.sandbox}, network off  {counts}")
    say()
    if not found.changes.files:
        say("no changes to review")
    else:
        rows = [
            (row["status"], f"+{row['additions']}", f"-{row['deletions']}", row["path"], ", ".join(row["tasks"]))
            for row in diff_rows(found)
        ]
        table(("file", "", "", "path", "task"), rows)
        files = "1 file" if len(rows) == 1 else f"{len(rows)} files"
        say(f"{files}, +{found.changes.additions} -{found.changes.deletions}")
    say()
    show_findings(found.findings, found.conflicts)
    for approval in state.waiting:
        say(f"◐ waits for you: {approval.id}: {approval.reason}", fg="yellow")
    for note in state.notes:
        place = note.path if note.line is None else f"{note.path}:{note.line}"
        say(f"◐ a note to send: {place}: {note.text}", fg="yellow")
    for command in found.hand_off:
        say(f"◐ for you to run: {command}", fg="yellow")
    if found.can_promote:
        say(f"let it in with: orion promote {state.id}   (--only PATH or --hunk ID takes a part)")
    elif found.changes.files:
        say("it cannot be promoted before that is settled", fg="red")


def show_findings(findings: tuple[Finding, ...], conflicts: tuple[Conflict, ...]) -> None:
    """Findings with their ids, then conflicts."""
    if not findings and not conflicts:
        say("no findings, no conflicts")
    for finding in findings:
        sign = SEVERITY_SIGNS[finding.severity.value]
        place = finding.path + (f":{finding.line}" if finding.line else "") + (": " if finding.path else "")
        said = " (accepted)" if finding.accepted else ""
        say(
            f"{sign} {finding.id}  {finding.kind.value}  {place}{finding.message}{said}",
            fg=_SEVERITY_COLOURS.get(sign),
        )
        if finding.hint:
            say(f"    {finding.hint}")
        if finding.acceptable and finding.severity.value == "blocking" and not finding.accepted:
            say(f"    if it is right as it is: --accept {finding.id}")
    for conflict in conflicts:
        say(f"✗ conflict  {conflict.path}: {conflict.reason}", fg="red")
