"""A session's runner in a process of its own: `python -m engine.detached HOME SESSION`.

It outlives the terminal that started it. What goes wrong before the session runs is printed to standard error, which
the starter reads; afterwards everything is in the journal and in the log file.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from engine.vocabulary.errors import OrionError, UsageError
from engine.vocabulary.events import EventKind
from engine.vocabulary.processes import leave_no_core

if TYPE_CHECKING:
    from engine.vocabulary.ports import Journal

STARTS_WITHIN_S = 30.0
_LOOK_EVERY_S = 0.02


def spawn(home: Path, logs: Path, journal: Journal, session: str) -> None:
    """Start the process and wait until the session runs in it. Raises UsageError with what it said when it does not, or
    when it is silent for too long."""
    before = max((event.seq for event in journal.events(session)), default=0)
    log = logs / f"session-{session}.log"
    command = [sys.executable, "-m", "engine.detached", str(home), session]
    log.touch(mode=0o600)
    with log.open("ab") as output:
        start = output.tell()
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd="/",
            env={**os.environ, "ORION_HOME": str(home)},
        )
    # Somebody has to hear of its end, or it stays behind as a zombie for as long as this process lives.
    Thread(target=child.wait, name=f"detached-{session}", daemon=True).start()
    deadline, known = time.monotonic() + STARTS_WITHIN_S, 0
    while time.monotonic() < deadline:
        news = journal.events(session, before)
        # Holding the session is not enough: its role, model or sandbox may still turn out not to be had.
        if any(event.kind is EventKind.SESSION_STARTED and event.data["pid"] == child.pid for event in news):
            return
        if len(news) > known:
            # It says what takes so long, such as fetching an image.
            deadline, known = time.monotonic() + STARTS_WITHIN_S, len(news)
        if child.poll() is not None and child.returncode != 0:
            with log.open("rb") as said:
                said.seek(start)
                words = said.read(4_000).decode(errors="replace").strip()
            raise UsageError(f"the session did not start: {words or 'no reason was given'}", f"see {log}")
        time.sleep(_LOOK_EVERY_S)
    raise UsageError(f"the session did not start, and was silent for {STARTS_WITHIN_S:g} s", f"see {log}")


def main() -> int:
    """Run one session to its end; 0 when it ran, whatever came of it."""
    from engine.build import build

    leave_no_core()
    home, session = Path(sys.argv[1]), sys.argv[2]
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        engine = build(home)
    except OrionError as error:
        sys.stderr.write(f"{error.message}\n{error.hint}\n")
        return 1
    # Asked to end (a shutdown, mostly): pause, so that it resumes where it stands.
    signal.signal(signal.SIGTERM, lambda *_: engine.sessions.pause(session))
    try:
        engine.sessions.start(session)
        engine.sessions.wait(session)
    except OrionError as error:
        sys.stderr.write(f"{error.message}\n{error.hint}\n")
        return 1
    finally:
        engine.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
