"""A sandbox that outlives its troubles, over the one in memory: what is opened again, with what, and what is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.session.steady import MAX_RESTARTS, SteadySandbox
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.ports import Sandbox
from engine.vocabulary.runs import Layer, Outcome, RunResult, SandboxSpec
from engine.vocabulary.setups import FrozenSetup
from tests.support.memory_sandbox import MemoryProvider
from tests.support.sandboxes import handed_over

HUNGRY = "cat /dev/zero | head -c {} | tail -c 4G | wc -c"


class Opened:
    """Sandboxes in memory, and what they were made of; `refuses` counts down how often there is none to be had."""

    def __init__(self) -> None:
        self.refuses = 0
        self.sandboxes: list[Sandbox] = []
        self.specs: list[SandboxSpec] = []

    def __call__(self, spec: SandboxSpec) -> Sandbox:
        if self.refuses:
            self.refuses -= 1
            raise SandboxUnavailable("no engine answers")
        self.specs.append(spec)
        self.sandboxes.append(MemoryProvider().open(spec))
        return self.sandboxes[-1]


@pytest.fixture
def opened() -> Opened:
    return Opened()


@pytest.fixture
def spec(tmp_path: Path) -> SandboxSpec:
    tree = tmp_path / "tree"
    tree.mkdir()
    return SandboxSpec("steady", handed_over(tree), memory_mib=16)


@pytest.fixture
def run(opened: Opened, spec: SandboxSpec) -> Callable[[str], RunResult]:
    steady = SteadySandbox(opened, spec, cap_mib=64)
    return lambda command: steady.run(command, timeout_s=30, stop=threading.Event())


def test_what_ran_out_of_memory_fits_into_the_next_sandbox_which_has_half_as_much_again(
    opened: Opened, run: Callable[[str], RunResult]
) -> None:
    first = run(HUNGRY.format("20M"))
    assert first.outcome is Outcome.OUT_OF_MEMORY
    assert "24 MiB instead of 16" in first.restarted
    assert run(HUNGRY.format("20M")).output == b"20971520\n"
    assert [made.memory_mib for made in opened.specs] == [16, 24]


def test_memory_grows_once_only(opened: Opened, run: Callable[[str], RunResult]) -> None:
    for _ in range(3):
        last = run(HUNGRY.format("200M"))
    assert (last.outcome, last.restarted) == (Outcome.OUT_OF_MEMORY, "")
    assert [made.memory_mib for made in opened.specs] == [16, 24]


def test_memory_never_grows_past_the_cap(opened: Opened, spec: SandboxSpec) -> None:
    steady = SteadySandbox(opened, spec, cap_mib=16)
    result = steady.run(HUNGRY.format("20M"), timeout_s=30, stop=threading.Event())
    assert (result.outcome, result.restarted) == (Outcome.OUT_OF_MEMORY, "")
    assert len(opened.specs) == 1


def test_a_sandbox_that_is_gone_is_opened_again_on_its_tree_and_said(
    opened: Opened, run: Callable[[str], RunResult]
) -> None:
    run("echo kept > file")
    opened.sandboxes[-1].close()
    assert run("echo lost > other").outcome is Outcome.LOST
    assert run("cat file; ls").output == b"kept\nfile\n"


def test_one_that_is_gone_again_and_again_is_given_up(opened: Opened, run: Callable[[str], RunResult]) -> None:
    for _ in range(MAX_RESTARTS):
        opened.sandboxes[-1].close()
        assert run("true").outcome is Outcome.LOST
    opened.sandboxes[-1].close()
    with pytest.raises(SandboxUnavailable, match="closed"):
        run("true")


def test_one_that_cannot_be_had_at_the_moment_is_waited_for_and_that_is_said(opened: Opened, spec: SandboxSpec) -> None:
    said: list[str] = []
    steady = SteadySandbox(opened, spec, cap_mib=64, told=said.append, patience_s=(0.01, 0.01))
    opened.sandboxes[-1].close()
    opened.refuses = 2
    assert steady.run("true", timeout_s=30, stop=threading.Event()).outcome is Outcome.LOST
    assert said[0] == "no engine answers; tried again for 0.02 s"
    opened.sandboxes[-1].close()
    opened.refuses = 3
    with pytest.raises(SandboxUnavailable, match="no engine answers"):
        steady.run("true", timeout_s=30, stop=threading.Event())


def test_whoever_stops_the_session_is_not_kept_waiting_for_an_engine(opened: Opened, spec: SandboxSpec) -> None:
    stop = threading.Event()
    steady = SteadySandbox(opened, spec, cap_mib=64, told=lambda _: stop.set(), patience_s=(1000.0,))
    opened.sandboxes[-1].close()
    opened.refuses = 9
    with pytest.raises(SandboxUnavailable, match="no engine answers"):
        steady.run("true", timeout_s=30, stop=stop)


def test_a_frozen_set_up_survives_a_restart(opened: Opened, spec: SandboxSpec, tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    tool = made / "tool"
    tool.write_text("#!/bin/sh\necho $GREETING\n")
    tool.chmod(0o755)
    steady = SteadySandbox(opened, spec, cap_mib=64)
    layers = (Layer(handed_over(made), "/setup"),)
    steady.freeze(FrozenSetup("key", layers, programs=("/setup",), environment={"GREETING": "hello"}))
    opened.sandboxes[-1].close()
    steady.run("true", timeout_s=30, stop=threading.Event())
    assert steady.run("tool", timeout_s=30, stop=threading.Event()).output == b"hello\n"
