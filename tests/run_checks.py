"""Every check of the project, one after the other, whatever fails; then one summary. `make test` runs it.

Standard library only. Options after `--` or unknown ones go to pytest; `--no-tests` leaves pytest out.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "reports" / "tests.xml"
PYTHON = sys.executable
MOST_WORKERS = 4
STATIC: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ruff check", ("ruff", "check", ".")),
    ("ruff format", ("ruff", "format", "--check", ".")),
    ("mypy strict", ("mypy",)),
    ("bandit", ("bandit", "--quiet", "--recursive", "--configfile", "pyproject.toml", "engine", "orion_tui")),
    ("floors", ("pytest", "tests/test_floors.py")),
)


@dataclass(frozen=True)
class Row:
    """One line of the summary."""

    name: str
    passed: bool
    seconds: float
    detail: str = ""


def run_static(name: str, command: tuple[str, ...]) -> Row:
    """Run one check; its output is shown only when it fails."""
    begun = time.monotonic()
    done = subprocess.run(
        (PYTHON, "-m", *command), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    row = Row(name, done.returncode == 0, time.monotonic() - begun)
    print(f"{'ok    ' if row.passed else 'FAILED'} {name}", flush=True)
    if not row.passed:
        print(done.stdout, flush=True)
    return row


def run_tests(extra: list[str]) -> tuple[Row, list[str]]:
    """Run pytest in the open; the row has its counts, the lines say what was skipped and why."""
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.unlink(missing_ok=True)
    begun = time.monotonic()
    # Two workers for each processor, since half of a test's time is waiting for programs that it started; `-n 0` after
    # them runs everything in one.
    workers = ("-n", str(min(2 * (os.cpu_count() or 1), MOST_WORKERS)), "--dist", "worksteal")
    command = (PYTHON, "-m", "pytest", f"--junitxml={REPORT}", *workers, *extra)
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    seconds = time.monotonic() - begun
    if not REPORT.exists():
        return Row("pytest", False, seconds, f"did not run to its end (exit {code})"), []
    counts: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for case in ElementTree.parse(REPORT).iter("testcase"):
        kinds = [child for child in case if child.tag in ("failure", "error", "skipped")]
        counts[kinds[0].tag if kinds else "passed"] += 1
        skipped.update(child.get("message", "no reason given") for child in kinds if child.tag == "skipped")
    words = (("passed", "passed"), ("failed", "failure"), ("errors", "error"), ("skipped", "skipped"))
    detail = ", ".join(f"{counts[tag]} {word}" for word, tag in words if counts[tag])
    lines = [f"skipped {count}: {reason}" for reason, count in sorted(skipped.items())]
    return Row("pytest", code == 0, seconds, detail), lines


def summary(rows: list[Row], skipped: list[str]) -> str:
    """The closing table."""
    width = max(len(row.name) for row in rows)
    lines = ["", "summary"]
    for row in rows:
        word = "ok    " if row.passed else "FAILED"
        lines.append(f"  {row.name:<{width}}  {word}  {row.seconds:7.1f} s  {row.detail}".rstrip())
    lines += [f"  {line}" for line in skipped]
    failed = sum(not row.passed for row in rows)
    lines.append("everything passed" if not failed else f"{failed} of {len(rows)} checks failed")
    return "\n".join(lines)


def main() -> int:
    # A shell's background job is born deaf to Ctrl-C, and so would everything be that the tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    extra = [argument for argument in sys.argv[1:] if argument not in ("--", "--no-tests")]
    rows = [run_static(name, command) for name, command in STATIC]
    skipped: list[str] = []
    if "--no-tests" not in sys.argv[1:]:
        row, skipped = run_tests(extra)
        rows.append(row)
    print(summary(rows, skipped))
    return 0 if all(row.passed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
