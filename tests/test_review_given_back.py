"""The memory of a review: in proportion to its patch, and given back when it is closed."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from collections.abc import Iterator

import pytest

from orion_tui.app import OrionApp
from orion_tui.screens.review import ReviewScreen
from orion_tui.sweeping import Sweeper
from orion_tui.widgets.diff_parse import Patch
from orion_tui.widgets.diff_split import SplitRows
from orion_tui.widgets.diff_view import DiffView
from tests.support.fake_facts import NOW, WORKSPACE
from tests.support.fake_review import to_review
from tests.support.screens import BEST, settled, until

FILES, HUNKS, LINES = 50, 20, 20


def long_patch() -> bytes:
    """Files with hunks of as many lines of context as of changed ones."""
    parts = []
    for file in range(FILES):
        path = f"src/module_{file}.py"
        parts.append(f"diff --git a/{path} b/{path}\nindex 1..2 100644\n--- a/{path}\n+++ b/{path}\n")
        for hunk in range(HUNKS):
            start = 1 + hunk * 100
            parts.append(f"@@ -{start},{LINES} +{start},{LINES} @@\n")
            for line in range(LINES // 2):
                parts.append(f"-    value_{line} = compute(first, second)\n+    value_{line} = compute(second)\n")
            parts.append("     unchanged = True\n" * (LINES // 2))
    return "".join(parts).encode()


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_an_opened_patch_takes_its_own_bytes_once_and_next_to_nothing_for_its_lines() -> None:
    data = long_patch()
    pieces = data[:1000], data[1000:]
    tracemalloc.start()
    try:
        patch = Patch(*pieces)
        SplitRows(patch)
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert patch.data == data
    lines = data.count(b"\n")
    assert held - len(data) < 2 * lines, f"{(held - len(data)) / lines:.1f} bytes for each of {lines} lines"
    assert peak < 1.2 * len(data)


def test_a_patch_that_was_walked_through_keeps_the_lines_of_some_files_only() -> None:
    data = long_patch()
    tracemalloc.start()
    try:
        patch = Patch(data)
        rows = [patch.row(number) for number in range(0, patch.row_count, 7)]
        assert rows == [patch.row(number) for number in range(0, patch.row_count, 7)], "also when it is cut out again"
        del rows
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 3 * len(data), f"{held / len(data):.1f} times the patch"


def test_a_patch_that_is_closed_is_gone_without_the_collector_however_much_of_it_was_looked_at(
    no_collector: None,
) -> None:
    patch = Patch(long_patch())
    for row in range(0, patch.row_count, 50):
        patch.place(row)
        patch.row(row)
    files = [weakref.ref(file) for file in patch.files]
    del patch
    assert not any(file() for file in files)


async def test_a_review_that_was_left_gives_its_patch_back_at_once_and_the_rest_with_the_next_sweep() -> None:
    app = OrionApp(to_review, WORKSPACE, now=lambda: NOW)
    app.ready_review.rest_s = 60.0
    async with app.run_test(size=BEST) as pilot:
        await until(pilot, lambda: app.bridge.state.ready, "the lists")
        clock = [0.0]
        sweeper = Sweeper(app, lambda: clock[0])
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ReviewScreen), "the review")
        await settled(pilot)
        await pilot.press("n", "n", "j")
        await settled(pilot)
        view = app.screen.query_one(DiffView)
        left = [weakref.ref(app.screen), weakref.ref(view), weakref.ref(view._styles_cache)]
        files = [weakref.ref(file) for file in view.patch.files]
        assert files
        assert 0 < len(view._strips) <= 8 * view.size.height
        assert not sweeper.look()
        gc.collect()
        gc.disable()
        try:
            await pilot.press("q")
            await settled(pilot)
            assert not any(file() for file in files)
        finally:
            gc.enable()
        del view
        clock[0] += 1.0
        sweeper.key()
        clock[0] += 1.0
        assert sweeper.look()
        assert [ref() for ref in left] == [None, None, None]
