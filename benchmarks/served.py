"""The endpoint of the tests in a process of its own, so that what it takes is nobody else's: `served(turns)`.

It speaks the real wire of both APIs, reads another file at each turn and says at the last that it is done."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
WRITES_EVERY = 15


@dataclass
class Served:
    """`took_s` is there when the block is over: seconds from the last byte of each request to the last of its
    answer."""

    base_url: str
    took_s: list[float] = field(default_factory=list)


@contextmanager
def served(turns: int) -> Iterator[Served]:
    process = subprocess.Popen(
        [sys.executable, str(FOLDER / "served.py"), str(turns)],
        cwd=FOLDER.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if process.stdout is None or process.stdin is None:
        sys.exit("the endpoint has no pipes")
    running = Served(process.stdout.readline().strip())
    try:
        yield running
        process.stdin.close()
        running.took_s += json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def _serve(turns: int) -> None:
    sys.path.insert(0, str(FOLDER.parent))
    from tests.support.endpoint import Answer, Asked, endpoint, says

    turn = 0

    def script(asked: Asked) -> Answer:
        nonlocal turn
        if len(asked.body.get("tools", ())) == 1:
            return says("", ("report", {"word": "ready"}))
        turn += 1
        if turn >= turns:
            return says("", ("finish", {"summary": "done", "confidence": 0.95}))
        if turn % WRITES_EVERY == 0:
            return says("I change one.", ("write", {"path": "pkg001/made.py", "content": f"VALUE = {turn}\n"}))
        return says("I look at the next one.", ("read", {"path": f"pkg000/module{turn % 100:05}.py"}))

    with endpoint(script) as server:
        print(server.base_url, flush=True)
        sys.stdin.read()
        print(json.dumps(server.took_s), flush=True)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
