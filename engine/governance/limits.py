"""AEGIS's ceilings on what a session may write, lowered by a role where it says so."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from engine.vocabulary.changes import ChangeStatus, FileChange
from engine.vocabulary.roles import WriteLimits

if TYPE_CHECKING:
    from collections.abc import Callable


def effective(limits: WriteLimits) -> WriteLimits:
    """The role's limits, never above the ceilings whatever the role holds."""
    ceiling = WriteLimits()
    return WriteLimits(**{f.name: min(getattr(limits, f.name), getattr(ceiling, f.name)) for f in fields(WriteLimits)})


@dataclass(frozen=True, slots=True)
class Excess:
    """A limit that a write goes over: its name in `write_limits`, and a sentence."""

    limit: str
    message: str


def of_content(content: str, limits: WriteLimits) -> Excess | None:
    """Whether one file with this content would be too large."""
    size = len(content.encode("utf-8", "surrogatepass"))
    return _of_file(size, content.count("\n") + (not content.endswith("\n") and content != ""), effective(limits))


def _of_file(size: int, lines: int, limits: WriteLimits) -> Excess | None:
    if size > limits.file_bytes:
        return Excess("file_bytes", f"the file has {size:,} bytes and {limits.file_bytes:,} are the limit")
    if lines > limits.file_lines:
        return Excess("file_lines", f"the file has {lines:,} lines and {limits.file_lines:,} are the limit")
    return None


class Tally:
    """Counts what a session writes, file by file, and says when one is too many."""

    def __init__(
        self,
        limits: WriteLimits,
        *,
        created: int = 0,
        modified: int = 0,
        total: int = 0,
        lines_of: Callable[[FileChange], int] | None = None,
    ) -> None:
        self._limits = effective(limits)
        self._created = created
        self._modified = modified
        self._total = total
        self._lines_of = lines_of

    def add(self, change: FileChange) -> Excess | None:
        """Count one change; the limit that it goes over, or None. A deletion writes nothing."""
        if change.status is ChangeStatus.DELETED:
            return None
        limits = self._limits
        if change.status is ChangeStatus.ADDED:
            self._created += 1
        else:
            self._modified += 1
        self._total += change.size
        excess = _of_file(change.size, self._lines(change), limits)
        if excess is not None:
            return excess
        if change.status is ChangeStatus.ADDED and self._created > limits.files_created:
            return Excess("files_created", f"a session creates at most {limits.files_created:,} files")
        if change.status is ChangeStatus.MODIFIED and self._modified > limits.files_modified:
            return Excess("files_modified", f"a session modifies at most {limits.files_modified:,} files")
        if self._total > limits.total_bytes:
            return Excess("total_bytes", f"a session writes at most {limits.total_bytes:,} bytes in all")
        return None

    def _lines(self, change: FileChange) -> int:
        # A file cannot have more lines than bytes, so most need no count.
        if change.binary or change.size <= self._limits.file_lines or change.size > self._limits.file_bytes:
            return 0
        return self._lines_of(change) if self._lines_of is not None else change.additions
