"""A 50,000-line diff: first paint against `git diff | less`, every key, and memory, in the app over a real session.

Prints one line per figure: name, value, limit, `ok` or `over`. Exit status 1 when one is over. The two first paints are
measured in turns in one run, because absolute times of a machine drift; of each the best round counts. A key is
measured from its press until every message that followed is handled and the next frame is drawn, without what a thread
of the engine does for it. The first paint is that of somebody who has looked at Home for a second, where the review is
made ready meanwhile; what it takes where the key comes at once is printed beside it. The memory may be 1.3 times
that of the app at Home of a home without a session, and three times the diff. Says so when `less` is missing."""

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
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import yaml
from textual.pilot import Pilot

from engine.engine import Engine
from engine.vocabulary.requests import SessionRequest
from orion_tui.app import OrionApp
from orion_tui.opening import opened_engine
from orion_tui.screens.review import ReviewScreen
from orion_tui.widgets.diff_view import DiffView
from orion_tui.widgets.marked_list import MarkedList

FILES, LINES = 125, 2_000
ROUNDS, PRESSES = 7, 60
KEY_MS, PAINT_RATIO = 33.0, 5.0
SIZE = (120, 36)
REST_S = 9.0
"""Longer than the app waits for keys to rest before it lets go of what it needs no longer."""

Figure = Callable[[str, float, float], None]

_MAKE = """\
import pathlib
for number in range({files}):
    path = pathlib.Path(f"src/package/module_{{number}}.py")
    lines = path.read_text().split("\\n")
    for line in range(0, min({lines}, len(lines) - 1), 100):
        for place in range(line, min(line + 15, {lines}), 2):
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
    step = {"run": f"python3 - <<'PY'\n{_MAKE.format(files=FILES, lines=LINES)}PY\n"}
    task = {"id": "change", "title": "Look at everything again", "steps": [step]}
    file = folder / "change.yaml"
    file.write_text(yaml.safe_dump({"name": "change", "goal": "Look at everything again", "tasks": [task]}))
    made = engine.sessions.create(engine.sessions.propose(SessionRequest(workspace=root, playbook=file)))
    engine.sessions.start(made)
    engine.sessions.wait(made, 300.0)
    return made


class Terminal:
    """A program on a terminal of its own, of the benchmark's size."""

    def __init__(self, command: Sequence[str], **environment: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **environment},
        )
        os.close(slave)

    def until(self, holds: Callable[[bytes], bool], timeout_s: float = 60.0) -> bytes:
        """What it wrote until the condition holds of all of that."""
        drawn = b""
        while not holds(drawn):
            if not select.select([self.master], [], [], timeout_s)[0]:
                raise TimeoutError(f"nothing more came after {drawn[-2000:]!r}")
            drawn += os.read(self.master, 1 << 16)
        return drawn

    def quiet(self, for_s: float = 1.0) -> None:
        """Read until nothing comes for so long."""
        while select.select([self.master], [], [], for_s)[0]:
            os.read(self.master, 1 << 16)

    def press(self, key: str) -> None:
        os.write(self.master, key.encode())

    def memory(self) -> int:
        """Bytes of its resident memory."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)


def less_first_paint(git_dir: Path, base: str, tip: str) -> float:
    """Seconds until `git diff | less` has drawn its first screen."""
    command = f"git --git-dir='{git_dir}' diff {base} {tip} | less -R"
    began = perf_counter()
    terminal = Terminal(("sh", "-c", command), LESS="")
    terminal.until(lambda drawn: drawn.count(b"\n") >= SIZE[1] - 1)
    took = perf_counter() - began
    terminal.close()
    return took


class Home:
    """The app on a terminal, at Home, with one session that awaits its review."""

    def __init__(self, root: Path) -> None:
        self.terminal = Terminal((sys.executable, "-m", "orion_tui", "--workspace", str(root)))
        self.terminal.until(lambda drawn: b"NEEDS YOU" in drawn)
        self.terminal.quiet()

    def review(self) -> float:
        """Open it; seconds from the key to lines of its diff."""
        began = perf_counter()
        self.terminal.press("d")
        self.terminal.until(lambda drawn: b"value_" in drawn)
        took = perf_counter() - began
        self.terminal.quiet()
        return took

    def back(self) -> None:
        self.terminal.press("q")
        self.terminal.until(lambda drawn: b"NEEDS YOU" in drawn)
        self.terminal.quiet()

    def rested(self) -> int:
        """Bytes of memory once the keys have rested."""
        self.terminal.quiet(REST_S)
        return self.terminal.memory()


def empty_memory(folder: Path, root: Path) -> int:
    """The app's memory at Home of a home in which nothing ever ran; only its wizard was gone through."""
    engine = opened_engine(folder)
    engine.setup.finish()
    engine.close()
    terminal = Terminal((sys.executable, "-m", "orion_tui", "--workspace", str(root)), ORION_HOME=str(folder))
    try:
        terminal.until(lambda drawn: b"orion demo" in drawn)
        terminal.quiet(REST_S)
        return terminal.memory()
    finally:
        terminal.close()


def first_paints(root: Path, git_dir: Path, base: str, tip: str, most: int, figure: Figure) -> None:
    """From the key that opens the review to lines of its diff, in turns with less; then the memory, with much of it
    looked at, which may be `most` bytes."""
    home = Home(root)
    try:
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(home.review())
            if shutil.which("less"):
                theirs.append(less_first_paint(git_dir, base, tip))
            home.back()
        print(f"first paints: ours {_ms(ours)}, less {_ms(theirs)}", file=sys.stderr)
        if theirs:
            figure("diff_first_paint_over_less_ratio", min(ours) / min(theirs), PAINT_RATIO)
        else:
            print("less is not installed: no ratio for the first paint", file=sys.stderr)
        home.review()
        home.terminal.press("q")
        home.terminal.until(lambda drawn: b"NEEDS YOU" in drawn)
        print(f"pressed before it can be ready: {_ms([home.review()])}", file=sys.stderr)
        home.terminal.quiet(4.0)
        for key in "n" * 20 + "xx":
            home.terminal.press(key)
            home.terminal.quiet(0.1)
        figure("diff_memory_mb", home.rested() / 1e6, most / 1e6)
    finally:
        home.terminal.close()


def _ms(times: Sequence[float]) -> str:
    return " ".join(f"{seconds * 1000:.0f}" for seconds in times) + " ms"


async def until(holds: Callable[[], object]) -> None:
    """Look again every half millisecond: looking all the time would take the processor from what is waited for."""
    while not holds():
        await asyncio.sleep(0.0005)


async def opened(app: OrionApp, made: str) -> None:
    """Open the review and wait until lines of the diff are drawn."""
    app.go("review", session=made)
    await until(lambda: isinstance(app.screen, ReviewScreen) and app.screen.query(DiffView))
    view = app.screen.query_one(DiffView)
    await until(lambda: view.patch.files and len(view._strips) > 20)


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


async def keys(app: OrionApp, pilot: Pilot[Any], figure: Figure) -> None:
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
    for name, (row, count) in rounds.items():
        times = []
        for _ in range(count):
            for key in row:
                times.append(await pressed(app, key))
                await asyncio.sleep(0.01)
        figure(f"diff_key_{name}_ms", slowest(times), KEY_MS)
        await quiet(pilot)
    view = app.screen.query_one(DiffView)
    began = perf_counter()
    view.find("value_114 ")
    view.render_lines(view.size.region)
    figure("diff_key_search_ms", (perf_counter() - began) * 1000, KEY_MS)
    hits = [await pressed(app, key) for key in ("n", "n", "N") * 12]
    figure("diff_key_search_on_and_back_ms", slowest(hits), KEY_MS)
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
    figure("diff_key_unfold_and_fold_ms", slowest(times), KEY_MS)


async def measure(engine: Engine, root: Path, made: str, figure: Figure) -> None:
    app = OrionApp(lambda: engine, root)
    async with app.run_test(size=SIZE) as pilot:
        await until(lambda: app.bridge.state.ready)
        await quiet(pilot)
        await opened(app, made)
        await until(lambda: app.reviews[made].selection is not None)
        await quiet(pilot)
        await keys(app, pilot, figure)


def main() -> int:
    over = 0

    def figure(name: str, value: float, limit: float) -> None:
        nonlocal over
        over += value > limit
        print(f"{name} {value:.2f} {limit:g} {'ok' if value <= limit else 'over'}", flush=True)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["ORION_HOME"] = str(folder / "home")
        root = repository(folder)
        engine = opened_engine(folder / "home")
        try:
            empty = empty_memory(folder / "empty", root)
            made = session(engine, folder, root)
            state, git_dir = engine.sessions.get(made), engine.home / "sessions" / made / "repo.git"
            diff = len(engine.review.diff(made))
            print(f"the empty app has {empty / 1e6:.1f} MB, the diff {diff / 1e6:.1f} MB", file=sys.stderr)
            most = int(1.3 * empty + 3 * diff)
            first_paints(root, git_dir, state.base_commit, state.tip, most, figure)
            asyncio.run(measure(engine, root, made, figure))
        finally:
            engine.close()
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
