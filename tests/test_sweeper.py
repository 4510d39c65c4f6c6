"""Garbage is looked for while the keys rest, and only when there can be some."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orion_tui.sweeping import Sweeper


class _App:
    """Stands where the app stands: it remembers what is to be called."""

    def __init__(self) -> None:
        self.intervals: list[Callable[[], Any]] = []
        self.screen_stack: list[object] = [object()]

    def set_interval(self, _seconds: float, callback: Callable[[], Any]) -> None:
        self.intervals.append(callback)


class _Circle:
    """Only the collector finds it."""

    def __init__(self) -> None:
        self.own = self


@pytest.fixture
def only_when_asked() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def test_what_a_closed_screen_leaves_is_swept_once_the_keys_rest(only_when_asked: None) -> None:
    clock = [100.0]
    app: Any = _App()
    sweeper = Sweeper(app, lambda: clock[0])
    assert app.intervals == [sweeper.look]
    left = weakref.ref(_Circle())
    sweeper.key()
    clock[0] += 1.0
    assert not sweeper.look(), "a key was pressed a moment ago"
    assert left() is not None
    clock[0] += 5.0
    assert sweeper.look()
    assert left() is None
    clock[0] += 60.0
    assert not sweeper.look(), "nothing was pressed since"


def test_what_a_closed_screen_leaves_is_swept_before_another_is_likely_to_be_opened(only_when_asked: None) -> None:
    clock = [100.0]
    app: Any = _App()
    sweeper = Sweeper(app, lambda: clock[0])
    review = object()
    app.screen_stack.append(review)
    sweeper.key()
    clock[0] += 0.5
    assert not sweeper.look(), "it may still be used"
    app.screen_stack.pop()
    sweeper.key()
    clock[0] += 0.1
    assert not sweeper.look(), "a key was pressed a moment ago"
    clock[0] += 0.4
    assert sweeper.look()
    app.screen_stack.append(review)
    sweeper.key()
    clock[0] += 0.5
    assert not sweeper.look(), "nothing was closed since"
