"""What a range of commits, or the index, adds to a repository: read for the secret scanner, which writes nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.vocabulary.errors import UsageError
from engine.vocabulary.text import visible
from engine.workspace.beneath import small_file
from engine.workspace.git import Git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from typing import IO

_GITLINK = b"160000"
# The message first, so that its lines count from 1.
_MESSAGE = "%H%n%B%n%an <%ae>%n%cn <%ce>"


@dataclass(frozen=True, slots=True)
class Addition:
    """A file that a commit (empty: the index) adds or changes: the blobs before (empty: none) and after."""

    commit: str
    path: str
    old: str
    new: str


class Additions:
    """One repository, looked at for what was added. `top` is any folder of it, or a bare one itself."""

    def __init__(self, top: Path) -> None:
        start = Path(os.path.abspath(top))  # noqa: PTH100 - `..` leaves a folder, whatever a link in it says
        for folder in (start, *start.parents):
            if (folder / ".git").exists():
                self._git = _incoming(Git(_git_dir(folder), folder))
                return
            if (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir():
                self._git = _incoming(Git(folder))
                return
        raise UsageError(f"{visible(str(top))} is in no git repository", "name one with --workspace")

    def in_range(self, wanted: str) -> Iterator[Addition]:
        """What the commits of `A..B` (or of everything that leads to one commit) add, oldest first; a merge is read
        against each parent. Raises UsageError for what git does not know."""
        commits = self._commits(wanted)
        out = self._git.run(
            "diff-tree", "--stdin", "-r", "-m", "--root", "--no-renames", "--raw", "--no-abbrev", "-z",
            stdin="".join(f"{commit}\n" for commit in commits).encode(),
        ).out  # fmt: skip
        yield from self._whole(_raw(out))

    def staged(self) -> Iterator[Addition]:
        """What the index holds beyond the last commit. In a hook that is the index git names: `git commit -a` and `git
        commit FILE` have one of their own."""
        named = os.environ.get("GIT_INDEX_FILE", "")
        git = self._git.beside(index=Path(named).absolute()) if named else self._git
        known = self._git.run("rev-parse", "--verify", "-q", "HEAD", ok=(0, 1, 128)).code == 0
        base = (
            "HEAD" if known else self._git.run("hash-object", "-t", "tree", "--stdin", stdin=b"").out.decode().strip()
        )
        out = git.run("diff-index", "--cached", "--no-renames", "--raw", "--no-abbrev", "-z", base).out
        yield from self._whole(_raw(out))

    def messages(self, wanted: str) -> Iterator[tuple[str, bytes]]:
        """Each commit of the range, with its message and, in the two lines behind it, author and committer."""
        shas = self._commits(wanted)
        if not shas:
            return
        given = "".join(f"{sha}\n" for sha in shas).encode()
        out = self._git.run("log", "--no-walk=unsorted", "--stdin", "-z", f"--format={_MESSAGE}", stdin=given).out
        for record in out.split(b"\0"):
            sha, _, message = record.partition(b"\n")
            if sha:
                yield sha.decode("ascii", "replace"), message

    def blob(self, oid: str) -> AbstractContextManager[IO[bytes]]:
        """The bytes of a blob, as they come."""
        return self._git.stream("cat-file", "blob", oid)

    def _whole(self, additions: Iterator[Addition]) -> list[Addition]:
        """The same, once it is known that all of it can be read: what cannot must not pass for clean."""
        found = list(additions)
        asked = "".join(f"{oid}\n" for each in found for oid in (each.new, each.old) if oid).encode()
        answer = self._git.run("cat-file", "--batch-check", stdin=asked, ok=(0, 128))
        if answer.code or b" missing\n" in answer.out:
            raise UsageError(
                "files of these commits are not here (a partial clone?), so they cannot be looked at",
                "fetch them first: git fetch --refetch --no-filter",
            )
        return found

    def _commits(self, wanted: str) -> list[str]:
        answer = self._git.run("rev-list", "--reverse", "--end-of-options", wanted, "--", ok=(0, 128, 129))
        if answer.code:
            raise UsageError(f"{wanted!r} is no range of commits here: {answer.words()}", "such as main..HEAD")
        return answer.out.decode("ascii").split()


def _git_dir(root: Path) -> Path:
    marker = root / ".git"
    if marker.is_dir():
        return marker
    named = small_file(marker).decode("utf-8", "surrogateescape").removeprefix("gitdir:").strip()
    return (root / named).resolve()


def _incoming(git: Git) -> Git:
    """With the objects that a push brings and that git keeps apart until its `pre-receive` hook, which this runs in,
    has said yes."""
    if "GIT_QUARANTINE_PATH" not in os.environ:
        return git
    return replace(git, objects=Path(os.environ["GIT_QUARANTINE_PATH"]), alternates=git.git_dir / "objects")


def _raw(out: bytes) -> Iterator[Addition]:
    commit = ""
    tokens = iter(out.split(b"\0"))
    for token in tokens:
        if not token.startswith(b":"):
            commit = token.strip().decode("ascii", "replace") or commit
            continue
        path = next(tokens, b"")
        _, mode, old, new, _ = token.split(b" ")
        if mode != _GITLINK and new.strip(b"0"):
            before = old.decode() if old.strip(b"0") else ""
            yield Addition(commit, path.decode("utf-8", "surrogateescape"), before, new.decode())
