"""The secret scanner: what looks like a key, a token or a password in a text, and the text without them.

Whatever the encoding (see secret_forms.py), the finds are the same, and so is what is hidden: every find and everything
that leaves (models, recordings, exports, commit messages, the audit log) goes through `redact`, and everything that is
let in through `scan`. Nothing in the text itself can switch a rule off; what a person has allowed is in allow_list.py
and is applied by whoever shows the finds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.governance.allow_list import NOTHING
from engine.governance.secret_containers import contents
from engine.governance.secret_find import Span, apart, find, formed, long_words, shipped
from engine.governance.secret_forms import backwards, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.governance.allow_list import AllowList
    from engine.governance.secret_rules import RuleIndex

MAX_HITS = 1000
_SHOWN = 4
_DEPTH = 3  # an encoding in an encoding in an encoding
_AGAIN = 8  # what stands around a hidden secret may be one only now; more rounds than ever were needed
_BUDGET = 64 * 1024 * 1024  # bytes that one file may become when it is unpacked and decoded
_LOCK_FILES = (".lock", ".sum", "-lock.json", "-lock.yaml", ".lockb", ".svg", ".min.js", ".map", "requirements.txt")


@dataclass(frozen=True, slots=True)
class SecretHit:
    """One find: the kind, the line counted from 1, and the secret with all but its first characters hidden. `form`
    says in which encoding it stood (empty: plainly), `inside` in which member of an archive, `proof` what the token
    shows about itself. `digest` (SHA-256 of the secret) tells finds apart; an allow-list may name it."""

    rule: str
    line: int
    redacted: str
    form: str = ""
    inside: str = ""
    proof: str = ""
    digest: str = ""


def scan(
    data: bytes,
    path: str = "",
    allow: AllowList = NOTHING,
    names: Sequence[str] = (),
    known: RuleIndex | None = None,
) -> tuple[SecretHit, ...]:
    """Everything in the bytes that looks like a secret and is not on the user's allow-list, in order, at most 1,000.
    `path` helps to tell lock files, whose checksums look random, from the rest; `names` are further names of the file
    that an entry of the list may mean. Archives and packed files are looked into, within bounds. `known` are the rules
    to look by, the shipped ones unless a benchmark leaves some out."""
    known = known or shipped()
    hits: list[SecretHit] = []
    seen: set[tuple[str, str]] = set()  # in this member already, in another reading of the same bytes
    budget = [_BUDGET]
    before, shown = "", ""
    for inside, part in contents(data, budget):
        called = (path, *names)
        named: tuple[SecretHit, ...] = ()
        if inside != before:
            named = tuple(_hits(inside.encode("utf-8", "replace"), "", allow, called, known, generic=True))
            seen, before, shown = set(), inside, redact(inside) if named else inside
        found = _hits(part, shown, allow, called, known, generic=not _is_lock_file(inside or path))
        fresh = [hit for hit in found if (hit.rule, hit.digest) not in seen]
        seen = {(hit.rule, hit.digest) for hit in fresh}
        hits += (*fresh, *(_in_name(hit, shown) for hit in named))
        if len(hits) >= MAX_HITS:
            break
    return tuple(hits[:MAX_HITS])


def redact(text: str) -> str:
    """The text with every secret cut down to its first characters; the same rules as `scan`. Doing it twice changes
    nothing more."""
    data = text.encode("utf-8", "surrogatepass")
    known = shipped()
    spans = spans_of(data, known, generic=True)
    if not spans:
        return text
    for _ in range(_AGAIN):
        data = _without(data, spans)
        spans = spans_of(data, known, generic=True)
        if not spans:
            break
    return data.decode("utf-8", "surrogatepass")


def _without(data: bytes, spans: list[Span]) -> bytes:
    out: list[bytes] = []
    at = 0
    for span in spans:
        out += (data[at : span.start], _hidden(data[span.start : span.end].decode("utf-8", "replace")).encode())
        at = span.end
    out.append(data[at:])
    return b"".join(out)


def spans_of(data: bytes, known: RuleIndex, *, generic: bool, depth: int = _DEPTH) -> list[Span]:
    """Finds in the bytes, plain or encoded, as places in the bytes as they stand."""
    words = long_words(data)
    found = find(data, words, known, generic=generic)
    if depth == 0:
        return found
    for piece in pieces(data, words):
        inner = spans_of(piece.decoded, known, generic=generic, depth=depth - 1)
        first = next((span for span in inner if span.end > piece.before), None)
        if first:
            form = f"{piece.form}, {first.form}" if first.form else piece.form
            secret = first.secret or piece.decoded[first.start : first.end]
            found.append(Span(piece.start, piece.end, first.rule, form, first.proof, secret))
    if depth == _DEPTH:
        found += _turned(data, words, known)
    return apart(found)


def _turned(data: bytes, words: list[bytes], known: RuleIndex) -> Iterator[Span]:
    for form, turned, back in backwards(words):
        for span in formed(turned, known, {}, generic=False):
            stood = back(turned[span.start : span.end])
            at = data.find(stood)
            if at >= 0 and b"\n" not in stood:
                yield Span(at, at + len(stood), span.rule, form, span.proof, turned[span.start : span.end])


def _hits(
    data: bytes, inside: str, allow: AllowList, names: Sequence[str], known: RuleIndex, *, generic: bool
) -> Iterator[SecretHit]:
    line, counted = 1, 0
    for span in spans_of(data, known, generic=generic):
        line += data.count(b"\n", counted, span.start)
        counted = span.start
        shown = data[span.start : span.end]
        secret = span.secret or shown
        digest = hashlib.sha256(secret).hexdigest()
        if allow.entries and allow.covers(span.rule, secret, digest, names):
            continue
        yield SecretHit(
            span.rule, line, _hidden(shown.decode("utf-8", "replace")), span.form, inside, span.proof, digest
        )


def _in_name(hit: SecretHit, inside: str) -> SecretHit:
    return SecretHit(hit.rule, 0, hit.redacted, "file name", inside, hit.proof, hit.digest)


def _hidden(secret: str) -> str:
    """A few leading characters, and never more than a quarter of it."""
    first = secret.split("\n", 1)[0]
    shown = first[: min(_SHOWN, len(first) // 4)]
    return f"{shown}…[redacted]"


def _is_lock_file(path: str) -> bool:
    return path.rsplit("/", 1)[-1].casefold().endswith(_LOCK_FILES)
