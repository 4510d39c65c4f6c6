"""What a task leaves in the tree, and what review makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class ChangeStatus(StrEnum):
    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One changed path between two trees. Modes are git's (0o100644, 0o100755, 0o120000, 0o160000; 0 for none), object
    ids are hex ("" for none), `size` is the new size in bytes. Binary files count no lines."""

    path: str
    status: ChangeStatus
    old_mode: int
    new_mode: int
    old_oid: str
    new_oid: str
    size: int = 0
    binary: bool = False
    additions: int = 0
    deletions: int = 0


@dataclass(frozen=True, slots=True)
class Move:
    """A new file at `path` that was made of the deleted one at `old_path`; `similarity` is how much of it is the same,
    in percent. Among the changes both stand as what they are, one added and one deleted."""

    old_path: str
    path: str
    similarity: int


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """Something in the work tree that can never be part of a tree: `rule` such as `tree.git`, `tree.special`,
    `tree.symlink`, `tree.name`, `tree.size`; `reason` is a sentence for a person."""

    path: str
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """All changes from `old` to `new` (git tree or commit ids), sorted by path. `standing` are all paths of `old`, so
    that a new name can be held against them; left out where nothing was added."""

    old: str
    new: str
    files: tuple[FileChange, ...] = ()
    refused: tuple[RefusedEntry, ...] = ()
    standing: tuple[str, ...] = field(default=(), repr=False, compare=False)

    @property
    def additions(self) -> int:
        return sum(change.additions for change in self.files)

    @property
    def deletions(self) -> int:
        return sum(change.deletions for change in self.files)


@dataclass(frozen=True, slots=True)
class Hunk:
    """One stretch of changed lines of a file, the `place`-th of it from 1. `id` is stable for the same content. Lines
    count from 1; `changed` are the lines that are removed or added, numbered from 1 in their order. Binary files, links
    and changes of mode have none: they are taken whole or not at all."""

    id: str
    path: str
    place: int
    old_start: int
    old_count: int
    new_start: int
    new_count: int
    changed: int


@dataclass(frozen=True, slots=True)
class ReviewNote:
    """What a reviewer says about a file, or about one line of it; `quoted` is that line as it stands in the diff.
    `rejected` when the file was turned down and not only commented on."""

    path: str
    text: str
    line: int | None = None
    quoted: str = ""
    rejected: bool = False


class PromoteAs(StrEnum):
    """One commit, one for each kept task, or changes in the work tree that nobody committed."""

    COMMIT = "commit"
    COMMITS = "commits"
    CHANGES = "changes"


class FindingKind(StrEnum):
    """What a reviewer is shown about a change."""

    SECRET = "secret"  # noqa: S105 - the name of a kind, not a secret
    PROTECTED_PATH = "protected_path"
    WRITE_LIMIT = "write_limit"
    SCOPE = "scope"
    FORBIDDEN = "forbidden"
    CONFLICT = "conflict"
    FILTER_ATTRIBUTE = "filter_attribute"
    SUBMODULE = "submodule"
    CHECK = "check"
    TESTS = "tests"
    DEPENDENCY = "dependency"
    LARGE = "large"
    GENERATED = "generated"
    BINARY = "binary"
    DRIFT = "drift"
    FLAGGED = "flagged"
    MODE = "mode"
    NAME = "name"


class Severity(StrEnum):
    """`blocking` stops a promotion until it is gone or accepted by name; `warning` and `info` do not."""

    BLOCKING = "blocking"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a person should know before letting a change in. `id` is stable for the same content. Findings with
    `acceptable` false cannot be accepted (a conflict, a write limit): they must go away. Text is redacted already. Of a
    secret, `digest` is the SHA-256, by which an allow-list may name it. `task` is the id of the one it is about, where
    that is its place and not a path."""

    id: str
    kind: FindingKind
    severity: Severity
    path: str
    line: int | None
    message: str
    hint: str = ""
    acceptable: bool = True
    accepted: bool = False
    digest: str = ""
    task: str = ""


BUSY = "the repository is in the middle of"


@dataclass(frozen=True, slots=True)
class Conflict:
    """A path that cannot be merged by itself; `reason` says why: `content`, `binary` and `deleted` (by one side,
    changed by the other) are for a person to resolve, others (`uncommitted changes`, `untracked file`) must go away. Of
    a repository that is not at rest (a half-done merge, say) the path is the branch and the reason begins with
    `BUSY`."""

    path: str
    reason: str

    @property
    def resolvable(self) -> bool:
        """Whether saying which content counts settles it."""
        return self.reason in ("content", "binary", "deleted")


@dataclass(frozen=True, slots=True)
class Promotion:
    """What a promotion did. Empty tags and commit when `promoted` is false; then `reasons` says why."""

    promoted: bool
    files: int = 0
    commit: str = ""
    pre_tag: str = ""
    post_tag: str = ""
    branch: str = ""
    paths: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    notices: tuple[str, ...] = ()
