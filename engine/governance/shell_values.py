"""The parts of a shell command as values: words with what is known of them, redirections, simple commands."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class ShellError(Exception):
    """The text is no shell command that can be understood from the outside."""


class Kind(Enum):
    """What a piece of a word is: plain text, a variable's value, or something known only when it runs."""

    TEXT = "text"
    VARIABLE = "variable"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Part:
    kind: Kind
    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """One word: pieces that the shell joins. `raw` is how it was typed."""

    parts: tuple[Part, ...]
    raw: str

    @property
    def literal(self) -> str | None:
        """The word's value when nothing in it has to be worked out, else None."""
        if any(part.kind is not Kind.TEXT for part in self.parts):
            return None
        return "".join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True)
class Redirect:
    """A file that the shell itself opens: `operator` as typed without the number."""

    operator: str
    target: Word


@dataclass(slots=True)
class Simple:
    """One simple command. `piped` when its input comes from another command; `heredoc` is text fed to it.
    `enters` and `leaves` mark a subshell, after which the folder is again what it was before; `unset` names a variable
    that a loop sets."""

    assignments: list[tuple[str, Word]] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)
    piped: bool = False
    heredoc: str | None = None
    enters: bool = False
    leaves: bool = False
    unset: str = ""


def after_equals(word: Word) -> Word:
    """The value of `NAME=value`: the first piece loses everything up to the equals sign."""
    first = word.parts[0]
    rest = Part(first.kind, first.text.partition("=")[2], first.quoted)
    return Word((rest, *word.parts[1:]), word.raw)


def joined(parts: list[Part]) -> tuple[Part, ...]:
    out: list[Part] = []
    for part in parts:
        if out and part.kind is Kind.TEXT and out[-1].kind is Kind.TEXT and out[-1].quoted == part.quoted:
            out[-1] = Part(Kind.TEXT, out[-1].text + part.text, part.quoted)
        else:
            out.append(part)
    return tuple(out)
