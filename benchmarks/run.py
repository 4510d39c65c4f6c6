"""All benchmarks, one after the other, and one table of their ratios.

Each `bench_*.py` is a program that prints a line `name value limit ok|over` for each of its figures.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def figures(program: Path) -> list[tuple[str, str, str, str]]:
    """The figures that one benchmark printed; one that broke is a figure of its own."""
    done = subprocess.run(
        [sys.executable, str(program)], cwd=FOLDER.parent, capture_output=True, text=True, check=False
    )
    found = [tuple(line.split()) for line in done.stdout.splitlines()]
    rows = [(a[0], a[1], a[2], a[3]) for a in found if len(a) == 4 and a[3] in ("ok", "over")]
    if not rows or (done.returncode and all(row[3] == "ok" for row in rows)):
        print(done.stdout + done.stderr, file=sys.stderr)
        rows.append((program.stem, "-", "-", "broken"))
    return rows


def main() -> int:
    """With words on the command line, only the benchmarks whose name has one of them."""
    wanted = sys.argv[1:]
    rows: list[tuple[str, str, str, str]] = []
    for program in sorted(FOLDER.glob("bench_*.py")):
        if wanted and not any(word in program.stem for word in wanted):
            continue
        begun = time.monotonic()
        print(f"running {program.stem} …", end=" ", flush=True)
        rows += figures(program)
        print(f"{time.monotonic() - begun:.1f} s", flush=True)
    if not rows:
        print("no such benchmark", file=sys.stderr)
        return 2
    width = max(len(row[0]) for row in rows)
    print(f"\n{'figure':<{width}}  {'value':>10}  {'limit':>10}")
    for name, value, limit, verdict in rows:
        print(f"{name:<{width}}  {value:>10}  {limit:>10}  {verdict}")
    return 0 if all(row[3] == "ok" for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
