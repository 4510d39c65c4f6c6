"""The monitor under load: 20,000 events a second from a session thread, and paging in a long activity log."""

from __future__ import annotations

import asyncio
import gc
import statistics
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.vocabulary.events import Event, EventKind
from orion_tui.app import OrionApp
from orion_tui.widgets.activity import ActivityLog
from tests.support.fake_engine import FakeEngine
from tests.support.fake_nights import AUTH_TASKS, GOAL

RATE = 20_000
SECONDS = 3
HEARTBEAT_LIMIT_MS = 50.0
PAGE_LIMIT = 1.3
SESSION = "s001"
SHAPES: tuple[tuple[EventKind, dict[str, object]], ...] = (
    (EventKind.ACTION_STARTED, {"task": "tests", "step": 0, "action": {"tool": "run"}, "summary": "pytest -q"}),
    (
        EventKind.ACTION,
        {
            "task": "tests",
            "step": 0,
            "action": {"tool": "run"},
            "summary": "pytest -q",
            "outcome": "ok",
            "exit": 0,
            "duration_s": 1.5,
            "output": "",
            "excerpt": "",
        },
    ),
    (
        EventKind.GATE,
        {
            "task": "tests",
            "step": 1,
            "phase": "action",
            "verdict": {
                "decision": "allow",
                "layer": "authority",
                "rule": "code.write",
                "message": "",
                "action": "code.write",
                "subject": "src/a.py",
            },
        },
    ),
    (EventKind.TURN, {"task": "tests", "turn": 1, "text": "next", "tokens_in": 10, "tokens_out": 2, "cost_usd": 0.0}),
    (
        EventKind.CHECK,
        {
            "task": "tests",
            "run": "pytest -q",
            "exit": 0,
            "passed": True,
            "duration_s": 1.0,
            "output": "",
            "excerpt": "",
            "tree": "t",
        },
    ),
)


class Source:
    """Events of one session, numbered on from what the stand-in engine told."""

    def __init__(self, engine: FakeEngine) -> None:
        self._at = datetime.now(UTC).isoformat()
        self._seq = len(engine.history[SESSION])

    def batch(self, count: int, *, checks: bool = True) -> tuple[Event, ...]:
        # A check adds to the evidence of its task for ever, which no real task does thousands of times.
        shapes = SHAPES if checks else SHAPES[:4]
        made = []
        for _ in range(count):
            self._seq += 1
            kind, data = SHAPES[4] if checks and self._seq % 5_000 == 0 else shapes[self._seq % 4]
            made.append(Event(SESSION, self._seq, self._at, kind, data, self._seq))
        return tuple(made)


def opened() -> tuple[OrionApp, FakeEngine]:
    engine = FakeEngine()
    engine.created(SESSION, GOAL, AUTH_TASKS)
    engine.started(SESSION)
    engine.tell(SESSION, EventKind.TASK_STARTED, task="tests", title="t", base="b", attempt=1)
    return OrionApp(lambda: engine, Path("/work")), engine


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


async def heartbeat_ms() -> tuple[float, int, float]:
    """The 95th percentile of how far apart a 60 Hz heartbeat came while events poured in, how many events reached the
    log, and how many seconds after the last one."""
    app, engine = opened()
    async with app.run_test(size=(120, 36)):
        await until(lambda: app.bridge.state.ready)
        app.go("monitor", session=SESSION)
        await until(lambda: SESSION in app.bridge.state.watched)
        source = Source(engine)
        per_batch = RATE // 200
        batches = [source.batch(per_batch) for _ in range(SECONDS * 200)]
        beats: list[float] = []
        app.set_interval(1 / 60, lambda: beats.append(time.perf_counter()))
        gc.collect()

        def pour() -> None:
            begun = time.perf_counter()
            for number, batch in enumerate(batches):
                for callback in engine.subscribers:
                    callback(batch)
                time.sleep(max(0.0, begun + (number + 1) / 200 - time.perf_counter()))

        thread = threading.Thread(target=pour)
        begun = time.perf_counter()
        thread.start()
        await until(lambda: not thread.is_alive())
        poured = time.perf_counter()
        during = [beat for beat in beats if begun + 0.2 < beat < poured]
        await until(lambda: not app.bridge.backlog)
        late = time.perf_counter() - poured
        taken = len(app.bridge.state.watched[SESSION].events)
    gaps = sorted(1000 * (b - a) for a, b in pairwise(during))
    return gaps[int(len(gaps) * 0.95)], taken, late


async def page_ms(lines: int) -> float:
    """What a page key does, the drawing of the page included, in a log of so many lines."""
    app, engine = opened()
    async with app.run_test(size=(120, 36)) as pilot:
        await until(lambda: app.bridge.state.ready)
        app.go("monitor", session=SESSION)
        await until(lambda: SESSION in app.bridge.state.watched)
        await pilot.pause()
        log = app.screen.query_one(ActivityLog)
        log.extend(Source(engine).batch(lines, checks=False))
        log.focus()
        await pilot.pause()
        gc.collect()
        times = []
        for number in range(60):
            action = "page(-1)" if number % 20 < 10 else "page(1)"
            begun = time.perf_counter()
            await log.run_action(action)
            log.render_lines(log.size.region)
            times.append(time.perf_counter() - begun)
            await pilot.pause()
    return 1000 * statistics.median(times)


def told(name: str, value: float, limit: float) -> bool:
    good = value <= limit
    print(f"{name} {value:.2f} {limit:.2f} {'ok' if good else 'over'}", flush=True)
    return good


async def main() -> int:
    beat, taken, late = await heartbeat_ms()
    good = told("monitor_heartbeat_p95_ms", beat, HEARTBEAT_LIMIT_MS)
    good &= told("monitor_lost_events", RATE * SECONDS + 4 - taken, 0)
    good &= told("monitor_behind_s", late, 1.0)
    few = [await page_ms(1_000)]
    many = [await page_ms(100_000)]
    few.append(await page_ms(1_000))
    many.append(await page_ms(100_000))
    good &= told("activity_page_100k_over_1k", min(many) / min(few), PAGE_LIMIT)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
