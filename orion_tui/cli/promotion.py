"""Letting the good part in: promote, undo, reject."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.vocabulary.changes import PromoteAs, Promotion, Severity
from engine.vocabulary.errors import AuthError, UsageError
from engine.vocabulary.text import on_one_line
from orion_tui.cli.exits import Exit
from orion_tui.cli.options import json_option, opened, pin_option, secret_of, session_argument, workspace_option
from orion_tui.cli.out import note, say, say_json
from orion_tui.cli.review import show_findings, show_review
from orion_tui.cli.shapes import promotion_json
from orion_tui.selection import Chosen

if TYPE_CHECKING:
    from engine.engine import Engine
    from engine.vocabulary.requests import Review
    from engine.vocabulary.workspaces import UndoPreview

_STEP_SIGNS = {"ok": "✓", "blocked": "✗", "moved": "⚑", "unproven": "⚑", "none": "·"}
_STEP_WORDS = {
    "moved": ": the branch or a chosen file moved on; merged",
    "unproven": ": not every check ran on this selection",
    "none": ": there is none for this selection",
}
_COMMAND_WIDTH = 100
_COLOURS = {"✓": "green", "✗": "red", "⚑": "yellow"}


@click.command()
@session_argument(required=True)
@click.option("--only", "paths", multiple=True, metavar="PATH", help="Take only this file; can be repeated.")
@click.option(
    "--hunk",
    "hunks",
    multiple=True,
    metavar="HUNK",
    help="Take only this hunk (ids are in orion review ID --json), or ID:2-4,7 for some of its changed lines.",
)
@click.option(
    "--as",
    "kind",
    type=click.Choice([kind.value for kind in PromoteAs]),
    default=PromoteAs.COMMIT.value,
    show_default=True,
    help="One commit, one for each kept task, or uncommitted changes.",
)
@click.option("--accept", multiple=True, metavar="FINDING", help="Accept a finding by its id; can be repeated.")
@click.option("--onto", default=None, metavar="BRANCH", help="Another branch than the one the session began on.")
@click.option("--theirs", multiple=True, metavar="PATH", help="Resolve its conflict with the session's version.")
@click.option("--resolve", multiple=True, metavar="PATH=FILE", help="Resolve its conflict with the content of FILE.")
@click.option("--no-checks", is_flag=True, help="Do not run the checks on this selection first.")
@pin_option
@json_option
def promote(
    session: str,
    paths: tuple[str, ...],
    hunks: tuple[str, ...],
    accept: tuple[str, ...],
    onto: str | None,
    kind: str,
    theirs: tuple[str, ...],
    resolve: tuple[str, ...],
    no_checks: bool,
    pin_stdin: bool,
    as_json: bool,
) -> int:
    """Let a session's changes into your repository, after every check and with your PIN or a code."""
    answers: dict[str, bytes | None] = {**dict.fromkeys(theirs), **dict(resolution_of(text) for text in resolve)}
    choice = Chosen(
        paths=paths or None, hunks=dict(hunk_of(text) for text in hunks) or None, resolutions=answers, onto=onto
    )
    with opened() as engine:
        found = engine.sessions.resolve(session)
        _need_secret(engine)
        if not no_checks:
            engine.review.check(found, **choice, progress=None if as_json else tell_check)
        if sys.stdin.isatty() and not pin_stdin:
            seen = engine.review.report(found, **choice)
            if not as_json:
                show_review(seen)
            if _stands_in_the_way(seen, accept):
                return _tell(_refused(seen), as_json, shown=True)
        secret = secret_of(pin_stdin)
        progress = None if as_json else tell_step
        answer = engine.review.promote(
            found, secret=secret, **choice, accept=accept, kind=PromoteAs(kind), progress=progress
        )
    return _tell(answer, as_json)


@click.command()
@session_argument(required=False)
@workspace_option
@click.option("--only", "paths", multiple=True, metavar="PATH", help="Take only this file; can be repeated.")
@click.option("--hunk", "hunks", multiple=True, metavar="HUNK", help="Take only this hunk, or ID:2-4,7 of it.")
@click.option("--onto", default=None, metavar="BRANCH", help="Another branch than the one the session began on.")
@click.option("--again", is_flag=True, help="Also those that ran on exactly this before.")
@json_option
def check(
    session: str | None,
    workspace: Path,
    paths: tuple[str, ...],
    hunks: tuple[str, ...],
    onto: str | None,
    again: bool,
    as_json: bool,
) -> int:
    """Run the checks on exactly what would be promoted, in the sandbox, and keep the evidence."""
    parts = dict(hunk_of(text) for text in hunks) or None
    with opened() as engine:
        found = engine.sessions.resolve(session, workspace.absolute())
        tell = None if as_json else tell_check
        evidence = engine.review.check(found, paths=paths or None, hunks=parts, onto=onto, again=again, progress=tell)
    if as_json:
        say_json({"session": found, "checks": [asdict(each) for each in evidence]})
    elif not evidence:
        say("nothing was run: no check belongs to this selection, or a conflict leaves nothing to run it on")
    else:
        passed = sum(each.passed for each in evidence)
        say(
            f"{passed} of {len(evidence)} checks pass on exactly this selection",
            fg=None if passed else "red",
        )
    return Exit.DONE if all(each.passed for each in evidence) else Exit.BLOCKED


@click.command("undo-promote")
@session_argument(required=True)
@click.option("--promotion", "attempt", type=click.IntRange(min=1), default=None, help="Its number; else the latest.")
@click.option("--preview", is_flag=True, help="Only say what it would touch, and what stands in its way.")
@pin_option
@json_option
def undo_promote(session: str, attempt: int | None, preview: bool, pin_stdin: bool, as_json: bool) -> int:
    """Take a promotion of a session back: with a revert commit, or by putting uncommitted changes back."""
    with opened() as engine:
        found = engine.sessions.resolve(session)
        if preview:
            return _preview(engine.review.undo_preview(found, attempt), as_json)
        _need_secret(engine)
        answer = engine.review.undo(found, secret=secret_of(pin_stdin), attempt=attempt)
    return _tell(answer, as_json, verb="undone with", moved="put back in the work tree")


def _preview(seen: UndoPreview, as_json: bool) -> int:
    if as_json:
        say_json(asdict(seen))
        return Exit.DONE
    how = "put back in the work tree" if seen.uncommitted else f"reverted on {seen.branch}"
    if seen.conflicts and not seen.paths:
        say(f"nothing would be {how}", fg="red")
    elif not seen.paths:
        say(f"nothing of it is left on {seen.branch}: no commit is needed, only that it is known")
    else:
        say(f"{len(seen.paths)} {'file' if len(seen.paths) == 1 else 'files'} would be {how}")
    for path in seen.paths:
        say(f"  {path}")
    for conflict in seen.conflicts:
        say(f"✗ {conflict.path}: {conflict.reason}", fg="red")
    if seen.conflicts:
        say("nothing moves before that is settled", fg="red")
    return Exit.DONE


@click.command()
@session_argument(required=True)
@click.option("--task", default=None, metavar="TASK", help="Only this task, not the whole session.")
@click.option("--reason", required=True, help="Why; the session's log keeps it.")
@json_option
def reject(session: str, task: str | None, reason: str, as_json: bool) -> int:
    """Turn a session, or one of its tasks, down. Its branch is kept for reference."""
    with opened() as engine:
        found = engine.sessions.resolve(session)
        engine.review.reject(found, reason, task=task)
        state, kept = engine.sessions.get(found).state.value, engine.review.kept_branch(found)
    if as_json:
        say_json({"session": found, "task": task, "state": state})
    elif task:
        say(f"rejected: task {task} of {found}; what it changed is let in only if you say so")
    else:
        say(f"rejected: {found}; its branch is kept in its own repository, and comes over with:\n  {kept}")
    return Exit.DONE


@click.command()
@session_argument(required=True)
@json_option
def complete(session: str, as_json: bool) -> int:
    """Close a session that you have reviewed and that has nothing to promote."""
    with opened() as engine:
        found = engine.sessions.resolve(session)
        engine.review.complete(found)
        state = engine.sessions.get(found).state.value
    if as_json:
        say_json({"session": found, "state": state})
    else:
        say(f"completed: {found} was reviewed, there was nothing to promote")
    return Exit.DONE


def hunk_of(text: str) -> tuple[str, frozenset[int] | None]:
    """`ID`, or `ID:2-4,7` for some of its changed lines. Raises UsageError."""
    identity, colon, lines = text.partition(":")
    if not colon:
        return identity, None
    numbers: set[int] = set()
    for part in lines.split(","):
        first, _, last = part.partition("-")
        if not (first.isdecimal() and (last or first).isdecimal() and len(part) <= 15):
            raise UsageError(f"{text!r} does not name lines of a hunk", "write ID, or ID:2-4,7")
        numbers.update(range(int(first), min(int(last or first), 1_000_000) + 1))
    return identity, frozenset(numbers)


def resolution_of(text: str) -> tuple[str, bytes]:
    """`PATH=FILE`, read. Raises UsageError."""
    path, equals, file = text.partition("=")
    if not equals:
        raise UsageError(f"{text!r} names no file", "write PATH=FILE")
    try:
        return path, Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error


def tell_step(step: str, status: str) -> None:
    """One line of the gate's checklist, as it fills in."""
    if status in _STEP_SIGNS:
        sign = _STEP_SIGNS[status]
        say(f"{sign} {step}{_STEP_WORDS.get(status, '')}", fg=_COLOURS.get(sign))


def tell_check(command: str, status: str) -> None:
    """A check of the selection, once it has ended."""
    if status != "running":
        sign, colour = ("✓", "green") if status == "ok" else ("✗", "red")
        say(f"{sign} {on_one_line(command, _COMMAND_WIDTH)}", fg=colour)


def _need_secret(engine: Engine) -> None:
    if not engine.auth.status().method:
        raise AuthError("no PIN or code is set, and nothing is let in without one", "set one with: orion auth set pin")


def _stands_in_the_way(seen: Review, accept: tuple[str, ...]) -> bool:
    """Whether the checks already say no, so that asking for the PIN would be pointless."""
    if seen.conflicts:
        return True
    blocking = (f for f in seen.findings if f.severity is Severity.BLOCKING and not f.accepted)
    return any(not finding.acceptable or finding.id not in accept for finding in blocking)


def _refused(seen: Review) -> Promotion:
    return Promotion(
        promoted=False,
        reasons=("findings or conflicts stand in the way",),
        findings=seen.findings,
        conflicts=seen.conflicts,
    )


def _tell(
    answer: Promotion,
    as_json: bool,
    *,
    verb: str = "promoted as",
    moved: str = "moved in the work tree, uncommitted",
    shown: bool = False,
) -> int:
    if as_json:
        say_json(promotion_json(answer))
    elif answer.promoted:
        how = f"{verb} {answer.commit[:12]} on {answer.branch}" if answer.commit else moved
        if answer.files:
            say(f"✓ {how}, {answer.files} {'file' if answer.files == 1 else 'files'}", fg="green")
        else:
            say(f"✓ nothing of it was left on {answer.branch}; it can be promoted again", fg="green")
        if answer.post_tag and answer.commit:
            say(f"  tags {answer.pre_tag} and {answer.post_tag}; look with: git show --stat {answer.commit[:12]}")
    else:
        for reason in answer.reasons:
            note(f"orion: not promoted: {reason}", fg="red")
        if not shown:
            show_findings(answer.findings, answer.conflicts)
    for text in answer.notices:
        note(f"orion: {text}")
    return Exit.DONE if answer.promoted else Exit.BLOCKED
