"""A file that a person is changing before it is saved: the text is all there is, and each change can be taken back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self


@dataclass(frozen=True, slots=True)
class Draft:
    """`text` as it stands; `opened` is what the file said, with its SHA-256 in `content` (both empty for a new one);
    `before` the texts that an undo goes back to, the latest last."""

    text: str
    opened: str = ""
    content: str = ""
    before: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """What the file is called in a sentence."""
        raise NotImplementedError

    @property
    def is_new(self) -> bool:
        """Whether no file of it was ever written."""
        return not self.content

    @property
    def changed(self) -> bool:
        return self.text != self.opened

    @property
    def first(self) -> str:
        """The text as it came, before anything was changed here."""
        return self.before[0] if self.before else self.text

    def with_text(self, text: str) -> Self:
        """One change further."""
        return self if text == self.text else replace(self, text=text, before=(*self.before, self.text))

    def undo(self) -> Self:
        """The draft before the last change; the same when there was none."""
        return replace(self, text=self.before[-1], before=self.before[:-1]) if self.before else self
