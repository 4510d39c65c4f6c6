"""What a command sees of the machine: the system read-only, a few files of `/etc`, its own tree, and nothing else."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from engine.sandboxes.measures import Measure
from engine.vocabulary.runs import WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Arguments = tuple[str, ...]
"""A part of bubblewrap's command line. Its order counts: what comes later covers what came before."""

GIT_DIR = "/orion.git"
HOME = "/home/orion"
UID = 1000
GID = 1000
# Folders inside the sandbox, which nobody of the host shares.
_TMP = "/tmp"  # noqa: S108  # nosec B108
_SHARED = "/dev/shm"  # noqa: S108  # nosec B108
TMP_BYTES = 64 * 1024 * 1024
SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin")

_ROOT_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
# What tool chains read at start. Never shadow, keys, host names, credentials or the git configuration. Folders are
# mounted; files are copied, since each mount costs a good part of a millisecond in every command.
_ETC_FOLDERS = ("alternatives", "crypto-policies", "pki/ca-trust/extracted", "pki/tls/certs", "ssl/certs", "java*")
_ETC_FILES = (
    *("ld.so.cache", "localtime", "magic", "mime.types", "pki/tls/cert.pem", "protocols", "services"),
    *("ssl/openssl.cnf", "timezone"),
)
_ETC_NETWORK = ("hosts", "resolv.conf")
_ETC_FILE_BYTES = 1024 * 1024

_MADE_FILES: Mapping[str, str] = {
    "/etc/passwd": f"orion:x:{UID}:{GID}:Orion:{HOME}:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "/etc/group": f"orion:x:{GID}:\nnogroup:x:65534:\n",
    "/etc/hosts": "127.0.0.1 localhost orion\n::1 localhost\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n",
}


def isolation(*, network: bool = False) -> list[Measure[Arguments]]:
    """Namespaces and privileges, the same for every command, beside the user namespace without which bubblewrap does
    not start at all. With `network` the machine's own is shared."""
    net: Arguments = () if network else ("--unshare-net",)
    return [
        Measure("process namespace", ("--unshare-pid",), ()),
        Measure("network namespace", net, ()),
        Measure("message and memory namespace", ("--unshare-ipc",), ()),
        Measure("host name namespace", ("--unshare-uts", "--hostname", "orion"), ()),
        Measure("control group namespace", ("--unshare-cgroup-try",), ()),
        Measure("no nested user namespaces", ("--disable-userns",), ()),
        Measure("dies with Orion", ("--die-with-parent",), ()),
        Measure("own session of processes", ("--new-session",), ()),
        # Bubblewrap started without privileges drops them anyway; it is said here so that no later default changes it.
        Measure("no capabilities", ("--cap-drop", "ALL"), ("--cap-add", "ALL")),
        # Left out altogether it would be whoever starts bubblewrap, on many machines that very number.
        Measure("a user of its own", ("--uid", str(UID), "--gid", str(GID)), ("--uid", "0", "--gid", "0")),
        Measure("no inherited environment", ("--clearenv",), ()),
    ]


def system_files(root: Path = Path("/")) -> list[Measure[Arguments]]:
    """The read-only system as this machine lays it out; `root` is where it is looked at, for tests."""
    arguments = ["--ro-bind", "/usr", "/usr"]
    for name in _ROOT_FOLDERS:
        folder = root / name
        if folder.is_symlink():
            arguments += ["--symlink", str(folder.readlink()), f"/{name}"]
        elif folder.is_dir():
            arguments += ["--ro-bind", f"/{name}", f"/{name}"]
    etc = root / "etc"
    for found in (found for pattern in _ETC_FOLDERS for found in sorted(etc.glob(pattern))):
        if found.is_dir() and os.access(found, os.R_OK | os.X_OK):
            place = f"/etc/{found.relative_to(etc)}"
            arguments += ["--ro-bind", place, place]
    return [Measure("system read-only", tuple(arguments), _writable(arguments))]


def system_release(root: Path = Path("/")) -> str:
    """Which system this is, as far as a program built on it can tell: its release and its Python's version."""
    release = root / "etc/os-release"
    named = release.read_text("utf-8", errors="replace") if release.is_file() else ""
    pythons = sorted(str(found.readlink()) for found in root.glob("usr/bin/python3") if found.is_symlink())
    return " ".join([*sorted(line for line in named.splitlines() if line.startswith(("ID=", "VERSION_ID="))), *pythons])


def small_files(root: Path = Path("/"), *, network: bool = False) -> dict[str, bytes]:
    """Files of `/etc` by their place: those that Orion writes, and copies of those that any user of the host may read.
    With `network` also what names are looked up with."""
    files = {path: text.encode() for path, text in _MADE_FILES.items()}
    if network:
        files["/etc/nsswitch.conf"] = files["/etc/nsswitch.conf"].replace(b"hosts: files", b"hosts: files dns")
    for name in (*_ETC_FILES, *(_ETC_NETWORK if network else ())):
        with suppress(OSError):
            found = root / "etc" / name
            about = found.stat()
            if stat.S_ISREG(about.st_mode) and about.st_mode & stat.S_IROTH and about.st_size <= _ETC_FILE_BYTES:
                files[f"/etc/{name}"] = found.read_bytes()
    return files


def private_files(made: Mapping[str, int]) -> list[Measure[Arguments]]:
    """What is the sandbox's alone: `/proc`, `/dev`, the temporary folders, and small files read from descriptors."""
    size = ("--size", str(TMP_BYTES))
    everybody: Arguments = ("--perms", "1777")
    files = tuple((str(descriptor), path) for path, descriptor in made.items())
    sealed = tuple(part for file in files for part in ("--perms", "0444", "--file", *file))
    return [
        Measure(
            "kernel settings read-only",
            ("--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys"),
            ("--proc", "/proc"),
        ),
        Measure(
            "shared memory bounded",
            ("--dev", "/dev", *everybody, *size, "--tmpfs", _SHARED),
            ("--dev", "/dev", *everybody, "--tmpfs", _SHARED),
        ),
        Measure("devices closed for writing", ("--remount-ro", "/dev"), ()),
        Measure(
            "temporary folder bounded",
            (*everybody, *size, "--tmpfs", _TMP, "--symlink", _TMP, f"/var{_TMP}"),
            (*everybody, "--tmpfs", _TMP, "--symlink", _TMP, f"/var{_TMP}"),
        ),
        Measure(
            "home folder bounded", ("--perms", "0700", *size, "--tmpfs", HOME), ("--perms", "0700", "--tmpfs", HOME)
        ),
        Measure("small files sealed", sealed, tuple(part for file in files for part in ("--file", *file))),
    ]


def own_folders(tree: str, mounts: Iterable[tuple[str, Path, bool]]) -> list[Measure[Arguments]]:
    """The writable tree and the other mounts (source, place inside, whether it may be written); then the root is closed
    for writing."""
    arguments: list[str] = []
    for source, place, writable in sorted(mounts, key=lambda mount: len(mount[1].parts)):
        arguments += ["--bind" if writable else "--ro-bind", source, str(place)]
    return [
        Measure(
            "mounts read-only",
            ("--bind", tree, WORKSPACE, *arguments),
            ("--bind", tree, WORKSPACE, *_writable(arguments)),
        ),
        Measure("root closed for writing", ("--remount-ro", "/", "--chdir", WORKSPACE), ("--chdir", WORKSPACE)),
    ]


def _writable(arguments: Iterable[str]) -> Arguments:
    return tuple("--bind" if argument == "--ro-bind" else argument for argument in arguments)


def environment(
    toolchains: Iterable[Path], extra: Iterable[tuple[str, str]], programs: Iterable[str] = ()
) -> dict[str, str]:
    """The whole environment of a command. Nothing of the host's is inherited; `extra` wins, later over earlier.
    `programs` are folders that come before those of the tool chains."""
    folders = [*programs, *(str(folder) for chain in toolchains for folder in _program_folders(chain))]
    values = {
        "PATH": ":".join(dict.fromkeys([*folders, *SYSTEM_PATH])),
        "HOME": HOME,
        "USER": "orion",
        "LOGNAME": "orion",
        "SHELL": "/bin/sh",
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "TMPDIR": _TMP,
        "CI": "1",
        "NO_COLOR": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    values.update(extra)
    return values


def git_environment() -> dict[str, str]:
    """What makes git use the throw-away repository, which it cannot write."""
    return {"GIT_DIR": GIT_DIR, "GIT_WORK_TREE": WORKSPACE, "GIT_OPTIONAL_LOCKS": "0"}


def _program_folders(chain: Path) -> Iterator[Path]:
    if (chain / "bin").is_dir():
        yield chain / "bin"
    elif chain.name in {"bin", "sbin"}:
        yield chain
