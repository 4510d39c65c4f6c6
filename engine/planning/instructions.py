"""What a project says about how it wants to be worked on, as data of low authority.

These files were written by whoever wrote the repository. They may speak of style; what the role may do is decided by
code that never reads them. Sentences that talk to a model about its rules are taken out and noted. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.governance.guard import guard
from engine.governance.secrets import redact
from engine.planning.survey import READ_BYTES, tables_of
from engine.vocabulary.text import shortened, visible

if TYPE_CHECKING:
    from engine.planning.survey import Tree

MAX_CHARACTERS = 12_000
_WRITTEN = 4_000
_SET = 1_500

_DOCUMENTS = ("AGENTS.md", "CONTRIBUTING.md", "CONTRIBUTING.rst", "CONTRIBUTING", ".github/CONTRIBUTING.md",
              "docs/CONTRIBUTING.md")  # fmt: skip
_SETTINGS = re.compile(
    r"\.editorconfig|\.?ruff\.toml|\.flake8|\.pylintrc|\.eslintrc(?:\.\w+)?|eslint\.config\.\w+|\.prettierrc(?:\.\w+)?"
    r"|biome\.jsonc?|\.?rustfmt\.toml|\.rubocop\.yml|\.golangci\.ya?ml|\.clang-format|\.stylelintrc(?:\.\w+)?"
)
_TABLES = ("ruff", "black", "isort", "pylint", "mypy", "flake8")


@dataclass(frozen=True, slots=True)
class ProjectInstructions:
    """The text for a model's data section (empty when the project says nothing), the files it was taken from, and a
    sentence for each thing that the guard took out of them."""

    text: str = ""
    files: tuple[str, ...] = ()
    noted: tuple[str, ...] = ()


def instructions_of(tree: Tree) -> ProjectInstructions:
    """What the root of the repository says, documents first; at most `MAX_CHARACTERS` characters."""
    parts: list[str] = []
    files: list[str] = []
    noted: list[str] = []
    left = MAX_CHARACTERS
    for path, content in _sources(tree):
        room = min(_WRITTEN if path in _DOCUMENTS else _SET, left)
        if room < 200:
            break
        guarded = guard(_cut(content, room))
        for hit in guarded.stripped:
            noted.append(f"{visible(path)}: taken out ({hit.rule}): {shortened(visible(hit.text), 160)}")
        text = redact(guarded.sanitized)
        if not text.strip():
            continue
        part = f"--- {visible(path)}\n{visible(text, keep=chr(10) + chr(9))}"
        parts.append(part)
        files.append(path)
        left -= len(part)
    return ProjectInstructions("\n".join(parts), tuple(files), tuple(noted))


def _sources(tree: Tree) -> list[tuple[str, str]]:
    found = [(path, _text(tree, path)) for path in _DOCUMENTS if path in tree.sizes]
    settings = sorted(path for path in tree.sizes if "/" not in path and _SETTINGS.fullmatch(path))
    found += [(path, _text(tree, path)) for path in settings]
    tables = tables_of(_text(tree, "pyproject.toml"), "tool", _TABLES)
    if tables:
        found.append(("pyproject.toml", tables))
    return found


def _cut(text: str, room: int) -> str:
    if len(text) <= room:
        return text
    # Rules stand at the top and, often, a checklist at the end.
    head, tail = room * 2 // 3, room // 3 - 40
    return f"{text[:head]}\n[{len(text) - head - tail:,} characters left out]\n{text[-tail:]}"


def _text(tree: Tree, path: str) -> str:
    return tree.read(path, READ_BYTES).decode("utf-8", "replace") if path in tree.sizes else ""
