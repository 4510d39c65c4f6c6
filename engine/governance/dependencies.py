"""Which packages a change to a manifest or a lock file brings, drops or moves, and where they come from.

It reads text and runs nothing. What it cannot read it says, so that silence always means "no package changed".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.governance.dependency_files import reader_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.governance.dependency_packages import Package

# A lock file of 4 MiB names some 10,000 packages; nobody reads a list of what changed in a larger one.
MAX_BYTES = 4 * 1024 * 1024
SHOWN = 6


@dataclass(frozen=True, slots=True)
class PackageChange:
    """One package: `old` and `new` as a person would write them ("" where it is not there). `source` is true when it
    now comes from another place, or with other content under the same version."""

    name: str
    old: str
    new: str
    source: bool = False

    def __str__(self) -> str:
        if not self.old:
            return f"+ {self.name} {self.new}".rstrip()
        return f"{self.name} {self.old} → {self.new}" if self.new else f"- {self.name} {self.old}".rstrip()


@dataclass(frozen=True, slots=True)
class DependencyChange:
    """What changed in one file; `unread` says why that is not known."""

    packages: tuple[PackageChange, ...] = ()
    unread: str = ""

    @property
    def grave(self) -> bool:
        """Whether something comes from a place it did not come from, or nobody can say."""
        return bool(self.unread) or any(change.source for change in self.packages)

    def sentence(self) -> str:
        """The change in words, the gravest first, at most `SHOWN` packages by name."""
        if self.unread:
            return f"dependencies changed: {self.unread}"
        told = sorted(self.packages, key=lambda change: not change.source)
        more = f" and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
        return f"dependencies changed: {', '.join(map(str, told[:SHOWN]))}{more}"


def is_dependency_file(path: str) -> bool:
    """Whether the file names packages in a form that is known here."""
    return reader_of(path) is not None


def compared(path: str, before: bytes, after: bytes) -> DependencyChange | None:
    """The packages that differ; None when none does, or when the file names none."""
    read = reader_of(path)
    if read is None or before == after:
        return None
    if max(len(before), len(after)) > MAX_BYTES:
        return DependencyChange(unread=f"the file is too large to compare (more than {MAX_BYTES // 1024**2} MiB)")
    try:
        old = read(before.decode("utf-8", "replace")) if before.strip() else {}
        new = read(after.decode("utf-8", "replace")) if after.strip() else {}
    except (ValueError, RecursionError, TypeError, AttributeError, KeyError):
        return DependencyChange(unread="the file cannot be read, so nobody can say which")
    found = tuple(_changes(old, new))
    return DependencyChange(found) if found else None


def _changes(old: Mapping[str, Package], new: Mapping[str, Package]) -> list[PackageChange]:
    found: list[PackageChange] = []
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name), new.get(name)
        if was == now:
            continue
        if now is None:
            found.append(PackageChange(name, was.shown() or "any" if was else "", ""))
        elif was is None:
            found.append(PackageChange(name, "", now.shown(), bool(now.origins)))
        elif was.shown() != now.shown():
            found.append(PackageChange(name, was.shown() or "any", now.shown() or "any", was.origins != now.origins))
        elif was.hashes and now.hashes and not now.hashes >= was.hashes:
            found.append(PackageChange(name, was.shown(), f"{now.shown()} with other content", True))
    return found
