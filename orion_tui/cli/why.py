"""`orion why`: the layer, the rule and the line of the role file behind a verdict, and what would have to change."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from engine.vocabulary.errors import UsageError
from orion_tui.cli.exits import Exit
from orion_tui.cli.options import json_option, opened, workspace_option
from orion_tui.cli.out import say, say_json
from orion_tui.cli.shapes import verdict_row

if TYPE_CHECKING:
    from pathlib import Path

    from engine.vocabulary.requests import Explanation

_SIGNS = {"allow": ("✓", "green"), "park": ("◐", "yellow"), "block": ("⊘", "red")}
_LAYERS = {
    "base": "base restrictions (the same for every role)",
    "role": "the role's hard limits",
    "authority": "the role's authority",
    "confidence": "confidence",
}


@click.command()
@click.argument("event")
@workspace_option
@json_option
def why(event: str, workspace: Path, as_json: bool) -> int:
    """Explain a verdict of the gate. EVENT is a number of `orion log` (of the latest session here), or ID:NUMBER."""
    prefix, _, number = event.rpartition(":")
    if not number.isdecimal() or len(number) > 12:
        raise UsageError(f"{event!r} is not the number of an event", "give NUMBER or ID:NUMBER, as in: orion log")
    with opened() as engine:
        session = engine.sessions.resolve(prefix or None, workspace.absolute())
        found = engine.sessions.explain(session, int(number))
    if as_json:
        say_json({**_row(found[0]), "verdicts": [_row(one) for one in found]})
        return Exit.DONE
    for place, one in enumerate(found):
        if place:
            say()
        _show(one)
    return Exit.DONE


def _row(one: Explanation) -> dict[str, Any]:
    return {
        "session": one.session,
        "seq": one.seq,
        "source_seq": one.source_seq,
        "at": one.at,
        "task": one.task,
        "phase": one.phase,
        **verdict_row(one.verdict),
        "role": one.role,
        "role_changed": one.role_changed,
        "ground": asdict(one.ground) if one.ground else None,
        "remedies": list(one.remedies),
    }


def _show(one: Explanation) -> None:
    verdict = one.verdict
    sign, colour = _SIGNS[verdict.decision.value]
    what = verdict.action.value if verdict.action else "-"
    flag = ", flagged for review" if verdict.flagged else ""
    say(f"{sign} {verdict.decision.value}{flag}  {what}  task {one.task}, event {one.source_seq}", fg=colour)
    say(f"  what:   {verdict.subject}")
    say(f"  layer:  {_LAYERS[verdict.layer.value]}")
    say(f"  rule:   {verdict.rule}")
    say(f"  reason: {verdict.message}")
    if one.ground is not None:
        line = f":{one.ground.line}" if one.ground.line else ""
        say(f"  stands: {one.ground.path}{line}, {one.ground.field}: {one.ground.text}")
    if one.role_changed:
        say(f"  note:   the role {one.role} reads otherwise now than when the session began, or is gone", fg="yellow")
    for remedy in one.remedies:
        say(f"  change: {remedy}")
