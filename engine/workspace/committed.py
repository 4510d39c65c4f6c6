"""The committed files of a repository, looked at without a checkout: their sizes, and the content of a few."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.workspace.git import Git

_FILES = (b"100644", b"100755")


class CommittedFiles:
    """The `CommittedTree` port. Links, submodules and other things that are no plain files do not exist in it."""

    def __init__(self, git: Git, commit: str) -> None:
        self._git = git
        self._oids: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        out = git.run("ls-tree", "-r", "-l", "-z", "--full-tree", commit).out
        for record in out.split(b"\0")[:-1]:
            about, _, name = record.partition(b"\t")
            mode, _kind, oid, size = about.split()
            if mode in _FILES:
                path = os.fsdecode(name)
                self._oids[path], self._sizes[path] = oid.decode(), int(size)

    @property
    def sizes(self) -> Mapping[str, int]:
        return self._sizes

    def read(self, path: str, limit: int) -> bytes:
        """The first `limit` bytes of a file, nothing for one that is not there."""
        if path not in self._oids:
            return b""
        if self._sizes[path] <= limit:
            return self._git.run("cat-file", "blob", self._oids[path]).out
        with self._git.stream("cat-file", "blob", self._oids[path]) as content:
            return content.read(limit)
