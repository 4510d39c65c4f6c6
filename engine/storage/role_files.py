"""The user's role files: replaced whole or not at all, and never over a version that nobody has seen."""

from __future__ import annotations

import os
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from engine.storage.files import locked, sync_folder, write_private
from engine.vocabulary.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENDINGS = (".yaml", ".yml")
_WAIT_S = 10.0


class RoleFiles:
    """One folder of role files. Contents are named by their SHA-256 in hex, no file by the empty string. Names come
    checked: they are plain words."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def expect(self, name: str, content: str) -> Path:
        """The file of that name, which must have that content. Raises UsageError otherwise, ConfigError when it cannot
        be read."""
        found = [path for ending in _ENDINGS if os.path.lexists(path := self._folder / f"{name}{ending}")]
        path = found[0] if found else self._folder / f"{name}.yaml"
        try:
            present = sha256(path.read_bytes()).hexdigest() if found else ""
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}", path=str(path)) from error
        if present != content:
            what = "there already" if not content else "not the one that was read, or gone"
            raise UsageError(f"the file {path} is {what}", "nothing was changed; look at it and try again")
        return path

    def write(self, name: str, data: bytes, expected: str) -> Path:
        """Replace the expected content. A link keeps standing: what it names is replaced. Raises as `expect`."""
        with self._alone():
            path = self.expect(name, expected)
            try:
                write_private(Path(os.path.realpath(path)), data)
            except OSError as error:
                raise ConfigError(f"{path} cannot be written: {error.strerror}", path=str(path)) from error
        return path

    def remove(self, name: str, expected: str) -> None:
        """Remove the file with the expected content. Raises as `expect`."""
        with self._alone():
            path = self.expect(name, expected)
            try:
                path.unlink()
                sync_folder(self._folder)
            except OSError as error:
                raise ConfigError(f"{path} cannot be removed: {error.strerror}", path=str(path)) from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with locked(self._folder / ".lock", wait_s=_WAIT_S) as mine:
            if not mine:
                raise UsageError("another Orion is changing a role", "try again")
            yield
