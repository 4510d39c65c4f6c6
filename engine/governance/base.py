"""What no role can allow: the base restrictions of AEGIS, fixed in code."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.governance.classified import Classified, Touch
from engine.governance.paths import plain, settled
from engine.vocabulary.actions import ActionClass
from engine.vocabulary.changes import ChangeStatus, FileChange

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.vocabulary.roles import Role

SYMLINK = 0o120000
GITLINK = 0o160000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_MODES = frozenset({0o100644, 0o100755, SYMLINK})


@dataclass(frozen=True, slots=True)
class Restriction:
    """Why something is refused for everybody: `rule` for machines, `message` for people."""

    rule: str
    message: str


def of_role(role: Role | None) -> Restriction | None:
    """Nothing runs without a role that the user trusts."""
    if role is None:
        return Restriction("role.missing", "nothing runs without a role")
    if not role.trusted:
        return Restriction("role.untrusted", f"the role {role.name} comes with the repository and is not trusted")
    return None


def of_path(path: str, touch: Touch = Touch.WRITE) -> Restriction | None:
    """Paths that are out of reach, however they are spelled. The workspace's root may be read only."""
    if path == "" or "\0" in path:
        return Restriction("path.name", "a path must have a name that every system can store")
    if _CONTROL.search(path):
        return Restriction("path.name", f"the name {path!r} has control characters in it")
    if _SURROGATE.search(path):
        return Restriction("path.name", f"the name {path!r} is not valid Unicode")
    spelled = plain(path)
    if path.startswith(("/", "~", "\\")) or (len(spelled) > 1 and path[1] == ":" and path[0].isalpha()):
        if "/.orion" in spelled:
            return Restriction("orion.home", f"Orion's own files are out of reach: `{path}`")
        return Restriction("path.absolute", f"`{path}` is outside the workspace")
    flat = settled(spelled)
    parts = flat.split("/")
    if parts[0] == ".." or settled(path).split("/")[0] == "..":
        return Restriction("path.escape", f"`{path}` leaves the workspace")
    if ".git" in parts:
        return Restriction("path.git", f"git's own folder is out of reach: `{path}`")
    if touch is not Touch.READ:
        if flat in (".", "*", "**", ".*"):
            return Restriction("workspace.root", "the workspace's root is never deleted or replaced")
        if parts[-1] == ".gitmodules":
            return Restriction("path.submodule", "submodules are not changed by an agent: `.gitmodules`")
    if ".orion" in parts:
        return Restriction("orion.config", f"Orion's own configuration and roles are out of reach: `{path}`")
    return None


def of_piece(piece: Classified) -> Restriction | None:
    """The restriction on one piece of an action."""
    if piece.breach:
        return Restriction("git.settings", f"{piece.breach}: `{piece.subject}`")
    if piece.touch in (Touch.READ, Touch.WRITE, Touch.DELETE):
        return of_path(piece.subject, piece.touch)
    if piece.action is ActionClass.GOVERNANCE_CHANGE:
        return Restriction(
            "aegis", f"an agent cannot change what it may do or decide for the person: `{piece.subject}`"
        )
    return None


def of_change(change: FileChange) -> Restriction | None:
    """The restriction on one effect in the tree."""
    if GITLINK in (change.old_mode, change.new_mode):
        return Restriction("tree.gitlink", f"a nested repository cannot be kept: `{change.path}`")
    if change.status is not ChangeStatus.DELETED and change.new_mode not in _MODES:
        return Restriction("tree.mode", f"a file of mode {change.new_mode:o} cannot be kept: `{change.path}`")
    return of_path(change.path)


def collisions(changes: Iterable[FileChange]) -> dict[str, Restriction]:
    """Paths that become one file where case or Unicode spelling does not count."""
    kept = [change.path for change in changes if change.status is not ChangeStatus.DELETED]
    counted = Counter(plain(path) for path in kept)
    return {
        path: Restriction("name.collision", f"`{path}` and another new name are the same file on some systems")
        for path in kept
        if counted[plain(path)] > 1
    }
