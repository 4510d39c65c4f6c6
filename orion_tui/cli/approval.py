"""What waits for a person: list, approve, deny."""

from __future__ import annotations

import click

from engine.vocabulary.text import lines_of
from engine.vocabulary.verdicts import ApprovalKind
from orion_tui.cli.exits import Exit
from orion_tui.cli.options import json_option, opened, pin_option, secret_of
from orion_tui.cli.out import say, say_json
from orion_tui.cli.progress import ruled
from orion_tui.cli.proposed import proposed
from orion_tui.cli.shapes import approval_row


@click.command()
@click.option("--session", default=None, metavar="ID", help="Only those of one session.")
@json_option
def approvals(session: str | None, as_json: bool) -> int:
    """What waits for your decision, oldest first, with everything needed to decide."""
    with opened() as engine:
        found = engine.approvals.list(engine.sessions.resolve(session) if session else None)
        texts = {approval.id: proposed(engine, approval) for approval in found}
    if as_json:
        say_json([{**approval_row(approval), "proposed": texts[approval.id]} for approval in found])
        return Exit.DONE
    if not found:
        say("nothing waits for you")
    for approval in found:
        what = approval.action.value if approval.action else approval.kind.value
        say(f"◐ {approval.id}  {what}  asked {approval.asked_at[:16].replace('T', ' ')} UTC", fg="yellow")
        say(f"  {ruled(approval.reason, approval.rule)}")
        for line in lines_of(approval.detail):
            say(f"    {line}")
        for line in texts[approval.id]:
            say(f"      {line}", fg={"+": "green", "-": "red"}.get(line[:1]))
        words = ' --answer "…"' if approval.kind in (ApprovalKind.QUESTION, ApprovalKind.CIRCLE) else ""
        say(f"  orion approve {approval.id}{words}{'  (asks for the PIN)' if approval.needs_auth else ''}")
        say(f'  orion deny {approval.id} --reason "…"')
    return Exit.DONE


@click.command()
@click.argument("approval", metavar="ID")
@click.option("--answer", default="", help="The answer to a question, or a hint for a worker that goes in circles.")
@pin_option
@json_option
def approve(approval: str, answer: str, pin_stdin: bool, as_json: bool) -> int:
    """Let a parked action or effect through. Only the decision is recorded; the session carries it out."""
    with opened() as engine:
        found = engine.approvals.get(approval)
        secret = secret_of(pin_stdin) if pin_stdin or found.needs_auth else None
        said = engine.approvals.approve(found.id, secret=secret, answer=answer)
    _tell("approved", found.id, said, as_json)
    return Exit.DONE


@click.command()
@click.argument("approval", metavar="ID")
@click.option("--reason", required=True, help="Why not; the session's log keeps it.")
@json_option
def deny(approval: str, reason: str, as_json: bool) -> int:
    """Refuse a parked action or effect. Its task ends; what depends on it is left out."""
    with opened() as engine:
        found = engine.approvals.get(approval)
        answer = engine.approvals.deny(found.id, reason)
    _tell("denied", found.id, answer, as_json)
    return Exit.DONE


def _tell(decision: str, approval: str, answer: str, as_json: bool) -> None:
    if as_json:
        say_json({"id": approval, "decision": decision, "message": answer})
    else:
        say(f"{decision}: {approval}; {answer}")
