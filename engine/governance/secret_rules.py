"""What secrets look like, as data: the table `secret_rules.txt`, read once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_TABLE = Path(__file__).with_name("secret_rules.txt")
_CLASSES = {
    "<a>": "[A-Za-z0-9]",
    "<w>": r"[A-Za-z0-9_\-]",
    "<x>": "[0-9a-f]",
    "<X>": "[0-9a-fA-F]",
    "<b>": "[A-Za-z0-9+/]",
}
# A token begins where no letter or digit goes before it; `\n` spelled out, as in JSON, is no letter.
_START = rb"(?:(?<![A-Za-z0-9])|(?<=\\[nrt])|(?=:))"
_END = rb"(?![A-Za-z0-9])"


@dataclass(frozen=True, slots=True)
class SecretRule:
    """One kind of secret. Of `words` (looked for in the long words of a text), `texts` (in all of it) and `near` (in
    lower case, and the secret must stand at most `NEAR` bytes behind) one must be there before the pattern is tried.
    `check` names what else must hold."""

    name: str
    words: tuple[bytes, ...]
    texts: tuple[bytes, ...]
    near: tuple[bytes, ...]
    check: str
    pattern: bytes

    def regex(self) -> re.Pattern[bytes]:
        """The compiled pattern; only made for what a text gives reason to look for."""
        return _compiled(self.pattern)


@lru_cache(maxsize=1024)
def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern)


@lru_cache(maxsize=1)
def rules() -> tuple[SecretRule, ...]:
    """The table, in its order: where two rules find the same place, the first one names it."""
    return read_rules(_TABLE.read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class RuleIndex:
    """The table turned round: texts that give reason to look, each with the number of its rule in `rules`."""

    rules: tuple[SecretRule, ...]
    words: tuple[tuple[bytes, int], ...]
    texts: tuple[tuple[bytes, int], ...]
    near: tuple[tuple[bytes, int], ...]


@lru_cache(maxsize=1)
def index() -> RuleIndex:
    """The shipped table, read once and only when a text is looked at."""
    known = rules()
    return RuleIndex(
        known,
        tuple((word, number) for number, rule in enumerate(known) for word in rule.words),
        tuple((text, number) for number, rule in enumerate(known) for text in rule.texts),
        tuple((name, number) for number, rule in enumerate(known) for name in rule.near),
    )


def read_rules(table: str) -> tuple[SecretRule, ...]:
    """Rules from the text of a table. Raises ValueError with the line for a line that is none."""
    found = []
    for number, line in enumerate(table.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        columns = re.split(r" {2,}", line.strip())
        if len(columns) != 4:
            raise ValueError(f"line {number} has {len(columns)} columns, not name, anchors, check and pattern")
        found.append(_rule(*columns))
    return tuple(found)


def _rule(name: str, anchors: str, check: str, pattern: str) -> SecretRule:
    kinds: dict[str, list[bytes]] = {"text": [], "near": [], "": []}
    for anchor in anchors.split(","):
        kind, colon, rest = anchor.partition(":")
        known = bool(colon) and kind in ("text", "near")
        kinds[kind if known else ""].append((rest.lower() if known else anchor).encode())
    for short, long in _CLASSES.items():
        pattern = pattern.replace(short, long)
    bounded = _START + b"(?:" + pattern.encode() + b")" + _END
    return SecretRule(name, tuple(kinds[""]), tuple(kinds["text"]), tuple(kinds["near"]), check, bounded)
