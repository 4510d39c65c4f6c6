"""What no role can allow: the base restrictions of AEGIS, fixed in code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.governance.classified import Classified, Touch
from engine.governance.paths import plain, settled, unfit
from engine.vocabulary.actions import ActionClass
from engine.vocabulary.changes import ChangeStatus, FileChange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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


def of_path(path: str, touch: Touch = Touch.WRITE, *, new: bool = True) -> Restriction | None:
    """Paths that are out of reach, however they are spelled. The workspace's root may be read only. `new` is false for
    a file that is known to stand there already: it keeps its name, whatever other systems make of it."""
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
    return _of_name(unfit(path)) if touch is Touch.WRITE and new else None


def _of_name(why: str) -> Restriction | None:
    return Restriction("path.name", f"{why}, so it is no name for a new file") if why else None


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
    new = change.status is ChangeStatus.ADDED
    return of_path(change.path, new=new) or (_of_name(unfit(change.path, pattern=False)) if new else None)


def collisions(changes: Iterable[FileChange], standing: Iterable[str] = ()) -> dict[str, Restriction]:
    """New paths that become one file with another one where case or Unicode spelling does not count, or whose folder
    does: with a new one, or with one of `standing`, the paths of the tree before."""
    added: set[str] = set()
    gone: set[str] = set()
    for change in changes:
        if change.status is ChangeStatus.ADDED:
            added.add(change.path)
        elif change.status is ChangeStatus.DELETED:
            gone.add(change.path)
    if not added:
        return {}
    before = {path for path in standing if path not in gone}
    before |= {prefix for folder in {path.rpartition("/")[0] for path in before} - {""} for prefix in _prefixes(folder)}
    spelled: dict[str, set[str]] = {}
    touched: set[str] = set()
    for path in added:
        new = [prefix for prefix in _prefixes(path) if prefix not in before]
        # What lies in a new folder has no old neighbours, so only the first new name is held against those.
        touched.update(prefix.rpartition("/")[0] for prefix in new[:1])
        for prefix in new:
            spelled.setdefault(plain(prefix), set()).add(prefix)
    for path in before:
        if path.rpartition("/")[0] in touched and (names := spelled.get(plain(path))) is not None:
            names.add(path)
    found: dict[str, Restriction] = {}
    for path in added:
        for prefix in _prefixes(path):
            others = spelled.get(plain(prefix), set()) if prefix not in before else set()
            if len(others) > 1:
                other = min(others - {prefix})
                message = f"`{prefix}` and `{other}` are the same file on some systems"
                found[path] = Restriction("name.collision", message)
                break
    return found


def _prefixes(path: str) -> Iterator[str]:
    """The folders above a path, and the path."""
    at = path.find("/")
    while at > 0:
        yield path[:at]
        at = path.find("/", at + 1)
    yield path
