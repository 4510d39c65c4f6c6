"""How long until the app is usable, over a hello-world Textual app, each in a process of its own behind a terminal.

Usable: Home is drawn and has answered a key; a hello world is usable when it has done the same. The engine
is imported after the first paint, in a thread, so a second figure says when Home shows what the journal holds and has
answered a key. The home is one whose set-up is done, as it is each time but the first.
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

from orion_tui.opening import opened_engine

LIMIT = 1.7
LISTS_LIMIT = 1.7
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


def _set_up(home: Path) -> None:
    engine = opened_engine(home)
    engine.setup.finish()
    engine.close()


def main() -> int:
    """Prints `name value limit ok/over`. The two are started in turns, so that a busy machine slows both."""
    with tempfile.TemporaryDirectory() as folder:
        _set_up(Path(folder))
        environment = {**os.environ, "ORION_HOME": folder, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "36"}
        app = [
            sys.executable,
            "-c",
            f"from pathlib import Path; from orion_tui.app import run; run(Path({folder!r}), Path({str(ROOT)!r}))",
        ]
        hello = [sys.executable, "-c", _HELLO]

        def ours() -> float:
            return seconds(app, b"Opening the journal", b"?", b"closes this", environment)

        def lists() -> float:
            return seconds(app, b"Nothing has run yet", b"?", b"closes this", environment)

        def theirs() -> float:
            return seconds(hello, b"hello", b"x", b"ANSWERED", environment)

        ours()
        theirs()
        lists()
        rounds = [(theirs(), ours(), lists()) for _ in range(ROUNDS)]
    hello, usable, listed = (statistics.median(column) for column in zip(*rounds, strict=True))
    good = True
    for name, value, limit in (
        ("app_usable_over_hello", usable / hello, LIMIT),
        ("app_lists_over_hello", listed / hello, LISTS_LIMIT),
    ):
        good = good and value <= limit
        print(f"{name} {value:.2f} {limit:.2f} {'ok' if value <= limit else 'over'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
