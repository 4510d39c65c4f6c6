"""The full-screen app on a real terminal, over a session full of hostile text: what the raw bytes hold."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from engine.build import build
from tests.support.counts import count
from tests.support.sessions import worked
from tests.support.terminals import hostile

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e]

# What Textual itself sends: control sequences with parameters, a character set, and the shape of the mouse pointer.
_OWN = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[()][0-9A-B]|\x1b[=>78]|\x1b\]22;[a-z-]*\x07")
_CANARY = "canary"
_QUIET_S = 0.15
_LONGEST_S = 0.8


@contextmanager
def app(home: Path, folder: Path, size: tuple[int, int]) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The app's side of the terminal that it runs on."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    environment = {**os.environ, "ORION_HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    process = subprocess.Popen(
        [sys.executable, "-m", "orion_tui"],
        cwd=folder,
        env=environment,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    try:
        yield master, process
    finally:
        process.kill()
        process.wait()
        os.close(master)


def heard(master: int, until: str = "", patience_s: float = 60) -> bytes:
    """What comes until the terminal falls silent (or only ticks), and at least until `until` came."""
    raw = bytearray()
    end = time.monotonic() + _LONGEST_S
    while True:
        waiting = bool(until) and until.encode() not in raw
        if not waiting and time.monotonic() > end:
            return bytes(raw)
        ready, _, _ = select.select([master], [], [], patience_s if waiting else _QUIET_S)
        if not ready:
            assert not waiting, f"{until!r} never came: {bytes(raw[-500:])!r}"
            return bytes(raw)
        try:
            raw += os.read(master, 1 << 16)
        except OSError:
            return bytes(raw)


def foreign(raw: bytes) -> str:
    """The first character that no untrusted text may bring onto a terminal, with what stands around it."""
    text = raw.decode("utf-8", "replace")
    if "\x1b[777m" in text:
        return "[777m"
    rest = _OWN.sub("", text)
    for at, char in enumerate(rest):
        if not char.isprintable() and char not in "\r\n" and unicodedata.category(char) != "Zs":
            return ascii(rest[max(0, at - 40) : at + 40])
    return ""


def session_full_of(texts: list[str], home: Path, repository: Path, folder: Path) -> None:
    """A session whose goal, tasks, commands, outputs, files, findings and notices are all made of them."""
    tasks = [
        {
            "id": f"task{number}",
            "title": f"{_CANARY} {text}",
            "steps": [
                {"run": f"printf '%b\\n' {json.dumps(text.encode('unicode_escape').decode())}", "allow_failure": True},
                {"write": {"path": f"docs/{number}.md", "content": f"{_CANARY}\n{text}\n"}},
            ],
        }
        for number, text in enumerate(texts)
    ]
    tasks.append({"id": "asks", "title": f"{_CANARY} asks", "steps": [{"run": f"pip install {_CANARY} # {texts[0]}"}]})
    written = {"name": "hostile", "goal": f"{_CANARY} {' '.join(texts)}"[:1500], "tasks": tasks}
    file = folder / "hostile.yaml"
    file.write_text(yaml.safe_dump(json.loads(json.dumps(written)), allow_unicode=False))
    engine = build(home)
    worked(engine, repository, file, role="software-engineer")
    engine.close()


@pytest.mark.parametrize("size", [(120, 36), (80, 24)], ids=["120x36", "80x24"])
def test_no_text_of_a_session_reaches_the_terminal_as_anything_but_text(
    home: Path, repository: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    texts = [text for text in hostile(count(200), seed=size[0]) if "\n" not in text]
    session_full_of(texts, home, repository, tmp_path)
    with app(home, repository, size) as (master, process):
        raw = heard(master, until=_CANARY)
        # Home, its session's monitor, a task's story unfolded, back, the review and its findings, the approvals, help.
        for key in "\r\tjj\rj\r\x1blldjj\tjj\x1ba?\x1b\x1b\x1bo\x1bn":
            os.write(master, key.encode())
            raw += heard(master)
        assert process.poll() is None, raw[-2_000:]
        os.write(master, b"\x11")
        raw += heard(master)
    assert raw.count(_CANARY.encode()) > 5
    assert not foreign(raw), foreign(raw)
