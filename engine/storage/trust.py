"""Which role files of repositories the user trusts, by the hash of their bytes: `trusted.json` in Orion's home."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from engine.storage.files import locked, write_private
from engine.vocabulary.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_VERSION = 1
_MAX_BYTES = 4 * 1024 * 1024
_HASH = re.compile(r"[0-9a-f]{64}")
_WAIT_S = 10.0

_Records: TypeAlias = dict[str, dict[str, str]]
"""By hash: name, path and time of the file when it was trusted, for people; only the hash counts."""


class TrustedContent:
    """Read at each question, so that trust given or taken by another process counts at once. A file that cannot be
    used trusts nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, content: str) -> bool:
        """Whether the file with that SHA-256 is trusted; false whenever that cannot be told."""
        try:
            return content in self._read()
        except ConfigError:
            return False

    def add(self, content: str, *, name: str, path: str, at: str) -> None:
        """Trust it. Raises ConfigError when what is there already cannot be read or written."""
        with self._changed() as records:
            records[content] = {"name": name, "path": path, "at": at}

    def latest(self, name: str, path: str) -> str:
        """The content of that file that was trusted last, as its SHA-256; empty when none was, or that cannot be
        told."""
        try:
            records = self._read()
        except ConfigError:
            return ""
        of_it = [
            (about["at"], content)
            for content, about in records.items()
            if (about["name"], about["path"]) == (name, path)
        ]
        return max(of_it, default=("", ""))[1]

    def remove(self, gone: Callable[[str, str, str], bool]) -> int:
        """Take back what `gone(content, name, path)` holds for; how many that were."""
        with self._changed() as records:
            ended = [content for content, about in records.items() if gone(content, about["name"], about["path"])]
            for content in ended:
                del records[content]
        return len(ended)

    @contextmanager
    def _changed(self) -> Iterator[_Records]:
        """The records, written back at the end when they differ; one process at a time."""
        with locked(self._path.with_name(f"{self._path.name}.lock"), wait_s=_WAIT_S) as mine:
            if not mine:
                raise UsageError("another Orion is changing which roles are trusted", "try again")
            records = self._read()
            before = dict(records)
            yield records
            if records == before:
                return
            try:
                write_private(self._path, json.dumps({"version": _VERSION, "trusted": records}).encode() + b"\n")
            except OSError as error:
                raise ConfigError(f"{self._path} cannot be written: {error.strerror}", path=str(self._path)) from error

    def _read(self) -> _Records:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from error
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
                raise self._unusable("it is not a file that only its owner can write")
            raw = file.read(_MAX_BYTES)
        try:
            data = json.loads(raw)
            if data["version"] != _VERSION:
                raise self._unusable("another version of Orion wrote it")
            return {content: _record(content, about) for content, about in data["trusted"].items()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise self._unusable("it is damaged") from None

    def _unusable(self, why: str) -> ConfigError:
        return ConfigError(
            f"{self._path} cannot be used: {why}; no role of a repository is trusted",
            "remove it and trust the roles again",
            path=str(self._path),
        )


def _record(content: str, about: object) -> dict[str, str]:
    if not _HASH.fullmatch(content) or not isinstance(about, Mapping):
        raise ValueError(content)
    return {key: str(about[key]) for key in ("name", "path", "at")}
