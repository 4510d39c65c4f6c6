"""How a command's end is told, the same for every kind of sandbox; and what cannot be handed to one at all."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from engine.vocabulary.errors import UsageError
from engine.vocabulary.runs import Outcome, RunResult
from engine.vocabulary.text import decoded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.sandboxes.output import HeadTail

_COMMAND_BYTES = 120 * 1024  # the kernel takes 128 KiB for one argument
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MISSING = re.compile(
    r"(?:^|\n)(?:(?:/\S*/)?(?:sh|bash): (?:(?:line )?\d+: )?(?P<shell>[^\n]{1,200}?): (?:command )?not found"
    r"|(?:/\S*/)?env: [\u2018'](?P<env>[^\n\u2019']{1,200})[\u2019']: No such file or directory)\s*\Z"
)


def cut_short(outcome: Outcome, output: HeadTail, duration_s: float) -> RunResult:
    """The end of a command that Orion or the kernel killed."""
    return RunResult(outcome, None, 9, output.value(), output.dropped, duration_s)


def ended(status: int, output: HeadTail, duration_s: float) -> RunResult:
    """The end that a command came to by itself, from its exit status (above 128: a signal, as shells have it)."""
    kept, dropped = output.value(), output.dropped
    if status == 0:
        return RunResult(Outcome.OK, 0, None, kept, dropped, duration_s)
    if status == 127 and (found := _MISSING.search(decoded(output.last(4096)))):
        missing = found["shell"] or found["env"]
        return RunResult(Outcome.NOT_FOUND, status, None, kept, dropped, duration_s, missing)
    signal = status - 128 if 128 < status < 160 else None
    return RunResult(Outcome.FAILED, status, signal, kept, dropped, duration_s)


def unusable(command: str) -> bytes:
    """Why a command cannot even be handed over, empty when it can."""
    try:
        size = len(os.fsencode(command))
    except UnicodeEncodeError:
        return b"orion: the command holds characters that no file system can express\n"
    if "\0" in command:
        return b"orion: the command holds a NUL character\n"
    if size > _COMMAND_BYTES:
        return f"orion: the command is {size} bytes long, {_COMMAND_BYTES} are possible\n".encode()
    return b""


def check_environment(variables: Mapping[str, str]) -> None:
    """Raises UsageError for a name or value that no environment can hold."""
    for name, value in variables.items():
        if not _NAME.fullmatch(name) or "\0" in value:
            raise UsageError(f"{name!r} cannot be an environment variable", "use letters, digits and underscores")
