"""What a planner is told of a repository it has not seen: size, languages, layout, manifests and test commands. Made
from the list of committed files and the few of them that say most; bounded, whatever the repository holds. Pure."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.vocabulary.text import shortened, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MAX_CHARACTERS = 6_000
SHOWN_FOLDERS = 40
SHOWN_FILES = 60
SHOWN_MANIFESTS = 30
READ_BYTES = 64 * 1024
_NAME_WIDTH = 120

_LANGUAGES = {
    "py": "Python", "pyi": "Python", "js": "JavaScript", "mjs": "JavaScript", "cjs": "JavaScript", "jsx": "JavaScript",
    "ts": "TypeScript", "tsx": "TypeScript", "go": "Go", "rs": "Rust", "java": "Java", "kt": "Kotlin", "scala": "Scala",
    "c": "C", "h": "C", "cc": "C++", "cpp": "C++", "hpp": "C++", "cs": "C#", "rb": "Ruby", "php": "PHP",
    "swift": "Swift", "ex": "Elixir", "exs": "Elixir", "erl": "Erlang", "hs": "Haskell", "lua": "Lua", "pl": "Perl",
    "sh": "Shell", "bash": "Shell", "sql": "SQL", "html": "HTML", "css": "CSS", "scss": "CSS", "vue": "Vue",
    "md": "Markdown", "rst": "reStructuredText", "yaml": "YAML", "yml": "YAML", "json": "JSON", "toml": "TOML",
    "tf": "Terraform", "dart": "Dart", "r": "R", "jl": "Julia", "zig": "Zig", "clj": "Clojure",
}  # fmt: skip
_MANIFESTS = re.compile(
    r"(?:pyproject\.toml|setup\.(?:py|cfg)|requirements[\w.-]*\.txt|Pipfile|package\.json|Cargo\.toml|go\.mod|pom\.xml"
    r"|build\.gradle(?:\.kts)?|Gemfile|composer\.json|mix\.exs|Makefile|CMakeLists\.txt|Dockerfile|tox\.ini|noxfile\.py"
    r"|justfile|[\w.-]+\.csproj|[\w.-]+\.sln|deno\.json|pubspec\.yaml|Package\.swift)"
)
_TARGET = re.compile(r"^(test|tests|check)\s*:(?!=)", re.MULTILINE)
_PYTHON_TEST = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test)\.py$")


@dataclass(frozen=True, slots=True)
class Tree:
    """The committed files of a repository: sizes in bytes by path, and how to read one (at most that many bytes)."""

    name: str
    branch: str
    sizes: Mapping[str, int]
    read: Callable[[str, int], bytes]


def survey_of(tree: Tree) -> str:
    """The brief of the repository, at most `MAX_CHARACTERS` characters."""
    paths = sorted(tree.sizes)
    size = f"{len(paths):,} committed files, {_size(sum(tree.sizes.values()))}"
    parts = [
        f"{_shown(tree.name)}, branch {_shown(tree.branch)}: {size}",
        "languages: " + (_languages(tree.sizes) or "none known"),
        "layout:\n" + "\n".join(_layout(paths)),
    ]
    manifests = _manifests(paths)
    if manifests:
        more = f" and {len(manifests) - SHOWN_MANIFESTS} more" if len(manifests) > SHOWN_MANIFESTS else ""
        parts.append("manifests: " + ", ".join(_shown(path) for path in manifests[:SHOWN_MANIFESTS]) + more)
    commands = test_commands(tree)
    parts.append("test commands found (none was tried): " + (", ".join(commands) or "none"))
    text = "\n".join(parts)
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 20] + "\n[cut here]"


def test_commands(tree: Tree) -> tuple[str, ...]:
    """Commands that the repository itself names for its tests, or that its files suggest; of the root only."""
    found: list[str] = []
    found += _python(tree)
    found += _scripts(tree, "package.json", "npm")
    found += _scripts(tree, "composer.json", "composer")
    found += [f"make {target}" for target in dict.fromkeys(_TARGET.findall(_text(tree, "Makefile")))]
    for name, command in (
        ("Cargo.toml", "cargo test"),
        ("go.mod", "go test ./..."),
        ("pom.xml", "mvn -q test"),
        ("gradlew", "./gradlew test"),
        ("mix.exs", "mix test"),
        ("Package.swift", "swift test"),
        ("pubspec.yaml", "dart test"),
    ):
        if name in tree.sizes:
            found.append(command)
    if "Gemfile" in tree.sizes and any(path.startswith("spec/") for path in tree.sizes):
        found.append("bundle exec rspec")
    return tuple(dict.fromkeys(found))


def _python(tree: Tree) -> list[str]:
    tests = [path for path in tree.sizes if _PYTHON_TEST.search(path)]
    if not tests and "pytest.ini" not in tree.sizes:
        return []
    configured = "pytest.ini" in tree.sizes or any(path.rpartition("/")[2] == "conftest.py" for path in tree.sizes)
    named = "pytest" in _text(tree, "pyproject.toml") + _text(tree, "setup.cfg") + _text(tree, "tox.ini")
    return ["python3 -m pytest"] if configured or named else ["python3 -m unittest"]


def _scripts(tree: Tree, name: str, program: str) -> list[str]:
    try:
        data = json.loads(_text(tree, name) or "{}")
    except (ValueError, RecursionError):
        return []
    scripts = data.get("scripts") if isinstance(data, dict) else None
    return [f"{program} test"] if isinstance(scripts, dict) and "test" in scripts else []


def tables_of(text: str, prefix: str, names: Iterable[str]) -> str:
    """Those tables below `prefix` of a TOML file, as they are written; empty when it has none or cannot be read."""
    try:
        data = tomllib.loads(text).get(prefix, {})
    except (tomllib.TOMLDecodeError, RecursionError):
        return ""
    wanted = [name for name in names if isinstance(data, dict) and name in data]
    heads = "|".join(re.escape(f"{prefix}.{name}") for name in wanted)
    if not heads:
        return ""
    blocks = re.findall(rf"^\[(?:{heads})[^\n]*\n(?:(?!\[)[^\n]*\n?)*", text, re.MULTILINE)
    return "".join(blocks).strip()


def _languages(sizes: Mapping[str, int]) -> str:
    files: Counter[str] = Counter()
    written: Counter[str] = Counter()
    for path, size in sizes.items():
        language = _LANGUAGES.get(path.rpartition("/")[2].rpartition(".")[2].lower())
        if language:
            files[language] += 1
            written[language] += size
    return ", ".join(f"{name} {files[name]:,} files, {_size(size)}" for name, size in written.most_common(8))


def _layout(paths: list[str]) -> list[str]:
    """Folders of the first two levels with how much is below them, then the files of the root."""
    top: Counter[str] = Counter()
    second: Counter[str] = Counter()
    root = []
    for path in paths:
        parts = path.split("/")
        if len(parts) == 1:
            root.append(path)
            continue
        top[parts[0]] += 1
        if len(parts) > 2:
            second["/".join(parts[:2])] += 1
    # The largest folders of the second level tell most; a package with one file tells little.
    kept = {name for name, _ in second.most_common(max(SHOWN_FOLDERS - len(top), 8))}
    lines = []
    for name in sorted(top)[:SHOWN_FOLDERS]:
        lines.append(f"{_shown(name)}/ {top[name]:,} files")
        lines += [f"  {_shown(inner)}/ {second[inner]:,}" for inner in sorted(kept) if inner.startswith(f"{name}/")]
    if len(top) > SHOWN_FOLDERS:
        lines.append(f"and {len(top) - SHOWN_FOLDERS} more folders")
    if root:
        more = f" and {len(root) - SHOWN_FILES} more" if len(root) > SHOWN_FILES else ""
        lines.append("in the root: " + ", ".join(_shown(path) for path in root[:SHOWN_FILES]) + more)
    return lines


def _manifests(paths: list[str]) -> list[str]:
    found = [path for path in paths if path.count("/") <= 3 and _MANIFESTS.fullmatch(path.rpartition("/")[2])]
    return sorted(found, key=lambda path: (path.count("/"), path))


def _text(tree: Tree, path: str) -> str:
    return tree.read(path, READ_BYTES).decode("utf-8", "replace") if path in tree.sizes else ""


def _shown(name: str) -> str:
    return shortened(visible(name), _NAME_WIDTH)


def _size(count: int) -> str:
    for unit, factor in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} bytes"
