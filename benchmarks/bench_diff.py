"""A 50,000-line diff: first paint against `git diff | less`, every key, and memory, in the app over a real session.

Prints one line per figure: name, value, limit, `ok` or `over`. Exit status 1 when one is over. The two first paints are
measured in turns in one run, because absolute times of a machine drift; of each the best round counts. A key is
measured from its press until every message that followed is handled and the next frame is drawn, without what a thread
of the engine does for it. Says so when `less` is missing."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import yaml
from textual.pilot import Pilot

from engine.build import build
from engine.engine import Engine
from engine.vocabulary.requests import SessionRequest
from orion_tui.app import OrionApp
from orion_tui.screens.review import ReviewScreen
from orion_tui.widgets.diff_view import DiffView
from orion_tui.widgets.marked_list import MarkedList

FILES, LINES = 125, 2_000
ROUNDS, PRESSES = 7, 60
KEY_MS, PAINT_RATIO = 33.0, 5.0
SIZE = (120, 36)

_MAKE = """\
import pathlib
for number in range({files}):
    path = pathlib.Path(f"src/package/module_{{number}}.py")
    lines = path.read_text().split("\\n")
    for line in range(0, len(lines) - 1, 100):
        for place in range(line, line + 15, 2):
            lines[place] += "  # looked at again"
    path.write_text("\\n".join(lines))
"""


def repository(folder: Path) -> Path:
    """A repository of files in which every hundred lines fifteen will change."""
    root = folder / "repository"
    (root / "src" / "package").mkdir(parents=True)
    for number in range(FILES):
        lines = [f"        value_{line} = compute(first, second, third)  # {number}" for line in range(LINES)]
        (root / "src" / "package" / f"module_{number}.py").write_text("\n".join(lines) + "\n")
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "first"]):
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True)
    return root


def session(engine: Engine, folder: Path, root: Path) -> str:
    """A session whose one task changes all of them."""
    step = {"run": f"python3 - <<'PY'\n{_MAKE.format(files=FILES)}PY\n"}
    task = {"id": "change", "title": "Look at everything again", "steps": [step]}
    file = folder / "change.yaml"
    file.write_text(yaml.safe_dump({"name": "change", "goal": "Look at everything again", "tasks": [task]}))
    made = engine.sessions.create(engine.sessions.propose(SessionRequest(workspace=root, playbook=file)))
    engine.sessions.start(made)
    engine.sessions.wait(made, 300.0)
    return made


def less_first_paint(git_dir: Path, base: str, tip: str) -> float:
    """Seconds until `git diff | less` has drawn its first screen on a terminal of the same size."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
    command = f"git --git-dir='{git_dir}' diff {base} {tip} | less -R"
    began = perf_counter()
    process = subprocess.Popen(
        ["sh", "-c", command],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color", "LESS": ""},
    )
    os.close(slave)
    drawn = b""
    while drawn.count(b"\n") < SIZE[1] - 1 and select.select([master], [], [], 30)[0]:
        drawn += os.read(master, 1 << 16)
    took = perf_counter() - began
    process.kill()
    process.wait()
    os.close(master)
    return took


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def until(holds: Callable[[], object]) -> None:
    """Look again every half millisecond: looking all the time would take the processor from what is waited for."""
    while not holds():
        await asyncio.sleep(0.0005)


async def opened(app: OrionApp, made: str) -> float:
    """Open the review; seconds until lines of the diff are drawn."""
    app.reviews.clear()
    began = perf_counter()
    app.go("review", session=made)
    await until(lambda: isinstance(app.screen, ReviewScreen) and app.screen.query(DiffView))
    view = app.screen.query_one(DiffView)
    await until(lambda: view.patch.files and len(view._strips) > 20)
    return perf_counter() - began


async def quiet(pilot: Pilot[Any]) -> None:
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def pressed(app: OrionApp, key: str) -> float:
    """Milliseconds from a key to the drawn frame."""
    screen: Any = app.screen
    view, rows = screen.query_one(DiffView), screen.query_one(MarkedList)
    began = perf_counter()
    if key in ("pagedown", "pageup", "home", "end"):
        {
            "pagedown": view.action_page_down,
            "pageup": view.action_page_up,
            "home": view.action_scroll_home,
            "end": view.action_scroll_end,
        }[key]()
        view.scroll_to(y=view.scroll_target_y, animate=False, immediate=True)
    else:
        screen.action_press(key)
    while any(not node._message_queue.empty() for node in (app, screen, view, rows)):
        await asyncio.sleep(0)
    screen._refresh_layout()
    for widget in (view, rows):
        widget.render_lines(widget.size.region)
    return (perf_counter() - began) * 1000


def slowest(times: list[float]) -> float:
    """The 95th percentile."""
    return sorted(times)[int(len(times) * 0.95)]


async def keys(app: OrionApp, pilot: Pilot[Any]) -> dict[str, float]:
    """Each key's 95th percentile in milliseconds. Those in pairs undo each other."""
    rounds: dict[str, tuple[tuple[str, ...], int]] = {
        "hunk": (("j",), PRESSES),
        "hunk_back": (("k",), PRESSES // 2),
        "file": (("n",), PRESSES // 2),
        "file_back": (("N",), PRESSES // 3),
        "page": (("pagedown",), PRESSES),
        "page_back": (("pageup",), PRESSES // 2),
        "first_and_last": (("end", "home"), 10),
        "take_hunk": (("space", "space"), 10),
        "take_file": (("f", "f"), 10),
        "take_all": (("x", "x"), 6),
        "group": (("g", "g"), 6),
        "two_columns": (("v", "v"), 6),
        "lines": (("enter", "j", "j", "space", "space", "k", "enter"), 4),
    }
    found = {}
    for name, (row, count) in rounds.items():
        times = []
        for _ in range(count):
            for key in row:
                times.append(await pressed(app, key))
                await asyncio.sleep(0.01)
        found[name] = slowest(times)
        await quiet(pilot)
    view = app.screen.query_one(DiffView)
    began = perf_counter()
    view.find("value_114 ")
    view.render_lines(view.size.region)
    found["search"] = (perf_counter() - began) * 1000
    found["search_on_and_back"] = slowest([await pressed(app, key) for key in ("n", "n", "N") * 12])
    view.find("")
    times = []
    for _ in range(5):
        patch = view.patch
        times.append(await pressed(app, "z"))
        await quiet(pilot)
        began = perf_counter()
        view.swap(patch)
        view.render_lines(view.size.region)
        times.append((perf_counter() - began) * 1000)
        times.append(await pressed(app, "z"))
        await quiet(pilot)
    found["unfold_and_fold"] = slowest(times)
    return found


async def measure(engine: Engine, root: Path, made: str) -> int:
    state = engine.sessions.get(made)
    git_dir = engine.home / "sessions" / made / "repo.git"
    diff = len(engine.review.diff(made))
    over = 0

    def figure(name: str, value: float, limit: float) -> None:
        nonlocal over
        over += value > limit
        print(f"{name} {value:.2f} {limit:g} {'ok' if value <= limit else 'over'}", flush=True)

    app = OrionApp(lambda: engine, root)
    async with app.run_test(size=SIZE) as pilot:
        await until(lambda: app.bridge.state.ready)
        await quiet(pilot)
        empty = resident()
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(await opened(app, made))
            await quiet(pilot)
            app.back()
            await quiet(pilot)
            if shutil.which("less"):
                theirs.append(less_first_paint(git_dir, state.base_commit, state.tip))
        if theirs:
            figure("diff_first_paint_over_less_ratio", min(ours) / min(theirs), PAINT_RATIO)
        else:
            print(f"less is not installed: no ratio for the first paint ({min(ours) * 1000:.0f} ms)", file=sys.stderr)
        await opened(app, made)
        await until(lambda: app.reviews[made].selection is not None)
        await quiet(pilot)
        figure("diff_memory_mb", resident() / 1e6, (1.3 * empty + 3 * diff) / 1e6)
        for name, value in (await keys(app, pilot)).items():
            figure(f"diff_key_{name}_ms", value, KEY_MS)
    return over


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["ORION_HOME"] = str(folder / "home")
        root = repository(folder)
        engine = build(folder / "home")
        try:
            return 1 if asyncio.run(measure(engine, root, session(engine, folder, root))) else 0
        finally:
            engine.close()


if __name__ == "__main__":
    sys.exit(main())
