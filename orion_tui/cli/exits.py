"""The one place that turns an error into an exit code and into words on standard error."""

from __future__ import annotations

import os
import traceback
from datetime import UTC, datetime
from enum import IntEnum
from textwrap import indent
from typing import TYPE_CHECKING

from engine.vocabulary.errors import (
    AuthError,
    Cancelled,
    ConfigError,
    LimitExceeded,
    ModelError,
    OrionError,
    Problem,
    SandboxUnavailable,
    StaleBase,
    UsageError,
    WorkspaceError,
)
from engine.vocabulary.text import shortened
from orion_tui.cli.out import note

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEPT_BUG_REPORTS = 20
LONGEST_MESSAGE = 4_000
"""Characters of an error; what was typed stands in it, and may be anything."""


class Exit(IntEnum):
    """What the shell gets to know."""

    DONE = 0
    BUG = 1
    USAGE = 2
    LIMIT = 3
    WAITING = 4
    FAILED = 5
    NO_SANDBOX = 6
    AUTHENTICATION = 7
    BLOCKED = 8
    INTERRUPTED = 130


# The first match counts, so a subclass stands before its base.
_CODES: Mapping[type[OrionError], Exit] = {
    StaleBase: Exit.BLOCKED,
    SandboxUnavailable: Exit.NO_SANDBOX,
    AuthError: Exit.AUTHENTICATION,
    LimitExceeded: Exit.LIMIT,
    ModelError: Exit.FAILED,
    Cancelled: Exit.INTERRUPTED,
    ConfigError: Exit.USAGE,
    UsageError: Exit.USAGE,
    WorkspaceError: Exit.USAGE,
}


def code_of(error: OrionError) -> Exit:
    """The exit code for an error that Orion raised on purpose; 1 for those nobody can do anything about by typing
    something else (the journal is damaged, the disk is full)."""
    return next((code for kind, code in _CODES.items() if isinstance(error, kind)), Exit.BUG)


def report(error: OrionError) -> Exit:
    """Say on standard error what happened, where, and what to do; the exit code for it."""
    note(f"orion: {shortened(error.message, LONGEST_MESSAGE)}", fg="red")
    if isinstance(error, ConfigError) and len(error.problems) > 1:
        # The message tells the first one only.
        for problem in error.problems:
            note(f"  {describe(problem, error.path)}")
    elif error.hint:
        note(indent(error.hint, "  "))
    return code_of(error)


def describe(problem: Problem, path: str = "") -> str:
    """A problem of a file on one line: place, field, what is wrong, what was expected."""
    place = ":".join(str(part) for part in (path, problem.line, problem.column) if part)
    lead = " ".join(part for part in (place and f"{place}:", problem.field and f"{problem.field}:") if part)
    tail = f" ({problem.hint})" if problem.hint else ""
    return f"{lead} {problem.message}{tail}".strip()


def report_bug(error: BaseException, home: Path) -> Exit:
    """A bug: one line and a hint on standard error, the traceback in a file of its own below `home/logs`."""
    from engine.engine import hidden

    note(f"orion: this is a bug in Orion: {type(error).__name__}: {hidden(str(error))}", fg="red")
    try:
        note(f"  the traceback is in {_keep_traceback(error, home / 'logs')}; please report it with that file")
    except OSError as problem:
        note(f"  the traceback could not be kept ({problem}):")
        note(hidden("".join(traceback.format_exception(error))))
    return Exit.BUG


def _keep_traceback(error: BaseException, folder: Path) -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(exist_ok=True, mode=0o700)
    for old in sorted(folder.glob("bug-*.txt"))[: -KEPT_BUG_REPORTS + 1]:
        old.unlink(missing_ok=True)
    path = folder / f"bug-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.txt"
    from engine.engine import hidden

    path.touch(mode=0o600)
    path.write_text(hidden("".join(traceback.format_exception(error))), encoding="utf-8")
    return path
