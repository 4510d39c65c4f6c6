"""What the readers of manifests and lock files share: packages by name, and the shapes that several formats have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_REGISTRIES = re.compile(
    r"^(?:registry\+)?(?:sparse\+)?(?:https?|git)://(?:registry\.(?:npmjs\.org|yarnpkg\.com)|github\.com/rust-lang/"
    r"crates\.io-index|index\.crates\.io|(?:www\.)?pypi\.org|files\.pythonhosted\.org|rubygems\.org|api\.nuget\.org|"
    r"(?:repo\d*\.)?maven\.(?:apache\.)?org|api\.github\.com/repos|packagist\.org)(?:[/?#]|$)",
    re.IGNORECASE,
)
ORIGIN = re.compile(r"(?:git\+|git@|svn\+|hg\+|https?:|ssh:|git:|file:|link:|portal:|path:|github:|\.{1,2}/)\S*")


@dataclass(slots=True)
class Package:
    """Versions (or ranges), the places other than a public registry that it comes from, and hashes of its content."""

    versions: set[str] = field(default_factory=set)
    origins: set[str] = field(default_factory=set)
    hashes: set[str] = field(default_factory=set)

    def shown(self) -> str:
        versions = ", ".join(sorted(self.versions))
        return f"{versions} from {', '.join(sorted(self.origins))}".strip() if self.origins else versions


Packages = dict[str, Package]
Reader = Callable[[str], Packages]


class Found:
    """Collects what a reader meets."""

    def __init__(self) -> None:
        self.packages: Packages = {}

    def add(self, name: object, version: object = "", origin: object = "", content: object = "") -> None:
        if not isinstance(name, str) or not name.strip():
            return
        package = self.packages.setdefault(name.strip(), Package())
        text = version.strip() if isinstance(version, str) else ""
        if text and ORIGIN.match(text):
            package.origins.add(text)
        elif text:
            package.versions.add(text)
        if isinstance(origin, str) and origin and not _REGISTRIES.match(origin):
            package.origins.add(origin)
        for each in content if isinstance(content, list) else [content]:
            if isinstance(each, str) and each:
                package.hashes.add(each)


def toml_of(text: str) -> dict[str, Any]:
    """What a TOML file says. Raises ValueError."""
    # Late: hardly any change needs its parser, and every review would have it in memory.
    import tomllib

    return tomllib.loads(text)


def table_of(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def rows_of(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        yield from (row for row in value if isinstance(row, Mapping))


def add_named(found: Found, table: object) -> None:
    """A table of names with a range, or with a table of range and place (Poetry, Cargo, Pipfile)."""
    for name, spec in table_of(table).items():
        for each in spec if isinstance(spec, list) else [spec]:
            if isinstance(each, Mapping):
                origin = next((f"{key}:{each[key]}" for key in _PLACES if isinstance(each.get(key), str)), "")
                pinned = next((f" {each[key]}" for key in ("rev", "tag", "branch", "ref") if each.get(key)), "")
                shown = f"{each['package']} " if isinstance(each.get("package"), str) else ""
                found.add(name, f"{shown}{each.get('version', '')}".strip(), f"{origin}{pinned}" if origin else "")
            else:
                found.add(name, str(each))


_PLACES = ("git", "url", "path", "file", "registry", "registry-index", "index", "source")


def xml_elements(text: str) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Each element of an XML text as the names that lead to it, its attributes and the text after its tag. Reads in one
    pass whatever the text is, so that no file of a repository can make it slow; entities stay as they are."""
    plain = "".join(part.partition("-->")[2] if at else part for at, part in enumerate(text.split("<!--")))
    path: list[str] = []
    for closing, name, attributes, inner in (each.groups() for each in _TAG.finditer(plain)):
        if closing:
            while path and path.pop() != name:
                pass
            continue
        yield (*path[-8:], name), attributes, inner.strip()
        if not attributes.endswith("/"):
            path.append(name)


_TAG = re.compile(r"<(/?)([A-Za-z][\w.:-]*+)([^<>]*)>([^<]*)")
