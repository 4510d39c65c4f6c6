"""Output in bounded memory."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sandboxes.output import HeadTail
from engine.vocabulary.runs import Outcome
from tests.support.counts import count
from tests.support.sandboxes import FINDERS, a_box, provider_called

MIB = 1024 * 1024


@given(st.lists(st.binary(max_size=40)), st.integers(0, 30), st.integers(0, 30))
def test_head_and_tail_are_exactly_the_ends_and_the_middle_is_counted(parts: list[bytes], head: int, tail: int) -> None:
    kept = HeadTail(head, tail)
    for part in parts:
        kept.add(part)
    everything = b"".join(parts)
    assert kept.dropped == max(0, len(everything) - head - tail)
    if kept.dropped:
        gap = f"\n[orion: {kept.dropped} bytes left out here]\n".encode()
        assert kept.value() == everything[:head] + gap + everything[len(everything) - tail :]
    else:
        assert kept.value() == everything


def test_the_last_bytes_are_found_whether_or_not_something_was_dropped() -> None:
    kept = HeadTail(4, 4)
    kept.add(b"abc")
    assert kept.last(2) == b"bc"
    kept.add(b"defg")
    assert kept.last(5) == b"cdefg"
    kept.add(b"hijkl")
    assert kept.last(9) == b"ijkl"


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.sandbox
@pytest.mark.parametrize("kind", FINDERS)
def test_a_flood_of_output_does_not_swell_orion(kind: str) -> None:
    """A gibibyte when soaking; `benchmarks/bench_output.py` measures it with the app open."""
    provider = provider_called(kind)
    if isinstance(provider, str):
        pytest.skip(provider)
    size, most, over = count(20) * 52 * MIB, 0, threading.Event()

    def look() -> None:
        nonlocal most
        while not over.wait(0.01):
            most = max(most, _resident())

    with a_box(provider) as box:
        box.run("yes | head -c 8000000")
        before, watch = _resident(), threading.Thread(target=look)
        watch.start()
        result = box.run(f"yes 'a line of some length' | head -c {size}", timeout_s=600)
        over.set()
        watch.join()
    assert (result.outcome, result.dropped) == (Outcome.OK, size - 512 * 1024)
    assert most - before < 20 * MIB
