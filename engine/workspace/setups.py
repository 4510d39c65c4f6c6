"""Frozen set-ups on disk: `setups/{key}/` with the folder of the phase, folders of the tree and `setup.json`.

A set-up is made beside its place and renamed to it as the last step, so that a kill leaves it whole or not at all.
What commands put there is hostile: it is walked and removed without following a link, and nothing of it is read.
"""

from __future__ import annotations

import json
import os
import stat
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.storage.files import is_locked, locked, sync_folder, write_private
from engine.vocabulary.errors import Cancelled, UsageError
from engine.vocabulary.runs import WORKSPACE, Layer
from engine.vocabulary.setups import SETUP_FOLDER, FrozenSetup
from engine.vocabulary.text import visible
from engine.workspace.beneath import Owner, Trash, folders, names_in, remove_folder, unlock
from engine.workspace.names import reads_as_git

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from threading import Event as Flag

MAX_FOLDERS = 64
"""Each is a mount in every command: a millisecond for a few, and a mistake beyond that."""

TEMPORARY = ".tmp"
"""Below the phase's folder; it goes before the rest is frozen."""

_ABOUT = "setup.json"
_PART = ".part"
_WAIT_S = 0.2
_DROPPINGS = frozenset({"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"})
# Where the common package managers keep what they fetched, and how they are told.
_CACHES: Mapping[str, Mapping[str, str]] = {
    ".local": {"PYTHONUSERBASE": f"{SETUP_FOLDER}/.local"},
    ".npm": {"npm_config_cache": f"{SETUP_FOLDER}/.npm"},
    ".cargo": {"CARGO_HOME": f"{SETUP_FOLDER}/.cargo", "CARGO_NET_OFFLINE": "true"},
    ".rustup": {"RUSTUP_HOME": f"{SETUP_FOLDER}/.rustup"},
    "go/pkg/mod": {"GOMODCACHE": f"{SETUP_FOLDER}/go/pkg/mod", "GOPROXY": "off"},
    ".m2/repository": {"MAVEN_ARGS": f"-o -Dmaven.repo.local={SETUP_FOLDER}/.m2/repository"},
}
_PROGRAMS = ("bin", ".local/bin", ".cargo/bin", "go/bin")


@dataclass(frozen=True, slots=True)
class _Draft:
    """A set-up in the making, in a folder that only its maker knows."""

    place: Path
    part: Path

    @property
    def folder(self) -> Path:
        return self.part / "setup"

    def freeze(self, tree: Path, tracked: Collection[str], about: str) -> FrozenSetup:
        found = _loose(tree, {parent for path in tracked for parent in _parents(path)})
        if len(found) > MAX_FOLDERS:
            names = ", ".join(visible(path) for path in found[:5])
            raise UsageError(
                f"the set-up made {len(found)} new folders in the tree, {MAX_FOLDERS} can be frozen: {names}, …",
                f"let it put what later commands need below {SETUP_FOLDER}, which is its HOME",
            )
        with folders(self.folder) as inside:
            if TEMPORARY in names_in(inside.at("")):
                unlock(TEMPORARY, inside.at(""))
                remove_folder(self.folder / TEMPORARY)
        (self.part / "tree").mkdir()
        for number, path in enumerate(found):
            parent, _, name = path.rpartition("/")
            with folders(tree) as inside:
                unlock(name, inside.at(parent))
                os.rename(name, self.part / "tree" / str(number), src_dir_fd=inside.at(parent))
        record = {
            "about": about,
            "folders": found,
            "programs": [*_programs_in_tree(self.part, found), *_programs(self.folder)],
            "environment": _environment(self.part, found),
            "size": _size(self.part),
        }
        write_private(self.part / _ABOUT, json.dumps(record).encode())
        # Everything before the name: after a power cut a set-up with its name is a whole one.
        os.sync()
        if self.place.exists():
            remove_folder(self.place)
        self.part.rename(self.place)
        sync_folder(self.place.parent)
        return _read(self.place, record)


class SetupFolder:
    """All frozen set-ups of a home. `owner` is whom the sandbox runs as when Orion runs as root."""

    def __init__(self, root: Path, locks: Path, owner: Owner = None) -> None:
        self._root = root
        self._locks = locks
        self._owner = owner

    def find(self, key: str) -> FrozenSetup | None:
        place = self._root / key
        try:
            record = json.loads((place / _ABOUT).read_bytes())
            frozen = _read(place, record)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if any(layer.source.is_symlink() or not layer.source.is_dir() for layer in frozen.layers):
            return None
        with suppress(OSError):
            os.utime(place / _ABOUT)
        return frozen

    @contextmanager
    def draft(self, key: str, stop: Flag) -> Iterator[_Draft]:
        while not stop.is_set():
            with locked(self._lock(key), wait_s=_WAIT_S) as mine:
                if not mine:
                    continue
                self.clear_parts()
                draft = _Draft(self._root / key, self._root / f"{key}{_PART}")
                _remove(draft.part)
                draft.folder.mkdir(parents=True)
                (draft.folder / TEMPORARY).mkdir()
                if self._owner is not None:
                    os.chown(draft.folder, *self._owner)
                    os.chown(draft.folder / TEMPORARY, *self._owner)
                try:
                    yield draft
                finally:
                    _remove(draft.part)
                return
        raise Cancelled

    def clear_parts(self) -> int:
        """Remove what a killed Orion left half made; how many. One that somebody works on stays."""
        cleared = 0
        for part in self._root.glob(f"*{_PART}"):
            if not is_locked(self._lock(part.name.removesuffix(_PART))):
                _remove(part)
                cleared += 1
        for trash in self._root.glob("*.trash"):
            if not is_locked(self._lock(trash.name.split(".")[0])):
                Trash(trash).empty()
                trash.rmdir()
        return cleared

    def unused(self, before: float) -> list[Path]:
        """Those that no session has used since `before` (seconds since the epoch)."""
        found = []
        for place in sorted(self._root.iterdir()):
            with suppress(OSError):
                if (place / _ABOUT).stat().st_mtime < before:
                    found.append(place)
        return found

    def clear(self, key: str) -> bool:
        """Remove that one; False when somebody works on it."""
        with locked(self._lock(key), wait_s=0) as mine:
            if mine:
                _remove(self._root / key)
            return mine

    def _lock(self, key: str) -> Path:
        return self._locks / f"setup-{key}.lock"


def _remove(place: Path) -> None:
    if os.path.lexists(place):
        remove_folder(place)


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _loose(tree: Path, tracked: Collection[str]) -> list[str]:
    """The outermost folders that hold nothing of the commit, but for droppings and git directories."""
    found: list[str] = []
    waiting = [""]
    with folders(tree) as inside:
        while waiting:
            parent = waiting.pop()
            with os.scandir(inside.at(parent)) as entries:
                names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
            for name in names:
                path = f"{parent}/{name}" if parent else name
                if path in tracked:
                    waiting.append(path)
                elif name not in _DROPPINGS and not reads_as_git(name):
                    found.append(path)
    return sorted(found)


def _programs_in_tree(part: Path, found: Collection[str]) -> Iterator[str]:
    for number, path in enumerate(found):
        folder = part / "tree" / str(number)
        for name in ("bin",) if _mode(folder / "pyvenv.cfg", stat.S_IFREG) else (".bin",):
            if _is_folder(folder / name):
                yield f"{WORKSPACE}/{path}/{name}"


def _programs(folder: Path) -> Iterator[str]:
    return (f"{SETUP_FOLDER}/{name}" for name in _PROGRAMS if _is_folder(folder / name))


def _environment(part: Path, found: Collection[str]) -> dict[str, str]:
    values = {
        name: value
        for cache, pairs in _CACHES.items()
        if _is_folder(part / "setup" / cache)
        for name, value in pairs.items()
    }
    for number, path in enumerate(found):
        if _mode(part / "tree" / str(number) / "pyvenv.cfg", stat.S_IFREG):
            values.setdefault("VIRTUAL_ENV", f"{WORKSPACE}/{path}")
    return values


def _is_folder(path: Path) -> bool:
    return _mode(path, stat.S_IFDIR)


def _mode(path: Path, kind: int) -> bool:
    """Whether something of that kind stands there; no for a link, and for what commands have shut away from us."""
    try:
        return stat.S_IFMT(path.lstat().st_mode) == kind
    except OSError:
        return False


def _size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += Path(place, name).lstat().st_blocks * 512
    return total


def _read(place: Path, record: Mapping[str, Any]) -> FrozenSetup:
    layers = [Layer(place / "setup", SETUP_FOLDER)]
    for number, path in enumerate(record["folders"]):
        layers.append(Layer(place / "tree" / str(number), f"{WORKSPACE}/{path}"))
    return FrozenSetup(
        place.name, tuple(layers), tuple(record["programs"]), dict(record["environment"]), record["size"]
    )
