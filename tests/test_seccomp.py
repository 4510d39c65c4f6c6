"""Orion's profile of system calls: its two forms agree on both processors, and every entry is worth something."""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import json
import platform
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

import pytest

from engine.sandboxes.seccomp.bpf import (
    ALLOW,
    AND,
    ERRNO,
    JUMP,
    JUMP_EQUAL,
    JUMP_FROM,
    KILL,
    LOAD,
    RETURN,
    Program,
    compiled,
    program,
    supported,
)  # fmt: skip
from engine.sandboxes.seccomp.docker import docker_profile
from engine.sandboxes.seccomp.numbers import ARM64, X86_64, names, numbers
from engine.sandboxes.seccomp.profile import orion_profile, reasons

_PROCESSORS = {X86_64: 0xC000003E, ARM64: 0xC00000B7}
_SCMP = {X86_64: 0xC000003E, ARM64: 0xC00000B7}
_REFUSED = ERRNO | errno.ENOSYS
_FORBIDDEN = ERRNO | errno.EPERM
_HIGH = 1 << 32
# Arguments on both sides of each condition.
_WORDS = (
    0, 1, 2, 3, 10, 16, 17, 29, 38, 40, 0x11, 0x80, 0x20000, 0x40000, 0x5401, 0x5412, 0x5413, 0x541B, 0x541C,
    0x541D, 0x7E020000, 0x10000000, 0x3D0F00, 0x80045430, 0xFFFFFFFF, 16 + _HIGH, 0x5412 + _HIGH,
    0xFFFFFFFF00005412, 40 + _HIGH,
)  # fmt: skip


def answer(steps: Program, processor: int, number: int, arguments: Iterable[int] = ()) -> int:
    """What the kernel would do with the filter for a call."""
    words = {0: number & 0xFFFFFFFF, 4: processor}
    for place, value in enumerate([*arguments, *(0,) * 6][:6]):
        words[16 + 8 * place] = value & 0xFFFFFFFF
        words[20 + 8 * place] = value >> 32
    at = held = 0
    while True:
        step = steps[at]
        at += 1
        if step.code == RETURN:
            return step.value
        if step.code == LOAD:
            held = words[step.value]
        elif step.code == AND:
            held &= step.value
        elif step.code == JUMP:
            at += step.value
        else:
            holds = held == step.value if step.code == JUMP_EQUAL else held >= step.value
            assert step.code in (JUMP_EQUAL, JUMP_FROM)
            at += step.holds if holds else step.fails


def by_json(profile: dict[str, Any], name: str, arguments: Iterable[int]) -> int:
    """The same for Docker's form."""
    values = [*arguments, *(0,) * 6]
    for rule in profile["syscalls"]:
        if name in rule["names"] and all(
            values[test["index"]] & test["value"] == test["valueTwo"] for test in rule.get("args", [])
        ):
            assert all(test["op"] == "SCMP_CMP_MASKED_EQ" for test in rule.get("args", []))
            return ALLOW if rule["action"] == "SCMP_ACT_ALLOW" else ERRNO | int(rule["errnoRet"])
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    return ERRNO | int(profile["defaultErrnoRet"])


def test_every_call_has_exactly_one_answer() -> None:
    profile = orion_profile()
    classes = [set(profile.allowed), set(profile.conditional), set(profile.refused)]
    assert set.union(*classes) == names()
    assert sum(map(len, classes)) == len(names())
    assert set(reasons()) == profile.refused
    assert all(reasons().values())


@pytest.mark.parametrize("machine", [X86_64, ARM64])
def test_both_forms_answer_every_call_alike(machine: str) -> None:
    steps, profile = program(orion_profile(), machine), json.loads(docker_profile())
    for name, number in numbers(machine).items():
        for arguments in [(word, word) for word in _WORDS] + [(16, 3, 0), (16, 3, 9), (16, 3, 16 + _HIGH)]:
            assert answer(steps, _PROCESSORS[machine], number, arguments) == by_json(profile, name, arguments), name


@pytest.mark.parametrize("machine", [X86_64, ARM64])
def test_what_is_not_in_the_table_is_refused(machine: str) -> None:
    steps, known = program(orion_profile(), machine), set(numbers(machine).values())
    for number in {*range(1024), 2**20, 2**29} - known:
        assert answer(steps, _PROCESSORS[machine], number) == _REFUSED


def test_other_doors_end_the_process() -> None:
    steps = program(orion_profile(), X86_64)
    assert {answer(steps, 0x40000003, number) for number in range(500)} == {KILL}  # 32-bit x86
    assert {answer(steps, _PROCESSORS[X86_64], 0x40000000 + number) for number in range(600)} == {KILL}  # x32
    assert answer(program(orion_profile(), ARM64), 0x40000028, 4) == KILL  # 32-bit ARM
    listed = json.loads(docker_profile())["archMap"]
    assert [entry["subArchitectures"] for entry in listed] == [[], []]


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("socket", (1, 1, 0), ALLOW), ("socket", (2, 2, 0), ALLOW), ("socket", (10, 1, 0), ALLOW),
        ("socket", (16, 3, 0), ALLOW), ("socket", (16, 3, 9), _FORBIDDEN), ("socket", (40, 1, 0), _FORBIDDEN),
        ("socket", (38, 5, 0), _FORBIDDEN), ("socketpair", (1, 1, 0), ALLOW), ("socketpair", (2, 1, 0), _FORBIDDEN),
        ("clone", (0x3D0F00,), ALLOW), ("clone", (17,), ALLOW), ("clone", (0x10000011,), _FORBIDDEN),
        ("unshare", (0x200,), ALLOW), ("unshare", (0x80,), _FORBIDDEN), ("unshare", (0x40000000,), _FORBIDDEN),
        ("personality", (0xFFFFFFFF,), ALLOW), ("personality", (0x40000,), _FORBIDDEN),
        ("ioctl", (0, 0x5401), ALLOW), ("ioctl", (0, 0x5412), _FORBIDDEN), ("ioctl", (0, 0x5412 + _HIGH), _FORBIDDEN),
        ("ioctl", (0, 0x541C), _FORBIDDEN), ("ioctl", (0, 0x80045430), ALLOW),
        ("clone3", (), _REFUSED), ("io_uring_setup", (), _REFUSED), ("bpf", (), _REFUSED), ("execve", (), ALLOW),
        ("memfd_create", (), ALLOW),
    ],
)  # fmt: skip
def test_what_counts_is_answered_as_meant(name: str, arguments: tuple[int, ...], expected: int) -> None:
    for machine, processor in _PROCESSORS.items():
        steps = program(orion_profile(), machine)
        assert answer(steps, processor, numbers(machine)[name], arguments) == expected


def test_a_filter_fits_the_kernel_and_is_found_by_processor() -> None:
    for machine in _PROCESSORS:
        assert supported(machine)
        assert 0 < len(compiled(orion_profile(), machine)) // 8 <= 4096
    assert not supported("riscv64")


@pytest.mark.skipif(ctypes.util.find_library("seccomp") is None, reason="libseccomp is not on this machine")
@pytest.mark.parametrize("machine", [X86_64, ARM64])
def test_the_numbers_are_those_that_libseccomp_knows(machine: str) -> None:
    library = ctypes.CDLL(ctypes.util.find_library("seccomp"))
    compared = 0
    for name in names():
        theirs = library.seccomp_syscall_resolve_name_arch(ctypes.c_uint32(_SCMP[machine]), name.encode())
        if theirs >= 0:
            assert numbers(machine)[name] == theirs, name
            compared += 1
        elif theirs != -1:  # it knows the call and that this processor has none
            assert name not in numbers(machine), name
    assert compared > 250


# Each entry in a child of its own: load the filter, make the call, tell whether the kernel itself answered.
_TRIAL = """
import ctypes, json, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
def trial(number, arguments, loaded):
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    steps = bytes.fromhex(loaded)
    if steps:
        held = ctypes.create_string_buffer(steps, len(steps))
        head = ctypes.create_string_buffer(struct.pack("@HP", len(steps) // 8, ctypes.addressof(held)))
        if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, head, 0, 0):
            os._exit(9)
    ctypes.set_errno(0)
    answer = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(value) for value in arguments))
    os._exit(ctypes.get_errno() if answer == -1 else 0)
print(json.dumps([trial(*each) for each in json.load(sys.stdin)]))
"""
_TRIED: dict[str, tuple[int, ...]] = {
    "modify_ldt": (0, 0, 0), "iopl": (9,), "vmsplice": (-1, 0, 0, 0), "clone3": (0, 0),
    "clone": (0x10000011, 0, 0, 0, 0),
    "unshare": (0x10000000,), "socket": (17, 3, 0), "socketpair": (2, 1, 0), "personality": (0x40000,),
    "ioctl": (-1, 0x5412, 0),
}  # fmt: skip


@pytest.mark.skipif(not supported(platform.machine()), reason="Orion has no filter for this processor")
def test_without_any_one_entry_its_call_reaches_the_kernel() -> None:
    machine = platform.machine()
    profile, known = orion_profile(), numbers(machine)
    entries = sorted(name for name in {*profile.refused, *profile.conditional} if name in known)
    # Taking time from the terminal, or asking for a restart, is nothing to try outside of a sandbox.
    entries = [name for name in entries if name not in ("vhangup", "reboot")]
    whole = compiled(profile, machine)
    trials = []
    for name in entries:
        call = (known[name], _TRIED.get(name, (-1,) * 6))
        trials += [(*call, filtered.hex()) for filtered in (b"", whole, compiled(profile.allowing(name), machine))]
    done = subprocess.run(
        [sys.executable, "-c", _TRIAL],
        input=json.dumps(trials),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    worth = 0
    for name, bare, held, dropped in zip(entries, answers[::3], answers[1::3], answers[2::3], strict=True):
        refusal = errno.EPERM if name in profile.conditional else errno.ENOSYS
        assert held == refusal, name
        if bare != refusal:  # this kernel has the call, and answers it otherwise to this user
            assert dropped != refusal, name
            worth += 1
    assert worth > 60
