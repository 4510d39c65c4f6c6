"""How long until the app is usable, over a hello-world Textual app, each in a process of its own behind a terminal.

Usable: Home is drawn with the sessions of the journal, and a key that was pressed has been answered. A hello world is
usable when it is drawn and a key has been answered.
"""

from __future__ import annotations

import os
import pty
import select
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT = 1.7
ROUNDS = 9
ROOT = Path(__file__).resolve().parent.parent

_HELLO = """
from textual.app import App
from textual.widgets import Static
class Hello(App):
    def compose(self):
        yield Static("hello")
    def on_key(self, event):
        self.query_one(Static).update("ANSWERED")
Hello().run()
"""


def seconds(command: list[str], drawn: bytes, key: bytes, answer: bytes, environment: dict[str, str]) -> float:
    """From the start of the process to the answer to `key`, which is pressed as soon as `drawn` is on the screen."""
    leader, follower = pty.openpty()
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=follower, stdout=follower, stderr=follower, env=environment, cwd=ROOT, start_new_session=True
    )
    os.close(follower)
    seen, pressed = b"", False
    try:
        while time.perf_counter() - begun < 30:
            if not select.select([leader], [], [], 1.0)[0]:
                continue
            seen += os.read(leader, 65_536)
            if not pressed and drawn in seen:
                pressed, seen = True, b""
                os.write(leader, key)
            elif pressed and answer in seen:
                return time.perf_counter() - begun
        raise TimeoutError(f"{command[0]}: no answer; the screen ends with {seen[-300:]!r}")
    finally:
        process.kill()
        process.wait()
        os.close(leader)


def main() -> int:
    """Prints `name value limit ok/over`. The two are started in turns, so that a busy machine slows both."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "ORION_HOME": folder, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "36"}
        app = [
            sys.executable,
            "-c",
            f"from pathlib import Path; from orion_tui.app import run; run(Path({folder!r}), Path({str(ROOT)!r}))",
        ]
        hello = [sys.executable, "-c", _HELLO]

        def ours() -> float:
            return seconds(app, b"Nothing has run yet", b"?", b"closes this", environment)

        def theirs() -> float:
            return seconds(hello, b"hello", b"x", b"ANSWERED", environment)

        ours()
        theirs()
        pairs = [(theirs(), ours()) for _ in range(ROUNDS)]
    ratio = statistics.median(b for _, b in pairs) / statistics.median(a for a, _ in pairs)
    print(f"app_usable_over_hello {ratio:.2f} {LIMIT:.2f} {'ok' if ratio <= LIMIT else 'over'}")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
