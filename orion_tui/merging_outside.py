"""A conflict in a person's own editor or merge tool. What they see are three versions in a folder of their own, which
is gone afterwards; no setting of the reviewed repository is read."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from orion_tui.lent import ran, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.vocabulary.workspaces import ConflictSides

_PLAIN = re.compile(r"[\w+][\w+. -]{0,100}")
_BYTES_AS_THEY_ARE = "* -text -eol -filter -ident -working-tree-encoding -merge -diff\n"


def edited(sides: ConflictSides) -> tuple[bytes | None, str]:
    """What $VISUAL or $EDITOR (else vi) made of the file with its markers, or why there is nothing. The three versions
    lie beside it."""
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    command = words_of(named)
    if not command:
        return None, f"$VISUAL or $EDITOR is no command: {named}"
    with tempfile.TemporaryDirectory(prefix="orion-conflict-") as folder:
        merged = _laid_out(sides, Path(folder))[-1]
        wrong = ran([*command, str(merged)])
        return _read(merged, wrong)


def merge_tool_missing() -> str:
    """Why no merge tool can be started; empty when one can."""
    if os.environ.get("ORION_MERGE") or _configured():
        return ""
    return "no merge tool is configured: git config --global merge.tool NAME, or set ORION_MERGE"


def merged(sides: ConflictSides) -> tuple[bytes | None, str]:
    """What a merge tool made of it, or why there is nothing: ORION_MERGE with the paths of base, ours, theirs and
    merged, else the tool that git is configured to use (`merge.tool`), started by git itself."""
    missing = merge_tool_missing()
    if missing:
        return None, missing
    if sides.ours is None or sides.theirs is None:
        return None, "one side has no such file: o or t takes a side, e edits what is left"
    command = words_of(os.environ.get("ORION_MERGE", ""))
    with tempfile.TemporaryDirectory(prefix="orion-conflict-") as folder:
        if command:
            paths = _laid_out(sides, Path(folder))
            return _read(paths[-1], ran([*command, *map(str, paths)]))
        return _by_git(sides, Path(folder))


def _laid_out(sides: ConflictSides, folder: Path) -> tuple[Path, ...]:
    """Base, ours, theirs and merged as files."""
    found = []
    parts = (("base", sides.base), ("ours", sides.ours), ("theirs", sides.theirs), ("merged", sides.marked))
    for kind, data in parts:
        path = folder / f"{kind}.{_name(sides)}"
        path.write_bytes(data or b"")
        found.append(path)
    return tuple(found)


def _by_git(sides: ConflictSides, folder: Path) -> tuple[bytes | None, str]:
    """`git mergetool` on a repository that holds nothing but this conflict."""
    name = _name(sides)
    try:
        for arguments in (
            ("init", "--quiet", "--template="),
            ("config", "core.autocrlf", "false"),
            ("config", "core.hooksPath", os.devnull),
        ):
            _git(folder, *arguments)
        (folder / ".git" / "info").mkdir(exist_ok=True)
        (folder / ".git" / "info" / "attributes").write_text(_BYTES_AS_THEY_ARE)
        rows = "".join(_stages(sides, folder, name))
        _git(folder, "update-index", "-z", "--index-info", given=rows.encode())
    except (OSError, subprocess.CalledProcessError) as error:
        return None, f"the merge tool cannot be prepared: {error}"
    (folder / name).write_bytes(sides.marked)
    return _read(
        folder / name, ran(["git", "mergetool", "--no-prompt", "--", name], folder=folder, environment=_clean())
    )


def _stages(sides: ConflictSides, folder: Path, name: str) -> Iterator[str]:
    for stage, data in enumerate((sides.base, sides.ours, sides.theirs), 1):
        if data is not None:
            blob = _git(folder, "hash-object", "-w", "--stdin", "--no-filters", given=data).decode().strip()
            yield f"100644 {blob} {stage}\t{name}\0"


def _configured() -> str:
    """The tool that a person's own configuration names."""
    command = ["git", "config", "--global", "--includes", "--get", "merge.tool"]
    try:
        done = subprocess.run(command, env=_clean(), capture_output=True, check=False)
    except OSError:
        return ""
    return done.stdout.decode("utf-8", "replace").strip()


def _git(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=_clean(), input=given, capture_output=True, check=True, timeout=60
    )
    return done.stdout


def _clean() -> dict[str, str]:
    """The person's environment, with nothing in it that points git to another repository."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or "CONFIG" in name}


def _name(sides: ConflictSides) -> str:
    """The file's name, by which an editor knows what it is; a plain one instead of one that could be taken for
    something else."""
    path = Path(sides.path)
    if _PLAIN.fullmatch(path.name):
        return path.name
    return f"file{path.suffix}" if _PLAIN.fullmatch(path.suffix[1:]) else "file"


def _read(path: Path, wrong: str) -> tuple[bytes | None, str]:
    if wrong:
        return None, wrong
    try:
        return path.read_bytes(), ""
    except OSError as error:
        return None, f"what it made cannot be read: {error.strerror}"
