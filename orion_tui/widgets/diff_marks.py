"""What a line of a diff is coloured by: the words that changed, its syntax, what was searched. Worked out for visible
lines only, when they are drawn."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pygments.lexer import Lexer

    from orion_tui.widgets.diff_parse import Patch

Span = tuple[int, int, str]
"""From, to (in characters of the shown text), and the name of a style."""

LOOKED_AT = 400
"""Characters of a line that are looked at; longer ones are data, not code."""

_RUN = 200
_LIKE = 0.35
"""Lines that have less in common than this were replaced as a whole: marking words would mark nearly all."""

_TOKEN = re.compile(r"\w+|\s+|.")


def partner(patch: Patch, number: int) -> int | None:
    """The row of the line that this one took the place of, or that took its place: the n-th of a stretch of removed
    lines belongs to the n-th added one after it."""
    hunk = patch.place(number)[1]
    if hunk is None:
        return None
    lines, base, offset = hunk.file.lines, hunk.line + 1, number - hunk.row - 1
    sign = lines[base + offset][:1]
    first = offset
    while first > 0 and offset - first <= _RUN and lines[base + first - 1][:1] == sign:
        first -= 1
    other: int
    if sign == b"-":
        end = offset
        while end < hunk.lines and end - offset <= _RUN and lines[base + end][:1] == b"-":
            end += 1
        other = end + offset - first
        found = other < hunk.lines and lines[base + other][:1] == b"+"
        found = found and all(lines[base + at][:1] == b"+" for at in range(end, other))
    else:
        removed = first
        while removed > 0 and first - removed <= _RUN and lines[base + removed - 1][:1] == b"-":
            removed -= 1
        other = removed + offset - first
        found = other < first
    return hunk.row + 1 + other if found else None


def changed_words(text: str, other: str) -> list[Span]:
    """The stretches of `text` that `other` does not have; none where the two have little in common."""
    from difflib import SequenceMatcher

    if len(text) > LOOKED_AT or len(other) > LOOKED_AT:
        return []
    if text == other:
        return []
    mine, theirs = _TOKEN.findall(text), _TOKEN.findall(other)
    ends = list(accumulate((len(token) for token in mine), initial=0))
    # What both begin and end with is found at once; only what lies between is worth a comparison.
    least = min(len(mine), len(theirs))
    head = next((at for at in range(least) if mine[at] != theirs[at]), least)
    tail = next((at for at in range(least - head) if mine[-1 - at] != theirs[-1 - at]), least - head)
    middle, between = mine[head : len(mine) - tail], theirs[head : len(theirs) - tail]
    if 2 * (head + tail) < _LIKE * (len(mine) + len(theirs)):
        matcher = SequenceMatcher(None, mine, theirs, autojunk=False)
        if matcher.quick_ratio() < _LIKE or matcher.ratio() < _LIKE:
            return []
    matcher = SequenceMatcher(None, middle, between, autojunk=False)
    return [
        (ends[head + a], ends[head + b], "word")
        for tag, a, b, _, _ in matcher.get_opcodes()
        if tag != "equal" and b > a
    ]


def found_in(text: str, needle: str) -> list[Span]:
    """Where the text that is searched for stands, whatever its case."""
    if not needle:
        return []
    return [(hit.start(), hit.end(), "found") for hit in re.finditer(re.escape(needle), text, re.IGNORECASE)]


class Syntax:
    """Colours of code, a line at a time. `learn` imports what a kind of file needs and belongs into a thread; until
    then a line has no colours."""

    def __init__(self) -> None:
        self._lexers: dict[str, Lexer | None] = {}
        self._names: dict[object, str] = {}

    def knows(self, path: str) -> bool:
        return _kind(path) in self._lexers

    def learn(self, path: str) -> None:
        kind = _lexer_of(path.rpartition("/")[2])
        self._lexers[_kind(path)] = kind(stripnl=False, ensurenl=False) if kind is not None else None

    def spans(self, path: str, text: str) -> list[Span]:
        """Keywords, strings, comments and numbers; what goes over several lines is not seen as one."""
        lexer = self._lexers.get(_kind(path))
        if lexer is None:
            return []
        found: list[Span] = []
        for at, kind, value in lexer.get_tokens_unprocessed(text[:LOOKED_AT]):
            name = self._names.get(kind)
            if name is None:
                name = self._names[kind] = _style_of(str(kind))
            if name:
                found.append((at, at + len(value), name))
        return found


def _lexer_of(name: str) -> type[Lexer] | None:
    """The lexer for files of that name. Pygments' own way to it makes a regular expression of each of its thousand
    patterns and looks for more of them in every installed package, which stays in memory: 2 MB."""
    from pygments.lexers import find_lexer_class, get_all_lexers

    rows = [(lexer, pattern) for lexer, _, patterns, _ in get_all_lexers(plugins=False) for pattern in patterns]
    fitting = [(find_lexer_class(lexer), "*" not in pattern) for lexer, pattern in rows if _fits(name, pattern)]
    rated = [(kind.priority + exact / 2, kind.__name__, kind) for kind, exact in fitting if kind is not None]
    return max(rated, key=lambda each: each[:2])[2] if rated else None


def _fits(name: str, pattern: str) -> bool:
    end = pattern.removeprefix("*")
    if any(sign in end for sign in "*?["):
        return fnmatchcase(name, pattern)
    return name == end or (end != pattern and name.endswith(end))


def _kind(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2] if "." in name[1:] else name


def _style_of(token: str) -> str:
    for part, name in (
        ("Token.Keyword", "keyword"),
        ("Token.Literal.String", "string"),
        ("Token.Comment", "comment"),
        ("Token.Literal.Number", "number"),
        ("Token.Operator.Word", "keyword"),
    ):
        if token.startswith(part):
            return name
    return ""


def pieces(text: str, spans: Iterable[Span]) -> list[tuple[str, tuple[str, ...]]]:
    """The text cut where a span begins or ends, each piece with the names of the styles that cover it, in the order of
    the spans."""
    wanted = [(max(start, 0), min(end, len(text)), name) for start, end, name in spans if start < len(text)]
    if not wanted:
        return [(text, ())] if text else []
    cuts = sorted({0, len(text), *(start for start, _, _ in wanted), *(end for _, end, _ in wanted)})
    return [
        (text[start:end], tuple(name for first, last, name in wanted if first <= start and end <= last))
        for start, end in pairwise(cuts)
        if end > start
    ]
