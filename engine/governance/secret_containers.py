"""What a file holds when it is not plain text: archives, packed streams and UTF-16, unpacked within bounds."""

from __future__ import annotations

import bz2
import io
import lzma
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_MEMBERS = 2000  # of one archive; more are not looked into
_DEPTH = 3


def contents(data: bytes, budget: list[int], name: str = "", depth: int = _DEPTH) -> Iterator[tuple[str, bytes]]:
    """The texts in the bytes, each with the member's name (empty: the bytes themselves). `budget[0]` is the number of
    bytes that may still be unpacked: it is counted down, and what goes beyond is cut off. What looks like UTF-16 or
    UTF-32 comes twice, decoded and as it is: a mark or some nulls at the beginning must not hide plain text."""
    plain = _plain(data)
    if plain is not None:
        yield name, plain
    yield name, data
    if depth == 0 or budget[0] <= 0:
        return
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        yield from _members(_zip(data, budget), budget, name, depth)
        return
    for magic, unpack in _STREAMS.items():
        if data.startswith(magic):
            inner = unpack(data, budget[0])
            budget[0] -= len(inner)
            if inner:
                yield from contents(inner, budget, _inside(name, "unpacked"), depth - 1)
            return
    if data[257:262] == b"ustar":
        yield from _members(_tar(data, budget), budget, name, depth)


def _members(
    members: Iterator[tuple[str, bytes]], budget: list[int], name: str, depth: int
) -> Iterator[tuple[str, bytes]]:
    for member, inner in members:
        budget[0] -= len(inner)
        yield from contents(inner, budget, _inside(name, member), depth - 1)


def _inside(name: str, member: str) -> str:
    return f"{name}!{member}" if name else member


def _plain(data: bytes) -> bytes | None:
    """UTF-16 and UTF-32 as UTF-8, with a mark or, where every other byte is null, without; None for what is neither."""
    for mark, encoding in ((b"\xff\xfe\x00\x00", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, errors="replace").encode("utf-8", "replace")
    head = data[:2048]
    nulls = head.count(0)
    if nulls * 3 > len(head) > nulls * 1.25:
        encoding = "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
        return data.decode(encoding, errors="replace").encode("utf-8", "replace")
    return None


def _zip(data: bytes, budget: list[int]) -> Iterator[tuple[str, bytes]]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError, KeyError, IndexError):
        return
    with archive:
        for member in archive.infolist()[:_MEMBERS]:
            if budget[0] <= 0:
                return
            try:
                with archive.open(member) as file:
                    yield member.filename, file.read(budget[0])
            except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, ValueError, EOFError, zlib.error):
                yield member.filename, b""


def _tar(data: bytes, budget: list[int]) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for count, member in enumerate(archive):
                if count >= _MEMBERS or budget[0] <= 0:
                    return
                file = archive.extractfile(member) if member.isreg() else None
                yield member.name, file.read(budget[0]) if file else b""
    except (tarfile.TarError, OSError, ValueError, EOFError, OverflowError):
        return


def _inflate(data: bytes, limit: int) -> bytes:
    return _stream(zlib.decompressobj(wbits=47).decompress, data, limit)


def _bz2(data: bytes, limit: int) -> bytes:
    return _stream(bz2.BZ2Decompressor().decompress, data, limit)


def _xz(data: bytes, limit: int) -> bytes:
    return _stream(lzma.LZMADecompressor(memlimit=256 * 1024 * 1024).decompress, data, limit)


def _stream(decompress: Callable[[bytes, int], bytes], data: bytes, limit: int) -> bytes:
    """As much as comes out, up to the limit; a broken stream gives what was whole."""
    try:
        return decompress(data, limit)
    except (zlib.error, OSError, lzma.LZMAError, ValueError, EOFError):
        return b""


_STREAMS: Mapping[bytes, Callable[[bytes, int], bytes]] = {
    b"\x1f\x8b": _inflate,
    b"\x78\x9c": _inflate,
    b"\x78\xda": _inflate,
    b"\x78\x01": _inflate,
    b"BZh": _bz2,
    b"\xfd7zXZ\x00": _xz,
}
