"""Secrets that were planted are found nowhere outside the keychain: in no byte of the home, of git's objects, of what
stood on a screen, in no argument of a process, in no report of a crash, in whatever spelling."""

from __future__ import annotations

import base64
import fcntl
import io
import json
import os
import pty
import resource
import select
import struct
import subprocess
import sys
import termios
import threading
import time
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pyotp
import pytest

from engine.build import build
from tests.support.cli import Orion, Ran

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e]

# Long enough that no number of a journal or a clock is one of them by chance.
PIN, WRONG = "583920174652", "927364180537"
KEY, MAIL = "orion-canary-4f9c1d7e2b8a6035", "smtp-canary-91ce07d3ab52"


def spelled(secret: str) -> dict[str, bytes]:
    """The secret as it could stand in a file. In base64 that depends on how far into a group of three it begins."""
    plain = secret.encode()
    spellings = {
        "plain": plain,
        "hex": plain.hex().encode(),
        "HEX": plain.hex().upper().encode(),
        "percent": "".join(f"%{byte:02x}" for byte in plain).encode(),
        "PERCENT": "".join(f"%{byte:02X}" for byte in plain).encode(),
        "utf-16-le": secret.encode("utf-16-le"),
        "utf-16-be": secret.encode("utf-16-be"),
        "escaped": "".join(f"\\u{ord(char):04x}" for char in secret).encode(),
        "base32": base64.b32encode(plain).rstrip(b"=")[:-1],
    }
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + plain)
        spellings[f"base64+{shift}"] = whole[(0, 2, 3)[shift] : (shift + len(plain)) * 8 // 6]
    return spellings


def test_the_spellings_are_what_they_are_said_to_be() -> None:
    for shift in range(3):
        text = base64.b64encode(b"x" * shift + KEY.encode() + b"yz")
        assert spelled(KEY)[f"base64+{shift}"] in text
    assert all(len(spelling) > 10 for spelling in spelled(PIN).values())


def found(where: str, data: bytes, secrets: dict[str, str]) -> list[str]:
    return [
        f"{name} ({how}) in {where}"
        for name, secret in secrets.items()
        for how, spelling in spelled(secret).items()
        if spelling in data
    ]


def packed(path: Path, data: bytes) -> Iterator[tuple[str, bytes]]:
    """The bytes, and what is packed in them."""
    yield str(path), data
    with suppress(zlib.error):
        yield f"{path} unpacked", zlib.decompress(data)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield f"{path}/{name}", archive.read(name)


def objects_of(repository: Path) -> Iterator[tuple[str, bytes]]:
    """Every object of a repository, packed or loose, reachable or not."""
    command = ["git", "--git-dir", str(repository), "cat-file", "--batch-all-objects", "--batch", "--unordered"]
    done = subprocess.run(command, capture_output=True, check=True)
    yield f"the objects of {repository}", done.stdout


def everything(*roots: Path) -> Iterator[tuple[str, bytes]]:
    """Every byte below the folders: SQLite's free pages and write-ahead logs, temporary files, and git's objects."""
    for root in roots:
        for path in root.rglob("*"):
            if path.is_symlink() or not path.is_file():
                continue
            yield from packed(path, path.read_bytes())
            if path.name == "HEAD" and (path.parent / "objects").is_dir():
                yield from objects_of(path.parent)


def descendants(pid: int) -> Iterator[int]:
    """Every process that one has started, and those started by these."""
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in listed.read_text().split():
                yield int(child)
                yield from descendants(int(child))


@contextmanager
def arguments_seen(secrets: dict[str, str], leaks: list[str]) -> Iterator[set[bytes]]:
    """Looks at the arguments and the environment of whatever is started, again and again; the programs seen."""
    over, seen = threading.Event(), set[bytes]()

    def look() -> None:
        while not over.wait(0.02):
            for process in descendants(os.getpid()):
                with suppress(OSError):
                    arguments = Path(f"/proc/{process}/cmdline").read_bytes()
                    environment = Path(f"/proc/{process}/environ").read_bytes()
                    seen.add(arguments.split(b"\0")[0].rpartition(b"/")[2])
                    leaks.extend(found("the arguments of a process", arguments, secrets))
                    # The password for mail was planted in the environment, whose heirs are no leak.
                    planted = environment.replace(MAIL.encode(), b"")
                    leaks.extend(found("the environment of a process", planted, secrets))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def on_a_screen(
    command: list[str], folder: Path, environment: dict[str, str], keys: Iterable[tuple[str, str]]
) -> bytes:
    """All that a program sends to its terminal; each of the keys is pressed once what goes before it stands there."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    )
    os.close(slave)
    raw, since = bytearray(), 0
    end = time.monotonic() + 200
    waiting = list(keys)
    while time.monotonic() < end:
        ready, _, _ = select.select([master], [], [], 0.3)
        if ready:
            try:
                raw += os.read(master, 1 << 16)
            except OSError:
                break
        elif waiting and waiting[0][0].encode() in raw[since:]:
            since = len(raw)
            os.write(master, waiting.pop(0)[1].encode())
        elif process.poll() is not None or not waiting:
            break
    process.kill()
    process.wait()
    os.close(master)
    while waiting and not waiting[0][1] and waiting[0][0].encode() in raw[since:]:
        waiting.pop(0)
    assert not waiting, f"{waiting[0][0]!r} never came: {bytes(raw[-800:])!r}"
    return bytes(raw)


CRASHES = """
import sys
import engine.access.{module} as broken
def boom(*given, **named):
    secret = given[0]
    raise RuntimeError("boom")
broken.{name} = boom
from orion_tui.cli.root import run
sys.exit(run(sys.argv[1:]))
"""


def test_no_secret_stands_anywhere_but_in_the_keychain(
    home: Path, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setenv("SMTP_PASSWORD", MAIL)
    orion = Orion(home, repository)
    said: list[Ran] = []
    leaks: list[str] = []
    secrets = {"the PIN": PIN, "a wrong PIN": WRONG, "the key": KEY, "the mail password": MAIL}
    home.mkdir(mode=0o700)
    (home / "config.yaml").write_text("models: {m: {api: anthropic, model: x, keychain: routed}}\n")
    play = tmp_path / "play.yaml"
    shows = {"run": "python3 -c 'import os; print(dict(os.environ))'"}
    steps = [shows, {"write": {"path": "docs/x.md", "content": "# x\n"}}]
    play.write_text(
        json.dumps({"name": "play", "goal": "Write x", "tasks": [{"id": "x", "title": "x", "steps": steps}]})
    )
    with arguments_seen(secrets, leaks) as programs:
        said.append(orion("setup", "--yes", "--pin-stdin", "--json", given=f"{PIN}\n"))
        said.append(orion("auth", "verify", "--pin-stdin", given=f"{WRONG}\n"))
        said.append(orion("model", "key", "m", "--key-stdin", given=f"{KEY}\n"))
        assert [ran.code for ran in said[1:]] == [7, 0], [ran.err for ran in said]
        said.append(orion("work", "--playbook", str(play), "--yes", "--json"))
        assert said[-1].code == 0, said[-1].err
        (session,) = [one["id"] for one in orion("sessions", "--json").json]
        said.append(orion("promote", session, "--pin-stdin", given=f"{PIN}\n"))
        assert said[-1].code == 0, said[-1].err
        said.append(orion("export", session, "-o", str(tmp_path / "session.zip")))
        screens = [_prompt(orion)]
        crashed = [_crash(orion, "pin", "is_pin", PIN)]
        offered = orion("auth", "set", "totp", "--json", "--pin-stdin", given=f"{PIN}\n").json["secret"]
        secrets["the TOTP secret"] = offered
        code = pyotp.TOTP(offered).now()
        done = orion("auth", "set", "totp", "--code-stdin", "--json", given=f"{code}\n").json
        secrets.update({f"backup code {number}": one for number, one in enumerate(done["backup_codes"])})
        assert orion("auth", "status", "--json").json["method"] == "totp"
        said.append(orion("auth", "verify", "--code-stdin", given=f"{done['backup_codes'][0]}\n"))
        crashed.append(_crash(orion, "codes", "step_of", done["backup_codes"][1]))
        said += [orion("log", session, "--json"), orion("audit", "show", "--json"), orion("doctor", "--json")]
        said += [orion("audit", "export", "-o", str(tmp_path / "audit.log")), orion("settings", "get", "--json")]
    assert leaks == []
    assert {b"git", b"bwrap"} <= programs, programs

    keychain = build(home)
    kept = keychain._core.adapters.authenticator.keychain().get("access") or ""
    keychain.close()
    assert offered in kept, "the keychain is where it is"
    places = list(everything(home, scratch, repository, tmp_path / "session.zip", tmp_path / "audit.log"))
    places += [(str(path), path.read_bytes()) for path in (tmp_path / "session.zip", tmp_path / "audit.log")]
    places += [(f"screen {number}", raw) for number, raw in enumerate(screens)]
    places += [(f"output {number}", (ran.out + ran.err).encode()) for number, ran in enumerate([*said, *crashed])]
    assert [leak for where, data in places for leak in found(where, data, secrets)] == []
    reports = list((home / "logs").glob("bug-*.txt"))
    assert len(reports) == 2
    assert all("boom" in report.read_text() for report in reports)
    assert any("objects of" in where for where, _ in places)
    assert any(where.endswith("journal.db") for where, _ in places)
    assert len(places) > 60
    assert not [path for path in repository.rglob("core*") if path.is_file() and path.stat().st_size > 1_000_000]


def _prompt(orion: Orion) -> bytes:
    """The PIN typed where the command line asks for it, wrong and right."""
    command = orion.command("auth", "verify")
    raw = on_a_screen(command, orion.folder, orion.environment(), [("PIN or code", f"{WRONG}\n"), ("wrong", "")])
    return raw + on_a_screen(command, orion.folder, orion.environment(), [("PIN or code", f"{PIN}\n"), ("right", "")])


def _crash(orion: Orion, module: str, name: str, secret: str) -> Ran:
    """A bug in the very function that has the secret in its hands."""
    script = CRASHES.format(module=module, name=name)
    done = subprocess.run(
        [sys.executable, "-c", script, "auth", "verify", "--pin-stdin"],
        cwd=orion.folder, env=orion.environment(), input=f"{secret}\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "this is a bug in Orion" in done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


def test_no_process_of_orion_leaves_its_memory_in_a_file(home: Path, tmp_path: Path) -> None:
    script = (
        "import resource, sys, orion_tui.cli.root as root\n"
        "root.run(['sessions'])\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE)[0])"
    )
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]

    def allowed() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path, env=Orion(home, tmp_path).environment(), capture_output=True, text=True, preexec_fn=allowed,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "0", done.stderr


async def test_a_bug_in_the_app_prints_no_value_of_a_variable(capsys: pytest.CaptureFixture[str]) -> None:
    from orion_tui.crash import QuietCrash

    class Broken(QuietCrash[int]):
        def on_mount(self) -> None:
            secret = PIN
            raise RuntimeError(f"boom after {len(secret)} digits")

    app = Broken()
    with pytest.raises(RuntimeError, match="boom"):
        async with app.run_test():
            pass
    assert app._exit_renderables == []
    app._print_error_renderables()
    told = capsys.readouterr()
    assert PIN not in told.out + told.err


def test_values_of_a_crash_are_not_in_what_textual_would_print() -> None:
    """The control of the test above: Textual's own way shows the PIN."""
    from rich.console import Console
    from rich.traceback import Traceback

    def failing(secret: str) -> None:
        raise RuntimeError("boom")

    console = Console(record=True, width=200, file=io.StringIO())
    try:
        failing(PIN)
    except RuntimeError:
        console.print(Traceback(show_locals=True))
    assert PIN in console.export_text()
