"""How long a 50,000-line diff takes to open and to page through, against reading and splitting the same file.

Prints one line per figure: name, value, limit, `ok` or `over`. Exit status 1 when one is over. Ratios are measured in
one run, because absolute times of a machine drift."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from textual.app import App, ComposeResult

from orion_tui.widgets.diff_view import DiffView

LINES = 50_000
ROUNDS = 9
PAGES = 60


def patch_of(lines: int) -> bytes:
    """A patch of that many lines: 20 hunks of 20 lines in each file, every third line added, every fifth removed."""
    out: list[str] = []
    number = 0
    while len(out) < lines:
        file, place = divmod(number, 20)
        if place == 0:
            name = f"src/package/module_{file}.py"
            out += [f"diff --git a/{name} b/{name}", "index 1111111..2222222 100644", f"--- a/{name}", f"+++ b/{name}"]
        out.append(f"@@ -{place * 100 + 1},20 +{place * 100 + 1},20 @@ def function_{number}(self) -> None:")
        for line in range(20):
            sign = "+" if line % 3 == 0 else "-" if line % 5 == 0 else " "
            out.append(f"{sign}        value_{line} = compute(first, second, third)  # {number}")
        number += 1
    return ("\n".join(out[:lines]) + "\n").encode()


def big_hunk(lines: int) -> bytes:
    """One file with a single hunk of that many lines: the case in which nothing can be skipped."""
    head = f"diff --git a/big.txt b/big.txt\n--- a/big.txt\n+++ b/big.txt\n@@ -0,0 +1,{lines} @@\n"
    return (head + "".join(f"+line {n} of a long new file\n" for n in range(lines))).encode()


class Viewer(App[None]):
    """Nothing but the diff."""

    def compose(self) -> ComposeResult:
        yield DiffView()


def seconds_to_split(path: Path) -> float:
    """Read the file and split it into lines of text."""
    began = perf_counter()
    path.read_bytes().decode("utf-8", "backslashreplace").splitlines()
    return perf_counter() - began


async def measure(path: Path) -> tuple[float, float, float]:
    """Median of opening (from the file to the painted first page) over that of splitting; slowest 5% of a page key, in
    ms; a jump from top to bottom, in ms."""
    app = Viewer()
    async with app.run_test(size=(120, 36)) as pilot:
        view = app.query_one(DiffView)
        view.focus()
        opens, splits, keys = [], [], []
        for _ in range(ROUNDS):
            view.load(b"")
            await pilot.pause()
            splits.append(seconds_to_split(path))
            began = perf_counter()
            view.load(path.read_bytes())
            paint(view)
            opens.append(perf_counter() - began)
            await pilot.pause()
        for _ in range(PAGES):
            began = perf_counter()
            view.scroll_page_down(animate=False, force=True)
            view.scroll_to(y=view.scroll_target_y, animate=False, immediate=True)
            paint(view)
            keys.append(perf_counter() - began)
            await pilot.pause()
        began = perf_counter()
        view.scroll_to(y=view.max_scroll_y, animate=False, immediate=True)
        paint(view)
        jump = perf_counter() - began
    return median(opens) / median(splits), sorted(keys)[int(len(keys) * 0.95)] * 1000, jump * 1000


def paint(view: DiffView) -> None:
    """Lay out and draw what is visible, as the next frame would."""
    view.screen._refresh_layout()
    view.render_lines(view.size.region)


def main() -> int:
    over = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (("many_files", patch_of(LINES)), ("one_hunk", big_hunk(LINES))):
            path = Path(folder) / f"{name}.patch"
            path.write_bytes(data)
            ratio, key_ms, jump_ms = asyncio.run(measure(path))
            for figure, value, limit in (
                (f"diff_open_{name}_ratio", ratio, 8.0),
                (f"diff_page_{name}_ms", key_ms, 33.0),
                (f"diff_jump_to_end_{name}_ms", jump_ms, 33.0),
            ):
                over += value > limit
                print(f"{figure} {value:.2f} {limit:g} {'ok' if value <= limit else 'over'}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
