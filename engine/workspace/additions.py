"""What a range of commits, or the index, adds to a repository: read for the secret scanner, which writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.vocabulary.errors import UsageError
from engine.workspace.beneath import small_file
from engine.workspace.git import Git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GITLINK = b"160000"
_LARGEST = 64 * 1024 * 1024  # bytes of one blob; what lies beyond is not read


@dataclass(frozen=True, slots=True)
class Addition:
    """A file that a commit (empty: the index) adds or changes: the blobs before (empty: none) and after."""

    commit: str
    path: str
    old: str
    new: str


class Additions:
    """One repository, looked at for what was added. `top` is any folder of it."""

    def __init__(self, top: Path) -> None:
        root = next(
            (folder for folder in (top.absolute(), *top.absolute().parents) if (folder / ".git").exists()), None
        )
        if root is None:
            raise UsageError(f"{top} is in no git repository", "name one with --workspace")
        git_dir = root / ".git"
        if git_dir.is_file():
            named = small_file(git_dir).decode("utf-8", "surrogateescape").removeprefix("gitdir:").strip()
            git_dir = (root / named).resolve()
        self._git = Git(git_dir, root)

    def in_range(self, wanted: str) -> Iterator[Addition]:
        """What the commits of `A..B` (or of everything that leads to one commit) add, oldest first; a merge is read
        against each parent. Raises UsageError for what git does not know."""
        commits = self._commits(wanted)
        out = self._git.run(
            "diff-tree", "--stdin", "-r", "-m", "--root", "--no-renames", "--raw", "--no-abbrev", "-z",
            stdin="".join(f"{commit}\n" for commit in commits).encode(),
        ).out  # fmt: skip
        yield from _raw(out)

    def staged(self) -> Iterator[Addition]:
        """What the index holds beyond the last commit."""
        known = self._git.run("rev-parse", "--verify", "-q", "HEAD", ok=(0, 1, 128)).code == 0
        base = (
            "HEAD" if known else self._git.run("hash-object", "-t", "tree", "--stdin", stdin=b"").out.decode().strip()
        )
        yield from _raw(self._git.run("diff-index", "--cached", "--no-renames", "--raw", "--no-abbrev", "-z", base).out)

    def messages(self, wanted: str) -> Iterator[tuple[str, bytes]]:
        """Commit and message of each commit of the range."""
        shas = self._commits(wanted)
        if not shas:
            return
        given = "".join(f"{sha}\n" for sha in shas).encode()
        out = self._git.run("log", "--no-walk=unsorted", "--stdin", "-z", "--format=%H%n%an <%ae>%n%B", stdin=given).out
        for record in out.split(b"\0"):
            sha, _, message = record.partition(b"\n")
            if sha:
                yield sha.decode("ascii", "replace"), message

    def blob(self, oid: str) -> bytes:
        """The bytes of a blob, the first 64 MiB of it."""
        with self._git.stream("cat-file", "blob", oid) as out:
            return out.read(_LARGEST)

    def _commits(self, wanted: str) -> list[str]:
        answer = self._git.run("rev-list", "--reverse", "--end-of-options", wanted, "--", ok=(0, 128, 129))
        if answer.code:
            raise UsageError(f"{wanted!r} is no range of commits here: {answer.words()}", "such as main..HEAD")
        return answer.out.decode("ascii").split()


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
