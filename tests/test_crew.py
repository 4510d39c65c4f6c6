"""Processes that share the work of a scan: none outlives whoever asked, and one that is lost costs no result."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

from engine.facade.crew import side_by_side

LONG_S = 600


def doubled(number: int) -> int:
    return number * 2


def lost_elsewhere(number: int) -> int:
    """Ends the process it runs in, unless that is the one that asked."""
    if multiprocessing.parent_process() is not None:
        os._exit(1)
    return number


def test_results_come_in_order_and_shares_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def each() -> Iterator[int]:
        for number in range(40):
            taken.append(number)
            yield number

    found = side_by_side(doubled, each())
    assert next(found) == 0
    assert len(taken) < 20
    assert list(found) == [number * 2 for number in range(1, 40)]
    assert not multiprocessing.active_children()


def test_whoever_stops_early_waits_for_nobody() -> None:
    found = side_by_side(time.sleep, [0, *[LONG_S] * 8])
    assert next(found) is None
    found.close()
    assert not multiprocessing.active_children()


def test_what_a_lost_process_held_is_done_here() -> None:
    assert list(side_by_side(lost_elsewhere, range(12))) == list(range(12))


def test_a_killed_caller_leaves_no_process_behind() -> None:
    code = "import time; from engine.facade.crew import side_by_side;"
    code += f"found = side_by_side(time.sleep, [0, *[{LONG_S}] * 8]);"
    caller = subprocess.Popen(
        [sys.executable, "-c", f"{code} next(found); print('on', flush=True); next(found)"], stdout=subprocess.PIPE
    )
    assert caller.stdout is not None
    assert caller.stdout.readline() == b"on\n"
    caller.send_signal(signal.SIGKILL)
    # The processes hold the same output: its end is theirs.
    caller.communicate(timeout=60)
