"""The encodings in which a secret may stand in a text: each gives pieces, a place in the text and what it decodes to.

Every form is found by something rare in ordinary text, or among the long words alone, so that a text without any costs
a few plain searches. No expression here starts with a repetition, and none has one inside another that could match the
same characters: work grows with the text.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import quopri
import re
import zlib
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_LARGEST = 4 * 1024 * 1024  # one decoded piece
_PIECES = 4000  # of one form in one text
_SHORTEST_RUN = 10  # bytes from the first encoded character to the end of the word
_BEFORE = 200  # bytes of a word before its first encoded character
_PRINTABLE = bytes(range(32, 127)) + b"\t\r\n"
_SAFE = rb"[A-Za-z0-9_.~+/:@=\-]"
_SAFE_BYTES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.~+/:@=-"

_BASE64 = re.compile(rb"[A-Za-z0-9+/_\-]{16,}={0,2}")
_BASE64_LINES = re.compile(
    rb"(?m)^[ \t>\"']{0,24}[A-Za-z0-9+/]{40,128}[\"'\\]{0,2}\r?\n"
    rb"(?:[ \t>\"']{0,24}[A-Za-z0-9+/]{2,128}={0,2}[\"'\\]{0,2}(?:\r?\n|\Z))++"
)
_WRAPPED = re.compile(rb"[A-Za-z0-9+/]{40}")
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2}){12,}")
_BASE32 = re.compile(rb"[A-Z2-7]{24,}={0,6}")
_BASE85 = re.compile(rb"[!-~]{20,4000}")
_UU = re.compile(rb"begin [0-7]{3} [^\n]{0,100}\n((?:[ -`]{1,62}\r?\n){1,20000}+)")


def _run(sign: bytes, safe: bytes = _SAFE) -> re.Pattern[bytes]:
    """One encoded character and all that follow it, plain ones between; it begins with a literal, which is quick."""
    return re.compile(sign + safe + rb"{0,64}+(?:" + sign + safe + rb"{0,64}+)*+")


_PERCENT = _run(rb"%[0-9A-Fa-f]{2}")
_ESCAPED = _run(rb"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|u\{[0-9A-Fa-f]{2,6}\}|U[0-9A-Fa-f]{8}|[0-3][0-7]{2})")
_ENTITIES = _run(rb"&#(?:[0-9]{1,6}|[xX][0-9A-Fa-f]{1,6});")
_PRINTED = _run(rb"=(?:[0-9A-F]{2}|\r?\n)", rb"[!-<>-~]")
# These begin with the first sign behind a number; the number itself is taken in with what stands before (`_runs`).
_NUMBERS = re.compile(rb",\s{0,8}[0-9]{2,3}\s{0,2},\s{0,8}(?:[0-9]{2,3}\s{0,2},?\s{0,8}){10,}+")
_BYTES = re.compile(rb"0[xX][0-9A-Fa-f]{2}\s{0,2},?\s{0,8}(?:0[xX][0-9A-Fa-f]{2}\s{0,2},?\s{0,8}){10,}+")
_PAIRS = re.compile(rb"(?<![0-9A-Za-z])[0-9A-Fa-f]{2}[ :][0-9A-Fa-f]{2}[ :](?:[0-9A-Fa-f]{2}[ :\r\n]{0,2}){10,}+")
_CHARS = re.compile(
    rb"\(\s?(?:0x)?[0-9a-fA-F]{2,3}\s?\)"
    rb"(?:[\s+.&|,]{0,12}+(?i:[a-z.]{0,20}(?:chr|char|fromcharcode))\s?\(\s?(?:0x)?[0-9a-fA-F]{2,3}\s?\)){7,}"
)
_UTF16 = re.compile(rb"(?:[\x20-\x7e\r\n\t]\x00){12,}+|(?:\x00[\x20-\x7e\r\n\t]){12,}+")
# Where one literal ends and the next begins: `" + "`, `' '`, `"` at the end of a line and on the next one, `''`.
_BETWEEN = (
    rb"[ \t]{0,8}(?:\+|\.{1,2}|&|~|\|\||\\|<<)?[ \t]{0,8}(?:\r?\n[ \t]{0,60}(?:[+.&][ \t]{0,4})?)?"
    rb"[rRbBuUfF]{0,2}[\"'`](?=[A-Za-z0-9_.~+/:@=\-])"
)
# One for each sign: an expression that begins with a literal is looked for several times faster.
_JOINTS = tuple(re.compile(sign + _BETWEEN) for sign in (b'"', b"'", b"`"))
_CONTINUED = re.compile(rb"\\\r?\n[ \t]{0,8}(?=[A-Za-z0-9_.~+/:@=\-])")
_LISTED = tuple(
    re.compile(sign + rb"[ \t]{0,4},\s{0,40}[\"'`](?=[A-Za-z0-9_.~+/:@=\-])") for sign in (b'"', b"'", b"`")
)
# What could be a token written backwards: a long run with digits and letters.
_DENSE = re.compile(rb"(?=[A-Za-z_\-]{0,24}[0-9])[A-Za-z0-9_\-]{20,}+")
_TOKEN = re.compile(rb"[A-Za-z0-9_.~+/:@=\-]{0,400}")


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes `start` to `end` of a text and what they mean in the encoding `form`. `before` is the number of bytes of
    `decoded` that stand as they are before the place, for the name in front of a value."""

    start: int
    end: int
    form: str
    decoded: bytes
    before: int = 0


def pieces(data: bytes, words: Sequence[bytes]) -> Iterator[Piece]:
    """Every place of the text that decodes to readable text. `words` are its long words."""
    lines = b"\n".join(words)
    for form, signs, regex, decode in _RUNS:
        for sign in signs:
            if sign in data:
                yield from _runs(data, form, regex, decode)
                break
    if len(data) >= _SHORTEST_LIST:
        digits = data.translate(_AS_DIGITS)
        for form, signs, regex, decode in _LISTS:
            if signs[0] in digits or signs[1] in digits:
                yield from _runs(data, form, regex, decode)
    for form, regex, decode in _WORDS:
        yield from _in_words(data, lines, form, regex, decode)
    if _WRAPPED.search(lines):
        yield from _lines(data)
    if b"\0" in data:
        for match in _UTF16.finditer(data):
            yield Piece(match.start(), match.end(), "UTF-16", match.group().replace(b"\0", b""))
    if b"85decode" in data or b"<~" in data or b"ase85" in data or b"b85(" in data:
        for match in _BASE85.finditer(data):
            yield from _decoded(Piece(match.start(), match.end(), "base85", _base85(match.group())))
    yield from _joined(data, (*_JOINTS, _CONTINUED))
    if b"join" in data or b"concat" in data:
        yield from _joined(data, _LISTED)


def backwards(words: Sequence[bytes]) -> Iterator[tuple[str, bytes, Callable[[bytes], bytes]]]:
    """The long words written backwards and in ROT13, and how to write a find as it stood."""
    dense = b"\n".join(_DENSE.findall(b"\n".join(words)))
    if dense:
        yield "reversed", dense[::-1], lambda found: found[::-1]
        yield "ROT13", dense.translate(_ROT13), lambda found: found.translate(_ROT13)


_ROT13 = bytes(codecs.encode(chr(c), "rot13").encode("latin-1")[0] if c < 128 else c for c in range(256))


def _decoded(piece: Piece) -> Iterator[Piece]:
    if piece.decoded:
        yield piece


def _runs(data: bytes, form: str, regex: re.Pattern[bytes], decode: Callable[[bytes], bytes]) -> Iterator[Piece]:
    for count, match in enumerate(regex.finditer(data)):
        if count >= _PIECES:
            return
        if match.end() - match.start() < _SHORTEST_RUN:
            continue
        before = data[max(match.start() - _BEFORE, 0) : match.start()]
        start = match.start() - (len(before) - len(before.rstrip(_SAFE_BYTES)))
        raw = data[start : min(match.end(), start + _LARGEST)]
        decoded = decode(raw)
        if decoded and decoded != raw:
            lead = data[max(start - 80, data.rfind(b"\n", max(start - 80, 0), start) + 1) : start]
            yield Piece(start, match.end(), form, lead + decoded, len(lead))


def _in_words(
    data: bytes, words: bytes, form: str, regex: re.Pattern[bytes], decode: Callable[[bytes], bytes]
) -> Iterator[Piece]:
    for count, match in enumerate(regex.finditer(words)):
        if count >= _PIECES:
            return
        word = match.group()
        decoded = decode(word[:_LARGEST])
        if not decoded:
            continue
        at = data.find(word)
        for _ in range(8):
            if at < 0:
                break
            lead = data[max(at - 80, data.rfind(b"\n", max(at - 80, 0), at) + 1) : at]
            yield Piece(at, at + len(word), form, lead + decoded, len(lead))
            at = data.find(word, at + len(word))


def _lines(data: bytes) -> Iterator[Piece]:
    for count, match in enumerate(_BASE64_LINES.finditer(data)):
        if count >= _PIECES:
            return
        body = re.sub(rb"[^A-Za-z0-9+/=]", b"", match.group()[:_LARGEST])
        yield from _decoded(Piece(match.start(), match.end(), "base64", _base64(body)))


def _joined(data: bytes, joints: Iterable[re.Pattern[bytes]]) -> Iterator[Piece]:
    """Literals that stand one behind the other, put together: only what a token may be made of, around the joints."""
    chain: list[bytes] = []
    start = end = -1
    found = sorted((match.span() for joint in joints for match in joint.finditer(data)), key=itemgetter(0))
    for place, behind in found[: _PIECES * 8]:
        if not chain and data[place - 1] not in _SAFE_BYTES:
            continue
        head = _TOKEN.match(data, behind)
        if head is None:
            continue
        if end == place and chain:
            chain.append(head.group())
            end = head.end()
            continue
        yield from _chained(data, start, end, chain)
        chain = []
        before = data[max(place - _BEFORE, 0) : place]
        tail = before[len(before.rstrip(_SAFE_BYTES)) :]
        if tail:
            chain = [tail, head.group()]
            start, end = place - len(tail), head.end()
    yield from _chained(data, start, end, chain)


def _chained(data: bytes, start: int, end: int, chain: list[bytes]) -> Iterator[Piece]:
    whole = b"".join(chain)
    if len(whole) >= 12 and (len(whole) >= 30 or not whole.isalpha()):
        lead = data[max(start - 80, data.rfind(b"\n", max(start - 80, 0), start) + 1) : start]
        yield Piece(start, end, "split literal", lead + whole + b'"', len(lead))


def _readable(data: bytes) -> bytes:
    """The bytes when they are text, or unpack to text; nothing otherwise."""
    if data[:2] in (b"\x1f\x8b", b"\x78\x9c", b"\x78\xda", b"\x78\x01"):
        try:
            data = zlib.decompressobj(wbits=47).decompress(data, _LARGEST)
        except zlib.error:
            return b""
    if data.count(0) * 3 > len(data):
        data = data.replace(b"\0", b"")
    return data if len(data) > 3 and len(data.translate(None, _PRINTABLE)) * 8 <= len(data) else b""


def _base64(text: bytes) -> bytes:
    body = text.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    body = body[:-1] if len(body) % 4 == 1 else body
    try:
        head = base64.b64decode(body[:64] + b"=" * (-len(body[:64]) % 4))
        if not _hopeful(head):
            return b""
        return _readable(base64.b64decode(body + b"=" * (-len(body) % 4)))
    except (binascii.Error, ValueError):
        return b""


def _hopeful(head: bytes) -> bool:
    """Whether the beginning is text or a packed stream, so that the rest is worth decoding."""
    return head[:2] in (b"\x1f\x8b", b"\x78\x9c", b"\x78\xda", b"\x78\x01") or bool(_readable(head))


def _hex(text: bytes) -> bytes:
    digits = re.sub(rb"0[xX]|[^0-9A-Fa-f]", b"", text)
    return _readable(bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii")))


def _base32(text: bytes) -> bytes:
    body = text.rstrip(b"=")
    try:
        return _readable(base64.b32decode(body + b"=" * (-len(body) % 8)))
    except (binascii.Error, ValueError):
        return b""


def _base85(text: bytes) -> bytes:
    inner = text.split(b"<~", 1)[-1].split(b"~>", 1)[0].strip(b"\"'`,;()=")
    for decode in (base64.b85decode, base64.a85decode):
        for body in (inner, re.split(rb"[\"']", inner)[-1]):
            try:
                found = _readable(decode(body))
            except (binascii.Error, ValueError):
                continue
            if found:
                return found
    return b""


def _uu(text: bytes) -> bytes:
    out = []
    for line in text.split(b"\n")[1:]:
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            break
    return _readable(b"".join(out))


def _numbers(text: bytes) -> bytes:
    values = [int(number) for number in re.findall(rb"[0-9]{2,3}", text)]
    return _readable(bytes(value for value in values if value < 256))


def _chars(text: bytes) -> bytes:
    found = re.findall(rb"\(\s?((?:0[xX])?[0-9A-Fa-f]{2,3})\s?\)", text)
    values = [int(n, 16) if n[:2].lower() == b"0x" else int(n) for n in found if n.isdigit() or n[:2].lower() == b"0x"]
    return _readable(bytes(value for value in values if value < 256))


def _escaped(text: bytes) -> bytes:
    plain = re.sub(rb"\\u\{([0-9A-Fa-f]{2,6})\}", lambda match: b"\\U" + match.group(1).rjust(8, b"0"), text)
    try:
        return _readable(codecs.decode(plain, "unicode_escape", "ignore").encode("utf-8", "replace"))
    except (ValueError, OverflowError):
        return b""


def _entities(text: bytes) -> bytes:
    return _readable(html.unescape(text.decode("ascii", "replace")).encode("utf-8", "replace"))


def _printed(text: bytes) -> bytes:
    return _readable(quopri.decodestring(text))


def _percent(text: bytes) -> bytes:
    return _readable(unquote_to_bytes(text))


_RUNS: tuple[tuple[str, tuple[bytes, ...], re.Pattern[bytes], Callable[[bytes], bytes]], ...] = (
    ("percent", (b"%",), _PERCENT, _percent),
    ("escapes", (b"\\x", b"\\u", b"\\U", b"\\0", b"\\1"), _ESCAPED, _escaped),
    ("entities", (b"&#",), _ENTITIES, _entities),
    ("quoted-printable", (b"=3D", b"=\n", b"=\r\n", b"uoted-printable"), _PRINTED, _printed),
    ("hex", (b"0x", b"0X"), _BYTES, _hex),
    ("characters", (b"chr(", b"char(", b"Char(", b"CHR(", b"harCode("), _CHARS, _chars),
    ("numbers", (b",",), _NUMBERS, _numbers),
    ("uuencode", (b"begin 6", b"begin 7"), _UU, _uu),
)
# Looked for in the text with every hex digit as `0`.
_LISTS: tuple[tuple[str, tuple[bytes, bytes], re.Pattern[bytes], Callable[[bytes], bytes]], ...] = (
    ("hex", (b" 00 00 00 00 00 00 ", b"00:00:00:00:00:00:00"), _PAIRS, _hex),
)
_AS_DIGITS = bytes(48 if chr(c) in "0123456789abcdefABCDEF" else c for c in range(256))
_SHORTEST_LIST = 36
_WORDS: tuple[tuple[str, re.Pattern[bytes], Callable[[bytes], bytes]], ...] = (
    ("base64", _BASE64, _base64),
    ("hex", _HEX, _hex),
    ("base32", _BASE32, _base32),
)
