"""This terminal, lent to another program: the app stops drawing and reading keys, and afterwards everything is as
before, whatever became of that program."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import termios
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from textual.app import App

CANNOT = "this terminal cannot be lent to another program"


@contextmanager
def lent(app: App[Any]) -> Iterator[None]:
    """While it is lent ctrl+c and ctrl+\\ are for whoever has the terminal: the app stands in the same group of
    processes and would end by them. A program that was killed leaves the terminal in a mode of its own, so the one
    from before is put back. Raises SuspendNotSupported."""
    with app.suspend():
        mode = _mode()
        # A handler and not SIG_IGN: that one would be handed on to the program.
        held = {number: signal.signal(number, _nothing) for number in (signal.SIGINT, signal.SIGQUIT)}
        try:
            yield
        finally:
            for number, handler in held.items():
                signal.signal(number, handler)
            if mode is not None:
                with suppress(termios.error):
                    termios.tcsetattr(sys.__stdin__.fileno(), termios.TCSADRAIN, mode)  # type: ignore[union-attr]


def ran(command: Sequence[str], *, folder: Path | None = None, environment: Mapping[str, str] | None = None) -> str:
    """Run a program on this terminal to its end: why it did not do its work, or nothing when it did."""
    name = Path(command[0]).name
    try:
        done = subprocess.run(command, cwd=folder, env=environment, check=False)
    except FileNotFoundError:
        return f"{name} is not on this machine"
    except OSError as error:
        return f"{name} cannot be started: {error.strerror}"
    if done.returncode < 0:
        return f"{name} was killed ({signal.Signals(-done.returncode).name}): nothing is taken"
    return f"{name} ended with status {done.returncode}: nothing is taken" if done.returncode else ""


def words_of(command: str) -> list[str]:
    """A command as a variable of the environment names it; nothing when its quotes do not fit."""
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _nothing(*_: object) -> None:
    """The signal is for somebody else."""


def _mode() -> list[Any] | None:
    stream = sys.__stdin__
    if stream is None or not stream.isatty():
        return None
    mode: list[Any] = termios.tcgetattr(stream.fileno())
    return mode
