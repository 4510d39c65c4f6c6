"""Reads a shell command into the simple commands it would run, without running anything.

The grammar is POSIX plus the parts of bash that people type. What it cannot be sure of it says (`ShellError`, or a word
that is `open`), and the gate then asks a person: a guess would be worth nothing here.
"""

from __future__ import annotations

from engine.governance.shell_values import Kind, Part, Redirect, ShellError, Simple, Word, after_equals, joined

MAX_DEPTH = 12
MAX_LENGTH = 65_536

_RESERVED = frozenset(
    ["if", "then", "elif", "else", "fi", "while", "until", "do", "done", "{", "}", "!", "esac", "time", "coproc"]
)
_OPERATORS = ("&&", "||", ";;&", ";;", ";&", "|&", ";", "&", "|", "\n", "(", ")")
_REDIRECTS = ("<<<", "<<-", "<<", "&>>", "&>", ">>", ">&", ">|", "<&", "<>", ">", "<")
_SPACE = " \t\r"
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def parse(text: str) -> list[Simple]:
    """All simple commands of the text in the order in which they stand, those inside `$(…)`, subshells, loops and here
    documents included. Raises ShellError."""
    if len(text) > MAX_LENGTH:
        raise ShellError("the command is too long to be looked at")
    if "\0" in text:
        raise ShellError("the command holds a NUL character")
    reader = _Reader(text.replace("\\\n", ""), 0)
    reader.script("")
    return reader.commands


class _Reader:
    def __init__(self, text: str, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise ShellError("the command is nested too deeply to be looked at")
        self.text = text
        self.at = 0
        self.depth = depth
        self.commands: list[Simple] = []
        self._heredocs: list[tuple[Simple, str, bool, bool]] = []
        self._cases = 0

    def script(self, closing: str) -> None:
        """Read commands up to `closing` (a `)` or a backtick) or the end."""
        current = Simple()
        piped = False
        while True:
            self._skip_space()
            if self.at >= len(self.text):
                if closing:
                    raise ShellError(f"a {closing} is missing")
                self._emit(current)
                self._read_heredocs()
                return
            if closing and self.text[self.at] == closing:
                self._emit(current)
                self.at += 1
                return
            redirect = self._redirect_operator()
            if redirect:
                self._read_redirect(current, redirect)
                continue
            operator = self._operator()
            if operator:
                self.at += len(operator)
                if operator == "(":
                    self._open_parenthesis(current)
                    continue
                self._emit(current)
                piped = operator in ("|", "|&")
                current = Simple(piped=piped)
                if operator == "\n":
                    self._read_heredocs()
                elif operator == ")":
                    raise ShellError("a ) closes nothing")
                elif operator in (";;", ";&", ";;&") and self._cases:
                    self._skip_case_pattern()
                continue
            self._read_word(current)

    def _emit(self, command: Simple) -> None:
        if command.words or command.assignments or command.redirects or command.unset:
            self.commands.append(command)

    def _open_parenthesis(self, current: Simple) -> None:
        if current.words and not current.words[1:] and self._closes_at_once():
            current.words.clear()  # `name()`: a function; its body is read like any other commands
            return
        if current.words:
            raise ShellError("a ( stands where no shell expects it")
        if self.text.startswith("(", self.at):
            end = self.text.find("))", self.at)
            if end >= 0 and "\n" not in self.text[self.at : end]:
                self._read_substitutions(self.text[self.at + 1 : end])
                self.at = end + 2
                return
        self.commands.append(Simple(enters=True, unset=" "))
        self._nested(")", piped=current.piped)
        self.commands.append(Simple(leaves=True, unset=" "))

    def _closes_at_once(self) -> bool:
        self._skip_space()
        if self.text.startswith(")", self.at):
            self.at += 1
            return True
        return False

    def _nested(self, closing: str, *, piped: bool = False) -> None:
        inner = _Reader(self.text, self.depth + 1)
        inner.at = self.at
        inner.script(closing)
        self.at = inner.at
        if piped and inner.commands:
            inner.commands[0].piped = True
        self.commands.extend(inner.commands)

    def _skip_space(self) -> None:
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in _SPACE:
                self.at += 1
            elif char == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            else:
                return

    def _operator(self) -> str:
        return next((op for op in _OPERATORS if self.text.startswith(op, self.at)), "")

    def _redirect_operator(self) -> str:
        """The redirection that begins here, with the number of its descriptor skipped."""
        at = self.at
        while at < len(self.text) and self.text[at].isdigit():
            at += 1
        found = next((op for op in _REDIRECTS if self.text.startswith(op, at)), "")
        if found and found[0] in "<>" and self.text.startswith("(", at + 1) and len(found) == 1:
            return ""  # <(…) and >(…) are words
        if found.startswith("&") and at != self.at:
            return ""
        if found:
            self.at = at
        return found

    def _read_redirect(self, current: Simple, operator: str) -> None:
        self.at += len(operator)
        self._skip_space()
        if operator in ("<<", "<<-"):
            start = self.at
            word = self._word()
            raw = self.text[start : self.at]
            delimiter = "".join(part.text for part in word.parts)
            self._heredocs.append((current, delimiter, any(c in raw for c in "'\"\\"), operator == "<<-"))
            return
        word = self._word()
        if not word.raw:
            raise ShellError("a redirection names no file")
        if operator == "<<<":
            current.heredoc = word.literal if word.literal is not None else "$unknown"
            return
        if operator in (">&", "<&") and (word.raw.isdigit() or word.raw == "-"):
            return
        current.redirects.append(Redirect(operator, word))

    def _read_heredocs(self) -> None:
        waiting, self._heredocs = self._heredocs, []
        for command, delimiter, quoted, tabs in waiting:
            lines: list[str] = []
            while self.at < len(self.text):
                end = self.text.find("\n", self.at)
                end = len(self.text) if end < 0 else end
                line = self.text[self.at : end]
                self.at = min(end + 1, len(self.text))
                if (line.lstrip("\t") if tabs else line) == delimiter:
                    break
                lines.append(line)
            command.heredoc = "\n".join(lines)
            if not quoted:
                self._read_substitutions(command.heredoc)

    def _read_substitutions(self, text: str) -> None:
        """Commands inside text that the shell expands like a quoted string."""
        inner = _Reader(text.replace('"', " "), self.depth + 1)
        while inner.at < len(inner.text):
            char = inner.text[inner.at]
            if char == "\\":
                inner.at += 2
            elif char == "`" or (char == "$" and inner.text.startswith("$(", inner.at)):
                inner._dollar_or_tick([], quoted=True)
            else:
                inner.at += 1
        self.commands.extend(inner.commands)

    def _read_word(self, current: Simple) -> None:
        word = self._word()
        literal = word.literal
        if not current.words and not current.assignments and literal == word.raw:
            if literal in _RESERVED:
                return
            if literal == "for" or literal == "select":
                self._skip_space()
                current.unset = self._word().raw
                self._emit(current)
                self._for_list(current)
                return
            if literal == "case":
                self._case_head()
                return
            if literal == "function":
                self._skip_space()
                self._word()
                self._skip_space()
                if self.text.startswith("(", self.at):
                    self.at += 1
                    self._closes_at_once()
                return
            if literal == "[[":
                self._test_command()
                return
        name, equals, _ = word.raw.partition("=")
        name = name.removesuffix("+")
        if not current.words and equals and name and set(name) <= _NAME and not name[0].isdigit():
            if word.raw.endswith("=") and self.text.startswith("(", self.at):
                self.at += 1
                self._nested_words()
                current.assignments.append((name, Word((Part(Kind.OPEN, ""),), word.raw)))
                return
            current.assignments.append((name, after_equals(word)))
            return
        current.words.append(word)

    def _nested_words(self) -> None:
        """The words of `name=( … )`."""
        while True:
            self._skip_space()
            if self.at >= len(self.text):
                raise ShellError("a ) is missing")
            if self.text[self.at] == "\n":
                self.at += 1
            elif self.text[self.at] == ")":
                self.at += 1
                return
            else:
                before = self.at
                self._word()
                if self.at == before:
                    raise ShellError("a list of words cannot be read")

    def _for_list(self, current: Simple) -> None:
        """`in a b c` up to the end of the list; the words stay visible as arguments of nothing."""
        listed = Simple(unset=current.unset)
        while True:
            self._skip_space()
            if self.at >= len(self.text) or self._operator() or self._redirect_operator():
                break
            listed.words.append(self._word())
        if listed.words:
            listed.words.insert(0, Word((Part(Kind.TEXT, ":"),), ":"))
            self.commands.append(listed)
        current.unset = ""

    def _case_head(self) -> None:
        self._cases += 1
        self._skip_space()
        self._word()
        self._skip_space()
        while self.text.startswith("\n", self.at):
            self.at += 1
            self._skip_space()
        if self._word().raw != "in":
            raise ShellError("a case without its in")
        self._skip_case_pattern()

    def _skip_case_pattern(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in " \t\r\n":
            self.at += 1
        if self.text.startswith("esac", self.at):
            self._cases -= 1
            return
        while self.at < len(self.text) and self.text[self.at] != ")":
            if self.text[self.at] in "\"'$`\\":
                self._word()
            else:
                self.at += 1
        if self.at >= len(self.text):
            raise ShellError("a case pattern has no end")
        self.at += 1

    def _test_command(self) -> None:
        end = self.text.find("]]", self.at)
        if end < 0:
            raise ShellError("a ]] is missing")
        self._read_substitutions(self.text[self.at : end])
        self.at = end + 2

    def _word(self) -> Word:
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
                self._nested(")")
                parts.append(Part(Kind.OPEN, ""))
            elif char in "()":
                break
            elif char == "\\":
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
        return Word(joined(parts), self.text[start : self.at])

    def _until(self, quote: str) -> str:
        end = self.text.find(quote, self.at + 1)
        if end < 0:
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
            if char == "\\" and self.text[self.at + 1 : self.at + 2] in ('"', "\\", "$", "`"):
                parts.append(Part(Kind.TEXT, self.text[self.at + 1], True))
                self.at += 2
            elif char in "$`":
                self._dollar_or_tick(parts, quoted=True)
            else:
                parts.append(Part(Kind.TEXT, char, True))
                self.at += 1

    def _dollar_or_tick(self, parts: list[Part], *, quoted: bool) -> None:
        if self.text[self.at] == "`":
            body = self._until("`").replace("\\`", "`")
            inner = _Reader(body, self.depth + 1)
            inner.script("")
            self.commands.extend(inner.commands)
            parts.append(Part(Kind.OPEN, "", quoted))
            return
        following = self.text[self.at + 1 : self.at + 2]
        if self.text.startswith("$((", self.at) and (end := self.text.find("))", self.at)) >= 0:
            self._read_substitutions(self.text[self.at + 3 : end])
            self.at = end + 2
            parts.append(Part(Kind.OPEN, "", quoted))
        elif following == "(":
            self.at += 2
            self._nested(")")
            parts.append(Part(Kind.OPEN, "", quoted))
        elif following == "{":
            end = self.text.find("}", self.at)
            if end < 0:
                raise ShellError("a } is missing")
            name = self.text[self.at + 2 : end]
            self._read_substitutions(name)
            self.at = end + 1
            simple = bool(name) and set(name) <= _NAME
            parts.append(Part(Kind.VARIABLE if simple else Kind.OPEN, name if simple else "", quoted))
        elif following == "'" and not quoted:
            self.at += 1
            body = self._until("'")
            parts.append(Part(Kind.OPEN, "") if "\\" in body else Part(Kind.TEXT, body, True))
        elif following in _NAME and following:
            end = self.at + 1
            while end < len(self.text) and self.text[end] in _NAME:
                end += 1
            name = self.text[self.at + 1 : end]
            parts.append(Part(Kind.VARIABLE, name, quoted))
            self.at = end
        elif following and following in "?!#@*-$":
            parts.append(Part(Kind.OPEN, "", quoted))
            self.at += 2
        else:
            parts.append(Part(Kind.TEXT, "$", quoted))
            self.at += 1
