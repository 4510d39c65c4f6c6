"""Makes the empty folders of a tree that layers are mounted on, before anything is mounted.

The tree was written by untrusted commands, so no link on the way is followed: a link would have the folder made, or the
layer mounted, anywhere its target points to.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from engine.sandboxes.launcher import sandbox_owner
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from engine.vocabulary.runs import Layer

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def make_mount_points(tree: Path, layers: Iterable[Layer]) -> None:
    """Make what is missing, owned by whoever commands run as. Raises SandboxUnavailable where a link, a file or a
    sealed folder stands in the way."""
    for layer in layers:
        if layer.in_tree:
            _make(tree, layer.in_tree)


def _make(tree: Path, path: str) -> None:
    owner = sandbox_owner()
    handle = os.open(tree, _FLAGS)
    try:
        for part in path.split("/"):
            with suppress(FileExistsError):
                os.mkdir(part, 0o755, dir_fd=handle)
                if owner is not None:
                    os.chown(part, *owner, dir_fd=handle, follow_symlinks=False)
            inner = os.open(part, _FLAGS, dir_fd=handle)
            os.close(handle)
            handle = inner
    except OSError as error:
        raise SandboxUnavailable(
            f"{visible(path)} belongs to the frozen set-up, and something else stands there ({error.strerror})",
            "cancel the session's task that made it, or roll back to an earlier checkpoint",
        ) from error
    finally:
        os.close(handle)
