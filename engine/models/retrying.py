"""A call made again when it may succeed later: the waits of the specification, or what the endpoint itself asks for."""

from __future__ import annotations

import time
from threading import Event
from typing import TYPE_CHECKING

from engine.models.around import Around
from engine.vocabulary.errors import Cancelled, ModelError

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event as Flag

    from engine.vocabulary.models import ModelReply, ModelRequest
    from engine.vocabulary.ports import Model, ModelWatch

WAITS_S = (30.0, 60.0, 300.0, 900.0)
"""Seconds before each further try; SPEC section 8."""
SHORT_WAITS_S = (30.0,)
"""With a fallback that stands in, there is no reason to be patient."""
MAX_TOLD_S = 86_400.0
SHORT_TOLD_S = 60.0
MAX_TOLD_WAITS = 20
ROUNDED_S = 1.0
"""Waited on top of what is asked for, so that a rounded number is not too early."""


class RetryingModel(Around):
    """Asks `model` again after faults that may pass. A wait that the endpoint asks for is kept to and does not count as
    one of `waits_s`, at most 20 times in a row and `max_told_s` each. `wait` sleeps that many seconds or until the flag
    is set."""

    def __init__(
        self,
        model: Model,
        *,
        waits_s: tuple[float, ...] = WAITS_S,
        max_told_s: float = MAX_TOLD_S,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[Flag, float], object] = Event.wait,
    ) -> None:
        super().__init__(model)
        self._waits_s = waits_s
        self._max_told_s = max_told_s
        self._clock = clock
        self._wait = wait

    def complete(self, request: ModelRequest, stop: Flag, watch: ModelWatch | None = None) -> ModelReply:
        """One reply. Raises ModelError when it cannot be had, still `retryable` when only the tries ran out."""
        own, told = 0, 0
        while True:
            try:
                return self._inner.complete(request, stop, watch)
            except ModelError as error:
                if not error.retryable:
                    raise
                if error.wait_s is not None and told < MAX_TOLD_WAITS:
                    if error.wait_s > self._max_told_s:
                        raise
                    told += 1
                    seconds, why = error.wait_s + ROUNDED_S, "it asks to be asked again then"
                elif own < len(self._waits_s):
                    seconds, why = self._waits_s[own], f"try {own + 2} of {len(self._waits_s) + 1}"
                    own += 1
                else:
                    raise self._given_up(error, own + told) from error
                self._pause(f"{error.message}; {why}", seconds, stop, watch)

    def _pause(self, reason: str, seconds: float, stop: Flag, watch: ModelWatch | None) -> None:
        began = self._clock()
        if watch is not None:
            watch.waiting(reason, seconds)
        self._wait(stop, seconds)
        if watch is not None:
            watch.waited(self._clock() - began)
        if stop.is_set():
            raise Cancelled

    def _given_up(self, error: ModelError, waits: int) -> ModelError:
        return ModelError(
            f"{error.message} (tried {waits + 1} times)",
            error.hint,
            retryable=True,
            fault=error.fault,
            wait_s=error.wait_s,
        )
