"""Orion's profile as a program for the kernel's seccomp filter, as bubblewrap takes it with `--seccomp`.

A filter is a classic BPF program: it reads words of the call (number, processor, arguments) and answers. Calls are
found by halving the sorted list of numbers, about nine comparisons for any of them. An own assembler of these few
instructions instead of libseccomp: see docs/dependencies.md.
"""

from __future__ import annotations

import errno
import struct
from typing import TYPE_CHECKING, NamedTuple

from engine.sandboxes.seccomp.numbers import ARM64, X86_64, numbers

if TYPE_CHECKING:
    from engine.sandboxes.seccomp.profile import Condition, Profile

# linux/seccomp.h, linux/audit.h, linux/bpf_common.h
ALLOW = 0x7FFF0000
KILL = 0x80000000
ERRNO = 0x00050000
_PROCESSOR = {X86_64: 0xC000003E, ARM64: 0xC00000B7}
_X32 = 0x40000000
LOAD, JUMP, JUMP_EQUAL, JUMP_FROM, AND, RETURN = 0x20, 0x05, 0x15, 0x35, 0x54, 0x06
_NUMBER_AT, _PROCESSOR_AT, _ARGUMENTS_AT = 0, 4, 16
_FAR = 255
_EPERM = ERRNO | errno.EPERM
_ENOSYS = ERRNO | errno.ENOSYS


class Instruction(NamedTuple):
    """One step: operation, steps to skip when the comparison holds and when not, and its value."""

    code: int
    holds: int
    fails: int
    value: int


Program = tuple[Instruction, ...]


def supported(machine: str) -> bool:
    """Whether there is a filter for this processor, as `platform.machine()` spells it."""
    return machine in _PROCESSOR


def compiled(profile: Profile, machine: str) -> bytes:
    """The filter in the kernel's own form (`struct sock_filter`, native byte order). Raises KeyError for a processor
    that is not supported."""
    return b"".join(struct.pack("=HBBI", *step) for step in program(profile, machine))


def program(profile: Profile, machine: str) -> Program:
    """The filter step by step. A call through another processor's door ends the process."""
    known = numbers(machine)
    answers: dict[int, Program] = {}
    for name, number in known.items():
        if name in profile.allowed:
            answers[number] = _answer(ALLOW)
        elif name in profile.conditional:
            answers[number] = _conditional(profile.conditional[name])
    steps = [
        _step(LOAD, _PROCESSOR_AT),
        Instruction(JUMP_EQUAL, 1, 0, _PROCESSOR[machine]),
        *_answer(KILL),
        _step(LOAD, _NUMBER_AT),
    ]
    if machine == X86_64:
        steps += [Instruction(JUMP_FROM, 0, 1, _X32), *_answer(KILL)]
    return (*steps, *_search(_ranges(answers)))


def _ranges(answers: dict[int, Program]) -> list[tuple[int, Program]]:
    """(first number, answer) for each run of numbers with the same answer; what is not named is refused."""
    ranges: list[tuple[int, Program]] = []
    for number in range(max(answers) + 2):
        answer = answers.get(number, _answer(_ENOSYS))
        if not ranges or ranges[-1][1] != answer:
            ranges.append((number, answer))
    return ranges


def _search(ranges: list[tuple[int, Program]]) -> Program:
    if len(ranges) == 1:
        return ranges[0][1]
    middle = len(ranges) // 2
    low, high = _search(ranges[:middle]), _search(ranges[middle:])
    first = ranges[middle][0]
    if len(low) <= _FAR:
        return (Instruction(JUMP_FROM, len(low), 0, first), *low, *high)
    # A comparison skips 255 steps at most, a plain jump any number.
    return (Instruction(JUMP_FROM, 0, 1, first), _step(JUMP, len(low)), *low, *high)


def _conditional(conditions: tuple[Condition, ...]) -> Program:
    steps: list[Instruction] = []
    for condition in conditions:
        body: list[Instruction] = []
        for test in reversed(condition):
            rest = len(body) + 1  # with the answer behind it
            body = [
                # The lower half of a 64-bit argument; both processors are little-endian.
                _step(LOAD, _ARGUMENTS_AT + 8 * test.argument),
                _step(AND, test.mask),
                Instruction(JUMP_EQUAL, 0, rest, test.value),
                *body,
            ]
        steps += [*body, *_answer(ALLOW)]
    return (*steps, *_answer(_EPERM))


def _answer(value: int) -> Program:
    return (_step(RETURN, value),)


def _step(code: int, value: int) -> Instruction:
    return Instruction(code, 0, 0, value)
