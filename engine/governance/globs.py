"""Patterns of role files and of the class table: path globs as in a `.gitignore`, and command patterns."""

from __future__ import annotations

import re
from functools import lru_cache


def path_matches(pattern: str, path: str) -> bool:
    """Whether the relative, `/`-separated `path` falls under the glob. A pattern without a slash holds at any depth;
    with one it is anchored at the root. `*` and `?` stay within a component, `**` crosses; a folder means all below it.
    Case does not count, because it does not on the disks of half of the readers."""
    return _path_regex(pattern.casefold()).match(path.casefold()) is not None


def command_matches(pattern: str, command: str) -> bool:
    """Whether the command falls under a pattern such as `pytest*` or `ruff *` (which holds for plain `ruff` too)."""
    return _command_regex(pattern).match(" ".join(command.split())) is not None


@lru_cache(maxsize=4096)
def _path_regex(pattern: str) -> re.Pattern[str]:
    last = pattern.rsplit("/", 1)[-1]
    below = f"|{regex_of(pattern + '/')}" if last and not set("*?[") & set(last) else ""
    return re.compile(regex_of(pattern) + below, re.DOTALL)


def regex_of(pattern: str) -> str:
    """The glob as the source of a regular expression that matches a whole path."""
    anchored = pattern.removeprefix("./").removeprefix("/")
    if anchored.endswith("/"):
        anchored += "**"
    deep = "/" not in pattern.rstrip("/") and not anchored.startswith("**")
    return (r"(?:.*/)?" if deep else "") + _translated(anchored) + r"\Z"


def _translated(pattern: str) -> str:
    out: list[str] = []
    at = 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            out.append("(?:.*/)?")
            at += 3
        elif pattern.startswith("**", at):
            out.append(".*")
            at += 2
        elif pattern[at] == "*":
            out.append("[^/]*")
            at += 1
        elif pattern[at] == "?":
            out.append("[^/]")
            at += 1
        elif pattern[at] == "[" and "]" in pattern[at + 2 :]:
            end = pattern.index("]", at + 2)
            inner = pattern[at + 1 : end]
            negated = inner[0] in "!^"
            body = re.escape(inner[1:] if negated else inner).replace(r"\-", "-")
            out.append(_checked_class(("[^/" if negated else "[") + body + "]", pattern[at : end + 1]))
            at = end + 1
        else:
            out.append(re.escape(pattern[at]))
            at += 1
    return "".join(out)


def _checked_class(regex: str, literal: str) -> str:
    try:
        re.compile(regex)
    except re.error:
        return re.escape(literal)
    return regex


@lru_cache(maxsize=4096)
def _command_regex(pattern: str) -> re.Pattern[str]:
    text = " ".join(pattern.split())
    tail = ""
    if text.endswith(" *"):
        text, tail = text[:-2], "(?: .*)?"
    body = "".join(".*" if char == "*" else "." if char == "?" else re.escape(char) for char in text)
    return re.compile(body + tail + r"\Z", re.DOTALL)


def overlap(first: str, second: str) -> bool:
    """Whether some text could match both patterns. Errs towards yes: each `*` is taken to cross slashes."""
    return _overlap(_units(first), _units(second))


def _units(pattern: str) -> tuple[str, ...]:
    text = re.sub(r"\[[^\]]+\]", "?", pattern.casefold().removeprefix("./").removeprefix("/"))
    if text.endswith("/"):
        text += "*"
    if text.endswith(" *"):
        text = text[:-2] + "*"
    return tuple(re.sub(r"\*+/?", "*", text))


def _overlap(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    # Row i, column j: can the first i units of one and the first j of the other match the same text?
    row = [True]
    for unit in second:
        row.append(row[-1] and unit == "*")
    for one in first:
        new = [row[0] and one == "*"]
        for j, two in enumerate(second, start=1):
            if one == "*" or two == "*":
                new.append(row[j] or new[j - 1])
            else:
                new.append(row[j - 1] and (one == two or "?" in (one, two)))
        row = new
    return row[-1]
