"""Notes that tell a checker to look away: one for a line, one for a whole file, or so many that nothing is checked."""

from __future__ import annotations

import re
from collections import Counter

from engine.governance.path_classes import classify_path
from engine.governance.source_text import source_text
from engine.governance.weakened import Weakened
from engine.vocabulary.actions import ActionClass

MANY = 10
"""So many new notes in one file are no exceptions any more; chosen, not measured."""

_NOTES = re.compile(
    r"#\s*(?:type|pyright|mypy):\s*ignore|#\s*noqa\b|#\s*pragma:\s*no cover|#\s*pylint:\s*disable|#\s*nosec\b"
    r"|eslint-disable|@ts-(?:ignore|nocheck|expect-error)|istanbul ignore|c8 ignore|v8 ignore|//\s*nolint|#\[allow\("
    r"|@SuppressWarnings|rubocop:disable|phpcs:ignore|@phpstan-ignore|#pragma warning disable|NOSONAR|coverage:ignore"
)
_WHOLE_FILE = re.compile(
    r"@ts-nocheck|^\s*/\*\s*eslint-disable\s*\*/|^#\s*(?:mypy:\s*ignore-errors|type:\s*ignore\s*$|ruff:\s*noqa\s*$|flake8:\s*noqa"
    r"\s*$|pylint:\s*(?:skip-file|disable=all)|pyright:\s*basic)|^#!\[allow\(|^//\s*nolint\s*$|rubocop:disable\s+all"
    r"|^\s*/\*\s*(?:istanbul|c8|v8) ignore (?:file|next file)",
    re.MULTILINE,
)

# One of these stands in every such note; looking for them alone costs next to nothing.
_WORDS = (b"ignore", b"noqa", b"no cover", b"disable", b"nosec", b"@ts-", b"nolint", b"allow(", b"SuppressWarnings")
_MORE_WORDS = (b"NOSONAR", b"skip-file", b"pyright")


def silenced(path: str, before: bytes, after: bytes) -> Weakened | None:
    """What of such notes is new; grave for a whole file, and for a flood of them. Prose about them is no note."""
    if not any(word in after for word in (*_WORDS, *_MORE_WORDS)) or classify_path(path) is ActionClass.DOCS_WRITE:
        return None
    old, new = _found(_NOTES, before), _found(_NOTES, after)
    whole = _found(_WHOLE_FILE, after) - _found(_WHOLE_FILE, before)
    if whole:
        return Weakened(True, f"a checker is told to leave the whole file alone: `{min(whole)}`")
    more = new - old
    if not more or new.total() <= old.total():
        return None
    shown = ", ".join(f"`{note}`" + (f" ({times} times)" if times > 1 else "") for note, times in more.most_common(3))
    return Weakened(new.total() - old.total() >= MANY, f"a checker is told to look away: {shown}")


def _found(rule: re.Pattern[str], data: bytes) -> Counter[str]:
    return Counter(match.group().strip() for match in rule.finditer(source_text(data)))
