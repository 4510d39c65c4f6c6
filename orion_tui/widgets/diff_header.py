"""The header of one file in a git patch, said in words: renamed, made executable, binary, a link."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ESCAPES = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}
_ESCAPE = re.compile(r"\\([0-7]{1,3}|.)")

_MODES = {"100644": "plain file", "100755": "executable", "120000": "symbolic link", "160000": "nested repository"}


@dataclass(frozen=True, slots=True)
class FileHeader:
    """Paths as the repository spells them (not yet safe to draw). `status` is added, deleted, modified, renamed or
    copied; `words` are further facts, each a short phrase; `binary` when git shows no lines."""

    old_path: str
    new_path: str
    status: str
    words: tuple[str, ...] = ()
    binary: bool = False

    @property
    def path(self) -> str:
        """The path that a person knows the file by."""
        return self.new_path or self.old_path


def parse_header(lines: list[bytes]) -> FileHeader:
    """What the lines from `diff --git` to the first hunk say. Never raises: a line that is not known is passed over."""
    old, new = _paths_of_first(lines[0]) if lines else ("", "")
    status, binary = "modified", False
    words: list[str] = []
    old_mode = ""
    for line in lines[1:]:
        text = line.decode("utf-8", "surrogateescape")
        key, _, rest = text.partition(" ")
        if text.startswith("old mode "):
            old_mode = text[9:]
        elif text.startswith("new mode "):
            words.append(f"was {_mode(old_mode)}, now {_mode(text[9:])}")
        elif text.startswith("new file mode "):
            status = "added"
            words.extend(_unusual(text[14:]))
        elif text.startswith("deleted file mode "):
            status = "deleted"
            words.extend(_unusual(text[18:]))
        elif text.startswith(("rename from ", "copy from ")):
            status = "renamed" if key == "rename" else "copied"
            old = unquoted(text.split(" from ", 1)[1])
        elif text.startswith(("rename to ", "copy to ")):
            new = unquoted(text.split(" to ", 1)[1])
        elif text.startswith("similarity index "):
            words.append(f"{text[17:]} the same")
        elif text.startswith("--- "):
            old = _side(rest, old)
        elif text.startswith("+++ "):
            new = _side(rest, new)
        elif text.startswith(("Binary files ", "GIT binary patch")):
            binary = True
    if binary:
        words.append("binary, its lines are not shown")
    return FileHeader(old, new, status, tuple(words), binary)


def _mode(mode: str) -> str:
    return f"{_MODES.get(mode, 'mode')} ({mode})"


def _unusual(mode: str) -> list[str]:
    return [] if mode == "100644" else [_mode(mode)]


def _side(text: str, known: str) -> str:
    """The path on a `---` or `+++` line; git ends a name that holds a blank with a tab."""
    text = text.removesuffix("\r").removesuffix("\t")
    if text == "/dev/null":
        return known
    return _unprefixed(unquoted(text))


def _unprefixed(path: str) -> str:
    return path[2:] if path[:2] in ("a/", "b/") else path


def _paths_of_first(line: bytes) -> tuple[str, str]:
    """The two names on a `diff --git` line. Unquoted names with blanks are only clear when both sides are the same,
    which they are wherever no later line names them."""
    text = line.decode("utf-8", "surrogateescape").removeprefix("diff --git ")
    if text.startswith('"'):
        end = re.match(r'"(?:[^"\\]|\\.)*"', text)
        if end is not None:
            return _unprefixed(unquoted(end.group())), _unprefixed(unquoted(text[end.end() :].strip()))
    half = len(text) // 2
    if len(text) % 2 and text[half] == " " and text[2:half] == text[half + 3 :]:
        return _unprefixed(text[:half]), _unprefixed(text[half + 1 :])
    first, _, second = text.partition(" b/")
    return _unprefixed(first), unquoted(second)


def unquoted(text: str) -> str:
    """A path as git quotes it (`"a\\303\\244"`) spelled out; bytes that are not UTF-8 come back as surrogates."""
    if len(text) < 2 or not (text.startswith('"') and text.endswith('"')):
        return text

    def plain(found: re.Match[str]) -> str:
        code = found.group(1)
        if code[0] in "01234567":
            return chr(int(code, 8) & 0xFF)
        return chr(_ESCAPES.get(code, ord(code) & 0xFF))

    inner = text[1:-1]
    if "\\" not in inner:
        return inner
    raw = bytearray()
    last = 0
    for found in _ESCAPE.finditer(inner):
        raw += inner[last : found.start()].encode("utf-8", "surrogateescape")
        raw.append(ord(plain(found)))
        last = found.end()
    raw += inner[last:].encode("utf-8", "surrogateescape")
    return raw.decode("utf-8", "surrogateescape")
