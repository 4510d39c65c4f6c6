"""What secrets look like, as data: `secret_rules.txt` (kinds of one provider) and `secret_structures.txt` (forms that
many share: keys in PEM, signed tokens, addresses with a password). Read once, and turned into two automata that find
every anchor of every rule in one pass."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ahocorasick_rs import BytesAhoCorasick

_HERE = Path(__file__).parent
_CLASSES = {
    "<a>": "[A-Za-z0-9]",
    "<w>": r"[A-Za-z0-9_\-]",
    "<x>": "[0-9a-f]",
    "<X>": "[0-9a-fA-F]",
    "<b>": "[A-Za-z0-9+/]",
    "<uuid>": "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
}
# A token begins where no letter or digit goes before it; `\n` spelled out, as in JSON, is no letter.
_START = rb"(?:(?<![A-Za-z0-9])|(?<=\\[nrt])|(?=:))"
_END = rb"(?![A-Za-z0-9])"


@dataclass(frozen=True, slots=True)
class SecretRule:
    """One kind of secret. Of `words` (as they are written), `texts` (in any case) and `near` (in any case, and the
    secret must stand at most `NEAR` bytes behind) one must be there before the pattern is tried. `check` names what
    else must hold; a `general` rule is no provider's."""

    name: str
    words: tuple[bytes, ...]
    texts: tuple[bytes, ...]
    near: tuple[bytes, ...]
    check: str
    pattern: bytes
    general: bool = False

    def regex(self) -> re.Pattern[bytes]:
        """The compiled pattern between its borders; only made for what a text gives reason to look for."""
        return _compiled(self.pattern)


@lru_cache(maxsize=2048)
def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(_START + b"(?:" + pattern + b")" + _END)


@lru_cache(maxsize=1)
def rules() -> tuple[SecretRule, ...]:
    """The tables, in their order: where two rules find the same place, the first one names it."""
    of_providers = read_rules((_HERE / "secret_rules.txt").read_text(encoding="utf-8"))
    general = read_rules((_HERE / "secret_structures.txt").read_text(encoding="utf-8"), general=True)
    return (*of_providers, *general)


@dataclass(frozen=True, slots=True)
class Anchors:
    """Literal texts, each with the numbers of those that look for it, found in one pass over the bytes."""

    of: tuple[tuple[int, ...], ...]
    automaton: BytesAhoCorasick | None

    def places(self, data: bytes) -> dict[int, list[int]]:
        """Where the anchors of each number stand, in order."""
        found: dict[int, list[int]] = {}
        if self.automaton is None:
            return found
        for pattern, start, _ in self.automaton.find_matches_as_indexes(data, overlapping=True):
            for number in self.of[pattern]:
                found.setdefault(number, []).append(start)
        for starts in found.values():
            starts.sort()
        return found


@dataclass(frozen=True, slots=True)
class RuleIndex:
    """Rules, and how to find where one is worth trying: `exact` in the bytes as they are, `folded` and `near` in small
    letters. Numbers are places in `rules`; `names` are handed in and have numbers from -1 downward in `folded`."""

    rules: tuple[SecretRule, ...]
    exact: Anchors
    folded: Anchors
    near: Anchors


def index_of(known: tuple[SecretRule, ...], names: Iterable[tuple[bytes, int]]) -> RuleIndex:
    """The index of these rules; `names` are texts in small letters with numbers of their own, below 0."""
    folded = [(text, number) for number, rule in enumerate(known) for text in rule.texts]
    return RuleIndex(
        known,
        _anchors((word, number) for number, rule in enumerate(known) for word in rule.words),
        _anchors([*folded, *names]),
        _anchors((name, number) for number, rule in enumerate(known) for name in rule.near),
    )


def _anchors(pairs: Iterable[tuple[bytes, int]]) -> Anchors:
    from ahocorasick_rs import BytesAhoCorasick, Implementation

    by_text: dict[bytes, list[int]] = {}
    for text, number in pairs:
        by_text.setdefault(text, []).append(number)
    texts = list(by_text)
    automaton = BytesAhoCorasick(texts, implementation=Implementation.DFA) if texts else None
    return Anchors(tuple(tuple(by_text[text]) for text in texts), automaton)


def without(known: tuple[SecretRule, ...], left_out: Callable[[SecretRule], bool]) -> tuple[SecretRule, ...]:
    """The rules but for some: what is found of a provider that nobody wrote down."""
    return tuple(rule for rule in known if not left_out(rule))


def read_rules(table: str, *, general: bool = False) -> tuple[SecretRule, ...]:
    """Rules from the text of a table. Raises ValueError with the line for a line that is none."""
    found = []
    for number, line in enumerate(table.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        columns = re.split(r" {2,}", line.strip())
        if len(columns) != 4:
            raise ValueError(f"line {number} has {len(columns)} columns, not name, anchors, check and pattern")
        found.append(_rule(*columns, general=general))
    return tuple(found)


def _rule(name: str, anchors: str, check: str, pattern: str, *, general: bool) -> SecretRule:
    kinds: dict[str, list[bytes]] = {"text": [], "near": [], "": []}
    for anchor in anchors.split(","):
        kind, colon, rest = anchor.partition(":")
        known = bool(colon) and kind in ("text", "near")
        kinds[kind if known else ""].append((rest.lower() if known else anchor).encode())
    for short, long in _CLASSES.items():
        pattern = pattern.replace(short, long)
    words, texts, near = (tuple(kinds[kind]) for kind in ("", "text", "near"))
    return SecretRule(name, words, texts, near, check, pattern.encode(), general)
