"""`secrets_allowlist.yaml`: read with line and field, written with the entries that stood there as they were."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from engine.documents import parse_document, read_document
from engine.governance.allow_list import NOTHING, Allowance, AllowList
from engine.vocabulary.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.documents import Document
    from engine.vocabulary.errors import Problem

_KINDS = ("pattern", "path", "digest")
_TEXT = {"type": "string", "minLength": 1, "maxLength": 2000, "pattern": "\\S", "x-expected": "some text"}
_ENTRY: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["reason"],
    "properties": {
        "pattern": {**_TEXT, "description": "a regular expression that the whole secret matches"},
        "path": {**_TEXT, "description": "a path glob, as in a role's scope"},
        "digest": {
            "type": "string",
            "pattern": "^[0-9a-f]{64}$",
            "x-expected": "64 hex digits, as a find tells",
        },
        "rule": {**_TEXT, "description": "the kind of secret that alone is meant"},
        "reason": {**_TEXT, "description": "why this is no secret"},
    },
}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["allow"],
    "properties": {"allow": {"type": "array", "items": _ENTRY, "maxItems": 1000, "description": "a list of entries"}},
}


def read_allow_list(path: Path) -> AllowList:
    """What the file says; a missing file allows nothing. Raises ConfigError with line and field of every fault."""
    if not path.exists():
        return NOTHING
    return _entries(read_document(path, SCHEMA))


def with_entry(text: str, entry: Allowance) -> str:
    """The file's text with one more entry. Raises ConfigError when the text or the entry is not valid."""
    from engine.roles.splicing import dumped

    fields = {"pattern": entry.pattern, "path": entry.path, "digest": entry.digest, "rule": entry.rule}
    given = [(key, value) for key, value in {**fields, "reason": entry.reason}.items() if value]
    lines = [f"{'  - ' if not n else '    '}{key}: {dumped(value)}" for n, (key, value) in enumerate(given)]
    head = text if text.strip() else "# What Orion's secret scanner may let pass; see docs/secrets.md.\nallow:\n"
    if re.search(r"(?m)^allow:\s*\[\s*\]\s*$", head):
        head = re.sub(r"(?m)^allow:\s*\[\s*\]\s*$", "allow:", head)
    after = head + ("" if head.endswith("\n") else "\n") + "\n".join(lines) + "\n"
    _entries(parse_document(after, "the allow-list", SCHEMA))
    return after


def without_entry(text: str, number: int) -> str:
    """The file's text without the entry of that number, counted from 1. Raises ConfigError."""
    document = parse_document(text, "the allow-list", SCHEMA)
    entries = _entries(document).entries
    if not 1 <= number <= len(entries):
        raise ConfigError(f"the allow-list has no entry {number}", "see: orion allowlist")
    left = [entry for at, entry in enumerate(entries, start=1) if at != number]
    after = "# What Orion's secret scanner may let pass; see docs/secrets.md.\nallow: []\n"
    for entry in left:
        after = with_entry(after, entry)
    return after


def _entries(document: Document) -> AllowList:
    problems = list(_problems(document))
    if problems:
        raise document.error(problems)
    return AllowList(tuple(Allowance(**entry) for entry in document.data["allow"]))


def _problems(document: Document) -> list[Problem]:
    found = []
    for number, entry in enumerate(document.data["allow"]):
        field = f"allow[{number}]"
        given = [kind for kind in _KINDS if kind in entry]
        if len(given) != 1:
            has = "none of them" if not given else " and ".join(given)
            found.append(document.problem(field, f"an entry has one of pattern, path and digest, this has {has}"))
        if "pattern" in entry:
            try:
                matches_all = re.compile(entry["pattern"]).fullmatch("") is not None
            except re.error as wrong:
                found.append(document.problem(f"{field}.pattern", f"no regular expression: {wrong}"))
                continue
            if matches_all:
                found.append(
                    document.problem(f"{field}.pattern", "it matches everything", "write what the text looks like")
                )
        if entry.get("path") in ("*", "**", "**/*", "/"):
            found.append(document.problem(f"{field}.path", "it matches every file", "name a folder or a kind of file"))
    return found
