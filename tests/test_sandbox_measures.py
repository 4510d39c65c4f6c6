"""Every hardening measure is worth something: without any one of them a probe succeeds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.sandboxes.binaries import binaries
from engine.sandboxes.bubblewrap import BubblewrapProvider, BubblewrapSandbox
from engine.vocabulary.errors import SandboxUnavailable
from tests.support.escapes.host import Answers, a_host, inside, seen_from_outside
from tests.support.sandboxes import a_box

pytestmark = pytest.mark.sandbox

_MEMORY_MIB = 64
# The probe that watches each measure. Where layers overlap, it reads the attribute itself.
_WATCHED_BY = {
    "network namespace": "talk to a listener on loopback",
    "message and memory namespace": "shared memory of the host",
    "host name namespace": "the host's name",
    "control group namespace": "cgroup namespace of the host",
    "dies with Orion": "first process dies with nobody",
    "own session of processes": "session of processes began outside",
    "no capabilities": "CapBnd is not empty",
    "a user of its own": "user is root or not the one meant",
    "no inherited environment": "inherit a variable of the host",
    "system read-only": "/usr is mounted writable",
    "kernel settings read-only": "/proc/sys is mounted writable",
    "shared memory bounded": "/dev/shm holds more than 64 MiB",
    "devices closed for writing": "/dev is mounted writable",
    "temporary folder bounded": "/tmp holds more than 64 MiB",
    "home folder bounded": "/home/orion holds more than 64 MiB",
    "small files sealed": "small files can be written by mode",
    "system call filter": "call io_uring_setup",
    "mounts read-only": "a tool chain or a system folder is mounted writable",
    "root closed for writing": "/ is mounted writable",
    "no core files": "core files",
    "file size": "files of any size",
    "open files": "any number of open files",
    "number of processes": "any number of processes by limit",
    "processors": "more processors than granted",
}
_SEEN_FROM_OUTSIDE = {
    "no nested user namespaces": "room for another user namespace",
    "memory": "more memory than granted",
    "unprivileged start": "root in the eyes of the host",
}
_NOTHING_RUNS_WITHOUT = ("process namespace",)


@pytest.fixture(scope="module")
def facts() -> Iterator[dict[str, Any]]:
    with a_host("bubblewrap") as made:
        yield made


def _measures(facts: dict[str, Any]) -> tuple[str, ...]:
    with a_box(BubblewrapProvider(), git_dir=Path(facts["git_dir"])) as box:
        assert isinstance(box.sandbox, BubblewrapSandbox)
        return box.sandbox.measures


def _without(measure: str, facts: dict[str, Any], only: list[str] | None) -> Answers:
    """What the probes answer in a sandbox without this measure."""
    provider = BubblewrapProvider(binaries()[:1], without=[measure] if measure else [])
    with a_box(provider, cpus=1.0, memory_mib=_MEMORY_MIB, git_dir=Path(facts["git_dir"])) as box:
        box.tree.chmod(0o777)  # whoever commands run as then
        if measure in _SEEN_FROM_OUTSIDE:
            return seen_from_outside(box, facts, _MEMORY_MIB)
        return inside(box, {**facts, "only": only})


def test_each_measure_is_watched_by_a_probe(facts: dict[str, Any]) -> None:
    known = {*_WATCHED_BY, *_SEEN_FROM_OUTSIDE, *_NOTHING_RUNS_WITHOUT}
    assert set(_measures(facts)) - known == set()


@pytest.mark.parametrize("measure", [*_WATCHED_BY, *_SEEN_FROM_OUTSIDE])
def test_a_sandbox_without_a_measure_is_found_out(measure: str, facts: dict[str, Any]) -> None:
    if measure not in _measures(facts):
        pytest.skip(f"{measure} is not among the measures on this machine")
    if measure == "processors" and len(os.sched_getaffinity(0)) < 2:
        pytest.skip("this machine has one processor")
    probe = {**_WATCHED_BY, **_SEEN_FROM_OUTSIDE}[measure]
    answers = _without(measure, facts, None if os.environ.get("ORION_SOAK") else [probe])
    assert answers[probe] == "escaped", answers


def test_with_all_of_them_the_same_probes_are_held(facts: dict[str, Any]) -> None:
    answers = _without("", facts, list(_WATCHED_BY.values()))
    assert set(answers) == set(_WATCHED_BY.values())
    assert set(answers.values()) == {"held"}


@pytest.mark.parametrize("measure", _NOTHING_RUNS_WITHOUT)
def test_without_some_nothing_runs_at_all(measure: str, facts: dict[str, Any]) -> None:
    with pytest.raises(SandboxUnavailable, match=measure):
        _without(measure, facts, [])
