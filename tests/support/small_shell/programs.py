"""The programs of the small shell: each a generator of what it prints, which returns its exit status."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING

from tests.support.small_shell.language import NotSpoken

if TYPE_CHECKING:
    from tests.support.small_shell.shell import Shell

Output = Generator[bytes, None, int]
Program = Callable[["Shell", Sequence[str], Iterator[bytes]], Output]
_UNITS = {"K": 1024, "M": 1024**2, "G": 1024**3}


def _echo(shell: Shell, words: Sequence[str], _: Iterator[bytes]) -> Output:
    plain = bool(words) and words[0] == "-n"
    yield os.fsencode(" ".join(words[plain:])) + (b"" if plain else b"\n")
    return 0


def _printf(shell: Shell, words: Sequence[str], _: Iterator[bytes]) -> Output:
    form, rest = words[0].replace("\\n", "\n").replace("\\t", "\t"), list(words[1:])
    while True:
        line = form
        while "%s" in line or "%d" in line:
            at = min(place for place in (line.find("%s"), line.find("%d")) if place >= 0)
            line = line[:at] + (rest.pop(0) if rest else "") + line[at + 2 :]
        yield os.fsencode(line)
        if not rest or line == form:
            return 0


def _cat(shell: Shell, words: Sequence[str], given: Iterator[bytes]) -> Output:
    for name in words or ["-"]:
        yield from given if name == "-" else shell.files.read(name)
    return 0


def _true(shell: Shell, words: Sequence[str], _: Iterator[bytes]) -> Output:
    yield b""
    return 0


def _false(shell: Shell, words: Sequence[str], _: Iterator[bytes]) -> Output:
    yield b""
    return 1


def _touch(shell: Shell, words: Sequence[str], _: Iterator[bytes]) -> Output:
    yield b""
    for name in words:
        shell.files.writer(name, append=True).close()
    return 0


def _mkdir(shell: Shell, words: Sequence[str], _: Iterator[bytes]) -> Output:
    yield b""
    for name in words:
        if name != "-p":
            shell.files.change(name).mkdir(parents="-p" in words, exist_ok="-p" in words)
    return 0


def _rmdir(shell: Shell, words: Sequence[str], _: Iterator[bytes]) -> Output:
    yield b""
    for name in words:
        shell.files.change(name).rmdir()
    return 0


def _rm(shell: Shell, words: Sequence[str], _: Iterator[bytes]) -> Output:
    yield b""
    flags = "".join(word for word in words if word.startswith("-"))
    for name in (word for word in words if not word.startswith("-")):
        found = shell.files.change(name)
        if "r" in flags and found.is_dir() and not found.is_symlink():
            shutil.rmtree(found)
        else:
            found.unlink(missing_ok="f" in flags)
    return 0


def _mv(shell: Shell, words: Sequence[str], _: Iterator[bytes]) -> Output:
    yield b""
    source, target = words
    shell.files.change(source).rename(shell.files.change(target))
    return 0


def _ln(shell: Shell, words: Sequence[str], _: Iterator[bytes]) -> Output:
    yield b""
    flag, target, name = words
    if flag != "-s":
        raise NotSpoken("ln without -s")
    shell.files.change(name).symlink_to(target)
    return 0


def _chmod(shell: Shell, words: Sequence[str], _: Iterator[bytes]) -> Output:
    yield b""
    for name in words[1:]:
        shell.files.change(name).chmod(int(words[0], 8))
    return 0


def _ls(shell: Shell, words: Sequence[str], _: Iterator[bytes]) -> Output:
    for number, folder in enumerate(sorted(words) or ["."]):
        names = shell.files.names(folder)
        if len(words) > 1:
            yield b"\n" * bool(number) + os.fsencode(folder) + b":\n"
        yield b"".join(os.fsencode(name) + b"\n" for name in names if not name.startswith("."))
    return 0


def _pwd(shell: Shell, words: Sequence[str], _: Iterator[bytes]) -> Output:
    yield os.fsencode(shell.files.folder) + b"\n"
    return 0


def _cd(shell: Shell, words: Sequence[str], _: Iterator[bytes]) -> Output:
    yield b""
    if not shell.files.is_folder(words[0]):
        raise NotADirectoryError(20, "Not a directory", words[0])
    shell.files.folder = shell.files.absolute(words[0])
    return 0


def _env(shell: Shell, words: Sequence[str], given: Iterator[bytes]) -> Output:
    if not words:
        yield b"".join(os.fsencode(f"{name}={value}\n") for name, value in sorted(shell.exported.items()))
        return 0
    if not shell.knows(words[0]):
        yield b""
        shell.err(os.fsencode(f"env: '{words[0]}': No such file or directory\n"))
        return 127
    return (yield from shell.call(words, given))


def _sleep(shell: Shell, words: Sequence[str], _: Iterator[bytes]) -> Output:
    yield b""
    shell.wait(float(words[0]))
    return 0


def _kill(shell: Shell, words: Sequence[str], _: Iterator[bytes]) -> Output:
    yield b""
    if words[1:] != [shell.pid]:
        raise NotSpoken("killing other processes")
    name = words[0].lstrip("-")
    shell.die(int(name) if name.isdecimal() else signal.Signals[f"SIG{name}"])
    return 0


def _yes(shell: Shell, words: Sequence[str], _: Iterator[bytes]) -> Output:
    line = os.fsencode(" ".join(words) or "y") + b"\n"
    while True:
        yield line * (64 * 1024 // len(line))


def _head(shell: Shell, words: Sequence[str], given: Iterator[bytes]) -> Output:
    (kind, amount), source = _ends(shell, words, given)
    for data in source:
        found = data
        if kind == "lines":
            found = b"".join(data.splitlines(keepends=True)[:amount])
            amount -= found.count(b"\n")
        else:
            found = data[:amount]
            amount -= len(found)
        yield found
        if amount <= 0:
            break
    return 0


def _tail(shell: Shell, words: Sequence[str], given: Iterator[bytes]) -> Output:
    (kind, amount), source = _ends(shell, words, given)
    held, size = [b""], 0
    for data in source:
        held.append(data)
        size += len(data)
        shell.hold(size)
    everything = b"".join(held)
    yield b"".join(everything.splitlines(keepends=True)[-amount:]) if kind == "lines" else everything[-amount:]
    return 0


def _ends(shell: Shell, words: Sequence[str], given: Iterator[bytes]) -> tuple[tuple[str, int], Iterator[bytes]]:
    what, rest = ("lines", 10), list(words)
    if rest and rest[0] in ("-c", "-n"):
        number = rest[1]
        factor = _UNITS.get(number[-1], 1)
        what = ("bytes" if rest[0] == "-c" else "lines", int(number.rstrip("KMG")) * factor)
        rest = rest[2:]
    return what, shell.files.read(rest[0]) if rest else given


def _wc(shell: Shell, words: Sequence[str], given: Iterator[bytes]) -> Output:
    wanted, names = words[0], words[1:]
    source = shell.files.read(names[0]) if names else given
    count = sum(data.count(b"\n") if wanted == "-l" else len(data) for data in source)
    yield f"{count}{' ' if names else ''}{' '.join(names)}\n".encode()
    return 0


def _test(shell: Shell, words: Sequence[str], _: Iterator[bytes]) -> Output:
    yield b""
    said = list(words[:-1] if words and words[-1] == "]" else words)
    negated = said[:1] == ["!"]
    said = said[negated:]
    answer: bool
    if len(said) == 2 and said[0] in _LOOKS:
        answer = _LOOKS[said[0]](shell, said[1])
    elif len(said) == 3 and said[1] in _COMPARED:
        answer = _COMPARED[said[1]](said[0], said[2])
    elif len(said) == 1:
        answer = bool(said[0])
    else:
        raise NotSpoken(f"test {' '.join(words)}")
    return int(answer is negated)


_LOOKS: dict[str, Callable[[Shell, str], bool]] = {
    "-e": lambda shell, path: shell.files.exists(path),
    "-f": lambda shell, path: shell.files.exists(path) and not shell.files.is_folder(path),
    "-d": lambda shell, path: shell.files.is_folder(path),
    "-s": lambda shell, path: shell.files.exists(path) and shell.files.host(path).stat().st_size > 0,
    "-n": lambda _, text: bool(text),
    "-z": lambda _, text: not text,
}
_COMPARED: dict[str, Callable[[str, str], bool]] = {
    "=": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "-eq": lambda one, other: int(one) == int(other),
    "-lt": lambda one, other: int(one) < int(other),
    "-gt": lambda one, other: int(one) > int(other),
}


def _nproc(shell: Shell, words: Sequence[str], _: Iterator[bytes]) -> Output:
    yield f"{shell.processors}\n".encode()
    return 0


def _trap(shell: Shell, words: Sequence[str], _: Iterator[bytes]) -> Output:
    # Nothing here is ended by a signal that could be trapped.
    yield b""
    return 0


PROGRAMS: dict[str, Program] = {
    "echo": _echo,
    "printf": _printf,
    "cat": _cat,
    "true": _true,
    ":": _true,
    "false": _false,
    "touch": _touch,
    "mkdir": _mkdir,
    "rmdir": _rmdir,
    "rm": _rm,
    "mv": _mv,
    "ln": _ln,
    "chmod": _chmod,
    "ls": _ls,
    "pwd": _pwd,
    "cd": _cd,
    "env": _env,
    "sleep": _sleep,
    "kill": _kill,
    "yes": _yes,
    "head": _head,
    "tail": _tail,
    "wc": _wc,
    "test": _test,
    "[": _test,
    "nproc": _nproc,
    "trap": _trap,
}
