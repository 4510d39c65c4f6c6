"""What a repository's `.gitignore` files leave out, asked of git in a folder that holds copies of them and nothing
else: git never opens the work tree itself, where a `.gitignore` could be a pipe that never answers."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from engine.workspace.git import Git

MAX_IGNORE_FILE = 1024 * 1024

# Droppings of tools that nobody wants in a commit, left out in every session besides what the repository ignores.
DROPPINGS = (
    "__pycache__/",
    "*.py[cod]",
    ".pytest_cache/",
    ".mypy_cache/",
    ".ruff_cache/",
    ".hypothesis/",
    ".tox/",
    ".nox/",
    ".venv/",
    "*.egg-info/",
    ".coverage",
    ".coverage.*",
    "node_modules/",
    ".npm/",
    ".cache/",
    ".DS_Store",
    "Thumbs.db",
    ".nfs*",
)


class Ignored:
    """Answers which new paths are ignored. `mirror` is a folder of Orion's that holds the copies."""

    def __init__(self, git: Git, mirror: Path) -> None:
        self._git = replace(git, work_tree=mirror)
        self._mirror = mirror
        self._copied: dict[str, str] = {}
        self._started = False

    def known(self, path: str, oid: str) -> bool:
        """Whether the copy of this ignore file has this content already."""
        return self._copied.get(path) == oid

    def learn(self, path: str, oid: str, data: bytes) -> None:
        """Copy one ignore file."""
        self._start()
        place = self._mirror / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        self._copied[path] = oid

    def forget_all_but(self, paths: Iterable[str]) -> None:
        """Drop the copies of ignore files that are no longer there."""
        for path in self._copied.keys() - set(paths):
            (self._mirror / path).unlink(missing_ok=True)
            del self._copied[path]

    def ask(self, paths: Iterable[str]) -> set[str]:
        """Those of the paths that are ignored; a folder's path ends in a slash."""
        self._start()
        # The leading ./ keeps a name that begins with a colon from being read as an instruction.
        asked = b"".join(b"./" + os.fsencode(path) + b"\0" for path in paths)
        if not asked:
            return set()
        answer = self._git.run("check-ignore", "--no-index", "-z", "--stdin", stdin=asked, ok=(0, 1)).out
        return {os.fsdecode(raw[2:]) for raw in answer.split(b"\0")[:-1]}

    def _start(self) -> None:
        if not self._started:
            shutil.rmtree(self._mirror, ignore_errors=True)
            self._mirror.mkdir(mode=0o700, parents=True)
            self._started = True
