"""Which names may enter a tree: whatever any file system that people use could read as `.git`, as another name of the
same folder or as a place outside is refused."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_DEPTH = 64
MAX_PATH_BYTES = 1024

# What HFS+ leaves out when it compares names.
_IGNORED_BY_HFS = dict.fromkeys(
    [*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF, 0x200B, 0x2060, 0x00AD]
)
_SHORT_DOT_GIT = re.compile(r"git~[0-9]+")
_GIT_FILES = frozenset({".gitmodules", ".gitattributes", ".gitignore", ".mailmap"})
_MAX_LINKS = 40


def canonical(name: str) -> str:
    """The name as the most forgiving file system reads it."""
    plain = unicodedata.normalize("NFKC", name.translate(_IGNORED_BY_HFS)).casefold()
    return plain.split(":", 1)[0].rstrip(". ")


def reads_as_git(name: str) -> bool:
    """Whether Linux, macOS or Windows could take the name for a git directory."""
    if name.isascii() and name.isalnum():
        return False
    return any(part == ".git" or _SHORT_DOT_GIT.fullmatch(part) for part in map(canonical, name.split("\\")))


def reads_as_git_file(name: str) -> bool:
    """Whether the name is that of a file git takes settings from."""
    return canonical(name) in _GIT_FILES


def folded(name: str) -> str:
    """Equal for two names that a case- or form-insensitive file system holds to be one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def refusal(name: str) -> tuple[str, str] | None:
    """The rule and the reason why a new entry of this name cannot be part of a tree, None when it can."""
    if reads_as_git(name):
        return "tree.git", "a git directory, or a name that some systems read as one, cannot be inside the tree"
    if name.isascii() and name.isprintable():
        if "\\" in name:
            return "tree.name", "a backslash separates folders on Windows, so it cannot be part of a name"
        if name in {"", ".", ".."}:
            return "tree.name", "this name means a folder, not an entry of one"
        return None
    for char in name:
        category = unicodedata.category(char)
        if category == "Cs":
            return "tree.name", "the name is not valid UTF-8"
        if category in {"Cc", "Cf", "Zl", "Zp"} or char == "\\":
            return "tree.name", f"the name holds a control or invisible character (U+{ord(char):04X})"
    return None


def collisions(names: Iterable[str], new: set[str]) -> tuple[tuple[str, str], ...]:
    """Pairs (new name, the one it collides with) among the names of one folder."""
    taken: dict[str, str] = {}
    found: list[tuple[str, str]] = []
    for name in sorted(names, key=lambda each: each in new):
        key = name if name.isascii() and name.islower() else folded(name)
        other = taken.setdefault(key, name)
        if other != name and name in new:
            found.append((name, other))
    return tuple(found)


def link_problem(path: str, target: str, link_at: Callable[[str], str | None]) -> str:
    """Why a symbolic link at `path` to `target` is refused, empty when it stays inside the tree. `link_at` gives the
    target of another link of the tree, None for what is none."""
    if not target or target.startswith("/") or (len(target) > 1 and target[1] == ":"):
        return "an absolute link leads out of the tree"
    if refusal_in(target):
        return "the link's target holds a name that cannot be in a tree"
    if reads_as_git_file(path.rsplit("/", 1)[-1]):
        return "a file that git takes settings from cannot be a link"
    place = path.split("/")[:-1]
    parts = target.split("/")[::-1]
    followed = 0
    while parts:
        part = parts.pop()
        if part in {"", "."}:
            continue
        if part == "..":
            if not place:
                return "the link leads out of the tree"
            place.pop()
            continue
        place.append(part)
        here = "/".join(place)
        other = target if here == path else link_at(here)
        if other is None:
            continue
        followed += 1
        if followed > _MAX_LINKS:
            return "the link leads in a circle"
        if other.startswith("/"):
            return "the link leads out of the tree through another link"
        place.pop()
        parts.extend(other.split("/")[::-1])
    return ""


def refusal_in(target: str) -> bool:
    """Whether a component of a link's target is a name that no tree may hold."""
    return any(part not in {"", ".", ".."} and refusal(part) is not None for part in target.split("/"))
