"""Recording what runs in a sandbox: a wrapper around the port, so that adapters know nothing of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from engine.vocabulary.errors import SandboxUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from threading import Event as Flag

    from engine.vocabulary.ports import Sandbox
    from engine.vocabulary.runs import RunResult, SandboxStatus


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """One command and its end. `tree` is the folder it ran on, empty for the session's own; values of the environment
    are not recorded, only names; of the output its size in bytes. A `broken` sandbox says why, and then there is no
    outcome."""

    command: str
    tree: str
    environment: tuple[str, ...]
    timeout_s: float
    outcome: str = ""
    exit: int | None = None
    signal: int | None = None
    duration_s: float = 0.0
    output_bytes: int = 0
    dropped: int = 0
    restarted: str = ""
    broken: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class RecordingSandbox:
    """Another sandbox, each of whose runs is told to `record` after it has ended, however it ended."""

    def __init__(self, inner: Sandbox, record: Callable[[RecordedRun], None]) -> None:
        self._inner = inner
        self._record = record

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
        """See the port."""
        asked = (command, str(tree or ""), tuple(name for name, _ in environment), timeout_s)
        try:
            result = self._inner.run(
                command, timeout_s=timeout_s, stop=stop, on_output=on_output, tree=tree, environment=environment
            )
        except SandboxUnavailable as error:
            self._record(RecordedRun(*asked, broken=error.message))
            raise
        self._record(
            RecordedRun(
                *asked,
                outcome=result.outcome.value,
                exit=result.exit,
                signal=result.signal,
                duration_s=round(result.duration_s, 4),
                output_bytes=len(result.output) + result.dropped,
                dropped=result.dropped,
                restarted=result.restarted,
            )
        )
        return result

    def describe(self) -> SandboxStatus:
        return self._inner.describe()

    def close(self) -> None:
        self._inner.close()
