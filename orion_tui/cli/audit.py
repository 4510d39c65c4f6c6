"""The audit log: verify, show, export."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.vocabulary.text import counted
from orion_tui.cli.exits import Exit
from orion_tui.cli.options import json_option, opened, pin_option, secret_of
from orion_tui.cli.out import say, say_json

if TYPE_CHECKING:
    from engine.vocabulary.audit import AuditEntry, AuditVerdict

_LAST = 2_000
"""Entries before the end: from here on the line is left empty, since what comes next is the verdict."""

_ACTORS = click.Choice(["orion", "user", "aegis"])


@click.group()
def audit() -> None:
    """Everything that decided or let something happen, in a chain that shows any tampering."""


@audit.command()
@json_option
def verify(as_json: bool) -> int:
    """Check every entry, their order, and that none is missing at the end."""
    with opened() as engine:
        verdict = engine.audit.verify(_progress if sys.stderr.isatty() else None)
    _say_verdict(verdict, as_json)
    return Exit.DONE if verdict.valid else Exit.BLOCKED


@audit.command("begin-chain")
@pin_option
@json_option
def begin_chain(pin_stdin: bool, as_json: bool) -> int:
    """Begin a new chain where the log cannot go on: its key is gone from the keychain, or it was cut or changed.

    Needs the PIN or a code. Nothing of the log is removed: the new chain's first entry says how it stood, and pins it.
    """
    with opened() as engine:
        verdict = engine.audit.begin_chain(secret_of(pin_stdin))
    _say_verdict(verdict, as_json)
    return Exit.DONE if verdict.valid else Exit.BLOCKED


@audit.command()
@click.option("--session", default="", help="Only what belongs to this session (its whole id).")
@click.option("--actor", type=_ACTORS, default=None, help="Only what this one brought about.")
@click.option("--event", default="", help="Only this kind of event.")
@json_option
def show(session: str, actor: str | None, event: str, as_json: bool) -> int:
    """Entries in order, oldest first."""
    with opened() as engine:
        for entry in engine.audit.entries(session=session, actor=actor or "", event=event):
            if as_json:
                say_json(_row(entry))
            else:
                say(_line(entry))
    return Exit.DONE


@audit.command()
@click.option("--output", "-o", type=click.Path(path_type=Path), required=True, help="A file that is not there yet.")
@json_option
def export(output: Path, as_json: bool) -> int:
    """The whole log as one file for somebody else to check; docs/audit-format.md describes it. The key stays here."""
    with opened() as engine:
        head = engine.audit.export(output)
    if as_json:
        say_json({"file": str(output), "entries": head.count, "head": head.hash})
    else:
        say(f"{counted(head.count, 'entry')} in {output}; the last one's hash is {head.hash}")
    return Exit.DONE


def _progress(checked: int, of: int) -> None:
    """How far it is, on one line of the terminal that goes again."""
    done = f"verifying {checked:,} of {of:,}" if of >= checked else f"verifying {checked:,}"
    sys.stderr.write(f"\r{done}\x1b[K" if of - checked >= _LAST else "\r\x1b[K")
    sys.stderr.flush()


def _say_verdict(verdict: AuditVerdict, as_json: bool) -> None:
    if as_json:
        say_json(
            {
                "valid": verdict.valid,
                "entries": verdict.entries,
                "first_bad": verdict.first_bad,
                "reason": verdict.reason,
                "head": verdict.head.hash,
                "assured_by": list(verdict.assured_by),
                "older": verdict.older,
                "note": verdict.note,
            }
        )
    elif verdict.valid:
        own = verdict.entries - verdict.older
        said = f"✓ {own} {'entry' if own == 1 else 'entries'}, all as they were written"
        say(f"{said}; their end is known to the head in the {' and the '.join(verdict.assured_by) or 'log alone'}")
        if verdict.note:
            say(f"! {verdict.note}", fg="yellow")
    else:
        say(f"✗ {verdict.reason}", fg="red")
        if verdict.entries:
            say(f"the {verdict.entries} entries before it are as they were written")
        say("put the log back from a backup; where there is none, orion audit begin-chain goes on behind what is there")


def _row(entry: AuditEntry) -> dict[str, Any]:
    record = entry.record
    return {
        "n": entry.number,
        "at": record.at,
        "session": record.session,
        "event": record.event,
        "actor": record.actor,
        "details": dict(record.details),
        "hash": entry.hash,
    }


def _line(entry: AuditEntry) -> str:
    record = entry.record
    details = json.dumps(record.details, ensure_ascii=False)
    return f"{entry.number:>6}  {record.at}  {record.session:<12}  {record.actor:<5}  {record.event}  {details}"
