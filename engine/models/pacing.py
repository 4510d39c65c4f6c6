"""How long an endpoint may take, and a stream that is held to it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.models import faults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.models.faults import Endpoint

CONNECT_S = 10.0
BETWEEN_S = 120.0
TOTAL_TIMES_FIRST = 6


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds: to connect, until the first piece of a reply, between two pieces, and for the whole reply."""

    connect_s: float = CONNECT_S
    first_s: float = 300.0
    between_s: float = BETWEEN_S
    total_s: float = 1800.0

    @classmethod
    def of(cls, timeout_s: float) -> Timing:
        """From the one number that a person sets: how long the first piece may take."""
        return cls(min(CONNECT_S, timeout_s), timeout_s, min(BETWEEN_S, timeout_s), timeout_s * TOTAL_TIMES_FIRST)


async def paced(endpoint: Endpoint, stream: Any, timing: Timing) -> AsyncIterator[Any]:
    """The pieces of a stream; ModelError when one takes too long or all together do."""
    loop = asyncio.get_running_loop()
    began, limit, waited_for = loop.time(), timing.first_s, "answer"
    pieces = aiter(stream)
    while True:
        left = began + timing.total_s - loop.time()
        if left <= 0:
            raise faults.timed_out(endpoint, "end of the answer", timing.total_s)
        try:
            async with asyncio.timeout(min(limit, left)):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError as late:
            if left < limit:
                raise faults.timed_out(endpoint, "end of the answer", timing.total_s) from late
            raise faults.timed_out(endpoint, waited_for, limit) from late
        yield piece
        limit, waited_for = timing.between_s, "more of the answer"
