"""Reads the words of a shell command: quotes, variables, substitutions. What stands in a substitution is read as
commands of its own by whoever reads the words (`shell.py`)."""

from __future__ import annotations

import re

from engine.governance.shell_values import Kind, Part, ShellError, Simple, Word, joined

NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "v": "\v"}
_ANSI = re.compile(
    r"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|c(.)|(.))", re.DOTALL
)
# What a shell reads as arithmetic: no two names side by side. A shell that knows no `((` would run them as a command.
_NAMES_SIDE_BY_SIDE = re.compile(r"(?<![\w$])[A-Za-z_./][\w./\-]*[ \t]+[\w\-./\"']|\A\s*[A-Za-z_./][\w./\-]*\s*\Z")


class WordReader:
    """A place in a text, the words that follow it, and the commands found inside them."""

    def __init__(self, text: str, depth: int) -> None:
        self.text = text
        self.at = 0
        self.depth = depth
        self.commands: list[Simple] = []

    def read_commands(self, closing: str) -> None:
        """Read the commands from here up to `closing`, in this text."""
        raise NotImplementedError

    def read_script(self, text: str) -> None:
        """Read the commands of another text."""
        raise NotImplementedError

    def word(self) -> Word:
        """The word that begins here; an empty one where none does."""
        start = self.at
        parts: list[Part] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in " \t\r\n;|&":
                break
            if char in "<>":
                if not self.text.startswith("(", self.at + 1):
                    break
                self.at += 2
                self.read_commands(")")
                parts.append(Part(Kind.OPEN, ""))
            elif char in "()":
                break
            elif char == "\\":
                if self.text.startswith("\n", self.at + 1):
                    self.at += 2
                    continue
                parts.append(Part(Kind.TEXT, self.text[self.at + 1 : self.at + 2], True))
                self.at += 2
            elif char == "'":
                parts.append(Part(Kind.TEXT, self._until("'"), True))
            elif char == '"':
                self.at += 1
                self._double_quoted(parts)
            elif char in "$`":
                self._dollar_or_tick(parts, quoted=False)
            else:
                parts.append(Part(Kind.TEXT, char))
                self.at += 1
        if self.at > len(self.text):
            raise ShellError("the command ends in a lone backslash")
        return Word(joined(parts), self.text[start : self.at].replace("\\\n", ""))

    def read_substitutions(self, text: str) -> None:
        """The commands inside text that the shell expands like a quoted string."""
        inner = self._inside(text)
        while inner.at < len(text):
            char = text[inner.at]
            if char == "\\":
                inner.at += 2
            elif char in "$`":
                inner._dollar_or_tick([], quoted=True)
            else:
                inner.at += 1
        self.commands.extend(inner.commands)

    def read_arithmetic(self, text: str) -> None:
        """`text` stood in `((…))`. bash works it out; a plain `sh` runs it as a command, so what can be read as one is
        read as one too."""
        self.read_substitutions(text)
        if _NAMES_SIDE_BY_SIDE.search(text):
            self.read_script(text)

    def arithmetic_end(self, at: int) -> int:
        """Where the `))` stands that closes the `((` whose inside begins at `at`; -1 when it is no arithmetic."""
        open_ones = 1
        while at < len(self.text):
            char = self.text[at]
            if char == "\\":
                at += 1
            elif char in "'\"":
                at = self.text.find(char, at + 1)
                if at < 0:
                    return -1
            elif char == "(":
                open_ones += 1
            elif char == ")":
                open_ones -= 1
                if open_ones == 0:
                    return at if self.text.startswith(")", at + 1) else -1
            at += 1
        return -1

    def _inside(self, text: str) -> WordReader:
        return type(self)(text, self.depth + 1)

    def _until(self, quote: str) -> str:
        end = self.text.find(quote, self.at + 1)
        if end < 0:
            raise ShellError(f"a {quote} is missing")
        text = self.text[self.at + 1 : end]
        self.at = end + 1
        return text

    def _escaped_until(self, quote: str) -> str:
        """The same where a backslash keeps the next character from ending it."""
        end = self.at + 1
        while end < len(self.text) and self.text[end] != quote:
            end += 2 if self.text[end] == "\\" else 1
        if end >= len(self.text):
            raise ShellError(f"a {quote} is missing")
        text = self.text[self.at + 1 : end]
        self.at = end + 1
        return text

    def _double_quoted(self, parts: list[Part]) -> None:
        parts.append(Part(Kind.TEXT, "", True))
        while True:
            if self.at >= len(self.text):
                raise ShellError('a " is missing')
            char = self.text[self.at]
            if char == '"':
                self.at += 1
                return
            if char == "\\" and self.text[self.at + 1 : self.at + 2] in ('"', "\\", "$", "`", "\n"):
                escaped = self.text[self.at + 1]
                parts.append(Part(Kind.TEXT, "" if escaped == "\n" else escaped, True))
                self.at += 2
            elif char in "$`":
                self._dollar_or_tick(parts, quoted=True)
            else:
                parts.append(Part(Kind.TEXT, char, True))
                self.at += 1

    def _dollar_or_tick(self, parts: list[Part], *, quoted: bool) -> None:
        if self.text[self.at] == "`":
            self.read_script(re.sub(r"\\([`\\$\"])" if quoted else r"\\([`\\$])", r"\1", self._escaped_until("`")))
            parts.append(Part(Kind.OPEN, "", quoted))
            return
        following = self.text[self.at + 1 : self.at + 2]
        if following == "(":
            end = self.arithmetic_end(self.at + 3) if self.text.startswith("$((", self.at) else -1
            if end >= 0:
                self.read_substitutions(self.text[self.at + 3 : end])
                self.at = end + 2
            else:
                self.at += 2
                self.read_commands(")")
            parts.append(Part(Kind.OPEN, "", quoted))
        elif following == "{":
            self._braced(parts, quoted=quoted)
        elif following == "'" and not quoted:
            self.at += 1
            parts.append(Part(Kind.TEXT, _unescaped(self._escaped_until("'")), True))
        elif following in NAME and following:
            end = self.at + 1
            while end < len(self.text) and self.text[end] in NAME:
                end += 1
            parts.append(Part(Kind.VARIABLE, self.text[self.at + 1 : end], quoted))
            self.at = end
        elif following and following in "?!#@*-$":
            parts.append(Part(Kind.OPEN, "", quoted))
            self.at += 2
        else:
            parts.append(Part(Kind.TEXT, "$", quoted))
            self.at += 1

    def _braced(self, parts: list[Part], *, quoted: bool) -> None:
        """`${…}`, with whatever is quoted or substituted inside."""
        self.at += 2
        start = self.at
        while True:
            if self.at >= len(self.text):
                raise ShellError("a } is missing")
            char = self.text[self.at]
            if char == "}":
                break
            if char == "\\":
                self.at += 2
            elif char == "'" and not quoted:
                self._until("'")
            elif char == '"':
                self.at += 1
                self._double_quoted([])
            elif char in "$`":
                self._dollar_or_tick([], quoted=quoted)
            else:
                self.at += 1
        name = self.text[start : self.at]
        self.at += 1
        simple = bool(name) and set(name) <= NAME
        parts.append(Part(Kind.VARIABLE if simple else Kind.OPEN, name if simple else "", quoted))


def _unescaped(text: str) -> str:
    """The inside of `$'…'` as bash reads it. What no text can hold becomes U+FFFD."""

    def one(match: re.Match[str]) -> str:
        octal, hexa, short, long, control, other = match.groups()
        if octal:
            return chr(int(octal, 8) & 0xFF)
        code = hexa or short or long
        if code:
            return chr(int(code, 16)) if int(code, 16) < 0x110000 else "\ufffd"
        if control:
            return chr(ord(control.upper()) & 0x1F)
        return _ESCAPES.get(other, other if other in "\\'\"?" else f"\\{other}")

    return _ANSI.sub(one, text)
