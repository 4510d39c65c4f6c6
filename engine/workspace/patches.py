"""A patch between two trees, whole or as git makes it, with nothing of a repository's to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.workspace.comparison import MOVES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.workspace.git import Git

_FILE = b"\ndiff --git "


def patch_arguments(
    old: str, new: str, paths: Sequence[str] = (), *, moves: bool = False, context: int = 3
) -> tuple[str, ...]:
    """The command that makes the patch from one tree to another."""
    return (
        "--literal-pathspecs",
        "diff-tree",
        "-r",
        "-p",
        "--binary",
        "--full-index",
        *(MOVES if moves else ("--no-renames",)),
        f"-U{context}",
        "--no-color",
        "--no-ext-diff",
        "--no-textconv",
        "--src-prefix=a/",
        "--dst-prefix=b/",
        old,
        new,
        "--",
        *paths,
    )


def patch_pieces(git: Git, arguments: Sequence[str], first: int) -> Iterator[bytes]:
    """The patch in two pieces that end where a file does: one of about `first` bytes, as soon as git has made it, and
    all the rest, which is left out when there is none. Raises WorkspaceError when git fails."""
    with git.stream(*arguments) as source:
        head = source.read(first)
        # The name of the last file that has begun is not known to be whole, so that file comes with the rest.
        cut = head.rfind(_FILE) + 1 if len(head) == first else len(head)
        if cut:
            yield head[:cut]
        rest = head[cut:] + source.read()
    if rest or not cut:
        # Nothing at all can be an empty patch, or a git that failed, which then says so.
        yield rest or git.run(*arguments).out
