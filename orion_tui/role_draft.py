"""A role that a person is changing before it is saved: the text is all there is, and each change can be taken back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.vocabulary.roles import RoleSource

if TYPE_CHECKING:
    from engine.vocabulary.requests import RoleText


@dataclass(frozen=True, slots=True)
class RoleDraft:
    """`text` as it stands; `opened` is what the file of that `source` said, with its SHA-256 in `content` (both empty
    for a new role); `before` the texts that an undo goes back to, the latest last."""

    name: str
    text: str
    opened: str = ""
    content: str = ""
    source: RoleSource = RoleSource.USER
    path: str = ""
    before: tuple[str, ...] = ()

    @property
    def is_new(self) -> bool:
        """Whether no file of it was ever written."""
        return not self.content

    @property
    def changed(self) -> bool:
        return self.is_new or self.text != self.opened

    @property
    def first(self) -> str:
        """The text as it came, before anything was changed here."""
        return self.before[0] if self.before else self.text

    @property
    def expected(self) -> str:
        """The SHA-256 of the user's file that saving replaces; empty when there must be none."""
        return self.content if self.source is RoleSource.USER else ""

    def with_text(self, text: str) -> RoleDraft:
        """One change further."""
        return self if text == self.text else replace(self, text=text, before=(*self.before, self.text))

    def undo(self) -> RoleDraft:
        """The draft before the last change; the same when there was none."""
        return replace(self, text=self.before[-1], before=self.before[:-1]) if self.before else self


def draft_of(file: RoleText) -> RoleDraft:
    """The draft of a file that is there."""
    return RoleDraft(file.name, file.text, file.text, file.content, file.source, file.path)
