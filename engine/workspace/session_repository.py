"""A session's own repository: the `SessionRepository` port on a bare git directory, a work tree and a check folder."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from engine.vocabulary.changes import ChangeSet, ChangeStatus, FileChange, Move
from engine.vocabulary.errors import StaleBase, WorkspaceError
from engine.vocabulary.text import visible
from engine.vocabulary.workspaces import MergeResult
from engine.workspace.beneath import Folders, Owner, folders, read_file, write_new
from engine.workspace.candidate import Candidate
from engine.workspace.comparison import compare, moves
from engine.workspace.git import Git, make_bare
from engine.workspace.ignored import DROPPINGS, Ignored
from engine.workspace.inside import make_inside
from engine.workspace.merging import merge_trees
from engine.workspace.names import reads_as_git
from engine.workspace.objects import Entry, ObjectStore, Tree
from engine.workspace.patches import patch_arguments, patch_pieces
from engine.workspace.sharing import marked
from engine.workspace.stage import Stage
from engine.workspace.transfer import link_objects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

# Every attribute that changes bytes, starts a program or hides a difference is unset for all paths. Here it wins over
# whatever a .gitattributes file of the tree says.
ATTRIBUTES = "* -text -eol -filter -ident -working-tree-encoding -export-subst !diff !merge !whitespace\n"
_KEPT_TREES = 6
# What looking at a file says when it is gone, or is another kind of thing, since its folder was read.
_MOVED_MEANWHILE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EINVAL, errno.EISDIR})


class GitSessionRepository:
    """One session's repository in `folder`: `repo.git`, `tree` (what the sandbox writes) and `check`. `owner` is the
    user and group that the sandbox runs as when Orion runs as root, and is given the content of both folders. The
    workers beside the first have folders of their own (`tree-2`, `check-2`) and share everything else."""

    def __init__(self, folder: Path, session: str, owner: Owner = None, *, worker: int = 1) -> None:
        git_dir = folder / "repo.git"
        if not (git_dir / "HEAD").is_file():
            raise WorkspaceError(
                f"the repository of session {session} is gone ({git_dir})",
                "start a new session; nothing can be resumed",
            )
        self.folder = folder
        self.session = session
        self.object_format = "sha256" if "sha256" in (git_dir / "config").read_text() else "sha1"
        self.git = Git(git_dir)
        self._owner = owner
        self._store = ObjectStore(self.git, self.object_format)
        place = f"-{worker}" if worker > 1 else ""
        self.tree = folder / f"tree{place}"
        self._stage = Stage(self.tree, self._store, owner)
        self._check = Stage(folder / f"check{place}", self._store, owner)
        self._ignored = Ignored(self.git, folder / f"ignored{place}")
        self._branch = (git_dir / "HEAD").read_text().removeprefix("ref: ").strip()
        self._seen = ""
        self._standing = ""
        self._trees: dict[str, Tree] = {}
        self._tree_ids: dict[str, str] = {}

    @classmethod
    def create(
        cls,
        folder: Path,
        session: str,
        *,
        objects: Path,
        head: str,
        object_format: str,
        shallow: bytes,
        owner: Owner,
        user: str = "",
    ) -> GitSessionRepository:
        """Make it from another repository's objects, with its branch at `head`; `user` is named by the branch where the
        workspace is shared."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        git_dir = folder / "repo.git"
        git = make_bare(
            git_dir, object_format, attributes=ATTRIBUTES, exclude="\n".join(DROPPINGS) + "\n", private=True
        )
        branch = f"refs/heads/orion-ara/{marked(session, user)}"
        if shallow:
            (git_dir / "shallow").write_bytes(shallow)
        (git_dir / "HEAD").write_text(f"ref: {branch}\n")
        link_objects(objects, git_dir / "objects")
        git.run("rev-list", "--objects", "--no-walk", "--quiet", head)
        git.run("update-ref", branch, head)
        return cls(folder, session, owner)

    def beside(self, worker: int) -> GitSessionRepository:
        return GitSessionRepository(self.folder, self.session, self._owner, worker=worker)

    def bring(self, objects: Path) -> None:
        """Add the objects that another repository's store has got since."""
        link_objects(objects, self.git.git_dir / "objects")

    def restore(self, commit: str) -> None:
        standing, self._standing, self._seen = self._standing, "", ""
        if standing and standing == self.tree_of(commit):
            return
        self._stage.restore(self._load(commit))

    def snapshot(self, base: str) -> ChangeSet:
        before = self._load(base)
        candidate = Candidate(self._stage, self._store, self._ignored, before)
        try:
            after, refused = candidate.build()
        except OSError as error:
            if error.errno not in _MOVED_MEANWHILE:
                raise
            raise WorkspaceError(
                f"the tree changed while it was looked at: {visible(str(error.filename))} is another now",
                "something still runs in it; try again when it has ended",
            ) from error
        self._remember(after)
        self._seen = after.oid if candidate.exact else ""
        self._standing = ""
        files = compare(self.git, before.oid, after.oid, candidate.sizes) if before.oid != after.oid else ()
        return ChangeSet(base, after.oid, files, refused, _standing(before, files))

    def changes(self, old: str, new: str) -> ChangeSet:
        files = compare(self.git, old, new, {})
        return ChangeSet(old, new, files, standing=_standing(self._load(old), files))

    def files(self, commit: str) -> Mapping[str, str]:
        return {path: oid for path, (_, oid) in self._load(commit).files.items()}

    def tree_of(self, commit: str) -> str:
        if commit not in self._tree_ids:
            self._tree_ids[commit] = self.git.text("rev-parse", "--verify", "--end-of-options", f"{commit}^{{tree}}")
        return self._tree_ids[commit]

    def keep(self, tree: str, message: str, expected_tip: str) -> str:
        # What was just seen to stand in the folder, and nothing else, need not be put there again: once, since whoever
        # restores is about to let something run there.
        self._standing, self._seen = (tree if tree == self._seen else ""), ""
        commit = self._commit(tree, message, expected_tip)
        moved = self.git.run("update-ref", self._branch, commit, expected_tip, ok=(0, 1, 128))
        if moved.code != 0:
            raise StaleBase(
                f"the session's branch is not at {expected_tip[:12]} any more: {moved.words()}",
                "another process worked on this session; look again",
            )
        return commit

    def tip(self) -> str:
        return self.git.text("rev-parse", "--verify", "--quiet", self._branch)

    def move(self, commit: str) -> None:
        self.git.run("update-ref", self._branch, commit)

    def save(self, name: str, tree: str, parent: str, message: str) -> str:
        commit = self._commit(tree, message, parent)
        self.git.run("update-ref", f"refs/orion/{name}", commit)
        return commit

    def merge(self, base: str, ours: str, theirs: str) -> MergeResult:
        tree, conflicts = merge_trees(self.git, self.tree_of(base), self.tree_of(ours), self.tree_of(theirs))
        return MergeResult("", conflicts, tree) if conflicts else MergeResult(tree)

    def check_out(self, tree: str) -> Path:
        self._check.restore(self._load(tree))
        return self._check.root

    def inside(self, commit: str) -> Path:
        return make_inside(self.folder / "inside.git", self.git, self.tree_of(commit), self.object_format)

    def compose(self, base: str, source: str, paths: Sequence[str]) -> str:
        chosen = self._load(source).files
        changes: dict[str, Entry | None] = {path: chosen.get(path) for path in paths}
        tree = self._store.derive(self._load(base), changes)
        self._remember(tree)
        return tree.oid

    def with_files(self, base: str, files: Mapping[str, tuple[int, bytes]]) -> str:
        entries: dict[str, Entry | None] = {
            path: (mode, self._store.put("blob", data)) for path, (mode, data) in files.items()
        }
        tree = self._store.derive(self._load(base), entries)
        self._remember(tree)
        return tree.oid

    def write_out(self, commit: str, folder: Path) -> int:
        tree = self._load(commit)
        if os.path.lexists(folder):
            raise WorkspaceError(f"{visible(str(folder))} exists already", "name a folder that does not")
        try:
            with tempfile.TemporaryDirectory(prefix=".orion-", dir=folder.parent) as beside:
                made = Path(beside) / "tree"
                Stage(made, self._store).restore(tree)
                made.rename(folder)
        except OSError as error:
            raise WorkspaceError(f"{visible(str(folder))} cannot be made: {error.strerror}") from error
        return len(tree.files)

    def read(self, path: str, *, limit: int = 10 * 1024 * 1024) -> bytes:
        parent, name = _split(path)
        with folders(self.tree) as chain:
            try:
                return read_file(name, chain.at(parent), limit)[0]
            except (OSError, ValueError) as error:
                raise _unusable(path, "read", error) from error

    def write(self, path: str, data: bytes) -> None:
        self._seen = self._standing = ""
        parent, name = _split(path)
        with folders(self.tree, self._owner) as chain:
            try:
                self._replace(chain, parent, name, data)
            except (OSError, ValueError) as error:
                raise _unusable(path, "written", error) from error

    def _replace(self, chain: Folders, parent: str, name: str, data: bytes) -> None:
        folder = chain.at(parent, make=True)
        mode = 0o644
        with suppress(FileNotFoundError):
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if not stat.S_ISREG(found.st_mode):
                raise ValueError("not a regular file")
            mode = 0o755 if found.st_mode & 0o100 else 0o644
        passing = f".orion-{os.urandom(6).hex()}"
        try:
            write_new(passing, folder, data, mode, self._owner)
            os.rename(passing, name, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            with suppress(OSError):
                os.unlink(passing, dir_fd=folder)
            raise

    def delete(self, path: str) -> None:
        self._seen = self._standing = ""
        parent, name = _split(path)
        with folders(self.tree) as chain:
            try:
                os.unlink(name, dir_fd=chain.at(parent))
            except OSError as error:
                raise _unusable(path, "deleted", error) from error

    def paths(self, below: str = ".") -> tuple[str, ...]:
        start = "" if below in {"", "."} else "/".join(_split(below)).strip("/")
        found: list[str] = []
        with folders(self.tree) as chain:
            waiting = [start]
            while waiting:
                folder = waiting.pop()
                try:
                    handle = chain.at(folder)
                except OSError as error:
                    raise _unusable(folder or ".", "listed", error) from error
                with os.scandir(handle) as entries:
                    for entry in entries:
                        path = f"{folder}/{entry.name}" if folder else entry.name
                        if reads_as_git(entry.name):
                            continue
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(path)
                        else:
                            found.append(path)
        return tuple(sorted(found))

    def blob(self, oid: str, *, limit: int | None = None) -> bytes:
        if limit is None:
            return self.git.run("cat-file", "blob", oid).out
        with self.git.stream("cat-file", "blob", oid) as content:
            return content.read(limit)

    def reading(self) -> AbstractContextManager[Callable[[str], bytes]]:
        return self._store.reading()

    def diff(self, old: str, new: str, paths: Sequence[str] = (), *, moves: bool = False, context: int = 3) -> bytes:
        arguments = patch_arguments(self.tree_of(old), self.tree_of(new), paths, moves=moves, context=context)
        return self.git.run(*arguments).out

    def diff_pieces(self, old: str, new: str, *, first: int) -> Iterator[bytes]:
        return patch_pieces(self.git, patch_arguments(old, new, moves=True), first)

    def moves(self, old: str, new: str) -> tuple[Move, ...]:
        return moves(self.git, self.tree_of(old), self.tree_of(new))

    def filtered(self, tree: str, paths: Sequence[str]) -> tuple[str, ...]:
        from engine.workspace.attributes import filtered

        return filtered(self.git, self._load(tree), paths, self.object_format)

    def _commit(self, tree: str, message: str, parent: str) -> str:
        commit = self.git.text("commit-tree", tree, "-p", parent, "-F", "-", stdin=message.encode())
        self._tree_ids[commit] = tree
        return commit

    def _load(self, commit: str) -> Tree:
        oid = self.tree_of(commit)
        if oid not in self._trees:
            self._remember(self._store.load(oid))
        return self._trees[oid]

    def _remember(self, tree: Tree) -> None:
        self._tree_ids[tree.oid] = tree.oid
        self._trees[tree.oid] = tree
        while len(self._trees) > _KEPT_TREES:
            del self._trees[next(iter(self._trees))]


def _standing(before: Tree, files: tuple[FileChange, ...]) -> tuple[str, ...]:
    return tuple(before.files) if any(change.status is ChangeStatus.ADDED for change in files) else ()


def _split(path: str) -> tuple[str, str]:
    """A path of the tree as folder and name. Raises WorkspaceError for one that could lead anywhere else."""
    parts = path.split("/")
    if not path or "\0" in path or any(part in {"", ".", ".."} or reads_as_git(part) for part in parts):
        raise WorkspaceError(
            f"{visible(path)!r} is not a path inside the tree", "give a relative path without '..' or a git directory"
        )
    return "/".join(parts[:-1]), parts[-1]


def _unusable(path: str, verb: str, error: Exception) -> WorkspaceError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return WorkspaceError(f"{visible(path)} cannot be {verb}: {reason}")
