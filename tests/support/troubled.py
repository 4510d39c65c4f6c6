"""A real sandbox with troubles: which command meets which one is said by a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event as Flag
from typing import Any

from engine.engine import Engine
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.ports import Sandbox, SandboxProvider
from engine.vocabulary.runs import Outcome, RunResult, SandboxSpec, SandboxStatus

Trouble = Callable[[RunResult], RunResult]


def out_of_memory(result: RunResult) -> RunResult:
    """The command ran and was killed for its memory at the end."""
    return replace(result, outcome=Outcome.OUT_OF_MEMORY, exit=None, signal=9)


def broken(result: RunResult) -> RunResult:
    """The command ran, and then its sandbox was gone."""
    raise SandboxUnavailable("the sandbox broke: somebody removed it", "try again")


class TroubledProvider:
    """Opens sandboxes of another provider. The n-th run of a command that holds a word of `troubles` meets the n-th
    trouble listed for it; `specs` are those of the sandboxes opened, in order. With `gone` set none can be opened.
    `unlimited` is what it says that nothing limits."""

    def __init__(self, inner: SandboxProvider, troubles: dict[str, list[Trouble | None]]) -> None:
        self._inner = inner
        self.troubles = troubles
        self.specs: list[SandboxSpec] = []
        self.ran: list[str] = []
        self.gone = False
        self.unlimited: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self._inner.name

    def probe(self) -> SandboxStatus:
        return replace(self._inner.probe(), unlimited=self.unlimited)

    def open(self, spec: SandboxSpec, tell: Callable[[str], None] = lambda _: None) -> Sandbox:
        if self.gone:
            raise SandboxUnavailable("the engine does not answer any more", "start it, then resume")
        self.specs.append(spec)
        return _Troubled(self._inner.open(spec, tell), self)


class _Troubled:
    def __init__(self, inner: Sandbox, provider: TroubledProvider) -> None:
        self._inner = inner
        self._provider = provider

    def run(self, command: str, *, timeout_s: float, stop: Flag, **more: Any) -> RunResult:
        result = self._inner.run(command, timeout_s=timeout_s, stop=stop, **more)
        self._provider.ran.append(command)
        for word, coming in self._provider.troubles.items():
            if word in command and coming:
                trouble = coming.pop(0)
                return trouble(result) if trouble else result
        return result

    def describe(self) -> SandboxStatus:
        return self._inner.describe()

    def close(self) -> None:
        self._inner.close()


@contextmanager
def troubled(home: Path, **troubles: list[Trouble | None]) -> Iterator[tuple[Engine, TroubledProvider]]:
    """An engine on `home` whose sandboxes meet these troubles."""
    from engine import build
    from engine.facade.core import Core

    adapters = build._Adapters(home)
    inner = next(provider for provider in adapters.providers if provider.name == "bubblewrap")
    provider = TroubledProvider(inner, troubles)
    adapters.providers = (provider,)
    engine = Engine(Core(adapters))
    try:
        yield engine, provider
    finally:
        engine.close()
