"""What the small shell reads: words, simple commands, pipes, lists, `if`, `while`, `until`, `for` and redirections.

What it does not know is refused with `NotSpoken`, so that a test never rests on a command that was misread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_BREAKS = re.compile(r"&&|\|\||;;|>>|>&|<&|[;|&<>(){}\n]")
_KEYWORDS = {"if", "then", "elif", "else", "fi", "while", "until", "for", "in", "do", "done", "{", "}", "!"}
_UNSPOKEN = {"case", "esac", "function", "select"}


class NotSpoken(AssertionError):
    """The command says something that this shell does not know: the test wants a real sandbox."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a word: `raw` is expanded unless it stood in single quotes, and split into fields unless quoted."""

    raw: str
    expands: bool
    quoted: bool


Word = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Redirection:
    """`descriptor` 0, 1 or 2 goes to (or comes from) the file `target`, or where descriptor `copy` goes."""

    descriptor: int
    how: str
    target: Word = ()
    copy: int | None = None


@dataclass(frozen=True, slots=True)
class Simple:
    words: tuple[Word, ...]
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Commands in braces, or (`apart`) in parentheses, where `exit` and variables end with it."""

    body: Node
    apart: bool
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class Loop:
    condition: Node
    until: bool
    body: Node
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class Each:
    name: str
    words: tuple[Word, ...]
    body: Node
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    condition: Node
    then: Node
    otherwise: Node | None
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class Pipeline:
    stages: tuple[Node, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """Nodes, each after how the one before it ended: `;` whatever it did, `&&` well, `||` badly."""

    steps: tuple[tuple[str, Node], ...] = field(default=())


Node = Simple | Group | Loop | Each | Choice | Pipeline | Sequence


def parse(text: str) -> Sequence:
    """Raises NotSpoken."""
    parser = _Parser(_tokens(text))
    tree = parser.sequence(())
    if parser.here is not None:
        raise NotSpoken(f"{parser.here!r} is not expected here: {text!r}")
    return tree


Token = str | Word
"""An operator or a word."""


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    word: list[Part] = []
    at = 0

    def finish() -> None:
        if word:
            tokens.append(tuple(word))
            word.clear()

    while at < len(text):
        letter = text[at]
        if letter in " \t":
            finish()
            at += 1
        elif letter == "#" and not word:
            at = text.find("\n", at) if "\n" in text[at:] else len(text)
        elif letter == "'":
            end = _closing(text, "'", at + 1)
            word.append(Part(text[at + 1 : end], False, True))
            at = end + 1
        elif letter == '"':
            end = _closing(text, '"', at + 1)
            word.append(Part(text[at + 1 : end], True, True))
            at = end + 1
        elif letter == "\\":
            word.append(Part(text[at + 1 : at + 2], False, True))
            at += 2
        elif text.startswith("$(", at):
            end = _matching(text, at + 2)
            word.append(Part(text[at : end + 1], True, False))
            at = end + 1
        elif letter == "`" or text.startswith(("<<", "${"), at):
            raise NotSpoken(text[at:])
        elif (found := _BREAKS.match(text, at)) and not (found[0] in "{}" and _inside_word(text, at, word)):
            operator = found[0]
            if operator[0] in "<>" and len(word) == 1 and word[0].raw in ("0", "1", "2") and not word[0].quoted:
                operator = word[0].raw + operator
                word.clear()
            finish()
            tokens.append(operator)
            at = found.end()
        else:
            end = at + 1
            while end < len(text) and text[end] not in " \t\n'\"\\;|&<>()`" and not text.startswith("$(", end):
                end += 1
            word.append(Part(text[at:end], True, False))
            at = end
    finish()
    return tokens


def _inside_word(text: str, at: int, word: list[Part]) -> bool:
    return bool(word) or text[at + 1 : at + 2] not in ("", " ", "\n", ";", "\t")


def _closing(text: str, quote: str, at: int) -> int:
    while at < len(text) and text[at] != quote:
        at += 2 if quote == '"' and text[at] == "\\" else 1
    if at >= len(text):
        raise NotSpoken(f"no closing {quote}: {text!r}")
    return at


def _matching(text: str, at: int) -> int:
    depth = 1
    while at < len(text):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at
        at += 1
    raise NotSpoken(f"no closing parenthesis: {text!r}")


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def here(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    @property
    def keyword(self) -> str:
        """The keyword or operator that stands here, empty for an ordinary word."""
        here = self.here
        if isinstance(here, str):
            return here
        plain = here[0].raw if here and len(here) == 1 and not here[0].quoted else ""
        if plain in _UNSPOKEN:
            raise NotSpoken(plain)
        return plain if plain in _KEYWORDS else ""

    def take(self) -> Token:
        here = self.here
        if here is None:
            raise NotSpoken("the command ends too early")
        self._at += 1
        return here

    def expect(self, keyword: str) -> None:
        if self.keyword != keyword:
            raise NotSpoken(f"{keyword!r} is expected and not {self.here!r}")
        self.take()

    def sequence(self, ends: tuple[str, ...]) -> Sequence:
        steps: list[tuple[str, Node]] = []
        how = ";"
        while True:
            while self.keyword in (";", "\n"):
                self.take()
            if self.here is None or self.keyword in ends:
                return Sequence(tuple(steps))
            steps.append((how, self.pipeline()))
            if self.keyword == "&":
                raise NotSpoken("commands in the background")
            how = str(self.take()) if self.keyword in ("&&", "||") else ";"

    def pipeline(self) -> Node:
        negated = self.keyword == "!"
        if negated:
            self.take()
        stages = [self.command()]
        while self.keyword == "|":
            self.take()
            stages.append(self.command())
        return Pipeline(tuple(stages), negated)

    def command(self) -> Node:
        keyword = self.keyword
        if keyword in ("{", "("):
            self.take()
            close = "}" if keyword == "{" else ")"
            body = self.sequence((close,))
            self.expect(close)
            return Group(body, keyword == "(", self.redirections())
        if keyword in ("while", "until"):
            self.take()
            condition = self.sequence(("do",))
            return Loop(condition, keyword == "until", self.loop_body(), self.redirections())
        if keyword == "for":
            return self.each()
        if keyword == "if":
            return self.choice()
        return self.simple()

    def loop_body(self) -> Node:
        self.expect("do")
        body = self.sequence(("done",))
        self.expect("done")
        return body

    def each(self) -> Node:
        self.take()
        name = self.take()
        if isinstance(name, str):
            raise NotSpoken(f"for {name}")
        self.expect("in")
        words: list[Word] = []
        while (here := self.here) is not None and not isinstance(here, str):
            words.append(here)
            self.take()
        while self.keyword in (";", "\n"):
            self.take()
        return Each(name[0].raw, tuple(words), self.loop_body(), self.redirections())

    def choice(self) -> Node:
        self.take()
        condition = self.sequence(("then",))
        self.expect("then")
        then = self.sequence(("elif", "else", "fi"))
        otherwise: Node | None = None
        if self.keyword == "elif":
            return Choice(condition, then, self.choice(), ())
        if self.keyword == "else":
            self.take()
            otherwise = self.sequence(("fi",))
        self.expect("fi")
        return Choice(condition, then, otherwise, self.redirections())

    def simple(self) -> Node:
        words: list[Word] = []
        redirections: list[Redirection] = []
        while (here := self.here) is not None:
            if not isinstance(here, str):
                words.append(here)
                self.take()
            elif more := self.redirections():
                redirections += more
            else:
                break
        if not words and not redirections:
            raise NotSpoken(f"{self.here!r} where a command is expected")
        return Simple(tuple(words), tuple(redirections))

    def redirections(self) -> tuple[Redirection, ...]:
        found: list[Redirection] = []
        while isinstance(here := self.here, str) and here.lstrip("012") in ("<", ">", ">>", ">&"):
            self.take()
            how = here.lstrip("012")
            descriptor = int(here[0]) if here[0].isdecimal() else (0 if how == "<" else 1)
            target = self.take()
            if isinstance(target, str):
                raise NotSpoken(f"{here} {target}")
            if how == ">&":
                found.append(Redirection(descriptor, how, copy=int(target[0].raw)))
            else:
                found.append(Redirection(descriptor, how, target))
        return tuple(found)
