"""Tokens that no table knows and no name announces: a short prefix, a separator and a body as random as it can be.

Many providers give their tokens such a shape (`abc_live_…`), so that scanners can find them; ordinary text has hardly
any. What may follow the separator is judged strictly, since nothing else speaks for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.governance.secret_values import is_dense, is_dummy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SHAPE = re.compile(
    rb"(?<![A-Za-z0-9_\-.+/%])((?:[a-z][a-z0-9]{2,9}|[A-Z][A-Z0-9]{2,5}|[spr]k|[a-z][a-z0-9](?=_))(?:[_\-.][a-z0-9]{1,10}){0,3})"
    rb"([_\-.])([A-Za-z0-9_\-]{20,200}+)(?![A-Za-z0-9+/=~%@]|\.[A-Za-z0-9]{6})"
)
# What else has such a shape: files and builds with a hash, and the numbers that services give to their objects.
_HARMLESS = re.compile(
    rb"sha|md5|hash|digest|crc|blake|commit|rev|build|chunk|test|tmp|temp|cache|uuid|guid|id_?\Z|asset|img|image|file|"
    rb"lib|gcda|cpython|py3|www|cdn|lambda|layer|arn|subnet|vpc|ami|eni|vol|snap|node|docs?_|page|video|class|css|exampl|"
    rb"\A(?:sg|call|msg|run|thread|asst|resp|evt|cus|sub|req|item|cmpl|chatcmpl|batch|prod|price|acct|conv|upload|b\d)\Z"
)
# What a prefix says that is a secret's; without, a short body may be the number of some object.
_SAYING = re.compile(rb"key|tok|sec|pat|api|auth|live|acc|pw|\A[spr]k\Z|\A[spr]k[_-]")
_LONG = 32
_PLACES = 16  # of one token


def dense_tokens(data: bytes, words: Sequence[bytes]) -> Iterator[tuple[int, int, str]]:
    """Start, end and rule of every such token. `words` are the long words of the bytes."""
    for match in _SHAPE.finditer(b"\n".join(words)):
        prefix, sign, body = match.groups()
        if len(body) < _LONG and not _SAYING.search(prefix.lower()):
            continue
        if _HARMLESS.search(prefix.lower()) or not _is_token(body.decode("ascii"), sign):
            continue
        token = match.group()
        at = data.find(token)
        for _ in range(_PLACES):
            if at < 0:
                break
            yield at, at + len(token), "token-like"
            at = data.find(token, at + len(token))


def _is_token(body: str, sign: bytes) -> bool:
    """Whether the body mixes capitals, small letters and digits; digits and small letters are enough in a hexadecimal
    number of the length of a key behind `_`, which file names with a hash do not have."""
    if is_dummy(body):
        return False
    if any(c.isupper() for c in body) and any(c.islower() for c in body):
        return is_dense(body) and body.count("_") + body.count("-") <= len(body) // 10
    return sign == b"_" and len(body) in (32, 36, 40, 48, 64) and body.isalnum() and body.islower() and is_dense(body)
