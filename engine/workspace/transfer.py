"""Objects from one repository to another: hard links into a session's store, and only what was chosen back."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from engine.vocabulary.errors import WorkspaceError
from engine.workspace.beneath import small_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.workspace.git import Git

_PACK_PARTS = (".pack", ".rev", ".idx")
_HEX = frozenset("0123456789abcdef")
_MAX_STORES = 16


def link_objects(source: Path, target: Path) -> None:
    """Give `target` every object that `source` has, by hard links where the file system can, by copies elsewhere. The
    objects of alternates come along, so that a later clean-up over there takes nothing away here."""
    for store in _stores(source):
        # Loose objects first: what a clean-up packs meanwhile is then found in the packs listed after.
        _link_loose(store, target)
        for _ in range(3):
            if _link_packs(store, target):
                break
        else:
            raise WorkspaceError(f"the packs of {store} keep changing", "wait until git's clean-up is done, then retry")


def _stores(first: Path) -> list[Path]:
    found = [first.resolve()]
    for store in found:
        for line in small_file(store / "info" / "alternates").decode("utf-8", "surrogateescape").splitlines():
            other = (store / line).resolve()
            if line and not line.startswith("#") and other.is_dir() and other not in found:
                found.append(other)
        if len(found) > _MAX_STORES:
            raise WorkspaceError(f"{first} borrows objects from too many places", "repack it with `git repack -a -d`")
    return found


def _link_loose(store: Path, target: Path) -> None:
    for folder in _children(store):
        if len(folder.name) != 2 or not _HEX.issuperset(folder.name):
            continue
        place = target / folder.name
        place.mkdir(mode=0o700, exist_ok=True)
        for item in _children(folder):
            if _HEX.issuperset(item.name):
                with suppress(FileNotFoundError):
                    _link(item, place / item.name)


def _link_packs(store: Path, target: Path) -> bool:
    """Link all packs; false when one vanished meanwhile. The index comes last, so a pack is seen only when whole."""
    names = [item for item in _children(store / "pack") if item.name.startswith("pack-")]
    for part in _PACK_PARTS:
        for item in names:
            if item.name.endswith(part):
                try:
                    _link(item, target / "pack" / item.name)
                except FileNotFoundError:
                    return False
    return True


def _children(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            yield from (folder / entry.name for entry in entries)
    except (FileNotFoundError, NotADirectoryError):
        return


def _link(source: Path, target: Path) -> None:
    if not stat.S_ISREG(source.lstat().st_mode):
        # Following a link here would copy a file of the host's choosing into the session.
        return
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        return
    except FileNotFoundError:
        raise
    except OSError:
        passing = target.with_name(f"tmp_{os.urandom(6).hex()}")
        shutil.copyfile(source, passing, follow_symlinks=False)
        passing.chmod(0o400)
        passing.replace(target)


def send_tree(source: Git, target: Git, tree: str, known: str) -> None:
    """Bring to `target` the objects of `tree` that the commit `known` does not have; nothing else of `source`."""
    listing = source.run("rev-list", "--objects", "--no-object-names", tree, "--not", known).out
    if listing.strip():
        pack = source.run("pack-objects", "--stdout", "-q", stdin=listing).out
        target.run("unpack-objects", "-q", stdin=pack)
    target.run("cat-file", "-e", f"{tree}^{{tree}}")
