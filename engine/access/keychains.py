"""Which keychain holds Orion's secrets on this machine."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from engine.access.keychain_file import FileKeychain
from engine.vocabulary.errors import KeychainError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.vocabulary.access import Keychain


class Keychains:
    """Finds the keychain of the home at `root`; `folder` is for the encrypted file. `system` answers with a proven one
    of the system's, or None; it is asked only when it matters, since that takes a tenth of a second."""

    def __init__(self, root: Path, folder: Path, system: Callable[[str], Keychain | None]) -> None:
        self._file = FileKeychain(folder)
        # By the place of the home, not by a number kept in it: removing the home does not make its secrets forgotten.
        self._home = hashlib.sha256(str(root.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:12]
        self._system = system

    def named(self, kind: str) -> Keychain:
        """The one that was used so far. Raises KeychainError when it cannot be reached now: falling back to another
        one would forget what it holds."""
        if kind == "file":
            return self._file
        system = self._system(self._home)
        if system is None:
            raise KeychainError(
                "the system's keychain, which holds Orion's secrets, does not answer",
                "unlock it (log in to the desktop, or start its service) and retry",
            )
        return system

    def found(self, entry: str, prefer: str = "") -> Keychain:
        """The one that holds `entry`, whatever a record says; else the preferred kind, else the system's when it is
        fit, else the file. Raises KeychainError when the preferred one cannot be reached."""
        if self._file.exists() and self._file.get(entry) is not None:
            return self._file
        system = self._system(self._home)
        if prefer and (system is None or system.get(entry) is None):
            return self.named(prefer)
        return system or self._file
