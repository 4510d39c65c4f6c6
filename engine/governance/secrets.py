"""The secret scanner: what looks like a key, a token or a password in a text, and the text without them."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from engine.governance.secret_rules import RULES, SecretRule

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_HITS = 1000
_SHOWN = 4
_WINDOW = 480  # bytes after a keyword; an assignment is shorter than half of it
_BEFORE = 14  # the longest name ends in its keyword: `encryption_key`
_PLACEHOLDERS = re.compile(
    r"example|changeme|change[_-]me|placeholder|your[_-]|my[_-]|dummy|fake|sample|redacted|xxx|\*\*\*|\.\.\.|<|"
    r"\$\{|\{\{|\{%|%\(|insert|replace|todo|undefined|none|null|foobar|password|passwd|secret|token|lorem|0000000|"
    r"1234567|abcdefg|test|default|getenv|environ|process\.env|env\.|self\.|this\.|config|params|settings|args\.|"
    r"kwargs|request|response|_key\b|key_|localhost",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"\$[A-Za-z_({]|[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+\Z|[A-Za-z_.]+[(\[]|https?://|[./~]{0,2}/"
)
_WORDS = re.compile(r"[A-Za-z]{1,20}(?:[_\-. ][A-Za-z]{1,20})*[0-9]{0,2}\Z|[A-Z]?[a-z]+(?:[A-Z][a-z]+)*[0-9]?\Z")


@dataclass(frozen=True, slots=True)
class SecretHit:
    """One find: the kind, the line counted from 1, and the secret with all but its first characters hidden."""

    rule: str
    line: int
    redacted: str


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    rule: str


def scan(data: bytes, path: str = "") -> tuple[SecretHit, ...]:
    """Everything in the bytes that looks like a secret, in order, at most 1,000. `path` helps to tell lock files, whose
    checksums look random, from the rest. UTF-16 with its mark is read as such."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", errors="replace").encode()
    spans = _spans(data, generic=not _is_lock_file(path))
    hits: list[SecretHit] = []
    line, counted = 1, 0
    for span in spans[:MAX_HITS]:
        line += data.count(b"\n", counted, span.start)
        counted = span.start
        hits.append(SecretHit(span.rule, line, _hidden(data[span.start : span.end].decode("utf-8", "replace"))))
    return tuple(hits)


def redact(text: str) -> str:
    """The text with every secret cut down to its first characters; the same rules as `scan`."""
    data = text.encode("utf-8", "surrogatepass")
    spans = _spans(data, generic=True)
    if not spans:
        return text
    out: list[bytes] = []
    at = 0
    for span in spans:
        out += (data[at : span.start], _hidden(data[span.start : span.end].decode("utf-8", "replace")).encode())
        at = span.end
    out.append(data[at:])
    return b"".join(out).decode("utf-8", "surrogatepass")


def _hidden(secret: str) -> str:
    """A few leading characters, and never more than a quarter of it."""
    first = secret.split("\n", 1)[0]
    shown = first[: min(_SHOWN, len(first) // 4)]
    return f"{shown}…[redacted]"


def _is_lock_file(path: str) -> bool:
    name = path.rsplit("/", 1)[-1].casefold()
    return name.endswith((".lock", ".sum", "-lock.json", "-lock.yaml", ".lockb", ".svg", ".min.js", ".map"))


@lru_cache(maxsize=64)
def _regex(rule: SecretRule) -> re.Pattern[bytes]:
    return re.compile(rule.pattern)


def _spans(data: bytes, *, generic: bool) -> list[_Span]:
    """Finds that do not overlap; where two do, the rule that stands first in the table names it."""
    lowered = data.lower()
    found: list[_Span] = []
    for rule in RULES:
        if rule.near and not generic:
            continue
        if any(keyword in lowered for keyword in rule.keywords):
            matches = _near(rule, data, lowered) if rule.near else _regex(rule).finditer(data)
            for match in matches:
                group = next((i for i in range(1, (match.lastindex or 0) + 1) if match.group(i) is not None), 0)
                if not rule.entropy or _believable(
                    match.group(group).decode("utf-8", "replace"), rule.entropy, group == 4
                ):
                    found.append(_Span(*match.span(group), rule.name))
    order = {id(span): index for index, span in enumerate(found)}
    kept: list[_Span] = []
    for span in sorted(found, key=lambda s: (s.start, order[id(s)])):
        if kept and span.start < kept[-1].end:
            if order[id(span)] > order[id(kept[-1])]:
                continue
            kept.pop()
        kept.append(span)
    return kept


def _near(rule: SecretRule, data: bytes, lowered: bytes) -> Iterator[re.Match[bytes]]:
    """Matches around the keywords only, in windows of bounded size, each place once."""
    regex = _regex(rule)
    done = 0
    for start, end in _windows(rule.keywords, lowered):
        for match in regex.finditer(data, max(start, done), end):
            done = match.end()
            yield match


def _windows(keywords: tuple[bytes, ...], lowered: bytes) -> Iterator[tuple[int, int]]:
    places: list[int] = []
    for keyword in keywords:
        at = lowered.find(keyword)
        while at >= 0:
            places.append(at)
            at = lowered.find(keyword, at + len(keyword))
    places.sort()
    last = -1
    for place in places:
        if place < last:
            continue
        begin = max(place - _BEFORE, 0)
        stop = lowered.find(b"\n", place, place + _WINDOW)
        stop = min(place + _WINDOW, len(lowered)) if stop < 0 else stop
        # An assignment is what makes a name a secret's name; most lines that say `key` have none.
        if b"=" in lowered[place:stop] or b":" in lowered[place:stop]:
            yield begin, stop
        last = stop if stop - place < _WINDOW else place + _WINDOW // 2


def _believable(value: str, entropy: float, bare: bool) -> bool:
    """Whether the value looks random rather than like a word, a reference or a placeholder."""
    if entropy < 1:
        return (
            not _PLACEHOLDERS.search(value)
            and not value.startswith(("$", "{", "%", ":", "*", "["))
            and len(set(value)) > 2
        )
    if len(set(value)) < 6 or _PLACEHOLDERS.search(value) or _REFERENCE.match(value) or _WORDS.match(value):
        return False
    digits = sum(char.isdigit() for char in value)
    letters = sum(char.isalpha() for char in value)
    if bare and (digits < 2 or letters < 2):
        return False
    if digits == 0 and not _mixed(value):
        return False
    needed = entropy if len(value) >= 16 else math.log2(len(value)) * 0.8
    return _entropy(value) >= min(needed, math.log2(len(value)) * 0.9)


def _mixed(value: str) -> bool:
    kinds = (
        any(c.islower() for c in value),
        any(c.isupper() for c in value),
        any(not c.isalnum() and c not in "_-. " for c in value),
    )
    return sum(kinds) == 3


def _entropy(value: str) -> float:
    """Shannon entropy in bits for each character."""
    size = len(value)
    return -sum(count / size * math.log2(count / size) for count in Counter(value).values())
