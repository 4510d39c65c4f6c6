"""The contents of a large change looked at in a process of their own: `python -m engine.facade.looking_aside FOLDER
SESSION` reads the changes on standard input and writes what it saw. In the process that asks, seconds of work would
hold up every key, and its memory would stay."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.governance.allow_list import Allowance, AllowList
from engine.review.contents import Seen, look
from engine.vocabulary.changes import ChangeStatus, FileChange, Finding, FindingKind, Severity
from engine.vocabulary.errors import OrionError
from engine.vocabulary.processes import leave_no_core

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_S = 600.0
"""How long it may take; more than the ceilings of AEGIS let a session write."""


def look_aside(folder: Path, session: str, changes: Sequence[FileChange], allow: AllowList) -> tuple[Seen, ...] | None:
    """What the changes of the session in that folder say; None, with a line in the log, when the process failed."""
    asked = {"changes": [asdict(change) for change in changes], "allow": asdict(allow)}
    command = [sys.executable, "-m", "engine.facade.looking_aside", str(folder), session]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(asked).encode(),
            capture_output=True,
            cwd="/",
            start_new_session=True,
            timeout=LONGEST_S,
            check=True,
        )
        return tuple(_seen(row) for row in json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        words = getattr(error, "stderr", b"") or b""
        logging.getLogger("orion.review").warning(
            "contents could not be looked at in a process of their own (%s): %s", error, words[-500:]
        )
        return None


def main() -> int:
    """Answer one question and end."""
    from engine.workspace.session_repository import GitSessionRepository

    leave_no_core()
    os.nice(5)
    asked = json.load(sys.stdin.buffer)
    allow = AllowList(tuple(Allowance(**row) for row in asked["allow"]["entries"]), asked["allow"]["trouble"])
    changes = [FileChange(**{**row, "status": ChangeStatus(row["status"])}) for row in asked["changes"]]
    try:
        found = [asdict(each) for each in look(GitSessionRepository(Path(sys.argv[1]), sys.argv[2]), changes, allow)]
    except OrionError as error:
        sys.stderr.write(error.message)
        return 1
    sys.stdout.write(json.dumps(found))
    return 0


def _seen(row: dict[str, Any]) -> Seen:
    return Seen(tuple(_finding(each) for each in row["findings"]), row["lines"])


def _finding(row: dict[str, Any]) -> Finding:
    return Finding(**{**row, "kind": FindingKind(row["kind"]), "severity": Severity(row["severity"])})


if __name__ == "__main__":
    raise SystemExit(main())
