"""The small shell: carries out what `language` reads, without a single process."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from fnmatch import fnmatchcase

from tests.support.small_shell.files import Files, Writer
from tests.support.small_shell.language import (
    Choice,
    Each,
    Group,
    Loop,
    Node,
    NotSpoken,
    Pipeline,
    Redirection,
    Simple,
    Word,
    parse,
)
from tests.support.small_shell.language import (
    Sequence as Steps,
)
from tests.support.small_shell.programs import PROGRAMS, Output

_VARIABLE = re.compile(r"\$(?:(?P<name>[A-Za-z_]\w*|[?$#@0-9])|\((?P<command>.*)\)$)", re.DOTALL)
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=")
_SPECIAL = ("exit", "set", "export", "unset", "sh", "read", "command")


class Exit(Exception):
    """The shell ends with that status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Shell:
    """One command's world. `tick` is called wherever time passes, `wait` for a sleep, `hold` with the bytes that a
    program keeps in memory; each ends the command by an exception of its owner when a limit is reached."""

    pid = "7"

    def __init__(
        self,
        files: Files,
        variables: dict[str, str],
        err: Callable[[bytes], None],
        *,
        processors: int,
        tick: Callable[[], None],
        wait: Callable[[float], None],
        hold: Callable[[int], None],
    ) -> None:
        self.files = files
        self.exported = dict(variables)
        self.err = err
        self.processors = processors
        self.tick = tick
        self.wait = wait
        self.hold = hold
        self._variables = dict(variables)
        self._arguments: list[str] = ["sh"]
        self._status = 0

    def run(self, command: str, given: Iterator[bytes]) -> Output:
        """What the command prints on its standard output; returns its exit status."""
        try:
            return (yield from self._run(parse(command), given))
        except Exit as end:
            return end.status

    def die(self, number: int) -> None:
        raise Exit(128 + number)

    def knows(self, name: str) -> bool:
        """Whether there is a program of that name."""
        return name in PROGRAMS or name in _SPECIAL or self._script(name) is not None or self._of_system(name) != name

    def call(self, words: Sequence[str], given: Iterator[bytes]) -> Output:
        """Run one program; what it cannot do with a file is said as a program says it."""
        name, arguments = words[0], words[1:]
        self.tick()
        if "/" not in name and (script := self._script(name)) is not None:
            return (yield from self._interpret(script, arguments, given))
        name = self._of_system(name)
        if name in _SPECIAL:
            return (yield from self._special(name, arguments, given))
        if name in PROGRAMS:
            try:
                return (yield from PROGRAMS[name](self, arguments, given))
            except OSError as error:
                self.err(os.fsencode(f"{name}: {error.filename or 'write error'}: {error.strerror}\n"))
                return 1
        if (script := self._script(name)) is not None:
            return (yield from self._interpret(script, arguments, given))
        self.err(os.fsencode(f"sh: 1: {name}: not found\n"))
        return 127

    # -- programs

    @staticmethod
    def _of_system(name: str) -> str:
        folder, _, last = name.rpartition("/")
        return last if folder in ("/bin", "/usr/bin") else name

    def _script(self, name: str) -> str | None:
        """The path inside of a shell script of that name."""
        folders = [""] if "/" in name else [f"{part}/" for part in self._variables.get("PATH", "").split(":")]
        for folder in folders:
            path = self.files.absolute(folder + name)
            if path.startswith(("/usr/bin/", "/bin/")):
                return None
            if self.files.exists(path) and not self.files.is_folder(path) and os.access(self.files.host(path), os.X_OK):
                return path
        return None

    def _interpret(self, path: str, arguments: Sequence[str], given: Iterator[bytes]) -> Output:
        text = b"".join(self.files.read(path)).decode()
        if not text.startswith("#!/bin/sh\n"):
            raise NotSpoken(f"{path} is no shell script")
        return (yield from self._inner([path, *arguments]).run(text, given))

    def _inner(self, arguments: list[str]) -> Shell:
        inner = Shell(
            self.files,
            self.exported,
            self.err,
            processors=self.processors,
            tick=self.tick,
            wait=self.wait,
            hold=self.hold,
        )
        inner._arguments = arguments
        return inner

    def _special(self, name: str, words: Sequence[str], given: Iterator[bytes]) -> Output:
        yield b""
        if name == "exit":
            raise Exit(int(words[0]) if words else self._status)
        if name == "sh":
            if words[:1] != ["-c"]:
                raise NotSpoken("sh without -c")
            return (yield from self._inner([*(words[2:] or ["sh"])]).run(words[1], given))
        if name == "set" and words[:1] == ["--"]:
            self._arguments[1:] = words[1:]
            return 0
        if name == "export":
            for word in words:
                key, equals, value = word.partition("=")
                self.exported[key] = self._variables[key] = value if equals else self._variables.get(key, "")
            return 0
        if name == "unset":
            for word in words:
                self.exported.pop(word, None)
                self._variables.pop(word, None)
            return 0
        if name == "command" and words[:1] == ["-v"]:
            return int(not self.knows(words[1]))
        raise NotSpoken(" ".join([name, *words]))

    # -- carrying out

    def _run(self, node: Node, given: Iterator[bytes]) -> Output:
        self.tick()
        match node:
            case Steps(steps):
                for how, step in steps:
                    if how == ";" or (how == "&&") == (self._status == 0):
                        self._status = yield from self._run(step, given)
                return self._status if steps else 0
            case Pipeline(stages, negated):
                status = yield from self._piped(stages, given)
                return int(status == 0) if negated else status
        return (yield from self._redirected(node, given))

    def _piped(self, stages: Sequence[Node], given: Iterator[bytes]) -> Output:
        *before, last = stages
        source = given
        started = []
        for stage in before:
            made = self._apart(stage, source)
            started.append(made)
            source = made
        status = yield from (self._apart(last, source) if before else self._run(last, source))
        for made in reversed(started):
            # Its reader is gone: as with a real pipe it works up to the next thing that it prints.
            next(made, None)
            made.close()
        return status

    def _apart(self, node: Node, given: Iterator[bytes]) -> Output:
        kept = dict(self._variables), self.files.folder
        try:
            return (yield from self._run(node, given))
        except Exit as end:
            return end.status
        finally:
            self._variables, self.files.folder = kept

    def _redirected(self, node: Node, given: Iterator[bytes]) -> Output:
        redirections = node.redirections if not isinstance(node, Steps | Pipeline) else ()
        err, opened, out = self.err, list[Writer](), None
        pending: list[bytes] = []
        try:
            for each in redirections:
                if each.copy is not None:
                    if (each.descriptor, each.copy) == (1, 2):
                        out = self.err
                    elif (each.descriptor, each.copy) == (2, 1):
                        self.err = out or pending.append
                    continue
                sink = self._opened(each, opened)
                if each.descriptor == 0:
                    given = self.files.read(self._path(each))
                elif each.descriptor == 1:
                    out = sink
                else:
                    self.err = sink
        except OSError as error:
            self.err = err
            self.err(os.fsencode(f"sh: 1: cannot open {error.filename}: {error.strerror}\n"))
            return 2
        try:
            with closing(self._bare(node, given)) as made:
                while True:
                    try:
                        data = next(made)
                    except StopIteration as end:
                        return int(end.value)
                    finally:
                        while pending:
                            yield pending.pop(0)
                    self.tick()
                    if out is not None:
                        out(data)
                    else:
                        yield data
        except OSError as error:
            self.err = err
            self.err(os.fsencode(f"sh: write error: {error.strerror}\n"))
            return 1
        finally:
            self.err = err
            for writer in opened:
                writer.close()

    def _opened(self, each: Redirection, opened: list[Writer]) -> Callable[[bytes], None]:
        if each.descriptor == 0:
            return lambda _: None
        opened.append(self.files.writer(self._path(each), append=each.how == ">>"))
        return opened[-1].write

    def _path(self, each: Redirection) -> str:
        return " ".join(self._expanded(each.target))

    def _bare(self, node: Node, given: Iterator[bytes]) -> Output:
        match node:
            case Simple(words):
                return (yield from self._simple(words, given))
            case Group(body, apart):
                return (yield from (self._apart(body, given) if apart else self._run(body, given)))
            case Loop(condition, until, body):
                status = 0
                while True:
                    met = (yield from self._run(condition, given)) == 0
                    if met is until:
                        return status
                    status = yield from self._run(body, given)
            case Each(name, words, body):
                status = 0
                for value in (field for word in words for field in self._expanded(word)):
                    self._variables[name] = value
                    status = yield from self._run(body, given)
                return status
            case Choice(condition, then, otherwise):
                if (yield from self._run(condition, given)) == 0:
                    return (yield from self._run(then, given))
                return (yield from self._run(otherwise, given)) if otherwise else 0
        raise NotSpoken(str(node))

    def _simple(self, words: Sequence[Word], given: Iterator[bytes]) -> Output:
        left = list(words)
        assigned: dict[str, str] = {}
        while left and not left[0][0].quoted and (found := _ASSIGNMENT.match(left[0][0].raw)):
            assigned[found[1]] = " ".join(self._expanded(left.pop(0)))[found.end() :]
        fields = [field for word in left for field in self._expanded(word)]
        if not fields:
            self._variables.update(assigned)
            self.exported.update({name: value for name, value in assigned.items() if name in self.exported})
            yield b""
            return 0
        if assigned:
            inner = self._inner(self._arguments)
            inner.exported.update(assigned)
            inner._variables = {**self._variables, **assigned}
            return (yield from inner.call(fields, given))
        return (yield from self.call(fields, given))

    # -- words

    def _expanded(self, word: Word) -> list[str]:
        fields, present = [""], any(part.quoted for part in word)
        for number, part in enumerate(word):
            if not part.expands:
                fields[-1] += part.raw
                continue
            raw = part.raw
            if number == 0 and not part.quoted and (raw == "~" or raw.startswith("~/")):
                raw = self._variables.get("HOME", "") + raw[1:]
            text = _VARIABLE.sub(self._value, raw)
            if part.quoted:
                fields[-1] += re.sub(r'\\(["\\$])', r"\1", text)
            elif text == raw:
                fields[-1] += text
            else:
                first, *more = re.split(r"\s+", text.strip())
                fields[-1] += first
                fields += more
        if len(fields) == 1 and not fields[0] and not present:
            return []
        return [name for field in fields for name in self._globbed(field, word)]

    def _globbed(self, field: str, word: Word) -> list[str]:
        if any(part.quoted for part in word) or not any(letter in field for letter in "*?"):
            return [field]
        folder, _, pattern = field.rpartition("/")
        if any(letter in folder for letter in "*?"):
            raise NotSpoken(f"the pattern {field}")
        found = [name for name in self.files.names(folder or ".") if fnmatchcase(name, pattern) and name[0] != "."]
        return [f"{folder}/{name}" if folder else name for name in found] or [field]

    def _value(self, found: re.Match[str]) -> str:
        name = found["name"]
        if name is None:
            printed = b"".join(self._apart(parse(found["command"]), iter(())))
            return os.fsdecode(printed).rstrip("\n")
        if name.isdecimal():
            return self._arguments[int(name)] if int(name) < len(self._arguments) else ""
        special = {"?": str(self._status), "$": self.pid, "#": str(len(self._arguments) - 1)}
        special["@"] = " ".join(self._arguments[1:])
        return special.get(name, self._variables.get(name, ""))
