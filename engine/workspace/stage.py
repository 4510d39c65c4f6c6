"""A folder that holds a checkout, and what is known about it, so that looking at it again costs one stat per file."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from engine.vocabulary.errors import WorkspaceError
from engine.vocabulary.text import visible
from engine.workspace.beneath import Folders, Owner, Trash, folders, give, names_in, read_file, write_new
from engine.workspace.names import reads_as_git
from engine.workspace.objects import LINK_MODE, MODULE_MODE, Entry, ObjectStore, Tree
from engine.workspace.walk import Sight, Stamp, walk

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# A file changed again within one tick of the kernel's clock keeps its change time (10 ms at 100 Hz).
_TICK_NS = 20_000_000


def file_mode(entry: Entry) -> int:
    """The permissions that a checkout gives to a file of this git mode."""
    return 0o755 if entry[0] == 0o100755 else 0o644


class Stage:
    """One folder, its trash and the stamps of its files. `owner` is given everything that is written."""

    def __init__(self, root: Path, store: ObjectStore, owner: Owner = None) -> None:
        self.root = root
        self._store = store
        self._owner = owner
        self._trash = Trash(root.with_name(f"{root.name}.trash"))
        self._clock = root.with_name(f"{root.name}.clock")
        self._stamps: dict[str, Stamp] = {}
        self._fresh: dict[str, Stamp] = {}
        # Paths with the right content and other permissions than a checkout gives.
        self._odd: set[str] = set()

    def look(self, root: int, known: Tree, *, limit: int | None = None) -> Sight:
        """What stands in the folder, against the folders of `known`."""
        return walk(root, known.folders, self._stamps, limit=limit)

    def stamp(self, path: str, found: os.stat_result, entry: Entry) -> None:
        """Remember that `path` holds `entry` as long as it looks like `found`; valid from the next `settle`."""
        self._fresh[path] = Stamp(found.st_ctime_ns, found.st_ino, found.st_size, found.st_mode, entry)

    def settle(self) -> None:
        """Take the new stamps over, but for those too young to tell a later change by."""
        self._clock.touch(mode=0o600)
        youngest = self._clock.stat().st_mtime_ns - _TICK_NS
        for path, stamp in self._fresh.items():
            if stamp.ctime_ns < youngest:
                self._stamps[path] = stamp
            else:
                self._stamps.pop(path, None)
            if self._canonical(stamp.mode, stamp.entry):
                self._odd.discard(path)
            else:
                self._odd.add(path)
        self._fresh = {}

    def restore(self, tree: Tree) -> None:
        """Make the folder exactly `tree`. Whatever else stands there goes, also what git would ignore."""
        self._check_names(tree)
        self._make_root()
        self._trash.empty()
        with folders(self.root, self._owner) as chain:
            sight = self.look(chain.at(""), tree)
            self._repair_folders(chain, sight)
            files, odd = tree.files, self._odd
            doomed = [path for path, entry in sight.clean.items() if files.get(path) != entry or path in odd]
            missing = (files.keys() - sight.clean.keys()) | (files.keys() & set(doomed))
            for path, found in sight.other.items():
                wanted = files.get(path)
                if wanted is not None and self._same(chain, path, found, wanted):
                    missing.discard(path)
                else:
                    doomed.append(path)
            self._remove(chain, doomed)
            self._write(chain, {path: files[path] for path in missing})
        for path in self._stamps.keys() - files.keys():
            del self._stamps[path]
        self.settle()

    def _check_names(self, tree: Tree) -> None:
        for path in tree.folders:
            if reads_as_git(path.rpartition("/")[2]):
                raise WorkspaceError(f"the commit holds {visible(path)!r}, which a checkout must not make")

    def _make_root(self) -> None:
        self.root.mkdir(mode=0o755, exist_ok=True)
        if self.root.is_symlink() or not self.root.is_dir():
            raise WorkspaceError(f"{self.root} is not a folder any more", "start a new session")
        self.root.chmod(0o755)
        if self._owner is not None:
            os.chown(self.root, *self._owner, follow_symlinks=False)

    def _canonical(self, mode: int, entry: Entry) -> bool:
        return entry[0] == LINK_MODE or stat.S_IMODE(mode) == file_mode(entry)

    def tidy(self, sight: Sight) -> bool:
        """Whether every folder stands as a checkout makes it."""
        return all(self._as_made(found) for found in sight.folders.values())

    def has_odd_modes(self) -> bool:
        """Whether some file has other permissions than a checkout gives."""
        return bool(self._odd)

    def _as_made(self, found: os.stat_result) -> bool:
        owned = self._owner is None or (found.st_uid, found.st_gid) == self._owner
        return owned and stat.S_IMODE(found.st_mode) == 0o755

    def _repair_folders(self, chain: Folders, sight: Sight) -> None:
        for path, found in sight.folders.items():
            if not self._as_made(found):
                handle = chain.at(path)
                os.fchmod(handle, 0o755)  # nosec B103 - whoever the sandbox runs as must be able to enter
                if self._owner is not None:
                    os.fchown(handle, *self._owner)

    def _same(self, chain: Folders, path: str, found: os.stat_result, wanted: Entry) -> bool:
        """Whether a file without a stamp is nevertheless what it should be, then it gets one."""
        if wanted[0] == MODULE_MODE:
            return stat.S_ISDIR(found.st_mode) and not names_in(chain.at(path))
        if not stat.S_ISREG(found.st_mode) or wanted[0] == LINK_MODE or found.st_nlink != 1:
            return False
        if not self._canonical(found.st_mode, wanted):
            return False
        if self._owner is not None and (found.st_uid, found.st_gid) != self._owner:
            return False
        parent, _, name = path.rpartition("/")
        try:
            data, found = read_file(name, chain.at(parent), found.st_size)
        except (OSError, ValueError):
            return False
        if self._store.name_of("blob", data) != wanted[1]:
            return False
        self.stamp(path, found, wanted)
        return True

    def _remove(self, chain: Folders, doomed: Iterable[str]) -> None:
        for path in sorted(doomed):
            parent, _, name = path.rpartition("/")
            self._trash.take(name, chain.at(parent))
            self._stamps.pop(path, None)

    def _write(self, chain: Folders, missing: dict[str, Entry]) -> None:
        paths = sorted(path for path, entry in missing.items() if entry[0] != MODULE_MODE)
        for path in sorted(set(missing) - set(paths)):
            chain.at(path, make=True)
        contents = self._store.blobs([missing[path][1] for path in paths])
        for path, (_, data) in zip(paths, contents, strict=True):
            entry = missing[path]
            parent, _, name = path.rpartition("/")
            if reads_as_git(name):
                raise WorkspaceError(f"the commit holds {visible(path)!r}, which a checkout must not make")
            folder = chain.at(parent, make=True)
            if entry[0] == LINK_MODE:
                os.symlink(os.fsdecode(data), name, dir_fd=folder)
                give(name, folder, self._owner)
                found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            else:
                found = write_new(name, folder, data, file_mode(entry), self._owner)
            self.stamp(path, found, entry)
