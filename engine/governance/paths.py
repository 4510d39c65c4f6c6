"""How a path reads to the least careful file system that it may be checked out on."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

WORKSPACE = "/workspace"

_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])(?:[ .].*)?"
)
_NO_NAME_ON_WINDOWS = frozenset('<>:"|')
_PATTERN = frozenset("?*")
_UNSEEN = frozenset({"Cf", "Cc", "Cs", "Zl", "Zp"})

_SHORT_GIT = re.compile(r"(?:git|gi[0-9a-f]{4})~[0-9]+")
_FINAL_SPACE = " ."
_HIDDEN = frozenset({"Cf", "Cc", "Cs", "Co", "Cn", "Mn"})


@lru_cache(maxsize=65536)
def plain(path: str) -> str:
    """The path as macOS or Windows might read it: `/` for `\\`, NFKC, without zero-width and control characters,
    without case, without the trailing dots and spaces and stream names that NTFS drops; `git~1` becomes `.git`."""
    text = path.replace("\\", "/")
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFKC", text)
        text = "".join(c for c in text if c.isascii() or unicodedata.category(c) not in _HIDDEN)
        text = "".join(c for c in text if c.isprintable())
    text = text.casefold()
    if "~" in text or ":" in text or "." in text or " " in text:
        text = "/".join(_component(part) for part in text.split("/"))
    return text


def _component(name: str) -> str:
    if name in ("", ".", ".."):
        return name
    name = name.split(":", 1)[0].rstrip(_FINAL_SPACE) or name
    return ".git" if _SHORT_GIT.fullmatch(name) else name


def unfit(path: str, *, pattern: bool = True) -> str:
    """Why a new file of this name cannot stand on every system that people check out on, empty when it can. `pattern`:
    a `*` may stand for something else."""
    for part in path.split("/"):
        if part in ("", ".", ".."):
            continue
        if _DEVICE.fullmatch(part.casefold()):
            return f"Windows takes {part!r} for a device"
        if part[-1] in _FINAL_SPACE:
            return f"Windows drops the last character of {part!r}"
        if not _NO_NAME_ON_WINDOWS.isdisjoint(part) or (not pattern and not _PATTERN.isdisjoint(part)):
            return f"no file on Windows can be called {part!r}"
        if not part.isascii() and any(unicodedata.category(char) in _UNSEEN for char in part):
            return f"{part!a} holds a character that does not show"
    return ""


def settled(path: str) -> str:
    """The path without `.` and `//` and with each `..` taken back where it can be. What leaves the root keeps its
    leading `..`, an absolute path its `/`; the root itself is `.`."""
    absolute = path.startswith("/")
    out: list[str] = []
    for part in path.split("/"):
        if part in ("", "."):
            continue
        if part == ".." and out and out[-1] != "..":
            out.pop()
        elif part != ".." or not absolute:
            out.append(part)
    text = "/".join(out)
    return "/" + text if absolute else text or "."


def in_workspace(path: str, cwd: str = "") -> str:
    """A path of a command as seen from the workspace's root; `cwd` is where the command stands, relative to it. Paths
    elsewhere stay absolute or begin with `..`."""
    if path.startswith("~"):
        return "/home/" + path[1:].lstrip("/")
    joined = settled(path if path.startswith("/") else f"{cwd}/{path}" if cwd else path)
    if joined == WORKSPACE:
        return "."
    if joined.startswith(WORKSPACE + "/"):
        return joined[len(WORKSPACE) + 1 :]
    if joined == "..":
        return joined
    # From /workspace, one step up and back down again is the workspace still.
    if joined.startswith("../workspace/"):
        return joined[len("../workspace/") :]
    return joined
