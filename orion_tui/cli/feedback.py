"""`orion feedback`: what is remembered of each role's work, and the way to forget it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from orion_tui.cli.exits import Exit
from orion_tui.cli.options import asked, json_option, opened
from orion_tui.cli.out import note, say, say_json, table

if TYPE_CHECKING:
    from engine.vocabulary.outlook import KindRecord, RoleRecord

role_option = click.option("--role", default="", help="One role alone.")


@click.group()
def feedback() -> None:
    """What people made of past work, per role and kind of task: it shapes confidence, estimates and plans."""


@feedback.command()
@role_option
@json_option
def show(role: str, as_json: bool) -> int:
    """How often work was let in, how long it took against its plan, and the last rejections with their reasons."""
    with opened() as engine:
        found = engine.feedback.records(role)
    if as_json:
        say_json([_json(record) for record in found])
        return Exit.DONE
    rows = [_row(record.role, kind) for record in found for kind in record.kinds]
    if rows:
        table(("role", "kind of task", "ended", "let in", "confidence", "time against plan"), rows)
    else:
        say("nothing is remembered yet: confidence counts as claimed, an estimate is a band of one to two times itself")
    for record in found:
        for rejection in record.rejections:
            say(f"{record.role}: turned down: {rejection.title}: {rejection.reason}")
    return Exit.DONE


@feedback.command()
@role_option
@click.option("--yes", is_flag=True, help="Do not ask first.")
@json_option
def reset(role: str, yes: bool, as_json: bool) -> int:
    """Forget what is remembered, of all roles or of one. Sessions and their logs stay as they are."""
    whose = f"the role {role}" if role else "all roles"
    if not yes and not asked(f"Forget what is remembered of {whose}?", "--yes"):
        note("orion: nothing was forgotten")
        return Exit.DONE
    with opened() as engine:
        gone = engine.feedback.reset(role)
    if as_json:
        say_json({"role": role or None, "forgotten": gone})
    else:
        say(f"{gone} entr{'y' if gone == 1 else 'ies'} of {whose} forgotten")
    return Exit.DONE


def _row(role: str, kind: KindRecord) -> tuple[str, ...]:
    time = "-" if kind.ratio is None else f"{kind.ratio:.2f} ± {kind.spread or 0:.2f}"
    return role, kind.kind.value, str(kind.samples), f"{kind.approved}/{kind.reviewed}", f"x {kind.rate:.2f}", time


def _json(record: RoleRecord) -> dict[str, Any]:
    return {
        "role": record.role,
        "kinds": [
            {
                "kind": kind.kind.value,
                "ended": kind.samples,
                "reviewed": kind.reviewed,
                "approved": kind.approved,
                "rate": round(kind.rate, 4),
                "ratio": kind.ratio,
                "spread": kind.spread,
            }
            for kind in record.kinds
        ],
        "rejections": [
            {"title": entry.title, "reason": entry.reason, "kind": entry.kind or None, "at": entry.at}
            for entry in record.rejections
        ],
    }
