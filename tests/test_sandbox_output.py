"""Output in bounded memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.sandboxes.output import HeadTail


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
