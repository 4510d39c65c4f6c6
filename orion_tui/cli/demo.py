"""`orion demo`: the main job on a sample repository, offline."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from orion_tui.cli.options import json_option, opened
from orion_tui.cli.out import say
from orion_tui.demo.drive import Driver, introduce, look_around, prepare
from orion_tui.demo.stage import set_stage


@click.command()
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="Where to make it; default a temporary folder.")
@click.option("--headless", is_flag=True, help="Without the full-screen app: print progress and end with the commit.")
@json_option
def demo(folder: Path | None, headless: bool, as_json: bool) -> int:
    """The main job on a sample repository that it makes, offline: plan, sandbox, an approval, an effect that is thrown
    out, review and promotion. The model's replies are a recording written by hand; everything else is real."""
    stage = set_stage(folder)
    # Whatever this process still writes, the report of a bug included, belongs to the sample's home.
    os.environ["ORION_HOME"] = str(stage.home)
    if headless or as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        with opened(stage.home) as engine:
            return Driver(engine, stage, as_json=as_json).run()
    say(introduce(stage))
    say("The app opens with the session at work: Enter opens it, `a` decides what waits, `d` reviews, `P` promotes.")
    click.prompt("Press Enter to open it", default="", show_default=False, prompt_suffix=" ")
    with opened(stage.home) as engine:
        session = prepare(engine, stage)
        engine.sessions.start(session, detach=True)
    from orion_tui.app import run as run_app

    code = run_app(stage.home, stage.workspace, wizard="never")
    say(look_around(stage))
    return code
