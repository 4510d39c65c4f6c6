"""Where a person's repository is and how git would treat it, found without running anything of it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.vocabulary.changes import Conflict
from engine.vocabulary.errors import WorkspaceError
from engine.vocabulary.text import visible
from engine.workspace.attributes import filter_attributes
from engine.workspace.beneath import small_file
from engine.workspace.git import Git
from engine.workspace.names import folded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_BUSY = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "BISECT_LOG": "a bisect",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "sequencer": "a sequence of picks",
}
# Effective settings that change bytes or names in a checkout and run nothing.
_HONOURED = ("core.autocrlf", "core.eol", "core.excludesfile", "core.attributesfile")
_FILTER_PARTS = (".clean", ".smudge", ".process", ".required")


@dataclass(frozen=True, slots=True)
class Place:
    """One work tree: its top, its own git directory, the one it shares with others, and git with the person's harmless
    settings on and every filter off."""

    root: Path
    git_dir: Path
    common_dir: Path
    git: Git
    config: Mapping[str, str]

    @property
    def objects(self) -> Path:
        return self.common_dir / "objects"

    @property
    def object_format(self) -> str:
        return self.config.get("extensions.objectformat", "sha1")

    @property
    def links(self) -> bool:
        """Whether git makes links here; otherwise a link is a file that holds its target."""
        return self.config.get("core.symlinks", "true").casefold() not in ("false", "no", "off", "0", "")

    def branch(self) -> str:
        """The branch that is checked out here, without `refs/heads/`; empty when HEAD is detached."""
        answer = self.git.run("symbolic-ref", "-q", "HEAD", ok=(0, 1))
        return answer.out.decode("utf-8", "surrogateescape").strip().removeprefix("refs/heads/")

    def commit_at(self, ref: str) -> str:
        """The commit that a ref is at, empty when there is none."""
        answer = self.git.run("rev-parse", "--verify", "-q", "--end-of-options", f"{ref}^{{commit}}", ok=(0, 1, 128))
        return answer.out.decode().strip() if answer.code == 0 else ""

    def busy_with(self) -> str:
        """What is half done here (`a merge`), empty when nothing is."""
        return next((what for name, what in _BUSY.items() if (self.git_dir / name).exists()), "")

    def identity(self) -> str:
        """`Name <mail>` as git would use it, empty when it would have to guess."""
        answer = self.git.run(
            "-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT", ok=(0, 128), own_configuration=True
        )
        text = answer.out.decode("utf-8", "replace").strip()
        return text.rpartition("> ")[0] + ">" if answer.code == 0 and "> " in text else ""

    def dirty(self) -> dict[str, str]:
        """Paths with uncommitted (`uncommitted changes`) or untracked (`untracked file`) content. A tracked file that
        goes through a filter (Git LFS) is left out: with the filter off, git takes it for changed when it is not."""
        answer = self.git.run(
            "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=all"
        )
        found: dict[str, str] = {}
        doubtful: list[str] = []
        for record in answer.out.split(b"\0")[:-1]:
            path = os.fsdecode(record[3:]).rstrip("/")
            found[path] = "untracked file" if record.startswith(b"??") else "uncommitted changes"
            if record.startswith(b" M"):
                doubtful.append(path)
        for path in self.filtered(doubtful):
            del found[path]
        return found

    def filtered(self, paths: Sequence[str]) -> tuple[str, ...]:
        """Those of the paths that go through a filter which is configured here."""
        known = any(key.startswith("filter.") for key in self.config)
        return filter_attributes(self.git, paths, cached=False) if known else ()

    def absent(self, paths: Sequence[str], index: Path | None = None) -> frozenset[str]:
        """Those of the paths that a sparse checkout leaves out of the work tree."""
        if not paths:
            return frozenset()
        git = self.git.beside(index=index) if index is not None else self.git
        # A sparse index names a left-out folder alone, and -t is what makes git look inside.
        out = git.run("--literal-pathspecs", "ls-files", "-t", "-z", "--", *paths).out
        left = {os.fsdecode(record[2:]) for record in out.split(b"\0")[:-1] if record[:1] == b"S"}
        return frozenset(path for path in left if not os.path.lexists(self.root / path))

    def files_of(self, commit: str, paths: Sequence[str] = ()) -> frozenset[str]:
        """The paths of a commit (of these only, when some are named)."""
        out = self.git.run(
            "--literal-pathspecs", "ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, "--", *paths
        ).out
        return frozenset(os.fsdecode(raw) for raw in out.split(b"\0")[:-1])

    def changed(self, old: str, new: str) -> tuple[str, ...]:
        """Paths that differ between two commits or trees."""
        out = self.git.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", "--no-ext-diff", old, new).out
        return tuple(sorted(os.fsdecode(raw) for raw in out.split(b"\0")[:-1]))

    def in_the_way(self, tip: str, paths: Sequence[str]) -> tuple[Conflict, ...]:
        """What of the work tree and the index a change of these paths would overwrite: uncommitted and untracked files,
        ignored ones among them, and files that git was told not to look at."""
        if not paths:
            return ()
        found: dict[str, str] = {}
        dirty = self.dirty()
        wanted = set(paths)
        above = {path[:at] for path in paths for at in range(len(path)) if path[at] == "/"}
        for path, reason in dirty.items():
            parents = {path[:at] for at in range(len(path)) if path[at] == "/"}
            if path in wanted or path in above or parents & wanted:
                found[path] = reason
        flagged = self.git.run("--literal-pathspecs", "ls-files", "-v", "-z", "--", *paths).out
        for record in flagged.split(b"\0")[:-1]:
            path = os.fsdecode(record[2:])
            if (record[:1].islower() or record[:1] == b"S") and os.path.lexists(self.root / path):
                found.setdefault(path, "a file that git was told not to look at")
        tracked = self.files_of(tip)
        alike = _spelled(tracked - wanted) if any(path not in tracked for path in paths) else {}
        for path in paths:
            if path not in tracked:
                other = _misspelled(path, alike)
                if other:
                    alone = "in case" if path.casefold().startswith(other.casefold()) else "in how Unicode spells them"
                    found.setdefault(path, f"{other} is there, and the two differ only {alone}")
                for blocker in self._untracked_at(path, tracked):
                    found.setdefault(blocker, "untracked file")
        return tuple(Conflict(path, found[path]) for path in sorted(found))

    def _untracked_at(self, path: str, tracked: frozenset[str]) -> list[str]:
        """Entries on the disk where a new file must go. An ignored file counts: git would overwrite it."""
        parts = path.split("/")
        for count in range(1, len(parts)):
            above = "/".join(parts[:count])
            try:
                mode = (self.root / above).lstat().st_mode
            except FileNotFoundError:
                return []
            if not stat.S_ISDIR(mode):
                return [] if above in tracked else [above]
        place = self.root / path
        if not os.path.lexists(place):
            return []
        if place.is_symlink() or not place.is_dir():
            return [path]
        inner = [
            str((Path(folder) / name).relative_to(self.root)) for folder, _, names in os.walk(place) for name in names
        ]
        return [name for name in inner if name not in tracked]


def _spelled(tracked: frozenset[str]) -> dict[str, str]:
    """Each file and each folder of a commit by what macOS and Windows read."""
    found: dict[str, str] = {}
    for path in tracked:
        parts = path.split("/")
        for count in range(len(parts), 0, -1):
            name = "/".join(parts[:count])
            if found.setdefault(folded(name), name) is not name and count < len(parts):
                break
    return found


def _misspelled(path: str, alike: Mapping[str, str]) -> str:
    """What a case-insensitive file system takes for the path, or for a folder of it, and is spelled otherwise."""
    parts = path.split("/")
    for count in range(1, len(parts) + 1):
        name = "/".join(parts[:count])
        other = alike.get(folded(name), name)
        if other != name:
            return visible(other)
    return ""


def find_place(path: Path) -> Place:
    """The work tree that holds `path`. Raises WorkspaceError when it is in none, or in a bare repository."""
    start = Path(os.path.abspath(path))  # noqa: PTH100 - a link to a repository is named as the person named it
    if not start.exists():
        raise WorkspaceError(f"{visible(str(path))} does not exist", "give the folder of a git repository")
    for folder in (start, *start.parents):
        marker = folder / ".git"
        if marker.is_dir():
            return _place(folder, marker)
        if marker.is_file():
            return _place(folder, _pointed(marker))
        if (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir():
            if folder.name == ".git":
                continue
            raise WorkspaceError(
                f"{visible(str(folder))} is a bare repository, it has no files to work on",
                "give a clone of it with a work tree: git clone",
            )
    raise WorkspaceError(
        f"{visible(str(path))} is not inside a git repository",
        "make one with `git init` and a first commit, or give another folder with --workspace",
    )


def _pointed(marker: Path) -> Path:
    text = small_file(marker).decode("utf-8", "surrogateescape").strip()
    target = marker.parent / text.removeprefix("gitdir:").strip()
    if not text.startswith("gitdir:") or not (target / "HEAD").is_file():
        raise WorkspaceError(
            f"{visible(str(marker))} points to a git directory that is not there", "run `git worktree repair`"
        )
    return target.resolve()


def _place(root: Path, git_dir: Path) -> Place:
    common = git_dir
    pointer = git_dir / "commondir"
    if pointer.is_file():
        common = (git_dir / small_file(pointer).decode("utf-8", "surrogateescape").strip()).resolve()
    git = Git(git_dir, work_tree=root)
    config = _effective(git)
    settings = {key: os.path.expanduser(config[key]) for key in _HONOURED if key in config}  # noqa: PTH111
    for name, default in (("core.excludesfile", "ignore"), ("core.attributesfile", "attributes")):
        if name not in settings and (place := _own_default(default)) is not None:
            settings[name] = str(place)
    for key in config:
        if key.startswith("filter.") and key.endswith(_FILTER_PARTS):
            settings[key] = "false" if key.endswith(".required") else ""
    return Place(root, git_dir, common, replace(git, settings=settings), config)


def _own_default(name: str) -> Path | None:
    home = os.environ.get("XDG_CONFIG_HOME") or (os.environ["HOME"] + "/.config" if "HOME" in os.environ else "")
    place = Path(home) / "git" / name
    return place if home and place.is_file() else None


def _effective(git: Git) -> dict[str, str]:
    """The configuration as git itself would see it here; it is read and nothing more."""
    answer = git.run("config", "--list", "-z", ok=(0, 1, 128), own_configuration=True)
    if answer.code != 0:
        raise WorkspaceError(f"git cannot read this repository: {answer.words()}", "repair it, then try again")
    found: dict[str, str] = {}
    for record in answer.out.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        key, newline, value = record.partition("\n")
        found[key] = value if newline else "true"
    return found
