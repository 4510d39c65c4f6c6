"""One gibibyte of output in one command: how much Orion's memory grows, and how fast the app answers a key meanwhile.

The app runs headless in this process, with the session's runner in a thread of it, which is the hardest case. Memory is
the process's resident size, looked at every 20 ms. Prints `name value limit ok/over` lines.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import yaml

from engine.build import build
from engine.vocabulary.plans import TaskState
from engine.vocabulary.requests import SessionRequest
from orion_tui.app import OrionApp

GIB = 1024**3
GROWTH_MIB = 20.0
KEY_MS = 100.0
BYTES = int(os.environ.get("ORION_BENCH_BYTES", str(GIB)))
KEYS = ("down", "up", "end")


def resident_mib() -> float:
    """This process's resident size."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


class Watch(threading.Thread):
    """Remembers the largest resident size."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = resident_mib()
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.02):
            self.most = max(self.most, resident_mib())


async def answered_ms(app: OrionApp, key: str) -> float:
    """From a key to the screen drawn after it, in milliseconds."""
    drawn = asyncio.Event()
    pressed = time.perf_counter()
    app.simulate_key(key)
    app.call_later(lambda: (app.screen.focused or app.screen).call_after_refresh(drawn.set))
    await drawn.wait()
    return (time.perf_counter() - pressed) * 1000


async def measured(root: Path) -> tuple[float, list[float], float]:
    """Mebibytes by which this process grew, milliseconds of each key, seconds of the command."""
    repository = root / "repository"
    _repository(repository)
    engine = build(root / "home")
    plan = root / "flood.yaml"
    steps = [{"run": "true"}, {"run": f"yes 0123456789012345678901234567890123456789 | head -c {BYTES}"}]
    tasks = [{"id": "flood", "title": "Flood", "steps": steps}]
    plan.write_text(yaml.safe_dump({"name": "flood", "goal": "Flood", "tasks": tasks}))
    proposal = engine.sessions.propose(SessionRequest(workspace=repository, playbook=plan))
    # A first session warms everything up that is loaded once.
    session = engine.sessions.create(proposal)
    app = OrionApp(lambda: engine, repository)
    keys: list[float] = []
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause(1.0)
        app.go("monitor", session=session)
        await pilot.pause(1.0)
        before, watch = resident_mib(), Watch()
        watch.start()
        began = time.monotonic()
        engine.sessions.start(session)
        await asyncio.sleep(0.3)
        while engine.sessions.get(session).tasks["flood"].state in (TaskState.PENDING, TaskState.RUNNING):
            keys.append(await answered_ms(app, KEYS[len(keys) % len(KEYS)]))
            await asyncio.sleep(0.05)
        took = time.monotonic() - began
        watch.over.set()
        watch.join()
        # The app reads the end of the session before it is closed.
        await pilot.pause(1.0)
    state = engine.sessions.get(session)
    if state.tasks["flood"].state is not TaskState.KEPT:
        raise SystemExit(f"the flood was not kept: {state.tasks['flood'].reason}")
    engine.close()
    return watch.most - before, keys, took


def _repository(root: Path) -> None:
    import subprocess

    root.mkdir()
    (root / "README.md").write_text("# Bench\n")
    for command in ("init -q -b main", "add -A", "-c user.name=B -c user.email=b@example.org commit -qm base"):
        subprocess.run(["git", *command.split()], cwd=root, check=True)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="orion-bench-") as place:
        grew, keys, took = asyncio.run(measured(Path(place)))
    slow = sorted(keys)[int(len(keys) * 0.95)]
    print(f"output_memory_growth_mib {grew:.1f} {GROWTH_MIB} {'ok' if grew < GROWTH_MIB else 'over'}")
    print(f"output_key_p95_ms {slow:.0f} {KEY_MS:.0f} {'ok' if slow < KEY_MS else 'over'}")
    middle = statistics.median(keys)
    print(
        f"  {BYTES:,} bytes in {took:.1f} s; {len(keys)} keys, median {middle:.0f} ms, most {max(keys):.0f} ms",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
