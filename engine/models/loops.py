"""An asynchronous client in the worker's own loop: the only way to stop a call that hangs.

Closing a stream from another thread does not wake who reads it. Cancelling its task does, in milliseconds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from engine.vocabulary.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from threading import Event as Flag
    from typing import Any

LOOK_EVERY_S = 0.02
_T = TypeVar("_T")


def run_until(stop: Flag, work: Coroutine[Any, Any, _T]) -> _T:
    """The result of `work`, run in a loop of this thread's own; Cancelled at most some 20 ms after `stop` is set."""
    if stop.is_set():
        work.close()
        raise Cancelled
    loop = asyncio.new_event_loop()
    task = loop.create_task(work)
    watching = loop.create_task(_cancel_when(stop, task))
    try:
        return loop.run_until_complete(task)
    except asyncio.CancelledError as cancelled:
        raise Cancelled from cancelled
    finally:
        watching.cancel()
        loop.run_until_complete(asyncio.gather(watching, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        # The loop's threads look names up; one that hangs in there is not waited for.
        loop.close()


async def _cancel_when(stop: Flag, task: asyncio.Task[Any]) -> None:
    while not task.done():
        if stop.is_set():
            task.cancel()
            return
        await asyncio.sleep(LOOK_EVERY_S)
