"""A file's changes in hunks, and the file that comes of taking some of them. Nothing is patched: a blob is built."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.vocabulary.changes import Hunk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from engine.vocabulary.changes import ChangeSet

_HEADER = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_ESCAPES = {b"a": b"\a", b"b": b"\b", b"t": b"\t", b"n": b"\n", b"v": b"\v", b"f": b"\f", b"r": b"\r"}
_QUOTED = re.compile(rb'\\([0-7]{3}|[abtnvfr"\\])')
_FILE_KIND = 0o170000


@dataclass(frozen=True, slots=True)
class HunkLines:
    """A hunk with its lines as the patch has them: a sign (space, minus or plus), then the line with its end."""

    hunk: Hunk
    lines: tuple[bytes, ...]


def hunks_of(patch: bytes, changes: ChangeSet) -> dict[str, tuple[HunkLines, ...]]:
    """Every hunk of a patch by path, in order. A file whose kind changes (to a link, say) has none."""
    by_path = {change.path: change for change in changes.files}
    found: dict[str, tuple[HunkLines, ...]] = {}
    for path, body in _files(patch):
        change = by_path.get(path)
        if change is None or not body:
            continue
        kinds = {mode & _FILE_KIND for mode in (change.old_mode, change.new_mode) if mode}
        if len(kinds) == 1 and not change.binary:
            found[path] = tuple(_hunks(path, change.old_oid, body))
    return found


def partial(old: bytes, hunks: Sequence[HunkLines], taken: Mapping[str, Collection[int] | None]) -> bytes:
    """The old content with these hunks: `taken` maps a hunk's id to the numbers of its changed lines that are taken,
    None for all of them. A hunk that is not there is left out."""
    before = _lines(old)
    out: list[bytes] = []
    at = 0
    for each in hunks:
        start = each.hunk.old_start - (1 if each.hunk.old_count else 0)
        out += before[at:start]
        at = start
        wanted = taken.get(each.hunk.id, ())
        number = 0
        for line in each.lines:
            sign, text = line[:1], line[1:]
            if sign == b" ":
                out.append(before[at])
                at += 1
                continue
            number += 1
            take = wanted is None or number in wanted
            if sign == b"-":
                if not take:
                    out.append(before[at])
                at += 1
            elif take:
                out.append(text)
    out += before[at:]
    # A line without an end can have come to stand before others.
    return b"".join([line if line.endswith(b"\n") else line + b"\n" for line in out[:-1]] + out[-1:])


def _lines(data: bytes) -> list[bytes]:
    """Lines as git sees them: only a line feed ends one."""
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _files(patch: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """For each file of the patch its path and the lines from its first hunk on. One without hunks is left out."""
    path, body, in_head = "", [], True
    left_old = left_new = 0
    for line in _lines(patch):
        if left_old > 0 or left_new > 0:
            body.append(line)
            left_old -= line[:1] in (b" ", b"-")
            left_new -= line[:1] in (b" ", b"+")
            continue
        if line.startswith(b"diff --git "):
            if body:
                yield path, body
            path, body, in_head = "", [], True
        elif line.startswith(b"@@ ") and (head := _HEADER.match(line)):
            body.append(line)
            in_head = False
            left_old, left_new = (int(head[group]) if head[group] else 1 for group in (2, 4))
        elif line.startswith(b"\\"):
            body.append(line)
        elif in_head and line.startswith((b"--- a/", b'--- "a/', b"+++ b/", b'+++ "b/')):
            path = _path(line[4:])
    if body:
        yield path, body


def _hunks(path: str, old_oid: str, body: list[bytes]) -> Iterator[HunkLines]:
    starts = [place for place, line in enumerate(body) if line.startswith(b"@@ ")]
    # A line of a hunk begins with its sign, so only a header begins with `@@ `.
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(body)], strict=True), 1):
        head = _HEADER.match(body[start])
        if head is None:
            continue
        lines: list[bytes] = []
        for line in body[start + 1 : end]:
            if line.startswith(b"\\"):
                lines[-1] = lines[-1].removesuffix(b"\n")
            else:
                lines.append(line)
        digest = hashlib.sha256(b"\0".join((os.fsencode(path), old_oid.encode(), *body[start:end])))
        old_start, old_count, new_start, new_count = (1 if part is None else int(part) for part in head.groups())
        changed = sum(line[:1] != b" " for line in lines)
        identity = digest.hexdigest()[:10]
        yield HunkLines(Hunk(identity, path, number, old_start, old_count, new_start, new_count, changed), tuple(lines))


def _path(raw: bytes) -> str:
    """The path of a `---` or `+++` line, without its `a/` or `b/`; git quotes odd ones and puts a tab after spaces."""
    name = raw.rstrip(b"\n").removesuffix(b"\t")
    if name.startswith(b'"'):
        name = _QUOTED.sub(_unquoted, name[1:-1])
    return os.fsdecode(name[2:])


def _unquoted(found: re.Match[bytes]) -> bytes:
    code = found[1]
    return bytes([int(code, 8)]) if len(code) == 3 else _ESCAPES.get(code, code)
