"""Make the README's picture: the demonstration's session in the review screen, exported by the app itself.

.venv/bin/python docs/picture.py
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from engine.build import build
from engine.vocabulary.requests import SessionRequest
from orion_tui.app import OrionApp
from orion_tui.demo.stage import GOAL, PIN, set_stage

PICTURE = Path(__file__).with_name("review.svg")


def worked(home: Path, workspace: Path) -> str:
    """Run the demonstration's session to where it waits for a person; its id."""
    engine = build(home)
    engine.auth.set_pin(PIN)
    session = engine.sessions.create(engine.sessions.propose(SessionRequest(workspace=workspace, goal=GOAL)))
    engine.sessions.start(session)
    engine.sessions.wait(session)
    engine.approvals.approve(engine.approvals.list(session)[0].id, secret=PIN)
    engine.sessions.resume(session)
    engine.sessions.wait(session)
    engine.close()
    return session


async def exported(home: Path, workspace: Path, session: str) -> str:
    """The review screen at 120 by 36, as SVG."""
    app = OrionApp(lambda: build(home), workspace)
    async with app.run_test(size=(120, 36)) as pilot:
        while not app.bridge.state.ready:
            await pilot.pause(0.05)
        app.go("review", session=session)
        for _ in range(40):
            await pilot.pause(0.05)
        svg = app.export_screenshot(title="Orion")
        app.close_engine()
    return svg


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="orion-picture-") as folder:
        stage = set_stage(Path(folder) / "stage")
        session = worked(stage.home, stage.workspace)
        PICTURE.write_text(asyncio.run(exported(stage.home, stage.workspace, session)), encoding="utf-8")
    print(f"wrote {PICTURE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
