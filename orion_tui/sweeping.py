"""How the app gives memory back: what is large at once, garbage while nobody presses a key."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from textual._styles_cache import StylesCache

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App

_YOUNG = (2_000, 5)
"""Allocations between two looks at young objects, and how many of those come between two looks at middle-aged ones."""

_NEVER = 1_000_000

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_LARGE_BYTES = 256 * 1024

_LOOK_EVERY_S = 0.5
_RESTED_S = 3.0
"""So long without a key, and a tenth of a second is nobody's."""

_LEFT_S = 0.4
"""The same after a screen was closed: what it leaves, some MB, is best gone before the next one takes its own."""


def keep_memory_small() -> None:
    """To be called once all is loaded that every person needs. It lives as long as the process, so the collector of
    garbage is told to leave it alone, and to leave what is not young to the `Sweeper`: looking through everything
    takes 100 ms, and would come upon some key.

    Also has the C library map what is large by itself, so that it goes back to the system when it is let go of. By
    default it stops doing so after the first large piece, and a patch that was read leaves holes of its size; and it
    gives each thread a heap of its own, with holes of its own. Only glibc knows these; elsewhere nothing is changed."""
    with suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        library.mallopt(_M_ARENA_MAX, 1)
    gc.freeze()
    gc.set_threshold(*_YOUNG, _NEVER)


class Sweeper:
    """Looks through everything for garbage (closed screens and lines that are not seen any more, mostly) while the keys
    rest: by itself that comes in the middle of some key, or not at all."""

    def __init__(self, app: App[int], now: Callable[[], float] = monotonic) -> None:
        self._app, self._now = app, now
        self._last_key = self._swept_at = now()
        self._seen: frozenset[int] = frozenset()  # screens since the last sweep
        app.set_interval(_LOOK_EVERY_S, self.look)

    def key(self) -> None:
        """A key was pressed."""
        self._last_key = self._now()

    def look(self) -> bool:
        """Sweep when the keys rest and one was pressed since the last time; whether it did."""
        open_now = frozenset(map(id, self._app.screen_stack))
        self._seen |= open_now
        rested = self._now() - self._last_key
        if self._last_key < self._swept_at or rested < (_RESTED_S if self._seen == open_now else _LEFT_S):
            return False
        self._seen = open_now
        _forget_drawn()
        gc.collect()
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).malloc_trim(0)
        self._swept_at = self._now()
        return True


def _forget_drawn() -> None:
    """Textual remembers colours under a widget's cache of drawn lines, which keeps the lines of the last thousand
    widgets although they are gone."""
    StylesCache.get_inner_outer.cache_clear()
