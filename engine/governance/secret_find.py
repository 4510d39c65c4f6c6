"""Finding secrets in plain bytes: by form (the tables), by the name before a random value, by a password's name.

Everything begins with what is cheap: two automata find every anchor in one pass each, and expressions are only tried
where one stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from engine.governance.secret_checks import holds, proof_of
from engine.governance.secret_dense import dense_tokens
from engine.governance.secret_named import NAME, NAMES, PROVIDER, PROVIDERS, named
from engine.governance.secret_passwords import PASSWORD, PASSWORD_WORDS, kubernetes, passwords
from engine.governance.secret_rules import RuleIndex, index_of, rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.governance.secret_rules import SecretRule

NEAR = 240  # bytes between a provider's name and a token that only that name tells from other text
_BACK = 96  # bytes of a token before the text it is known by

_SHORTEST = 12
_LONG = 30  # a word without a digit is only looked at from here on


def _table(signs: str) -> bytes:
    """For `bytes.translate`: a blank for all but ASCII letters, digits and these signs."""
    return bytes(c if c < 128 and (chr(c).isalnum() or chr(c) in signs) else 32 for c in range(256))


_WIDE = _table("_-.~|!+:/%=@$")
_DIGIT = re.compile(rb"[0-9]").search
_EDGE = re.compile(rb"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))\S|:")


@dataclass(frozen=True, slots=True)
class Span:
    """A find: the bytes from `start` up to `end`, the rule, the encoding it stood in (empty: none), what the token
    proves about itself, and the secret where it is not simply those bytes."""

    start: int
    end: int
    rule: str
    form: str = ""
    proof: str = ""
    secret: bytes = b""


@lru_cache(maxsize=1)
def shipped() -> RuleIndex:
    """The index of the shipped tables, made once and only when a text is looked at."""
    return indexed(rules())


def indexed(known: tuple[SecretRule, ...]) -> RuleIndex:
    """The index of some rules, with the names that stand before secrets of any provider."""
    names = [(name, NAME) for name in NAMES] + [(name, PROVIDER) for name in PROVIDERS]
    return index_of(known, [*names, *((word, PASSWORD) for word in PASSWORD_WORDS)])


def find(data: bytes, words: Sequence[bytes], known: RuleIndex, *, generic: bool = True) -> list[Span]:
    """Secrets in plain bytes, in order, not overlapping. `words` is `long_words(data)`. Without `generic` only what has
    a form of its own counts: in a lock file every line has a random value."""
    lowered = data.lower()
    told = known.folded.places(lowered)
    found = list(formed(data, known, told, generic=generic, lowered=lowered))
    if generic:
        found += (Span(*place) for place in named(data, told.get(NAME, ()), told.get(PROVIDER, ())))
        found += (Span(*place) for place in passwords(data, told.get(PASSWORD, ())))
        found += (Span(*place) for place in dense_tokens(data, words))
        found += (Span(*place) for place in kubernetes(data))
    return apart(found)


def long_words(data: bytes) -> list[bytes]:
    """The words that could be, or hold, a token: 12 characters or more with a digit, or 30. Each once."""
    return [
        word
        for word in set(data.translate(_WIDE).split())
        if len(word) >= _SHORTEST and (len(word) >= _LONG or _DIGIT(word))
    ]


def apart(found: list[Span]) -> list[Span]:
    """Without those that overlap one that was found earlier: that one is made longer where need be."""
    kept: list[tuple[int, Span]] = []
    for rank, span in sorted(enumerate(found), key=lambda pair: (pair[1].start, pair[0])):
        if kept and span.start < kept[-1][1].end:
            before, last = kept[-1]
            if rank >= before:
                if span.end > last.end and span.start > last.start:
                    kept[-1] = before, replace(last, end=span.end)
                continue
            kept.pop()
        kept.append((rank, span))
    return [span for _, span in kept]


_BY_CONTEXT = frozenset({"password", "odbc", "uuid"})


def formed(
    data: bytes, known: RuleIndex, told: Mapping[int, list[int]], *, generic: bool, lowered: bytes = b""
) -> Iterator[Span]:
    """Secrets that the tables know by their form. `told` are the places of texts that count in any case; without
    `lowered` no secret is looked for behind its provider's name."""
    places = known.exact.places(data)
    for number, starts in told.items():
        if number >= 0:
            places[number] = sorted(places.get(number, []) + starts)
    close = known.near.places(lowered) if lowered else {}
    for number in sorted(places.keys() | close.keys()):
        rule = known.rules[number]
        if not generic and rule.check in _BY_CONTEXT:
            continue
        if number in places:
            matches = _around(rule.regex(), places[number], data)
        else:
            matches = _after(rule.regex(), close[number], data)
        for match in matches:
            group = match.lastindex or 0
            secret = match.group(group).decode("utf-8", "replace")
            if holds(rule.check, secret):
                yield Span(*match.span(group), rule.name, "", proof_of(rule.check, secret))


def _around(regex: re.Pattern[bytes], places: list[int], data: bytes) -> Iterator[re.Match[bytes]]:
    """Matches that begin in the word in which an anchor stands, at most `_BACK` bytes before it. Every beginning is
    tried once, in order, so that the work grows with the text and not with its square."""
    tried = 0
    for place in places:
        if place < tried:
            continue
        begin = max(place - _BACK, tried)
        if begin < place:
            begin += data[begin:place].translate(_WIDE).rfind(b" ") + 1
        for edge in _EDGE.finditer(data, begin, place + 1):
            match = regex.match(data, edge.start())
            if match:
                tried = match.end()
                yield match
                break
        else:
            tried = place + 1


def _after(regex: re.Pattern[bytes], places: list[int], data: bytes) -> Iterator[re.Match[bytes]]:
    """Matches close behind one of the names, each place once."""
    done = 0
    for place in places:
        for match in regex.finditer(data, max(place, done), min(place + NEAR, len(data))):
            done = match.end()
            yield match
