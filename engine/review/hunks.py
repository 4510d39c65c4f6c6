"""A file's changes in hunks, and the file that comes of taking some of them. Nothing is patched: a blob is built."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.vocabulary.changes import Hunk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from engine.vocabulary.changes import ChangeSet

_FILE, _HUNK = b"\ndiff --git ", b"\n@@ -"
_HEADER = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_ESCAPES = {b"a": b"\a", b"b": b"\b", b"t": b"\t", b"n": b"\n", b"v": b"\v", b"f": b"\f", b"r": b"\r"}
_QUOTED = re.compile(rb'\\([0-7]{3}|[abtnvfr"\\])')
_FILE_KIND = 0o170000


@dataclass(frozen=True, slots=True)
class HunkLines:
    """A hunk, `base`, the object that its old lines are of, and `body`, the hunk as the patch has it."""

    hunk: Hunk
    base: str
    body: bytes = field(repr=False)

    @property
    def lines(self) -> tuple[bytes, ...]:
        """Its lines: a sign (space, minus or plus), then the line with its end."""
        lines: list[bytes] = []
        for line in _lines(self.body)[1:]:
            if line.startswith(b"\\"):
                lines[-1] = lines[-1].removesuffix(b"\n")
            else:
                lines.append(line)
        return tuple(lines)


def hunks_of(patch: bytes, changes: ChangeSet) -> dict[str, tuple[HunkLines, ...]]:
    """All of `hunks_by_file` at once."""
    return dict(hunks_by_file(patch, changes))


def hunks_by_file(patch: bytes, changes: ChangeSet) -> Iterator[tuple[str, tuple[HunkLines, ...]]]:
    """Every hunk of a patch, in order, path by path. A file whose kind changes (to a link, say) has none; those of a
    moved file are counted from the file that it was."""
    by_path = {change.path: change for change in changes.files}
    for source, path, body in _files(patch):
        change = by_path.get(path)
        if change is None:
            continue
        kinds = {mode & _FILE_KIND for mode in (change.old_mode, change.new_mode) if mode}
        if len(kinds) == 1 and not change.binary:
            base = by_path[source].old_oid if source != path and source in by_path else change.old_oid
            yield path, tuple(_hunks(path, base, body))


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


def _files(patch: bytes) -> Iterator[tuple[str, str, bytes]]:
    """For each file of the patch its old and its new path, and all its hunks. One without hunks is left out."""
    # Inside a hunk every line begins with a blank, a sign or a backslash, so only a header begins with these words.
    text = b"\n" + patch
    at = text.find(_FILE)
    while at >= 0:
        end = text.find(_FILE, at + 1)
        stop = end if end >= 0 else len(text)
        first = text.find(_HUNK, at, stop)
        if first >= 0:
            old = new = ""
            for line in text[at + 1 : first].split(b"\n"):
                if line.startswith((b"--- a/", b'--- "a/')):
                    old = _path(line[4:])
                elif line.startswith((b"+++ b/", b'+++ "b/')):
                    new = _path(line[4:])
            yield old or new, new or old, text[first : stop + (end >= 0)]
        at = end


def _hunks(path: str, base: str, body: bytes) -> Iterator[HunkLines]:
    """`body` begins with the line break before the first hunk."""
    starts = []
    at = body.find(_HUNK)
    while at >= 0:
        starts.append(at)
        at = body.find(_HUNK, at + 1)
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(body)], strict=True), 1):
        head = _HEADER.match(body, start + 1)
        if head is None:
            continue
        own = body[start + 1 : end + (end < len(body))]
        identity = hashlib.sha256(b"\0".join((os.fsencode(path), base.encode(), own))).hexdigest()[:10]
        old_start, old_count, new_start, new_count = (1 if part is None else int(part) for part in head.groups())
        changed = own.count(b"\n+") + own.count(b"\n-")
        hunk = Hunk(identity, path, number, old_start, old_count, new_start, new_count, changed)
        yield HunkLines(hunk, base, own)


def _path(raw: bytes) -> str:
    """The path of a `---` or `+++` line, without its `a/` or `b/`; git quotes odd ones and puts a tab after spaces."""
    name = raw.rstrip(b"\n").removesuffix(b"\t")
    if name.startswith(b'"'):
        name = _QUOTED.sub(_unquoted, name[1:-1])
    return os.fsdecode(name[2:])


def _unquoted(found: re.Match[bytes]) -> bytes:
    code = found[1]
    return bytes([int(code, 8)]) if len(code) == 3 else _ESCAPES.get(code, code)
