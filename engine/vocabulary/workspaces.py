"""The user's repository and the session's, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from engine.vocabulary.changes import Conflict


@dataclass(frozen=True, slots=True)
class WorkspaceInfo:
    """A user's repository as it stood when looked at. `root` is the top of the work tree, `git_dir` this work tree's
    git directory, `common_dir` the shared one (different for linked worktrees). `dirty` counts paths with uncommitted
    or untracked changes. `identity` is `Name <mail>` as git would use it, or empty when git has none."""

    root: Path
    git_dir: Path
    common_dir: Path
    head: str
    branch: str
    object_format: str
    dirty: int
    identity: str
    files: int


@dataclass(frozen=True, slots=True)
class MergeResult:
    """`tree` is a git tree id, or empty when `conflicts` says why there is none; `marked` is then the tree in which the
    conflicting places stand between git's markers."""

    tree: str
    conflicts: tuple[Conflict, ...] = ()
    marked: str = ""


@dataclass(frozen=True, slots=True)
class ConflictSides:
    """A file that cannot be merged by itself: as both sides began with it, as it is on the branch now, as the session
    has it (each None where it is missing there), and merged with git's markers around what conflicts."""

    path: str
    base: bytes | None
    ours: bytes | None
    theirs: bytes | None
    marked: bytes


@dataclass(frozen=True, slots=True)
class PromotionPlan:
    """Everything a promotion will do to the user's repository, worked out before anything is touched.

    `old` is the commit the branch is at, `new` the commit that replaces it (already in the object store, reachable from
    nothing), `checked_out` whether index and work tree move along. `paths` are those that differ from `old` to
    `new`. With `uncommitted` the files of the work tree move and nothing else: neither branch nor index; with
    `withdraws` besides, they go from `new` back to `old`."""

    attempt: int
    branch: str
    old: str
    new: str
    pre_tag: str
    post_tag: str
    paths: tuple[str, ...]
    checked_out: bool
    identity: str
    notices: tuple[str, ...] = ()
    uncommitted: bool = False
    withdraws: bool = False


@dataclass(frozen=True, slots=True)
class UndoPreview:
    """What undoing a promotion would do: the branch, the paths that go back, and what stands in the way."""

    branch: str
    paths: tuple[str, ...]
    conflicts: tuple[Conflict, ...] = ()
    uncommitted: bool = False
