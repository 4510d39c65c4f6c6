"""A program called and waited for, never longer than its time: what it answered, or that it was stopped.

Killing is not enough to be rid of a program. One that waits for a network drive does not die of SIGKILL before the
drive answers, and what it started itself may hold its output open; neither may hold Orion up, so what is not gone soon
after the kill is left behind.
"""

from __future__ import annotations

import errno
import io
import os
import select
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

KILLED_WAIT_S = 2.0
"""How long a killed program is waited for."""


@dataclass(frozen=True, slots=True)
class Given:
    """A command, the folder and the whole environment that it runs in, what it reads on standard input, and file
    descriptors that it keeps open (for locks that must live as long as it does)."""

    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    stdin: bytes | None = None
    held: tuple[int, ...] = ()


class OutOfTimeError(Exception):
    """The program took longer than it may, and was killed."""


def call(given: Given, timeout_s: float) -> tuple[int, bytes, bytes]:
    """Exit code, output and words on standard error. Raises OutOfTimeError, OSError when it cannot be started."""
    with _started(given, subprocess.PIPE) as child:
        try:
            out, err = child.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            raise OutOfTimeError from error
    return child.returncode, out, err


@contextmanager
def stream(given: Given, timeout_s: float) -> Iterator[IO[bytes]]:
    """Its output as it comes; it is ended when the block is left. Reading raises OutOfTimeError when nothing comes for
    so long."""
    with _started(given, subprocess.DEVNULL) as child, io.BufferedReader(_Patient(child, timeout_s)) as out:
        yield out


@contextmanager
def converse(given: Given, timeout_s: float) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Its standard input, to ask in small pieces, and its output as `stream` gives it, for a program that answers one
    question after the other."""
    with (
        _started(given, subprocess.DEVNULL, asked=True) as child,
        io.BufferedReader(_Patient(child, timeout_s)) as out,
    ):
        if child.stdin is None:
            raise OSError(errno.EPIPE, "it has no standard input")
        yield child.stdin, out


@contextmanager
def _started(given: Given, errors: int, *, asked: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """The program, killed if it still runs when the block is left; `asked` gives it a pipe to read from."""
    with _file_of(given.stdin) as source:
        child = subprocess.Popen(
            given.command,
            cwd=given.folder,
            env=given.environment,
            stdin=subprocess.PIPE if asked else source,
            stdout=subprocess.PIPE,
            stderr=errors,
            pass_fds=given.held,
        )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
            with suppress(subprocess.TimeoutExpired):
                child.wait(KILLED_WAIT_S)
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


class _Patient(io.RawIOBase):
    """The reading end of a pipe that waits so long for each next bytes and no longer."""

    def __init__(self, child: subprocess.Popen[bytes], timeout_s: float) -> None:
        super().__init__()
        self._pipe = child.stdout.fileno() if child.stdout is not None else -1
        self._timeout_ms = timeout_s * 1000
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        if not self._poll.poll(self._timeout_ms):
            raise OutOfTimeError
        return os.readv(self._pipe, [buffer])


@contextmanager
def _file_of(data: bytes | None) -> Iterator[IO[bytes] | int]:
    """A file to read the bytes from: a pipe would need a second thread to fill it."""
    if data is None:
        yield subprocess.DEVNULL
        return
    with tempfile.TemporaryFile() as source:
        source.write(data)
        source.seek(0)
        yield source
