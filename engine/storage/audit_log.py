"""The audit log's files: appended to in groups, rotated, never shortened, safe with several processes."""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from engine.storage.audit_format import FIRST, Seal, entry_of, hash_of, sealed
from engine.storage.files import locked, sync_folder, write_private
from engine.vocabulary.audit import AuditHead
from engine.vocabulary.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from engine.storage.audit_chain import Chain
    from engine.vocabulary.audit import AuditEntry, AuditRecord

ROTATE_BYTES = 50 * 1024 * 1024
_WAIT_S = 30.0
_CURRENT = "audit.log"
_ROTATED = re.compile(r"audit-(\d{6})\.log")
_LAST_LINE_BYTES = 1024 * 1024
_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class End:
    """Where the log stands: its last entry's number, hash and journal row, and the size of the current file that they
    were read at."""

    count: int = 0
    hash: str = FIRST
    row: int = 0
    size: int = -1


class AuditLog:
    """One folder with `audit.log`, the files rotated before it, and `head.json`. `rotate_bytes` is the size at which a
    new file begins."""

    def __init__(self, folder: Path, *, rotate_bytes: int = ROTATE_BYTES) -> None:
        self._folder = folder
        self._current = folder / _CURRENT
        self._head = folder / "head.json"
        self._lock = folder / "lock"
        self._rotate_bytes = rotate_bytes
        self._end = End()

    def files(self) -> tuple[Path, ...]:
        """Every file of the log, oldest first."""
        rotated = sorted(path for path in self._folder.glob("audit-*.log") if _ROTATED.fullmatch(path.name))
        return (*rotated, self._current) if self._current.exists() else tuple(rotated)

    def exists(self) -> bool:
        """Whether anything was ever written, or is said to have been."""
        return self._head.exists() or bool(self.files())

    def stamp(self) -> tuple[tuple[str, int, int], ...]:
        """Name, size and time of change of every file and of the head: what a look at the log can be spared by."""
        found = []
        for path in (*self.files(), self._head):
            try:
                state = path.stat()
            except OSError:
                continue
            found.append((path.name, state.st_size, state.st_mtime_ns))
        return tuple(found)

    def lines(self) -> Iterator[bytes]:
        """Every line without its line feed, oldest first. What a crash left of a half-written one has no line feed and
        is left out."""
        for path in self.files():
            with path.open("rb") as file:
                rest = b""
                while chunk := file.read(_CHUNK_BYTES):
                    whole = (rest + chunk).split(b"\n")
                    rest = whole.pop()
                    yield from whole

    def entries(self, after: int = 0) -> Iterator[AuditEntry]:
        """Every entry behind the first `after` lines that can be read, oldest first; whether they are genuine says the
        verification."""
        for line in islice(self.lines(), after, None):
            try:
                yield entry_of(line)
            except ValueError:
                continue

    def head(self) -> AuditHead | None:
        """What the synced head file says; None when there is none. Raises AuditError for a damaged one."""
        try:
            data = json.loads(self._head.read_bytes())
            return AuditHead(int(data["count"]), str(data["hash"]), int(data.get("start", 1)))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise AuditError(
                f"the head file {self._head} cannot be read: {error}", "see: orion audit verify"
            ) from error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One process at a time. Raises AuditError."""
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            with locked(self._lock, wait_s=_WAIT_S) as mine:
                if not mine:
                    raise AuditError("another process does not let go of the audit log", "try again")
                yield
        except OSError as error:
            raise AuditError(
                f"the audit log in {self._folder} cannot be written: {error.strerror or error}",
                "free some space or make the folder writable; what happened stays in the journal until then",
            ) from error

    def end(self) -> End:
        """Where the log stands; to be called `alone`. What a crash left of a half-written line is cut off: it was never
        acknowledged."""
        size = self.size()
        if self._end.size == size:
            return self._end
        found = self._last_of(self._current) if size else None
        if found is None:
            rotated = [path for path in self.files() if path != self._current]
            found = self._last_of(rotated[-1]) if rotated else None
        size = self.size()
        self._end = replace(found or End(), size=size)
        return self._end

    def append(self, records: Sequence[AuditRecord], chain: Chain) -> AuditHead:
        """Write the records as one group and sync them, then the head file; to be called `alone`. Raises OSError, and
        then the next `end` finds what was written in full."""
        end = self.end()
        if end.size >= self._rotate_bytes:
            self._rotate()
            end = self.end()
        count, before, seal = end.count, end.hash, Seal(chain.key)
        lines: list[bytes] = []
        for record in records:
            count += 1
            line = sealed(record, count, before, seal)
            before = hash_of(line)
            lines.append(line)
        if not lines:
            return AuditHead(count, before if count else "", chain.start)
        return self._written(lines, End(count, before, records[-1].row), chain)

    def begin(self, chain: Chain) -> AuditHead:
        """Write the first entry of a further chain into a file of its own; to be called `alone`, with a log that is as
        the chain says. Raises OSError."""
        line = chain.first_line()
        if self.size():
            self._rotate()
        return self._written([line], End(chain.start, hash_of(line), chain.row), chain)

    def size(self) -> int:
        """Bytes in the current file."""
        return self._current.stat().st_size if self._current.exists() else 0

    def _written(self, lines: Sequence[bytes], end: End, chain: Chain) -> AuditHead:
        fresh = not self._current.exists()
        descriptor = os.open(
            self._current, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
        )
        with os.fdopen(descriptor, "ab") as file:
            file.write(b"\n".join(lines) + b"\n")
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        if fresh:
            sync_folder(self._folder)
        self._end = replace(end, size=size)
        return self.note_head(AuditHead(end.count, end.hash, chain.start))

    def note_head(self, head: AuditHead) -> AuditHead:
        """Keep the head in its synced file."""
        write_private(self._head, json.dumps(head.to_json()).encode() + b"\n")
        return head

    def _rotate(self) -> None:
        number = 1 + max(
            (int(found[1]) for path in self.files() if (found := _ROTATED.fullmatch(path.name))), default=0
        )
        self._current.rename(self._folder / f"audit-{number:06d}.log")
        sync_folder(self._folder)

    def _last_of(self, path: Path) -> End | None:
        """The last whole line of the file; None when there is none. Raises AuditError when it is no entry."""
        with path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            start = max(size - _LAST_LINE_BYTES, 0)
            file.seek(start)
            tail = file.read()
            whole = tail.rfind(b"\n") + 1
            if whole < len(tail):
                file.truncate(start + whole)
                tail = tail[:whole]
        if not tail:
            return None
        try:
            entry = entry_of(tail[:-1].rpartition(b"\n")[2])
        except ValueError as error:
            raise AuditError(
                f"the audit log {path} does not end in an entry, so nothing is added to it", "see: orion audit verify"
            ) from error
        return End(entry.number, entry.hash, entry.record.row)
