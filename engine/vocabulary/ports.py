"""What the engine needs from the world, as Protocols. Adapters live on floor 3 and meet in `engine/build.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path
    from threading import Event as Flag

    from engine.vocabulary.changes import ChangeSet, Conflict, Move
    from engine.vocabulary.events import Event, Fact
    from engine.vocabulary.models import ModelReply, ModelRequest, Price
    from engine.vocabulary.ports_of_planning import CommittedTree
    from engine.vocabulary.runs import RunResult, SandboxSpec, SandboxStatus
    from engine.vocabulary.sessions import SessionSummary
    from engine.vocabulary.workspaces import MergeResult, PromotionPlan, UndoPreview, WorkspaceInfo


class Clock(Protocol):
    """Time, so that tests can set it."""

    def now(self) -> datetime:
        """The wall clock, with a time zone."""

    def monotonic(self) -> float:
        """Seconds that only grow."""


class Lease(Protocol):
    """The right to run one session: a lock of the operating system and a generation number."""

    @property
    def session(self) -> str: ...

    @property
    def generation(self) -> int: ...

    def beat(self) -> None:
        """Say that the holder still works, for those who cannot see its lock. Raises LeaseLost."""

    def release(self) -> None:
        """Give it back; calling it twice is fine."""


class RunnerInfo(Protocol):
    """Who runs a session now, or did last."""

    @property
    def pid(self) -> int: ...

    @property
    def host(self) -> str: ...

    @property
    def alive(self) -> bool: ...


class Journal(Protocol):
    """The truth about all sessions. Written first, told after; safe with many threads and processes."""

    def append(
        self, session: str, facts: Sequence[Fact], *, lease: Lease | None = None, sync: bool = True
    ) -> tuple[Event, ...]:
        """Write the facts in one transaction, then tell the subscribers of this process, in order. `sync` waits for
        the disk (decisions); without it the facts are durable with the next synced write (telemetry). With a lease,
        raises LeaseLost once another runner holds the session. Raises JournalError (a full disk says so)."""

    def events(self, session: str, after: int = 0, limit: int | None = None) -> tuple[Event, ...]:
        """Events with a `seq` above `after`, in order."""

    def since(self, row: int, limit: int = 1000) -> tuple[Event, ...]:
        """Events of all sessions with a row above `row`, in order."""

    def last_row(self) -> int:
        """The row of the newest event, 0 for none."""

    def changed(self) -> int:
        """A number that moves when another process wrote (SQLite's `data_version`)."""

    def summaries(self) -> tuple[SessionSummary, ...]:
        """All sessions, newest first."""

    def subscribe(self, callback: Callable[[tuple[Event, ...]], None]) -> Callable[[], None]:
        """Call back from the writing thread after each transaction of this process; the answer ends it. A callback that
        raises is dropped and logged."""

    def send(self, session: str, command: str) -> None:
        """Leave a command (`pause`, `cancel`, `wake`) for whoever runs the session."""

    def take(self, lease: Lease) -> tuple[str, ...]:
        """Commands not yet taken, oldest first."""

    def acquire(self, session: str) -> Lease:
        """Become the session's runner. Raises UsageError when a live one holds it."""

    def runner(self, session: str) -> RunnerInfo | None:
        """Who runs it, None when nobody ever did."""

    def close(self) -> None: ...


class Blobs(Protocol):
    """Content-addressed files: outputs, transcripts."""

    def put(self, data: bytes) -> str:
        """Keep the bytes; the id is their SHA-256 in hex."""

    def get(self, blob: str) -> bytes:
        """The bytes. Raises JournalError when they are gone or not what the id says."""

    def size(self, blob: str) -> int:
        """Its bytes, 0 when it is not kept."""

    def remove(self, blob: str) -> None:
        """Let it go, unless it was kept again just now."""


class Sandbox(Protocol):
    """One open sandbox. Commands run one at a time; all processes of one are gone before `run` returns."""

    def run(
        self,
        command: str,
        *,
        timeout_s: float,
        stop: Flag,
        on_output: Callable[[bytes], None] | None = None,
        tree: Path | None = None,
        environment: Sequence[tuple[str, str]] = (),
    ) -> RunResult:
        """Run `command` with `sh -c` in `/workspace`. `tree` replaces the spec's writable folder for this run (checks
        run in a checkout of their own). Output is bounded; `on_output` sees it as it comes. Setting `stop` kills
        everything within 100 ms. Raises SandboxUnavailable when the sandbox itself is broken, never for what the
        command did."""

    def describe(self) -> SandboxStatus: ...

    def close(self) -> None: ...


class SandboxProvider(Protocol):
    """One kind of sandbox on this machine."""

    @property
    def name(self) -> str: ...

    def probe(self) -> SandboxStatus:
        """Try it with a real command; cached for the life of the process."""

    def open(self, spec: SandboxSpec, tell: Callable[[str], None] = ...) -> Sandbox:
        """Make one ready; `tell` hears in sentences of what takes long, such as fetching an image. Raises
        SandboxUnavailable."""


class ModelWatch(Protocol):
    """Hears of a call while it goes on, in the thread that made it. Must return at once."""

    def text(self, delta: str) -> None:
        """More of the reply's text. When a call is made again after a fault, its text begins again."""

    def call(self, delta: str) -> None:
        """More of a call of a tool: its name, then its arguments, in pieces."""

    def waiting(self, reason: str, seconds: float) -> None:
        """Nothing can be asked for that long; `reason` is a sentence."""

    def waited(self, seconds: float) -> None:
        """A wait is over, and took that long: time that is no work."""

    def notice(self, message: str) -> None:
        """Something that belongs into the session's record, such as a fallback that stood in."""


class Model(Protocol):
    """Something that answers: a live endpoint or a recording. May be called from several threads at once."""

    @property
    def name(self) -> str: ...

    @property
    def context_tokens(self) -> int:
        """How many tokens of input and output together it can take."""

    @property
    def max_output_tokens(self) -> int:
        """How many tokens one reply may have."""

    @property
    def price(self) -> Price: ...

    def complete(self, request: ModelRequest, stop: Flag, watch: ModelWatch | None = None) -> ModelReply:
        """One reply. Raises ModelError, or Cancelled at most 100 ms after `stop` was set. A refusal, a reply cut at its
        limit and an unreadable tool call are replies, not errors."""


class SessionRepository(Protocol):
    """A session's own git repository and work tree; the user's is never written by it.

    Commits, trees and blobs are named by their hex ids. Nothing in the tree is trusted: no link is followed, no
    attribute, filter, hook or configuration of the tree takes effect."""

    @property
    def tree(self) -> Path:
        """The folder that the sandbox may write."""

    def beside(self, worker: int) -> SessionRepository:
        """The same repository and branch with a work tree and a check folder of their own, for the worker with that
        number, from 2. Each is used by one thread at a time."""

    def restore(self, commit: str) -> None:
        """Make the work tree exactly that commit's tree: ignored files, caches and nested repositories go too. Cheap
        when little differs."""

    def snapshot(self, base: str) -> ChangeSet:
        """Build the candidate tree from the work tree by a walk that follows nothing; the change set is against `base`
        (a commit) and its `new` is the candidate tree. New files that the repository ignores are left out. Entries
        that can never be kept stand in `refused`. Raises LimitExceeded before reading anything beyond the hard
        ceilings."""

    def changes(self, old: str, new: str) -> ChangeSet:
        """What differs between two trees or commits."""

    def files(self, commit: str) -> Mapping[str, str]:
        """The tree's files and the object id of each one's content."""

    def tree_of(self, commit: str) -> str:
        """The tree id of a commit."""

    def keep(self, tree: str, message: str, expected_tip: str) -> str:
        """Commit `tree` on the session's branch, whose tip must be `expected_tip` (StaleBase otherwise); the new
        commit."""

    def tip(self) -> str:
        """The commit that the session's branch is at."""

    def move(self, commit: str) -> None:
        """Set the session's branch to an older checkpoint."""

    def save(self, name: str, tree: str, parent: str, message: str) -> str:
        """Commit `tree` on a side ref (`refs/orion/{name}`), so that it survives; the new commit."""

    def merge(self, base: str, ours: str, theirs: str) -> MergeResult:
        """Three-way merge of commits in the object store; touches no work tree."""

    def check_out(self, tree: str) -> Path:
        """A fresh checkout of the tree in a folder of its own, without anything that a task left behind."""

    def inside(self, commit: str) -> Path:
        """A throw-away repository with that commit's tree as its one commit, for a sandbox to mount read-only."""

    def compose(self, base: str, source: str, paths: Sequence[str]) -> str:
        """The tree of `base` with `paths` as they are in `source` (missing there means deleted)."""

    def with_files(self, base: str, files: Mapping[str, tuple[int, bytes]]) -> str:
        """The tree of `base` with these files in it, each a mode of git's and its content."""

    def write_out(self, commit: str, folder: Path) -> int:
        """Write a commit's files to a folder that does not exist yet, whole or not at all; how many there are. Raises
        WorkspaceError."""

    def read(self, path: str, *, limit: int = 10 * 1024 * 1024) -> bytes:
        """A file of the work tree, opened beneath its root, no link followed. Raises WorkspaceError."""

    def write(self, path: str, data: bytes) -> None:
        """Write a file of the work tree, making its folders; beneath the root, no link followed. Raises
        WorkspaceError."""

    def delete(self, path: str) -> None:
        """Remove a file of the work tree. Raises WorkspaceError when there is none."""

    def paths(self, below: str = ".") -> tuple[str, ...]:
        """Files of the work tree, sorted; git directories left out."""

    def blob(self, oid: str, *, limit: int | None = None) -> bytes:
        """The content of an object, at most `limit` bytes."""

    def reading(self) -> AbstractContextManager[Callable[[str], bytes]]:
        """Contents of objects by their ids, for whoever reads many: at a small part of what `blob` costs."""

    def diff(self, old: str, new: str, paths: Sequence[str] = (), *, moves: bool = False, context: int = 3) -> bytes:
        """A unified patch between two trees or commits, as `git apply` takes it, with so many unchanged lines around
        each change. With `moves` a moved file is one file of the patch and not two."""

    def diff_pieces(self, old: str, new: str, *, first: int) -> Iterator[bytes]:
        """The same patch with `moves` as git makes it: whole files of about `first` bytes, then all the rest."""

    def moves(self, old: str, new: str) -> tuple[Move, ...]:
        """Which new files were made of which deleted ones, sorted by path."""

    def filtered(self, tree: str, paths: Sequence[str]) -> tuple[str, ...]:
        """Those of the paths that have a filter attribute (LFS and the like) in that tree."""


class UserRepository(Protocol):
    """The repository that a person works in. Only `apply`, `recover` and `undo` write to it."""

    def inspect(self, path: Path) -> WorkspaceInfo:
        """Raises WorkspaceError: not a repository, bare, no commit, detached HEAD, a partial clone."""

    def open_session(self, info: WorkspaceInfo, session: str, folder: Path) -> SessionRepository:
        """Make the session's repository in `folder` with its branch at the workspace's head."""

    def reopen(self, session: str, folder: Path) -> SessionRepository:
        """The session's repository made earlier. Raises WorkspaceError when it is gone."""

    def committed(self, root: Path, commit: str) -> CommittedTree:
        """The files of a commit; writes nothing."""

    def dirty_paths(self, root: Path) -> tuple[str, ...]:
        """Paths with uncommitted or untracked changes; writes nothing, not even the index."""

    def branches(self, root: Path) -> tuple[str, ...]:
        """The names of its branches, the latest used first."""

    def conflicts(
        self, root: Path, branch: str, repository: SessionRepository, base: str, chosen: str
    ) -> tuple[str, MergeResult, tuple[Conflict, ...]]:
        """What promoting the tree `chosen` (built on `base`) onto the branch would meet: the branch's commit now, the
        merge, and conflicts with uncommitted or untracked files. Touches nothing of the user's."""

    def filtered(self, root: Path, paths: Sequence[str]) -> tuple[str, ...]:
        """Those of the paths that the person's own attributes send through a filter (such as Git LFS), their files
        outside the tree (`.git/info/attributes`, the user's own) among them."""

    def prepare(
        self,
        root: Path,
        repository: SessionRepository,
        *,
        session: str,
        attempt: int,
        branch: str,
        old: str,
        steps: Sequence[tuple[str, str]],
        uncommitted: bool = False,
    ) -> PromotionPlan:
        """Bring over the objects that are new and make a commit of each step's tree and message, the first on `old`;
        moves nothing. With `uncommitted` the plan moves files alone."""

    def apply(self, root: Path, plan: PromotionPlan) -> None:
        """Move index, work tree, branch and tags, all or nothing. Raises StaleBase or WorkspaceError with the
        repository as before."""

    def recover(self, root: Path, plan: PromotionPlan) -> bool:
        """After a kill inside `apply`: finish it (true) or take it back (false); only an own lock is removed."""

    def revert(
        self, root: Path, promoted: tuple[str, str], branch: str, message: str, attempt: int, session: str
    ) -> PromotionPlan:
        """Prepare the undoing of a promotion (the commits before and after it) as one revert commit on the branch.
        Raises StaleBase with the conflicting paths when later work stands in the way."""

    def revert_preview(self, root: Path, promoted: tuple[str, str], branch: str) -> UndoPreview:
        """What that would do; writes nothing."""

    def withdrawal(
        self, root: Path, promoted: tuple[str, str], branch: str, attempt: int, session: str
    ) -> PromotionPlan:
        """Prepare the undoing of a promotion that was let in as uncommitted changes."""

    def edited(self, root: Path, plan: PromotionPlan) -> tuple[Conflict, ...]:
        """Paths that are not exactly as uncommitted changes left them."""

    def moved(self, root: Path, branch: str, since: str) -> tuple[str, tuple[str, ...]]:
        """The branch's commit now, and the paths that changed on it or in the work tree since that commit."""
