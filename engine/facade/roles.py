"""`engine.roles`: the roles there are, trust in those of repositories, and the dry run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.vocabulary.errors import Problem, RoleError
from engine.vocabulary.roles import RoleSource
from engine.vocabulary.text import visible

if TYPE_CHECKING:
    from pathlib import Path

    from engine.facade.core import Core
    from engine.vocabulary.actions import Action
    from engine.vocabulary.requests import RoleEntry, RoleText
    from engine.vocabulary.roles import Role
    from engine.vocabulary.verdicts import Verdict


class Roles:
    """Starter, user and project roles. Nothing is kept between two calls: the files are the truth."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def list(self, workspace: Path | None = None) -> tuple[RoleEntry, ...]:
        """All roles by name; broken, untrusted and hidden ones say so."""
        return self._core.adapters.library.list(workspace)

    def entry(self, name: str, workspace: Path | None = None) -> RoleEntry:
        """What stands for a name, also when it is untrusted or broken. Raises RoleError with the nearest name."""
        return self._core.adapters.library.entry(name, workspace)

    def get(self, name: str, workspace: Path | None = None) -> Role:
        """The role that may be used under that name. Raises RoleError with the nearest name."""
        return self._core.adapters.library.get(name, workspace)

    def text(self, name: str, workspace: Path | None = None) -> RoleText:
        """The file behind a name as it is written. Raises RoleError."""
        return self._core.adapters.library.text(name, workspace)

    def validate(self, path: Path) -> tuple[Problem, ...]:
        """What is wrong with a role file; nothing when it can be used."""
        from engine.roles.profile import validate

        return validate(path)

    def test(self, role: Role, action: Action, confidence: float = 1.0) -> Verdict:
        """What the gate would say; the same function that decides at run time."""
        from engine.governance.gate import decide_action

        return decide_action(role, action, confidence)

    def trust(self, name: str, workspace: Path, *, secret: str, content: str = "") -> RoleEntry:
        """Trust a role of the repository exactly as its file is now; any change takes that back. `content` is the
        SHA-256 of what the person has seen: RoleError when the file is another by now. Raises AuthError and Locked,
        RoleError (none of that name, broken, or the name belongs to a role of the user's)."""
        found = self._trustable(name, workspace, content)
        if found.trusted:
            return found
        self._core.adapters.authenticator.verify(secret)
        # What is trusted is what was looked at before the secret, whatever stands in the file by now.
        now = self._core.clock.now().isoformat()
        self._core.adapters.trusted.add(found.content, name=name, path=found.path, at=now)
        return self._core.adapters.library.entry(name, workspace, source=RoleSource.PROJECT)

    def untrust(self, name: str, workspace: Path) -> int:
        """Take the trust in a role of this repository back, in its content now and in any earlier one; how many
        contents that were. Giving up rights asks for no secret."""
        files = self._core.adapters.library.list(workspace)
        contents = {e.content for e in files if e.source is RoleSource.PROJECT and e.name == name}
        paths = {e.path for e in files if e.source is RoleSource.PROJECT and e.name == name}
        return self._core.adapters.trusted.remove(
            lambda content, named, path: content in contents or (named == name and path in paths)
        )

    def _trustable(self, name: str, workspace: Path, content: str) -> RoleEntry:
        found = self._core.adapters.library.entry(name, workspace, source=RoleSource.PROJECT)
        if found.role is None:
            raise RoleError(
                f"the role {visible(name)} is broken, so it cannot be trusted: {found.problems[0].message}",
                f"see: orion role validate {visible(found.path)}",
                problems=found.problems,
                path=found.path,
            )
        if found.hidden_by is not None:
            whose = "a role of yours has" if found.hidden_by is RoleSource.USER else "a shipped role has"
            raise RoleError(
                f"{whose} the name {visible(name)}, and a repository's role never takes its place",
                f"rename {visible(found.path)} and the name in it, or copy it under another name into "
                f"{self._core.home.roles}",
                path=found.path,
            )
        if content and content != found.content:
            raise RoleError(
                f"the file of the role {visible(name)} is not the one that was shown", "read it again", path=found.path
            )
        return found
