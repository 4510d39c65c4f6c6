"""From a work tree that a sandbox wrote to the tree object that may be kept. What can never be part of a tree is named
and left out; nothing is read before its kind and its size are known."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.vocabulary.changes import RefusedEntry
from engine.vocabulary.errors import LimitExceeded, WorkspaceError
from engine.vocabulary.text import decoded, visible
from engine.workspace.beneath import Folders, folders, names_in, open_folder, read_file
from engine.workspace.ignored import MAX_IGNORE_FILE, Ignored
from engine.workspace.names import MAX_DEPTH, MAX_PATH_BYTES, collisions, link_problem, reads_as_git, refusal
from engine.workspace.objects import LINK_MODE, MODULE_MODE, Entry, ObjectStore, Tree
from engine.workspace.walk import MAX_NEW_ENTRIES, Sight, walk

if TYPE_CHECKING:
    from engine.workspace.stage import Stage

# SPEC section 5: one file, and all that a session writes.
MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_TOTAL_BYTES = 200 * 1024 * 1024
_MAX_LINK_BYTES = 4096
_BARE = frozenset({"head", "objects", "refs"})
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


class Candidate:
    """Builds one candidate tree; used once. Afterwards `exact` says that the folder holds that tree and nothing else,
    as a fresh checkout would."""

    def __init__(self, stage: Stage, store: ObjectStore, ignored: Ignored, base: Tree) -> None:
        self._stage = stage
        self._store = store
        self._ignored = ignored
        self._base = base
        self._changes: dict[str, Entry | None] = {}
        self._refused: dict[str, RefusedEntry] = {}
        self._links: dict[str, str] = {}
        self._ignore_files: set[str] = set()
        self._left = MAX_TOTAL_BYTES
        self.sizes: dict[str, int] = {}
        self.exact = False

    def build(self) -> tuple[Tree, tuple[RefusedEntry, ...]]:
        """The candidate and what was refused. Raises LimitExceeded (entries, bytes)."""
        with folders(self._stage.root) as chain:
            sight = self._stage.look(chain.at(""), self._base, limit=MAX_NEW_ENTRIES)
            self._learn_known_ignores(chain, sight)
            new = self._sort_known(chain, sight)
            kept = self._sort_unknown(chain, new)
            self.exact = kept.keys() == new.keys() and self._stage.tidy(sight)
            for path, found in kept.items():
                self._read(chain, path, found)
            self._stage.settle()
            self._refuse_collisions()
            self._refuse_links(chain)
        tree = self._store.derive(self._base, self._changes)
        self.exact = self.exact and not self._refused and not self._stage.has_odd_modes()
        # A refused path is only ever shown, and lone surrogates would break whoever stores it.
        shown = [replace(self._refused[path], path=decoded(os.fsencode(path))) for path in sorted(self._refused)]
        return tree, tuple(shown)

    def _refuse(self, path: str, rule: str, reason: str) -> None:
        self._refused[path] = RefusedEntry(path, rule, reason)
        self._changes.pop(path, None)

    def _sort_known(self, chain: Folders, sight: Sight) -> dict[str, os.stat_result]:
        """Take up what happened to paths of the base; what is left is new."""
        base = self._base.files
        new: dict[str, os.stat_result] = {}
        for path, entry in sight.clean.items():
            if path not in base:
                parent, _, name = path.rpartition("/")
                new[path] = os.stat(name, dir_fd=chain.at(parent), follow_symlinks=False)
            elif base[path] != entry:
                self._changes[path] = entry
        for path, found in sight.other.items():
            if path not in base:
                new[path] = found
            elif base[path][0] == MODULE_MODE:
                self._judge_module(chain, path, found)
            elif stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode):
                self._read(chain, path, found)
            elif stat.S_ISDIR(found.st_mode):
                self._changes[path] = None
                new[path] = found
            else:
                self._refuse(path, "tree.special", f"{_kind(found)} stands where a file was")
        for path in base.keys() - sight.clean.keys() - sight.other.keys():
            self._changes[path] = None
        return new

    def _judge_module(self, chain: Folders, path: str, found: os.stat_result) -> None:
        parent, _, name = path.rpartition("/")
        if stat.S_ISDIR(found.st_mode):
            handle = open_folder(name, chain.at(parent))
            try:
                if not names_in(handle):
                    return
            finally:
                os.close(handle)
        self._refuse(path, "tree.git", "a submodule's place was written to; Orion leaves submodules as they are")

    def _sort_unknown(self, chain: Folders, new: dict[str, os.stat_result]) -> dict[str, os.stat_result]:
        """Leave out what is ignored and look into the new folders that are not, level by level."""
        kept: dict[str, os.stat_result] = {}
        self._refuse_bare(new)
        seen = 0
        while new:
            seen += len(new)
            if seen > MAX_NEW_ENTRIES:
                raise LimitExceeded("new files", seen, MAX_NEW_ENTRIES)
            asked = {
                (f"{path}/" if stat.S_ISDIR(found.st_mode) else path): (path, found)
                for path, found in new.items()
                if path not in self._refused and not self._is_git(path)
            }
            ignored = self._ignored.ask(asked)
            inner: dict[str, os.stat_result] = {}
            for question, (path, found) in asked.items():
                if question in ignored:
                    continue
                problem = _place_problem(path)
                if problem is not None:
                    self._refuse(path, *problem)
                elif stat.S_ISDIR(found.st_mode):
                    inner |= self._inside(chain, path)
                    # Now, not once the level is whole: a thousand folders may hold a thousand entries each.
                    if seen + len(inner) > MAX_NEW_ENTRIES:
                        raise LimitExceeded("new files", seen + len(inner), MAX_NEW_ENTRIES)
                else:
                    kept[path] = found
            new = inner
        return kept

    def _is_git(self, path: str) -> bool:
        name = path.rpartition("/")[2]
        if not reads_as_git(name):
            return False
        problem = refusal(name)
        self._refuse(path, *(problem or ("tree.git", "a git directory cannot be inside the tree")))
        return True

    def _inside(self, chain: Folders, path: str) -> dict[str, os.stat_result]:
        """The entries of a new folder, none when it is a repository of its own."""
        handle = chain.at(path)
        sight = walk(handle, frozenset(), {}, start=path)
        names = {inner.rpartition("/")[2] for inner in sight.other}
        if {name.casefold() for name in names} >= _BARE or any(map(reads_as_git, names)):
            self._refuse(path, "tree.git", "the folder is a git repository of its own")
            return {}
        own = f"{path}/.gitignore"
        if own in sight.other:
            self._learn_ignore(chain, own)
        return sight.other

    def _refuse_bare(self, new: dict[str, os.stat_result]) -> None:
        """A bare repository laid over a folder that was there before."""
        added: defaultdict[str, set[str]] = defaultdict(set)
        for path in new:
            parent, _, name = path.rpartition("/")
            if name.casefold() in _BARE:
                added[parent].add(name)
        for parent, names in added.items():
            there = {name.casefold() for name in (*self._base.folders.get(parent, ()), *names)}
            if there >= _BARE:
                for name in names:
                    path = f"{parent}/{name}" if parent else name
                    self._refuse(path, "tree.git", "together with its neighbours this makes a bare git repository")

    def _read(self, chain: Folders, path: str, found: os.stat_result) -> None:
        parent, _, name = path.rpartition("/")
        if stat.S_ISLNK(found.st_mode):
            self._read_link(chain, path, found)
            return
        if not stat.S_ISREG(found.st_mode):
            self._refuse(path, "tree.special", f"{_kind(found)} cannot be part of a tree")
            return
        if self._has_other_names(path, found):
            return
        if found.st_size > MAX_FILE_BYTES:
            if self._stands_as_before(chain, path, found):
                return
            self._refuse(path, "tree.size", f"{found.st_size:,} bytes are more than the {MAX_FILE_BYTES:,} of one file")
            return
        self._left -= found.st_size
        if self._left < 0:
            raise LimitExceeded("bytes written", MAX_TOTAL_BYTES - self._left, MAX_TOTAL_BYTES)
        try:
            data, found = read_file(name, chain.at(parent), MAX_FILE_BYTES)
        except (OSError, ValueError) as error:
            raise WorkspaceError(
                f"{visible(path)} cannot be read: {error}", "something still writes to the session's tree"
            ) from error
        # Another file may have come to the place between the look and the reading.
        if self._has_other_names(path, found):
            return
        mode = 0o100755 if found.st_mode & 0o100 else 0o100644
        self._set(path, found, (mode, self._store.put("blob", data)))

    def _has_other_names(self, path: str, found: os.stat_result) -> bool:
        if found.st_nlink == 1:
            return False
        self._refuse(path, "tree.hardlink", "the file has more than one name (a hard link)")
        return True

    def _stands_as_before(self, chain: Folders, path: str, found: os.stat_result) -> bool:
        """Whether a file too large to be written is one that the base holds, with the content that it has there."""
        mode, oid = self._base.files.get(path, (0, ""))
        if not mode or mode == LINK_MODE or self._store.size(oid) != found.st_size:
            return False
        parent, _, name = path.rpartition("/")
        try:
            data, found = read_file(name, chain.at(parent), found.st_size)
        except (OSError, ValueError):
            return False
        if self._store.name_of("blob", data) != oid:
            return False
        self._set(path, found, (0o100755 if found.st_mode & 0o100 else 0o100644, oid))
        return True

    def _read_link(self, chain: Folders, path: str, found: os.stat_result) -> None:
        parent, _, name = path.rpartition("/")
        target = os.readlink(name, dir_fd=chain.at(parent))
        entry = (LINK_MODE, self._store.name_of("blob", os.fsencode(target)))
        if self._base.files.get(path) != entry:
            if len(os.fsencode(target)) > _MAX_LINK_BYTES:
                self._refuse(path, "tree.symlink", "the link's target is too long")
                return
            self._links[path] = target
            self._store.put("blob", os.fsencode(target))
        self._set(path, found, entry)

    def _set(self, path: str, found: os.stat_result, entry: Entry) -> None:
        self._stage.stamp(path, found, entry)
        self.sizes[entry[1]] = found.st_size
        if self._base.files.get(path) != entry:
            self._changes[path] = entry
        else:
            self._changes.pop(path, None)

    def _learn_known_ignores(self, chain: Folders, sight: Sight) -> None:
        for folder, entries in self._base.folders.items():
            if ".gitignore" not in entries:
                continue
            path = f"{folder}/.gitignore" if folder else ".gitignore"
            if path in sight.clean and self._ignored.known(path, sight.clean[path][1]):
                self._ignore_files.add(path)
            elif path in sight.clean or path in sight.other:
                self._learn_ignore(chain, path)
        for path in sight.other:
            if path.rpartition("/")[2] == ".gitignore" and path not in self._ignore_files:
                self._learn_ignore(chain, path)
        self._ignored.forget_all_but(self._ignore_files)

    def _learn_ignore(self, chain: Folders, path: str) -> None:
        parent, _, name = path.rpartition("/")
        try:
            data, _found = read_file(name, chain.at(parent), MAX_IGNORE_FILE)
        except (OSError, ValueError):
            return
        self._ignore_files.add(path)
        self._ignored.learn(path, self._store.name_of("blob", data), data)

    def _refuse_collisions(self) -> None:
        added = [path for path, entry in self._changes.items() if entry is not None and path not in self._base.files]
        if not added:
            return
        tree = self._store.derive(self._base, self._changes)
        touched = {path.rpartition("/")[0] for path in added}
        touched |= {folder[:at] for folder in touched for at in range(len(folder)) if folder[at] == "/"} | {""}
        for folder in touched:
            names = tree.folders.get(folder, {})
            for name, other in collisions(names, set(names) - set(self._base.folders.get(folder, {}))):
                path = f"{folder}/{name}" if folder else name
                reason = f"some systems cannot tell the name from {visible(other)!r} beside it"
                for each in [each for each in added if each == path or each.startswith(path + "/")]:
                    self._refuse(each, "tree.name", reason)

    def _refuse_links(self, chain: Folders) -> None:
        def link_at(path: str) -> str | None:
            if path in self._links:
                return self._links[path] if path not in self._refused else None
            if self._base.files.get(path, (0, ""))[0] != LINK_MODE:
                return None
            parent, _, name = path.rpartition("/")
            try:
                return os.readlink(name, dir_fd=chain.at(parent))
            except OSError:
                return None

        for path, target in self._links.items():
            reason = link_problem(path, target, link_at)
            if reason:
                self._refuse(path, "tree.symlink", reason)


def _place_problem(path: str) -> tuple[str, str] | None:
    problem = refusal(path.rpartition("/")[2])
    if problem is not None:
        return problem
    if path.count("/") >= MAX_DEPTH:
        return "tree.depth", f"folders are nested more than {MAX_DEPTH} deep"
    if len(os.fsencode(path)) > MAX_PATH_BYTES:
        return "tree.name", f"the path is longer than {MAX_PATH_BYTES} bytes"
    return None


def _kind(found: os.stat_result) -> str:
    return _KINDS.get(stat.S_IFMT(found.st_mode), "a special file")
