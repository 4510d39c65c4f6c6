"""Many `orion` commands in one process on one real terminal, and what the raw bytes on it hold."""

from __future__ import annotations

import json
import os
import pty
import random
import re
import select
import subprocess
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

# What Orion itself may send: colours, and what draws a line of progress anew.
_OWN = re.compile(r"\x1b\[(?:[0-9;]*m|\?25[lh]|[0-9]*[A-HJK])")
_MARK = "@@orion"
_BITS = (
    "\x1b[2J", "\x1b]52;c;aGk=\x07", "\x1b]0;title\x07", "\x1b[777m", "\x1bc", "\x9b31m", "\x90q", "\x07", "\b", "\r",
    "\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u2028", "\U000e0041", "\x7f", "\x85", "\ue000",
    "[/]", "[bold]", "[@click=app.quit]", "[link=x]", "{0}", "%s", "$(id)", "\\x1b", "<b>", "`", "'", '"',
    "漢字", "é́", "🏳️‍🌈", "word", "a b", "-", "--x", "=", "/", "..", "\u00a0", "\t",
)  # fmt: skip


def hostile(count: int, seed: int = 20261122) -> list[str]:
    """Untrusted texts of one line, each with an `x` at both ends so that none is empty or an option."""
    chance = random.Random(seed)
    return [f"x{''.join(chance.choices(_BITS, k=chance.randrange(1, 9)))}x" for _ in range(count)]


@dataclass(frozen=True)
class Shown:
    """One command, its exit code and the text that reached the terminal."""

    arguments: tuple[str, ...]
    code: int
    text: str

    def foreign(self) -> str:
        """The first character that no untrusted text may bring onto a terminal, with what stands around it."""
        text = _OWN.sub("", self.text)
        for at, char in enumerate(text):
            bad = not char.isprintable() and char not in "\r\n\t" and unicodedata.category(char) != "Zs"
            if bad or (char == "\r" and text[at + 1 : at + 2] not in ("\n", "\r", "")):
                return ascii(text[max(0, at - 30) : at + 30])
        return "[777m" if "\x1b[777m" in self.text else ""


def on_a_terminal(
    home: Path, folder: Path, commands: Sequence[tuple[Sequence[str], str]], *, colour: bool, timeout: float = 60
) -> Iterator[Shown]:
    """Run the commands (arguments, standard input) one after the other in one process."""
    file = home.parent / f"commands-{os.getpid()}-{colour}.jsonl"
    file.write_text("".join(json.dumps([list(arguments), given]) + "\n" for arguments, given in commands))
    master, slave = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    environment |= {"ORION_HOME": str(home), "TERM": "xterm-256color", "PYTHONUTF8": "1", "COLUMNS": "100"}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.terminals", str(file)],
        cwd=folder,
        env=environment | ({} if colour else {"NO_COLOR": "1"}) | {"PYTHONPATH": str(Path.cwd())},
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    raw = bytearray()
    while True:
        ready, _, _ = select.select([master], [], [], timeout)
        assert ready, f"nothing came for {timeout} s after {bytes(raw[-300:])!r}"
        try:
            piece = os.read(master, 1 << 16)
        except OSError:
            break
        raw += piece
    os.close(master)
    assert process.wait(timeout) == 0, bytes(raw[-2_000:])
    parts = re.split(rf"{_MARK} (\d+)@@\r\n", raw.decode())
    for (arguments, _), text, code in zip(commands, parts[::2], parts[1::2], strict=False):
        yield Shown(tuple(arguments), int(code), text)


def _main(file: str) -> None:
    import io

    from orion_tui.cli.root import run

    nothing = sys.stdin
    with Path(file).open(encoding="utf-8") as lines:
        for line in lines:
            arguments, given = json.loads(line)
            sys.stdin = io.TextIOWrapper(io.BytesIO(given.encode("utf-8", "surrogatepass"))) if given else nothing
            code = run(arguments)
            sys.stdout.write(f"{_MARK} {code}@@\n")
            sys.stdout.flush()


if __name__ == "__main__":
    _main(sys.argv[1])
