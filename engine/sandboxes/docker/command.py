"""One command in a container: reads its output as it comes and ends it, so that no process of it is left."""

from __future__ import annotations

import math
import select
import selectors
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.sandboxes.docker.stream import Stream, StreamClosed
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.runs import WORKSPACE, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event as Flag

    from engine.sandboxes.docker.container import Container
    from engine.sandboxes.output import HeadTail

# Runs as the command's own user. Both outputs become one, so that their order is kept. When the command has ended and
# something of it is still there, that ends too, since it may hold the output open: the keeper, the keeper's spare and
# this shell are the three that belong here.
_WRAPPED = (
    "exec 2>&1; unset HOSTNAME OLDPWD; ulimit -c 0; "
    '{ ulimit -f "$2" && ulimit -n "$3"; } || exit 126; /bin/sh -c "$1"; ended=$?; '
    "set -- /proc/[0-9]*; [ $# -le 3 ] || kill -9 -1 2> /dev/null; exit $ended"
)
_TICK_S = 0.02
_LOOK_S = 0.1
_INSPECT_S = 0.5
_DEATH_S = 5.0
_PAUSE_S = 0.005
_DRAIN_S = 0.5


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended: `cut` says why it was killed (None when it ended by itself), `status` is its exit status."""

    cut: Outcome | None
    status: int | None
    duration_s: float


class Command:
    """Starts a command and stays with it until all its processes are gone."""

    def __init__(
        self, container: Container, stop: Flag, output: HeadTail, on_output: Callable[[bytes], None] | None
    ) -> None:
        self._container = container
        self._stop = stop
        self._output = output
        self._on_output = on_output
        self._open = True

    def finish(self, command: str, environment: dict[str, str], *, timeout_s: float, blocks: int, files: int) -> Ended:
        """Run it to its end. Raises SandboxUnavailable when the container is gone or its processes would not die."""
        started = time.monotonic()
        line = ["/bin/sh", "-c", _WRAPPED, "orion-sandbox", command, str(blocks), str(files)]
        number, stream = self._container.exec_start(line, environment, WORKSPACE)
        with stream:
            try:
                cut = self._attend(number, stream, started + timeout_s)
                flooded = self._end(stream)
                status = self._status(number) if cut is None else None
            except StreamClosed as error:
                self._container.close()
                raise SandboxUnavailable(
                    "the session's container went away while a command ran: it was removed, or the engine was stopped",
                    "resume the session: it goes on from its last kept task in a fresh container",
                ) from error
            except BaseException:
                self._force_end(stream)
                raise
        if cut is None and flooded:
            cut = Outcome.OUT_OF_MEMORY
        return Ended(cut, status, time.monotonic() - started)

    def _attend(self, number: str, stream: Stream, deadline: float) -> Outcome | None:
        """Wait until the command ends by itself (None) or must be ended."""
        look, inspect = time.monotonic() + _LOOK_S, time.monotonic() + _INSPECT_S
        self._took(stream.arrived())
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while self._open:
                if selector.select(_TICK_S):
                    self._read(stream)
                now = time.monotonic()
                if self._stop.is_set():
                    return Outcome.STOPPED
                if now >= deadline:
                    return Outcome.TIMED_OUT
                if now >= look:
                    look = now + _LOOK_S
                    if self._container.short_of_memory():
                        return Outcome.OUT_OF_MEMORY
                if now >= inspect:
                    inspect = now + _INSPECT_S
                    # It may be over although something that it left behind holds its output open.
                    if self._container.exec_status(number) is not None:
                        return None
        return None

    def _end(self, stream: Stream) -> bool:
        """End what is left until the output is closed; whether memory ran out meanwhile."""
        give_up, flooded = math.inf, False
        while True:
            flooded = self._container.end() or flooded
            self._drain(stream)
            if not self._open:
                return flooded
            # The engine may still be starting it: what is killed before it is there comes after.
            give_up = min(give_up, time.monotonic() + _DEATH_S)
            if time.monotonic() >= give_up:
                self._container.close()
                raise SandboxUnavailable(
                    f"a command's processes are not gone {_DEATH_S:g} s after they were killed",
                    "the disk or the engine hangs; look at it with docker ps, then resume",
                )

    def _drain(self, stream: Stream) -> None:
        until = time.monotonic() + _DRAIN_S
        while self._open and time.monotonic() < until and select.select([stream], [], [], _PAUSE_S)[0]:
            self._read(stream)

    def _status(self, number: str) -> int | None:
        until = time.monotonic() + _DEATH_S
        while (status := self._container.exec_status(number)) is None:
            if time.monotonic() >= until:
                raise SandboxUnavailable("the engine does not say how a command ended", "look at its log, then resume")
            time.sleep(_PAUSE_S)
        return status

    def _force_end(self, stream: Stream) -> None:
        """After an error of ours or of a listener: nothing of the command may live on, and the error is what counts."""
        self._on_output = None
        try:
            self._end(stream)
        except (SandboxUnavailable, StreamClosed):
            self._container.close()

    def _read(self, stream: Stream) -> None:
        try:
            self._took(stream.take())
        except StreamClosed:
            self._open = False

    def _took(self, frames: list[bytes]) -> None:
        for data in frames:
            self._output.add(data)
            if self._on_output is not None:
                self._on_output(data)
