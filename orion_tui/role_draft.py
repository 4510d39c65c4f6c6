"""A role that a person is changing before it is saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.vocabulary.roles import RoleSource
from orion_tui.draft import Draft

if TYPE_CHECKING:
    from engine.vocabulary.requests import RoleText


@dataclass(frozen=True, slots=True)
class RoleDraft(Draft):
    """A draft of the role `name`, whose file is of that `source`."""

    name: str = ""
    source: RoleSource = RoleSource.USER
    path: str = ""

    @property
    def called(self) -> str:
        return self.name

    @property
    def changed(self) -> bool:
        return self.is_new or self.text != self.opened

    @property
    def expected(self) -> str:
        """The SHA-256 of the user's file that saving replaces; empty when there must be none."""
        return self.content if self.source is RoleSource.USER else ""


def draft_of(file: RoleText) -> RoleDraft:
    """The draft of a file that is there."""
    return RoleDraft(file.text, file.text, file.content, name=file.name, source=file.source, path=file.path)
