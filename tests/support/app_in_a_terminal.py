"""The real app in a process and on a terminal of its own, driven by keys, read as the characters that reached it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_SEQUENCE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_=>()][0-9A-Z]?)")
KEYS = {"enter": "\r", "escape": "\x1b", "ctrl+c": "\x03", "ctrl+d": "\x04", "ctrl+q": "\x11", "down": "\x1b[B"}


class Terminal:
    """One running app. `drawn` is every byte that it sent to its terminal since it began."""

    def __init__(self, master: int, process: subprocess.Popen[bytes]) -> None:
        self._master = master
        self.process = process
        self.drawn = bytearray()
        self._said = 0

    @property
    def text(self) -> str:
        """All that it drew, without colours and cursor movements."""
        return self._plain(0)

    def press(self, *keys: str) -> None:
        """Type these keys, or a text that is no name of one."""
        for key in keys:
            os.write(self._master, KEYS.get(key, key).encode())

    def says(self, *texts: str, sends: re.Pattern[bytes] | None = None, timeout_s: float = 60.0) -> str:
        """Wait until each of the texts was drawn since this was called last, and `sends` was among the bytes, colours
        and cursor movements included; all that was drawn."""
        end = time.monotonic() + timeout_s
        while True:
            shown = self._plain(self._said)
            if all(text in shown for text in texts) and (not sends or sends.search(self.drawn, self._said)):
                self._said = len(self.drawn)
                return shown
            ready, _, _ = select.select([self._master], [], [], max(end - time.monotonic(), 0))
            assert ready, f"never drawn: {texts} {sends or ''}\n{shown[-4000:]}"
            try:
                self.drawn += os.read(self._master, 1 << 16)
            except OSError as error:
                raise AssertionError(f"it ended before it drew {texts}\n{shown[-4000:]}") from error

    def _plain(self, since: int) -> str:
        return _SEQUENCE.sub(b"", bytes(self.drawn[since:])).decode("utf-8", "replace")

    def mode(self) -> list[object]:
        """The terminal's own mode: whether it echoes, whether ctrl+c is a signal."""
        return termios.tcgetattr(self._master)[:4]


@contextmanager
def app_in_a_terminal(
    home: Path, folder: Path, environment: Mapping[str, str] | None = None, size: tuple[int, int] = (120, 36)
) -> Iterator[Terminal]:
    """`orion` on that home, in that folder; ended with the block."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    known = {name: value for name, value in os.environ.items() if name not in ("VISUAL", "EDITOR", "ORION_MERGE")}
    process = subprocess.Popen(
        [sys.executable, "-m", "orion_tui"],
        cwd=folder,
        env=known | {"ORION_HOME": str(home), "TERM": "xterm-256color", "PYTHONPATH": str(Path.cwd())}
        | dict(environment or {}),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0) and None,
    )  # fmt: skip
    os.close(slave)
    try:
        yield Terminal(master, process)
    finally:
        process.kill()
        process.wait()
        os.close(master)
