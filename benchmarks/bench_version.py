"""How much `orion --version` costs over a bare start of Python."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

LIMIT = 6.0
ROUNDS = 15


def seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def main() -> int:
    """Prints `name value limit ok/over`. Both are measured in turns, so that a busy machine slows both."""
    orion = Path(sys.executable).with_name("orion")
    bare, version = [sys.executable, "-c", "pass"], [str(orion), "--version"]
    seconds(version)
    pairs = [(seconds(bare), seconds(version)) for _ in range(ROUNDS)]
    ratio = statistics.median(b for _, b in pairs) / statistics.median(a for a, _ in pairs)
    print(f"version_over_python {ratio:.2f} {LIMIT:.2f} {'ok' if ratio <= LIMIT else 'over'}")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
