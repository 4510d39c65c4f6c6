"""Probes of what the kernel answers: refused calls, arguments, other doors, and the attributes of the process."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import resource
import socket
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from program import call

if TYPE_CHECKING:
    from program import Attempt, Facts

_NAMESPACES = {
    "mount": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000, "pid": 0x20000000,
    "net": 0x40000000,
}  # fmt: skip
_NETLINK = {
    "usersock": 2, "sock_diag": 4, "xfrm": 6, "audit": 9, "connector": 11, "netfilter": 12, "uevent": 15, "generic": 16,
    "crypto": 21,
}  # fmt: skip
_PERSONALITIES = {"no randomised addresses": 0x40000, "everything executable": 0x400000, "short inodes": 0x4000000}
_TERMINAL = {"typing": 0x5412, "console": 0x541C}
_HIGH = 1 << 32
# Nonsense for arguments reaches the kernel in nearly every call and does nothing there.
_ARGUMENTS = {"modify_ldt": (0, 0, 0), "clone3": (0, 0), "iopl": (9,), "vmsplice": (-1, 0, 0, 0)}
_CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


def probes(facts: Facts) -> dict[str, Attempt]:
    found: dict[str, Attempt] = {}
    for name, number in facts["refused"].items():
        found[f"call {name}"] = partial(_reaches, facts["place"], number, _ARGUMENTS.get(name, (-1,) * 6))
    numbers = facts["numbers"]
    for family in range(3, 46):
        if family not in (socket.AF_INET6, socket.AF_NETLINK):
            found[f"socket family {family}"] = partial(_opens, numbers["socket"], family, socket.SOCK_DGRAM, 0)
    for name, protocol in _NETLINK.items():
        found[f"netlink {name}"] = partial(_opens, numbers["socket"], socket.AF_NETLINK, socket.SOCK_RAW, protocol)
    found["socket family with high bits"] = partial(_opens, numbers["socket"], 17 + _HIGH, socket.SOCK_RAW, 0)
    found["pair of internet sockets"] = partial(_opens, numbers["socketpair"], socket.AF_INET, socket.SOCK_STREAM, 0)
    for name, flag in _NAMESPACES.items():
        found[f"unshare {name}"] = partial(_opens, numbers["unshare"], flag)
        found[f"clone into a {name} namespace"] = partial(_clones, numbers["clone"], flag)
    found["unshare time"] = partial(_opens, numbers["unshare"], 0x80)
    for name, value in _PERSONALITIES.items():
        found[f"personality of {name}"] = partial(_opens, numbers["personality"], value)
    for name, value in _TERMINAL.items():
        found[f"terminal {name}"] = partial(_opens, numbers["ioctl"], 0, value, 0)
        found[f"terminal {name} with high bits"] = partial(_opens, numbers["ioctl"], 0, value + _HIGH, 0)
    if facts["processor"] == "x86_64":
        found["door of 32-bit programs"] = _door_of_32_bit
        found["door of x32 programs"] = lambda: call(0x40000000 + 39) is not None
    return {**found, **_attributes(facts)}


def _reaches(place: str, number: int, arguments: tuple[int, ...]) -> bool | None:
    """Refused calls are answered as if there were none of the name; outside, that is a kernel without it."""
    answer, error = call(number, *arguments)
    return answer != -1 or error != errno.ENOSYS or (False if place == "sandbox" else None)


def _opens(number: int, *arguments: int) -> bool:
    """Refused arguments are answered with EPERM, before the kernel has looked at anything."""
    answer, error = call(number, *arguments)
    return answer != -1 or error != errno.EPERM


def _clones(number: int, flag: int) -> bool:
    answer, error = call(number, flag | 17, 0, 0, 0, 0)  # SIGCHLD at the end
    if answer == 0:
        os._exit(0)
    return answer != -1 or error != errno.EPERM


def _door_of_32_bit() -> bool:
    code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # mov eax, 20 (getpid); int 0x80; ret
    asked = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
    return asked() == os.getpid()


def _attributes(facts: Facts) -> dict[str, Attempt]:
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    bubblewrap = facts["kind"] == "bubblewrap"
    found: dict[str, Attempt] = {
        f"{field} is not empty": partial(lambda field: int(status[field], 16) != 0, field) for field in _CAPABILITIES
    }
    found["new privileges can be had"] = lambda: status["NoNewPrivs"].strip() != "1"
    found["no filter of system calls"] = lambda: status["Seccomp"].strip() != "2"
    found["user is root or not the one meant"] = lambda: (
        (os.getuid(), os.getgid()) != (1000, 1000) if bubblewrap else os.getuid() == 0
    )
    found["groups of the host"] = lambda: bool(set(os.getgroups()) & set(facts["groups"]))
    found["first process dies with nobody"] = lambda: facts["dies_with"] != 9 if bubblewrap else None
    found["session of processes began outside"] = lambda: (
        facts["session"] == 0 or facts["session"] == facts["host_session"]
    )
    found["core files"] = lambda: resource.getrlimit(resource.RLIMIT_CORE)[1] != 0
    found["files of any size"] = lambda: not 0 < resource.getrlimit(resource.RLIMIT_FSIZE)[1] <= facts["file_bytes"]
    found["any number of open files"] = lambda: not 0 < resource.getrlimit(resource.RLIMIT_NOFILE)[1] <= 4096
    limit = facts["pids"]
    found["any number of processes by limit"] = lambda: (
        not 0 < resource.getrlimit(resource.RLIMIT_NPROC)[1] <= limit if bubblewrap else None
    )
    found["more processors than granted"] = lambda: len(os.sched_getaffinity(0)) > facts["cpus"]
    for name, inode in facts["namespaces"].items():
        if bubblewrap or name not in ("user", "user_for_children"):
            found[f"{name} namespace of the host"] = partial(
                lambda name, inode: os.readlink(f"/proc/self/ns/{name}") == inode, name, inode
            )
    return found
