"""A second model that stands in when the first cannot be used."""

from __future__ import annotations

import time
from threading import Lock
from typing import TYPE_CHECKING

from engine.vocabulary.errors import ModelError, ModelFault

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event as Flag

    from engine.vocabulary.models import ModelReply, ModelRequest, Price
    from engine.vocabulary.ports import Model, ModelWatch

AGAIN_AFTER_S = 900.0
"""How long the second one is used before the first is tried again after a fault that may pass."""


class FallbackModel:
    """Asks `first`, and `second` when that cannot be used. `first` is None when it could not even be opened, `why` is
    then the sentence."""

    def __init__(
        self, first: Model | None, second: Model, *, why: str = "", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._first = first
        self._second = second
        self._clock = clock
        self._lock = Lock()
        self._out_until = 0.0 if first is not None else float("inf")
        self._untold = why

    @property
    def name(self) -> str:
        return (self._first or self._second).name

    @property
    def context_tokens(self) -> int:
        return min(model.context_tokens for model in self._both())

    @property
    def max_output_tokens(self) -> int:
        return min(model.max_output_tokens for model in self._both())

    @property
    def price(self) -> Price:
        """The dearer of both, for estimates; a reply carries what it really cost."""
        return max((model.price for model in self._both()), key=lambda price: price.input + price.output)

    def complete(self, request: ModelRequest, stop: Flag, watch: ModelWatch | None = None) -> ModelReply:
        if self._first is not None and self._clock() >= self._out_until:
            try:
                return self._first.complete(request, stop, watch)
            except ModelError as error:
                if not self._helps(error):
                    raise
                with self._lock:
                    self._untold = error.message
                    if error.fault is not ModelFault.OVERFLOW:
                        self._out_until = self._clock() + AGAIN_AFTER_S if error.retryable else float("inf")
        self._tell(watch)
        return self._second.complete(request, stop, watch)

    def _helps(self, error: ModelError) -> bool:
        """Whether another model may do better; a longer conversation only where there is more room."""
        if error.fault is ModelFault.OVERFLOW:
            return self._first is not None and self._second.context_tokens > self._first.context_tokens
        return error.fault is not ModelFault.UNUSABLE

    def _tell(self, watch: ModelWatch | None) -> None:
        with self._lock:
            why, self._untold = self._untold, ""
        if why and watch is not None:
            watch.notice(f"the fallback model {self._second.name} stands in: {why}")

    def _both(self) -> tuple[Model, ...]:
        return (self._second,) if self._first is None else (self._first, self._second)
