"""A command's output in bounded memory: the head and the tail are kept, the middle is counted."""

from __future__ import annotations

from collections import deque

HEAD_BYTES = 256 * 1024
TAIL_BYTES = 256 * 1024


class HeadTail:
    """Keeps the first `head` and the last `tail` bytes of what is added; nothing is decoded or changed."""

    def __init__(self, head: int = HEAD_BYTES, tail: int = TAIL_BYTES) -> None:
        self._head_size = head
        self._tail_size = tail
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_held = 0
        self._dropped = 0

    def add(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        room = self._head_size - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if not data:
            return
        self._tail.append(data)
        self._tail_held += len(data)
        while self._tail_held > self._tail_size:
            oldest = self._tail[0]
            surplus = min(self._tail_held - self._tail_size, len(oldest))
            if surplus == len(oldest):
                self._tail.popleft()
            else:
                self._tail[0] = oldest[surplus:]
            self._tail_held -= surplus
            self._dropped += surplus

    @property
    def dropped(self) -> int:
        """Bytes of the middle that are gone."""
        return self._dropped

    def value(self) -> bytes:
        """What was kept; a line in square brackets stands where bytes are missing."""
        gap = f"\n[orion: {self._dropped} bytes left out here]\n".encode() if self._dropped else b""
        return bytes(self._head) + gap + b"".join(self._tail)

    def last(self, size: int) -> bytes:
        """The last `size` bytes that were kept, without the line about the gap."""
        held = b"".join(self._tail)
        if len(held) < size and not self._dropped:
            held = bytes(self._head) + held
        return held[-size:] if size else b""
