"""All roles there are: the starters that ship, the user's own, and those that come with a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.roles.profile import read_role
from engine.vocabulary.errors import Problem, RoleError
from engine.vocabulary.requests import RoleEntry
from engine.vocabulary.roles import Role, RoleSource
from engine.vocabulary.text import nearest, visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROJECT_FOLDER = ".orion/roles"
_ENDINGS = (".yaml", ".yml")


class RoleLibrary:
    """Reads the folders anew at each call, so that a file changed by hand counts at once."""

    def __init__(self, starters: Path, user: Path) -> None:
        self._starters = starters
        self._user = user

    def list(self, workspace: Path | None = None) -> tuple[RoleEntry, ...]:
        """All roles by name: the user's, the starters that none of them hides, and the workspace's own, which are not
        trusted. A broken file is an entry with problems and hides nothing."""
        user = tuple(_entries(self._user, RoleSource.USER))
        hidden = {entry.name for entry in user if entry.role is not None}
        starters = (e for e in _entries(self._starters, RoleSource.STARTER) if e.name not in hidden)
        project = () if workspace is None else _entries(workspace / PROJECT_FOLDER, RoleSource.PROJECT)
        return tuple(
            sorted((*user, *starters, *project), key=lambda entry: (entry.name, entry.source is RoleSource.PROJECT))
        )

    def get(self, name: str, workspace: Path | None = None) -> Role:
        """The role of that name that may be used. Raises RoleError: unknown (with the nearest name), broken, or one
        that comes with the repository and is not trusted."""
        entries = self.list(workspace)
        named = [entry for entry in entries if entry.name == name]
        usable = next((entry.role for entry in named if entry.role is not None and entry.trusted), None)
        broken = next((entry for entry in named if entry.role is None and entry.trusted), None)
        if usable is not None and (broken is None or usable.source is RoleSource.USER):
            return usable
        if broken is not None:
            raise RoleError(
                f"the role {visible(name)} is broken: {broken.problems[0].message}",
                f"mend {broken.path}: orion role validate {broken.path}",
                problems=broken.problems,
                path=broken.path,
            )
        if named:
            raise RoleError(
                f"the role {visible(name)} comes with the repository and is not trusted",
                f"read {visible(named[0].path)}; to use it, copy it into {self._user}",
                path=named[0].path,
            )
        known = [entry.name for entry in entries if entry.role is not None and entry.trusted]
        raise RoleError(f"there is no role {visible(name)!r}", nearest(name, known))


def _entries(folder: Path, source: RoleSource) -> Iterator[RoleEntry]:
    """The role files right in the folder, none when there is no such folder."""
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix in _ENDINGS)
    except OSError:
        return
    for path in files:
        trusted = source is not RoleSource.PROJECT
        try:
            if source is RoleSource.PROJECT:
                _refuse_link(path)
            role = read_role(path, source)
        except RoleError as error:
            problems = error.problems or (Problem(error.message, hint=error.hint),)
            yield RoleEntry(path.stem, source, str(path), None, trusted, problems)
        else:
            yield RoleEntry(role.name, source, str(path), role, trusted)


def _refuse_link(path: Path) -> None:
    """A repository could point its role at any file of the machine."""
    if path.is_symlink() or path.parent.is_symlink() or path.parent.parent.is_symlink():
        raise RoleError("the file is a link, and a repository's role must be a file of its own", path=str(path))
