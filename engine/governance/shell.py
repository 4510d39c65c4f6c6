"""Reads a shell command into the simple commands it would run, without running anything.

The grammar is POSIX plus the parts of bash that people type. What it cannot be sure of it says (`ShellError`, or a word
that is `open`), and the gate then asks a person: a guess would be worth nothing here. Where `sh` and bash read the same
text differently (`[[`, `((`), the commands of both readings are given.
"""

from __future__ import annotations

import re
from collections import Counter

from engine.governance.shell_values import Kind, Part, Redirect, ShellError, Simple, Word, after_equals
from engine.governance.shell_words import NAME, WordReader

MAX_DEPTH = 12
MAX_LENGTH = 65_536

# What a reserved word opens (+) or closes (-).
_OPENING = {"if": "fi", "while": "done", "until": "done", "for": "done", "select": "done", "{": "}"}
_CLOSING = frozenset(_OPENING.values())
_RESERVED = _OPENING.keys() | _CLOSING | {"then", "elif", "else", "do", "!", "esac", "time", "coproc"}
_OPERATORS = ("&&", "||", ";;&", ";;", ";&", "|&", ";", "&", "|", "\n", "(", ")")
_REDIRECTS = ("<<<", "<<-", "<<", "&>>", "&>", ">>", ">&", ">|", "<&", "<>", ">", "<")
_SPACE = " \t\r"
_DESCRIPTOR = re.compile(r"[0-9]+|\{[A-Za-z_][A-Za-z0-9_]*\}(?=[<>])")
_COPROC_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\s+(?=[{(]|(?:while|until|for|if|case|select)\s|\[\[|\(\()")
_TIME_OPTIONS = re.compile(r"(?:-p|--)(?=\s)")
_COMPARES = re.compile(r"[=!<>]=?|=~|-(?:eq|ne|lt|le|gt|ge|nt|ot|ef)|\]\]")


def parse(text: str) -> list[Simple]:
    """All simple commands of the text in the order in which they stand, those inside `$(…)`, subshells, loops and here
    documents included. Raises ShellError."""
    if len(text) > MAX_LENGTH:
        raise ShellError("the command is too long to be looked at")
    if "\0" in text:
        raise ShellError("the command holds a NUL character")
    reader = _Reader(text, 0)
    reader.script("")
    return reader.commands


class _Reader(WordReader):
    def __init__(self, text: str, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise ShellError("the command is nested too deeply to be looked at")
        super().__init__(text, depth)
        self._heredocs: list[tuple[Simple, str, bool, bool]] = []
        self._cases = 0
        self._open: Counter[str] = Counter()
        self._stood = False
        """Whether anything stands here since the last operator."""
        self._wants = ""
        """The operator before, while it still wants a command behind it."""

    def read_commands(self, closing: str) -> None:
        self._nested(closing)

    def read_script(self, text: str) -> None:
        inner = _Reader(text, self.depth + 1)
        inner.script("")
        self.commands.extend(inner.commands)

    def script(self, closing: str) -> None:
        """Read commands up to `closing` (a `)`) or the end."""
        current = Simple()
        while True:
            self._skip_space()
            ended = self.at >= len(self.text)
            if ended or (closing and self.text[self.at] == closing):
                if ended and closing:
                    raise ShellError(f"a {closing} is missing")
                self._finish(current)
                if ended:
                    self._read_heredocs()
                else:
                    self.at += 1
                return
            redirect = self._redirect_operator()
            if redirect:
                self._stood = True
                self._read_redirect(current, redirect)
                continue
            operator = self._operator()
            if operator:
                self.at += len(operator)
                current = self._read_operator(current, operator)
                continue
            self._stood = True
            self._read_word(current)

    def _finish(self, current: Simple) -> None:
        self._emit(current)
        if self._wants and not self._stood:
            raise ShellError(f"nothing stands behind the {self._wants}")
        if self._cases:
            raise ShellError("an esac is missing")
        for word, count in self._open.items():
            if count:
                raise ShellError(f"a {word} is missing" if count > 0 else f"a {word} closes nothing")

    def _read_operator(self, current: Simple, operator: str) -> Simple:
        """What an operator does; the simple command that is read from here on."""
        if operator == "(":
            self._stood = True
            self._open_parenthesis(current)
            return current
        if operator == ")":
            raise ShellError("a ) closes nothing")
        self._emit(current)
        if operator == "\n":
            self._read_heredocs()
        elif not self._stood and operator not in (";;", ";&", ";;&"):
            raise ShellError(f"nothing stands before the {operator}")
        if operator != "\n":
            self._wants = operator if operator in ("&&", "||", "|", "|&") else ""
        elif self._stood:
            self._wants = ""
        self._stood = False
        if operator in (";;", ";&", ";;&") and self._cases:
            self._skip_case_pattern()
        return Simple(piped=operator in ("|", "|&") or (operator == "\n" and self._wants in ("|", "|&")))

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
            end = self.arithmetic_end(self.at + 1)
            if end >= 0:
                self.read_arithmetic(self.text[self.at + 1 : end])
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
        # A here document named inside may stand behind what closes the substitution.
        self._heredocs.extend(inner._heredocs)
        if piped and inner.commands:
            inner.commands[0].piped = True
        self.commands.extend(inner.commands)

    def _skip_space(self) -> None:
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in _SPACE:
                self.at += 1
            elif char == "\\" and self.text.startswith("\n", self.at + 1):
                self.at += 2
            elif char == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            else:
                return

    def _operator(self) -> str:
        return next((op for op in _OPERATORS if self.text.startswith(op, self.at)), "")

    def _redirect_operator(self) -> str:
        """The redirection that begins here, with the number or name of its descriptor skipped."""
        descriptor = _DESCRIPTOR.match(self.text, self.at)
        at = descriptor.end() if descriptor else self.at
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
            word = self.word()
            raw = self.text[start : self.at]
            delimiter = "".join(part.text for part in word.parts)
            self._heredocs.append((current, delimiter, any(c in raw for c in "'\"\\"), operator == "<<-"))
            return
        word = self.word()
        if not word.raw:
            raise ShellError("a redirection names no file")
        if operator == "<<<":
            current.heredoc = word.literal if word.literal is not None else "$unknown"
            return
        if operator in (">&", "<&") and (word.raw.rstrip("-").isdigit() or word.raw == "-"):
            return
        current.redirects.append(Redirect(operator, word))

    def _read_heredocs(self) -> None:
        waiting, self._heredocs = self._heredocs, []
        for command, delimiter, quoted, tabs in waiting:
            lines: list[str] = []
            while self.at < len(self.text):
                line = self._line(continues=not quoted)
                if (line.lstrip("\t") if tabs else line) == delimiter:
                    break
                lines.append(line)
            command.heredoc = "\n".join(lines)
            if not quoted:
                self.read_substitutions(command.heredoc)

    def _line(self, *, continues: bool) -> str:
        """The next line; where it `continues`, a backslash at its end joins it with the one behind it."""
        line = ""
        while True:
            end = self.text.find("\n", self.at)
            end = len(self.text) if end < 0 else end
            line += self.text[self.at : end]
            self.at = min(end + 1, len(self.text))
            slashes = len(line) - len(line.rstrip("\\"))
            if not continues or slashes % 2 == 0 or end >= len(self.text):
                return line
            line = line[:-1]

    def _read_word(self, current: Simple) -> None:
        word = self.word()
        literal = word.literal
        if not word.raw:
            raise ShellError("a character stands where no shell expects it")
        if not current.words and not current.assignments and literal == word.raw and self._reserved(literal, current):
            return
        name, equals, _ = word.raw.partition("=")
        name = name.removesuffix("+").partition("[")[0]
        if not current.words and equals and name and set(name) <= NAME and not name[0].isdigit():
            if word.raw.endswith("=") and self.text.startswith("(", self.at):
                self.at += 1
                self._nested_words()
                current.assignments.append((name, Word((Part(Kind.OPEN, ""),), word.raw)))
                return
            current.assignments.append((name, after_equals(word)))
            return
        current.words.append(word)

    def _reserved(self, literal: str, current: Simple) -> bool:
        """Deal with a word that means something to the shell itself; False for every other word."""
        if literal in _OPENING:
            self._open[_OPENING[literal]] += 1
        elif literal in _CLOSING:
            self._open[literal] -= 1
        if literal in ("for", "select"):
            self._skip_space()
            if not self.text.startswith("((", self.at):
                self.commands.append(Simple(unset=self.word().raw or " "))
                self._for_list()
        elif literal == "case":
            self._case_head()
        elif literal == "esac":
            self._cases -= 1
        elif literal == "function":
            self._skip_space()
            self.word()
            self._skip_space()
            if self.text.startswith("(", self.at):
                self.at += 1
                self._closes_at_once()
        elif literal == "[[":
            self._test_command()
        elif literal in ("time", "coproc"):
            self._skip_space()
            prefix = (_TIME_OPTIONS if literal == "time" else _COPROC_NAME).match(self.text, self.at)
            self.at = prefix.end() if prefix else self.at
        elif literal not in _RESERVED:
            return False
        return True

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
                self.word()
                if self.at == before:
                    raise ShellError("a list of words cannot be read")

    def _for_list(self) -> None:
        """`in a b c` up to the end of the list; commands inside its words count."""
        self._skip_space()
        if re.compile(r"do\b").match(self.text, self.at):
            return
        while True:
            self._skip_space()
            if self.at >= len(self.text) or self._operator() or self._redirect_operator():
                return
            self.word()

    def _case_head(self) -> None:
        self._cases += 1
        self._skip_space()
        self.word()
        self._skip_space()
        while self.text.startswith("\n", self.at):
            self.at += 1
            self._skip_space()
        if self.word().raw != "in":
            raise ShellError("a case without its in")
        self._skip_case_pattern()

    def _skip_case_pattern(self) -> None:
        while True:
            self._skip_space()
            if not self.text.startswith("\n", self.at):
                break
            self.at += 1
        if re.compile(r"esac\b").match(self.text, self.at):
            self.at += 4
            self._cases -= 1
            self._stood = True
            return
        self.at += self.text.startswith("(", self.at)
        while self.at < len(self.text) and self.text[self.at] != ")":
            if self.text[self.at] in "\"'$`\\":
                self.word()
            else:
                self.at += 1
        if self.at >= len(self.text):
            raise ShellError("a case pattern has no end")
        self.at += 1

    def _test_command(self) -> None:
        """`[[ … ]]`. A plain `sh` knows no such thing: for it each `||` and `&&` inside begins a command."""
        segment = Simple()
        first = True
        while True:
            self._skip_space()
            if self.at >= len(self.text):
                raise ShellError("a ]] is missing")
            operator = self._operator()
            word = None if operator or self.text[self.at] in "<>" else self.word()
            if word is not None and word.raw:
                segment.words.append(word)
                if word.raw != "]]":
                    continue
            else:
                self.at += len(operator) or 1
                if operator in ("", "(", ")"):
                    continue
            if not first and len(segment.words) > 1 and not _COMPARES.fullmatch(segment.words[1].raw):
                verb = segment.words[0].literal
                if verb and verb[0] not in "-!":
                    self._emit(segment)
            segment = Simple()
            first = False
            if word is not None:
                return
