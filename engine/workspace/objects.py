"""Blobs and trees of a session: written straight into its object store from what was read, so that the bytes that were
hashed are the bytes that are kept, and a tree is rebuilt only where it changed."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from engine.vocabulary.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from engine.workspace.git import Git

FOLDER_MODE = 0o040000
LINK_MODE = 0o120000
MODULE_MODE = 0o160000

# A mode of git's and an object id in hex.
Entry = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Tree:
    """A whole tree in memory: `folders` maps each folder (the root is "") to its entries by name, `files` maps each
    path below the root to its entry. Shared between trees, so never changed in place."""

    oid: str
    folders: Mapping[str, Mapping[str, Entry]]
    files: Mapping[str, Entry]


class ObjectStore:
    """Reads and writes the objects of one of Orion's own repositories."""

    def __init__(self, git: Git, object_format: str) -> None:
        self._git = git
        self._folder = git.git_dir / "objects"
        self._algorithm = object_format
        self.empty_tree = self.name_of("tree", b"")

    def name_of(self, kind: str, data: bytes) -> str:
        """The object id that git gives to these bytes."""
        digest = hashlib.new(self._algorithm, b"%s %d\0" % (kind.encode(), len(data)), usedforsecurity=False)
        digest.update(data)
        return digest.hexdigest()

    def put(self, kind: str, data: bytes) -> str:
        """Keep an object; its id. Keeping it twice costs one look."""
        oid = self.name_of(kind, data)
        folder = self._folder / oid[:2]
        place = folder / oid[2:]
        if place.exists():
            return oid
        folder.mkdir(mode=0o700, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="tmp_obj_", dir=folder)
        with os.fdopen(handle, "wb") as out:
            out.write(zlib.compress(b"%s %d\0" % (kind.encode(), len(data)) + data, 1))
            os.fchmod(out.fileno(), 0o400)
        Path(name).replace(place)
        return oid

    def load(self, oid: str) -> Tree:
        """The whole tree with this id (a tree's or a commit's)."""
        folders: dict[str, dict[str, Entry]] = {"": {}}
        files: dict[str, Entry] = {}
        listing = self._git.run("ls-tree", "-r", "-t", "-z", "--full-tree", oid).out
        for record in listing.split(b"\0")[:-1]:
            head, _, raw = record.partition(b"\t")
            mode_text, _, oid_text = head.split(b" ")
            path = os.fsdecode(raw)
            entry = (int(mode_text, 8), oid_text.decode())
            parent, _, name = path.rpartition("/")
            folders[parent][name] = entry
            if entry[0] == FOLDER_MODE:
                folders[path] = {}
            else:
                files[path] = entry
        return Tree(oid, folders, files)

    def derive(self, tree: Tree, changes: Mapping[str, Entry | None]) -> Tree:
        """`tree` with some paths set, or removed where the change is None; folders left empty go too."""
        if not changes:
            return tree
        folders: dict[str, Mapping[str, Entry]] = dict(tree.folders)
        files = dict(tree.files)
        copied: dict[str, dict[str, Entry]] = {}

        def opened(folder: str) -> dict[str, Entry]:
            if folder not in copied:
                copied[folder] = dict(folders.get(folder, {}))
                folders[folder] = copied[folder]
                if folder:
                    parent = folder.rpartition("/")[0]
                    opened(parent)
                    files.pop(folder, None)
            return copied[folder]

        def drop(path: str) -> None:
            parent, _, name = path.rpartition("/")
            if files.pop(path, None) is not None:
                opened(parent).pop(name, None)

        for path in [path for path, entry in changes.items() if entry is None]:
            drop(path)
        for path, entry in changes.items():
            if entry is None:
                continue
            if path in folders:
                for inner in [each for each in files if each.startswith(path + "/")]:
                    drop(inner)
            parent, _, name = path.rpartition("/")
            opened(parent)[name] = entry
            files[path] = entry
        oid = tree.oid
        for folder in sorted(copied, key=lambda each: (-each.count("/") - bool(each), each)):
            entries = copied[folder]
            parent, _, name = folder.rpartition("/")
            if folder and not entries:
                del folders[folder]
                if opened(parent).get(name, (0, ""))[0] == FOLDER_MODE:
                    del opened(parent)[name]
                continue
            oid = self.put("tree", _encoded(entries))
            if folder:
                opened(parent)[name] = (FOLDER_MODE, oid)
        return Tree(oid, folders, files)

    def size(self, oid: str) -> int:
        """The size of a blob in bytes, without reading it."""
        return int(self._git.text("cat-file", "-s", oid))

    def blobs(self, oids: list[str]) -> Iterator[tuple[str, bytes]]:
        """The contents of these blobs, one after the other, in order."""
        if not oids:
            return
        request = "".join(f"{oid}\n" for oid in oids).encode()
        with self._git.stream("cat-file", "--batch", stdin=request) as answers:
            for oid in oids:
                yield oid, _next_object(answers, oid)

    @contextmanager
    def reading(self) -> Iterator[Callable[[str], bytes]]:
        """Blobs by their ids, all from one process; the last two are remembered."""
        kept: dict[str, bytes] = {}
        with self._git.converse("cat-file", "--batch") as (asked, answers):

            def blob(oid: str) -> bytes:
                if oid not in kept:
                    asked.write(f"{oid}\n".encode())
                    asked.flush()
                    data = _next_object(answers, oid)
                    if len(kept) > 1:
                        del kept[next(iter(kept))]
                    kept[oid] = data
                return kept[oid]

            yield blob


def _next_object(answers: IO[bytes], oid: str) -> bytes:
    head = answers.readline().split()
    if len(head) != 3:
        raise WorkspaceError(f"object {oid} is missing from the session's repository", "start a new session")
    size = int(head[2])
    data = answers.read(size + 1)
    if len(data) != size + 1:
        raise WorkspaceError(f"object {oid} is damaged in the session's repository", "start a new session")
    return data[:-1]


def _encoded(entries: Mapping[str, Entry]) -> bytes:
    """A tree object's bytes; git sorts folders as if their names ended in a slash."""
    rows = [
        (os.fsencode(name) + (b"/" if mode == FOLDER_MODE else b""), mode, os.fsencode(name), oid)
        for name, (mode, oid) in entries.items()
    ]
    return b"".join(b"%o %s\0%s" % (mode, name, bytes.fromhex(oid)) for _, mode, name, oid in sorted(rows))
