"""How bubblewrap is started: at once by an ordinary user, behind a drop of privileges when Orion runs as root.

Bubblewrap started by root maps the sandbox's user onto the real root, which can write to the kernel's settings from
inside. So root first becomes a user that owns nothing. That user cannot walk through folders such as `/root`, hence
what the sandbox needs is bound below one mount point in a mount namespace of its own first.
"""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.sandboxes.binaries import Binary, tool
from engine.vocabulary.errors import SandboxUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_USUAL = 1000
_NOBODY = 65534

# Every machine has this folder and nobody keeps a tree or a tool chain in it.
_STAGE = "/sys"

# Paths come as arguments and are never part of the script. `X-mount.mkdir` makes the mount points.
_STAGING = f"""set -e
mount -n -t tmpfs -o mode=0755,size=1m,nosuid,nodev,noexec tmpfs {_STAGE}
while [ "$1" != -- ]; do mount -n --bind -o X-mount.mkdir "$1" "$2"; shift 2; done
shift
exec "$@"
"""


_DROP = ("--clear-groups", "--no-new-privs", "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all")


@dataclass(frozen=True, slots=True)
class Launch:
    """A command line that ends where bubblewrap's own arguments begin, and where `tree` and the read-only mounts (in
    the order given) are found by it."""

    command: tuple[str, ...]
    tree: str
    mounts: tuple[str, ...]


def sandbox_owner() -> tuple[int, int] | None:
    """The uid and gid that commands have in the eyes of the host, which must own the session's tree; None when that is
    simply who runs Orion. For root it is 1000 unless that is an account of this machine: then it is nobody's."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwuid(_USUAL)
    except KeyError:
        return (_USUAL, _USUAL)
    return (_NOBODY, _NOBODY)


def launch(binary: Binary, tree: Path, mounts: Sequence[Path], *, drop: bool = True) -> Launch:
    """How to start this bubblewrap here. Without `drop` root stays root, which tests of its worth need.

    Raises SandboxUnavailable when root lacks the tools to drop privileges."""
    owner = sandbox_owner()
    if owner is None:
        return Launch((str(binary.path),), str(tree), tuple(str(source) for source in mounts))
    tools = {name: tool(name) for name in ("unshare", "setpriv", "mount", "sh")}
    missing = sorted(name for name, path in tools.items() if path is None)
    if missing:
        raise SandboxUnavailable(
            f"Orion runs as root and cannot drop its privileges: {', '.join(missing)} not found",
            "install util-linux (apt install util-linux mount), or run Orion as an ordinary user",
        )
    staged_tree = f"{_STAGE}/tree"
    staged = tuple(f"{_STAGE}/mount{number}" for number in range(len(mounts)))
    pairs = [(str(tree), staged_tree), *zip(map(str, mounts), staged, strict=True)]
    pairs += [(str(folder), f"{_STAGE}/bwrap/{folder.name}") for folder in binary.folders]
    program = str(binary.path)
    if binary.folders:
        home = binary.folders[0]
        program = f"{_STAGE}/bwrap/{home.name}/{binary.path.relative_to(home)}"
    command = (
        *(str(tools["unshare"]), "--mount", "--propagation", "private"),
        *(str(tools["sh"]), "-c", _STAGING, "orion-sandbox", *(part for pair in pairs for part in pair), "--"),
        *((str(tools["setpriv"]), f"--reuid={owner[0]}", f"--regid={owner[1]}", *_DROP) if drop else ()),
        program,
    )
    return Launch(command, staged_tree, staged)
