"""The host's side of the escape probes: what there is to reach, the controls, and the answers of a sandbox."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from engine.sandboxes.seccomp.numbers import numbers
from engine.sandboxes.seccomp.profile import orion_profile
from engine.vocabulary.runs import Outcome
from tests.support.sandboxes import Box, handed_over, processes_with

_FOLDER = Path(__file__).resolve().parent
_PROGRAM = ("program.py", "kernel.py", "machine.py")
_SHM_KEY = 0x4F52494F
_GROUP = 64123

Answers = dict[str, str]


@contextmanager
def a_host(
    kind: str, *, cpus: int = 1, pids: int = 128, file_mib: int = 1024, memory_mib: int = 256
) -> Iterator[dict[str, Any]]:
    """Everything of the machine that a sandboxed program must not reach, up and answering; the facts about it."""
    secret = uuid.uuid4().hex
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="orion-canary-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o777)
        canary = folder / "canary"
        canary.write_text(f"secret {secret}")
        canary.chmod(0o666)
        listeners = dict(_listeners(stack, folder))
        marker = uuid.uuid4().hex
        victim = subprocess.Popen(
            [sys.executable, "-c", f"input()  # {marker}"],
            stdin=subprocess.PIPE,
            env={**os.environ, "ORION_SECRET": secret},
        )
        stack.callback(victim.communicate)
        stack.callback(victim.kill)
        if os.geteuid() == 0:  # one that whoever commands run as has not
            stack.callback(os.setgroups, os.getgroups())
            os.setgroups([*os.getgroups(), _GROUP])
        git_dir = folder / "git"
        git_dir.mkdir()
        git_dir.chmod(0o777)
        _shared_memory(stack)
        shm_file = Path("/dev/shm") / f"orion-{secret}"
        shm_file.touch()
        stack.callback(shm_file.unlink)
        machine = platform.machine()
        known = numbers(machine)
        profile = orion_profile()
        yield {
            "kind": kind,
            "processor": machine,
            "refused": {name: known[name] for name in sorted(profile.refused) if name in known},
            "numbers": {name: known[name] for name in profile.conditional},
            "groups": [gid for gid in os.getgroups() if gid != 1000],
            "host_session": os.getsid(0),
            "file_bytes": file_mib * 1024 * 1024,
            "pids": pids,
            "memory_bytes": memory_mib * 1024 * 1024,
            "cpus": cpus,
            "processors": os.cpu_count(),
            "namespaces": {entry.name: os.readlink(entry) for entry in Path("/proc/self/ns").iterdir()
                           if not entry.name.startswith("time") and not entry.name.endswith("children")},
            "canary": str(canary),
            "secret": secret,
            "home": str(Path.home()),
            "orion_home": str(folder),
            "users": [entry.pw_name for entry in pwd.getpwall() if entry.pw_name not in ("nobody", "orion", "root")],
            "listeners": listeners,
            "name_servers": dict(_name_servers(stack)),
            "known_name": _known_name(),
            "git_dir": str(git_dir),
            "abstract": listeners["an abstract socket"][2][1:],
            "port": listeners["a listener on loopback"][2][1],
            "victim": victim.pid,
            "marker": marker,
            "shm_key": _SHM_KEY,
            "shm_file": str(shm_file),
            "host": socket.gethostname(),
        }  # fmt: skip


def inside(box: Box, facts: dict[str, Any], *, timeout_s: float = 60) -> Answers:
    """The answers of a sandbox. It must be able to run Python."""
    lay_out(box.tree, facts)
    # Without a shell in between: the first process of a command knows things that its children do not.
    result = box.run("exec python3 program.py facts.json sandbox", timeout_s=timeout_s)
    assert result.outcome is Outcome.OK, result
    answers: Answers = json.loads(result.output.splitlines()[-1])
    return answers


def outside(facts: dict[str, Any], place: str, only: list[str] | None = None) -> Answers:
    """The same program as a control: on the host itself, or as root of a user namespace."""
    folder = Path(tempfile.mkdtemp(prefix="orion-control-"))
    try:
        lay_out(folder, {**facts, "only": only})
        start = ["unshare", "--user", "--map-root-user", "--mount", "--uts", "--ipc", "--pid", "--fork", "--mount-proc"]
        start += ["setpriv", "--inh-caps=+all", "--ambient-caps=+all"]
        command = [*(start if place == "namespace" else ()), sys.executable, "program.py", "facts.json", place]
        ran = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=120, check=False,
            env={**os.environ, "ORION_OUTSIDE": "1"},
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        answers: Answers = json.loads(ran.stdout.splitlines()[-1])
        return answers
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def lay_out(folder: Path, facts: dict[str, Any]) -> None:
    """The program and what it has to know, in a folder that commands may use."""
    for name in _PROGRAM:
        shutil.copy(_FOLDER / name, folder / name)
    (folder / "facts.json").write_text(json.dumps(facts))
    for name in (*_PROGRAM, "facts.json"):
        (folder / name).chmod(0o644)
        handed_over(folder / name)


def _listeners(stack: ExitStack, folder: Path) -> Iterator[tuple[str, tuple[int, int, Any]]]:
    abstract = f"\0orion-{uuid.uuid4().hex}"
    wanted: list[tuple[str, int, int, Any]] = [
        ("a listener on loopback", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
        ("a listener on any address", socket.AF_INET, socket.SOCK_STREAM, ("0.0.0.0", 0)),
        ("a datagram listener", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
        ("a listener on loopback, version 6", socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0)),
        ("an abstract socket", socket.AF_UNIX, socket.SOCK_STREAM, abstract),
        ("a socket in a folder", socket.AF_UNIX, socket.SOCK_STREAM, str(folder / "socket")),
    ]
    for name, family, kind, address in wanted:
        listener = socket.socket(family, kind)
        stack.callback(listener.close)
        try:
            listener.bind(address)
        except OSError:
            continue  # no IPv6 on this machine
        if kind == socket.SOCK_STREAM:
            listener.listen()
        if family == socket.AF_UNIX and not address.startswith("\0"):
            os.chmod(address, 0o777)
        threading.Thread(target=_echo, args=(listener, kind), daemon=True).start()
        place = address if family == socket.AF_UNIX else listener.getsockname()[:2]
        if name == "a listener on any address":
            place = (_own_address(), place[1])
        yield name, (int(family), int(kind), place)


def _name_servers(stack: ExitStack) -> Iterator[tuple[str, tuple[int, tuple[str, int]]]]:
    """Servers that answer each question with the address 192.0.2.7, over datagrams and over streams."""
    for name, kind in (("datagrams", socket.SOCK_DGRAM), ("a stream", socket.SOCK_STREAM)):
        server = socket.socket(socket.AF_INET, kind)
        stack.callback(server.close)
        server.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            server.listen()
        threading.Thread(target=_echo, args=(server, kind, _resolved), daemon=True).start()
        yield name, (int(kind), server.getsockname())


def _resolved(query: bytes) -> bytes:
    # Within a stream the message comes after its length.
    start = 2 if len(query) > 2 and int.from_bytes(query[:2], "big") == len(query) - 2 else 0
    question = query[start + 12 :]
    answer = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04" + bytes((192, 0, 2, 7))
    message = query[start : start + 2] + b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" + question + answer
    return (len(message).to_bytes(2, "big") if start else b"") + message


def _known_name() -> str:
    """This machine's own name where it can be looked up, else nothing."""
    try:
        socket.getaddrinfo(socket.gethostname(), 80)
    except OSError:
        return ""
    return socket.gethostname()


def _own_address() -> str:
    """An address of this machine beside loopback, or loopback when it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(asking.getsockname()[0])


def _echo(listener: socket.socket, kind: int, reply: Callable[[bytes], bytes] = bytes) -> None:
    try:
        while True:
            if kind == socket.SOCK_DGRAM:
                said, who = listener.recvfrom(512)
                listener.sendto(reply(said), who)
            else:
                peer, _ = listener.accept()
                with peer:
                    peer.sendall(reply(peer.recv(512)))
    except OSError:
        return


def _shared_memory(stack: ExitStack) -> None:
    libc = ctypes.CDLL(None)
    create = 0o666 | 0o1000
    stack.callback(libc.shmctl, libc.shmget(_SHM_KEY, 4096, create), 0, None)
    stack.callback(libc.semctl, libc.semget(_SHM_KEY, 1, create), 0, 0)
    stack.callback(libc.msgctl, libc.msgget(_SHM_KEY, create), 0, None)


_ROOT, _NESTED, _GROWN = "root in the eyes of the host", "room for another user namespace", "more memory than granted"
# Goes into the user namespace of a process, where no filter holds it, and makes one below.
_NESTS = (
    "import ctypes, os, sys; libc = ctypes.CDLL(None); owner = int(sys.argv[2])\n"
    "space = os.open(f'/proc/{sys.argv[1]}/ns/user', os.O_RDONLY)\n"
    "if os.getuid() != owner: os.setgroups([]); os.setgid(owner); os.setuid(owner)\n"
    "sys.exit(3 if libc.setns(space, 0x10000000) else libc.unshare(0x10000000) != 0)\n"
)


def seen_from_outside(box: Box, facts: dict[str, Any], memory_mib: int) -> Answers:
    """What only the host can tell of a sandbox with this limit of memory: `escaped`, `held` or `none`."""
    marker = uuid.uuid4().hex
    users: set[int] = set()
    nested: set[int] = set()

    def look(_: bytes) -> None:
        for pid in processes_with(marker):
            users.add(os.stat(f"/proc/{pid}").st_uid)
            nested.update(_nested(pid))
        (box.tree / "looked").touch()

    box.run(f"echo look; until [ -e looked ]; do :; done; : {marker}", on_output=look, timeout_s=20)
    grown = box.run(f'python3 -c "{_hog(memory_mib)}"', timeout_s=30)
    own = facts["kind"] == "bubblewrap"
    return {
        _ROOT: "escaped" if 0 in users or not users else "held",
        _NESTED: ("held" if nested == {1} else "escaped") if own else "none",
        _GROWN: "held" if grown.outcome is Outcome.OUT_OF_MEMORY else "escaped",
    }


def seen_from_outside_of_none(memory_mib: int) -> Answers:
    """The control of the same: an ordinary process of the host, one in an ordinary namespace, and one that grows."""
    waits = [sys.executable, "-c", "print(flush=True); input()"]
    users, nested = {0}, {1}
    for start in ([], ["unshare", "--user", "--map-root-user"]):
        with subprocess.Popen([*start, *waits], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as ordinary:
            assert ordinary.stdout is not None
            ordinary.stdout.readline()
            if start:
                nested = _nested(ordinary.pid)
            else:
                users = {os.stat(f"/proc/{ordinary.pid}").st_uid}
            ordinary.communicate(b"\n")
    grown = subprocess.run([sys.executable, "-c", _hog(memory_mib)], capture_output=True, check=False)
    return {
        _ROOT: "escaped" if users == {0} else "none",
        _NESTED: "escaped" if nested == {0} else "held",
        _GROWN: "escaped" if grown.returncode == 0 else "held",
    }


def _nested(pid: int) -> set[int]:
    """How it ends when somebody enters the user namespace of a process and makes one below; nothing for the host's."""
    about = os.stat(f"/proc/{pid}")
    if os.stat(f"/proc/{pid}/ns/user").st_ino == os.stat("/proc/self/ns/user").st_ino:
        return set()
    return {subprocess.run([sys.executable, "-c", _NESTS, str(pid), str(about.st_uid)], check=False).returncode}


def _hog(memory_mib: int) -> str:
    return f"x = bytearray(b'x') * {(memory_mib + 128) * 1024 * 1024}; print(len(x))"
