"""All roles there are: the starters that ship, the user's own, and those that come with a repository.

A name belongs to the user's role first, then to the starter, then to a trusted role of the workspace: what comes with
a repository never takes the place of a role that the user knows by that name. A repository's role is read from the
work tree, which is what the user sees, and trusted by the hash of its bytes, so that it does not matter how it got
there: another commit, another branch and an edit are other content.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from engine.documents import read_bytes
from engine.roles.profile import parse_role
from engine.vocabulary.errors import Problem, RoleError
from engine.vocabulary.requests import RoleEntry, RoleText
from engine.vocabulary.roles import Role, RoleSource
from engine.vocabulary.text import nearest, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROJECT_FOLDER = ".orion/roles"
# What a repository may ask of whoever lists its roles; the starters have 3 KiB each.
MOST_FILES = 50
MOST_BYTES = 32 * 1024
_ENDINGS = (".yaml", ".yml")


class RoleLibrary:
    """Reads the folders anew at each call, so that a file changed by hand counts at once. `trusted` says whether the
    user trusts a repository's role with that SHA-256."""

    def __init__(self, starters: Path, user: Path, trusted: Callable[[str], bool] = lambda content: False) -> None:
        self._starters = starters
        self._user = user
        self._trusted = trusted

    def list(self, workspace: Path | None = None) -> tuple[RoleEntry, ...]:
        """All roles by name: the user's, the starters that none of them hides, and the workspace's own. A broken file
        is an entry with problems and hides nothing."""
        return self._found(workspace)

    def _found(self, workspace: Path | None, name: str | None = None) -> tuple[RoleEntry, ...]:
        """The list, or its part under one name: a file's role is called as the file, so no other needs to be read."""
        user = tuple(self._entries(self._user, RoleSource.USER, name))
        hidden = {entry.name for entry in user if entry.role is not None}
        starters = [e for e in self._entries(self._starters, RoleSource.STARTER, name) if e.name not in hidden]
        owners = {entry.name: entry.source for entry in (*starters, *user)}
        project = () if workspace is None else self._entries(workspace / PROJECT_FOLDER, RoleSource.PROJECT, name)
        shown = (replace(entry, hidden_by=owners.get(entry.name)) for entry in project)
        return tuple(
            sorted((*user, *starters, *shown), key=lambda entry: (entry.name, entry.source is RoleSource.PROJECT))
        )

    def entry(self, name: str, workspace: Path | None = None, *, source: RoleSource | None = None) -> RoleEntry:
        """What stands for that name, usable or not; of one source where it is given. Raises RoleError with the nearest
        name when there is nothing."""
        named = [e for e in self._found(workspace, name) if source in (None, e.source)]
        if not named:
            known = [e.name for e in self.list(workspace) if source in (None, e.source)]
            what = "no role of a repository" if source is RoleSource.PROJECT else "no role"
            raise RoleError(f"there is {what} {visible(name)!r}", nearest(name, known) if known else "")
        return named[0]

    def get(self, name: str, workspace: Path | None = None) -> Role:
        """The role of that name that may be used. Raises RoleError: unknown (with the nearest name), broken, or one
        that comes with the repository and is not trusted."""
        named = self._found(workspace, name)
        if not named:
            known = [entry.name for entry in self.list(workspace) if entry.role is not None and entry.trusted]
            raise RoleError(f"there is no role {visible(name)!r}", nearest(name, known))
        # The first one owns the name, even when it is broken: nothing steps in for it in silence.
        first = named[0]
        if first.source is RoleSource.PROJECT and not first.trusted:
            raise RoleError(
                f"the role {visible(name)} comes with the repository and is not trusted",
                f"read {visible(first.path)}; to use it as it is now: orion role trust {visible(name)}",
                path=first.path,
            )
        if first.role is None:
            raise RoleError(
                f"the role {visible(name)} is broken: {first.problems[0].message}",
                f"mend {first.path}: orion role validate {first.path}",
                problems=first.problems,
                path=first.path,
            )
        return first.role

    def text(self, name: str, workspace: Path | None = None, *, source: RoleSource | None = None) -> RoleText:
        """The file behind a name, as it is written, usable or not; of one source where it is given. Raises
        RoleError."""
        entry = self.entry(name, workspace, source=source)
        content = _content(Path(entry.path), entry.source)
        return RoleText(name, content.decode("utf-8", "replace"), sha256(content).hexdigest(), entry.source, entry.path)

    def stamp(self, workspace: Path | None = None) -> tuple[tuple[str, int, int, int], ...]:
        """What the files of all roles look like from outside, path, inode, size and time of change in nanoseconds: two
        stamps differ when a file was written, made, moved or removed in between. Reads no file."""
        project = [] if workspace is None else _files(workspace / PROJECT_FOLDER, RoleSource.PROJECT)
        found = []
        for path in (*_files(self._user, RoleSource.USER), *_files(self._starters, RoleSource.STARTER), *project):
            try:
                state = path.stat(follow_symlinks=path not in project)
            except OSError:
                continue
            found.append((str(path), state.st_ino, state.st_size, state.st_ctime_ns))
        return tuple(found)

    def _entries(self, folder: Path, source: RoleSource, name: str | None) -> Iterator[RoleEntry]:
        """The role files right in the folder, of one name or of all; none when there is no such folder."""
        for path in _files(folder, source, name):
            trusted, hashed = source is not RoleSource.PROJECT, ""
            try:
                content = _content(path, source)
                hashed = sha256(content).hexdigest()
                trusted = trusted or self._trusted(hashed)
                # The bytes that were hashed are the bytes that are read: nothing can change in between.
                role = parse_role(content, path, source, trusted=trusted)
            except RoleError as error:
                problems = error.problems or (Problem(error.message, hint=error.hint),)
                yield RoleEntry(path.stem, source, str(path), None, trusted, problems, hashed)
            else:
                yield RoleEntry(role.name, source, str(path), role, trusted, (), hashed)


def _files(folder: Path, source: RoleSource, name: str | None = None) -> list[Path]:
    """The role files right in the folder, of one name or of all, as many as Orion looks at."""
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix in _ENDINGS and name in (None, path.stem))
    except OSError:
        return []
    return files[:MOST_FILES] if source is RoleSource.PROJECT else files


def _content(path: Path, source: RoleSource) -> bytes:
    if source is RoleSource.PROJECT:
        _refuse_link(path)
    content = read_bytes(path, error=RoleError)
    if source is RoleSource.PROJECT and len(content) > MOST_BYTES:
        raise RoleError(f"the file is larger than {MOST_BYTES // 1024} KiB", "a role is a page of text", path=str(path))
    return content


def _refuse_link(path: Path) -> None:
    """A repository could point its role at any file of the machine."""
    if path.is_symlink() or path.parent.is_symlink() or path.parent.parent.is_symlink():
        raise RoleError("the file is a link, and a repository's role must be a file of its own", path=str(path))
