"""A sandbox that outlives its troubles: what broke is opened again on the same tree, what ran out of memory with more.

It is a wrapper around the port, so that no adapter and no task knows of it. A command is never run twice by it: whoever
asked is told that the sandbox is a new one and decides, since only he knows what half a command means.
"""

from __future__ import annotations

from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.runs import Outcome, RunResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from threading import Event as Flag

    from engine.vocabulary.ports import Sandbox
    from engine.vocabulary.runs import SandboxSpec, SandboxStatus
    from engine.vocabulary.setups import FrozenSetup

GROWTH = 1.5
"""SPEC section 4: an out-of-memory kill restarts once with 50% more, up to the cap."""

MAX_RESTARTS = 3
"""A sandbox that breaks more often in one run is not worth another try."""

PATIENCE_S = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Pauses between tries to have another one: an engine that is updated overnight is back within half a minute."""


class SteadySandbox:
    """The session's sandbox. `told` hears in a sentence of every restart; `cap_mib` is the most memory it may get,
    `patience_s` the pauses between tries when none is to be had."""

    def __init__(
        self,
        open_: Callable[[SandboxSpec], Sandbox],
        spec: SandboxSpec,
        *,
        cap_mib: int,
        told: Callable[[str], None] = lambda _: None,
        patience_s: tuple[float, ...] | None = None,
    ) -> None:
        self._open = open_
        self._spec = spec
        self._cap_mib = cap_mib
        self.told = told
        self._patience_s = PATIENCE_S if patience_s is None else patience_s
        self._lock = Lock()
        self._grown = False
        self._restarts = 0
        self._closed = False
        self._now = open_(spec)

    @property
    def spec(self) -> SandboxSpec:
        """What it is made of now."""
        return self._spec

    def run(
        self,
        command: str,
        *,
        timeout_s: float,
        stop: Flag,
        on_output: Callable[[bytes], None] | None = None,
        tree: Path | None = None,
        environment: Sequence[tuple[str, str]] = (),
    ) -> RunResult:
        """See the port. Raises SandboxUnavailable only when no sandbox can be had any more."""
        sandbox = self._now
        try:
            result = sandbox.run(
                command, timeout_s=timeout_s, stop=stop, on_output=on_output, tree=tree, environment=environment
            )
        except SandboxUnavailable as error:
            self._reopen(sandbox, error, stop)
            said = f"the sandbox broke and was restarted on its tree: {error.message}"
            self.told(said)
            return RunResult(Outcome.LOST, None, None, b"", 0, 0.0, restarted=said)
        if result.outcome is Outcome.OUT_OF_MEMORY and (said := self._grow(sandbox)):
            self.told(f"a command was killed for its memory: {said}")
            return replace(result, restarted=said)
        return result

    def freeze(self, setup: FrozenSetup) -> None:
        """Start anew with what a set-up phase froze."""
        with self._lock:
            spec = replace(
                self._spec,
                layers=(*self._spec.layers, *setup.layers),
                programs=(*setup.programs, *self._spec.programs),
                environment={**setup.environment, **self._spec.environment},
            )
            self._now.close()
            self._now, self._spec = self._open(spec), spec

    def describe(self) -> SandboxStatus:
        return self._now.describe()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._now.close()

    def _reopen(self, broken: Sandbox, error: SandboxUnavailable, stop: Flag) -> None:
        with self._lock:
            if self._closed:
                raise error
            if self._now is not broken:
                return
            self._restarts += 1
            if self._restarts > MAX_RESTARTS:
                raise error
            broken.close()
            self._now = self._opened(stop)

    def _opened(self, stop: Flag) -> Sandbox:
        """Another one, waited for a while. When there is none to be had any more, the last refusal says why, and the
        session pauses with it."""
        for number, pause_s in enumerate(self._patience_s):
            try:
                return self._open(self._spec)
            except SandboxUnavailable as error:
                if number == 0:
                    self.told(f"{error.message}; tried again for {sum(self._patience_s):g} s")
                if stop.wait(pause_s):
                    raise
        return self._open(self._spec)

    def _grow(self, small: Sandbox) -> str:
        """Start anew with half as much memory again; what was done, empty when it was done before or cannot be."""
        with self._lock:
            if self._closed or self._grown:
                return ""
            more = min(int(self._spec.memory_mib * GROWTH), self._cap_mib)
            if more <= self._spec.memory_mib:
                return ""
            self._grown = True
            spec = replace(self._spec, memory_mib=more)
            small.close()
            self._now, self._spec = self._open(spec), spec
            return f"the sandbox was restarted with {more} MiB instead of {int(more / GROWTH)}"
