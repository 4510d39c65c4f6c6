"""Run `orion` as a person or a script would: in a process of its own, with a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ran:
    """One finished command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Orion:
    """`orion` on one home, called in one folder."""

    home: Path
    folder: Path

    def environment(self) -> dict[str, str]:
        return {**os.environ, "ORION_HOME": str(self.home), "NO_COLOR": "1", "PYTHONWARNINGS": "error"}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "orion_tui", *arguments]

    def __call__(self, *arguments: str, given: str | bytes = "", timeout: float = 120) -> Ran:
        raw = given if isinstance(given, bytes) else given.encode()
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(),
            input=raw,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
