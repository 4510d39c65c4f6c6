"""A keychain for machines without one: a file encrypted with a key that only this account can read."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

from engine.storage.files import locked, write_private
from engine.vocabulary.errors import KeychainError

if TYPE_CHECKING:
    from pathlib import Path

_MAX_BYTES = 1024 * 1024
_WAIT_S = 30.0


class FileKeychain:
    """The `Keychain` port on two files of one private folder: the key and what it encrypts (Fernet: AES-128-CBC with
    HMAC-SHA256). Whoever can read both as this user can read the secrets: it is weaker than the system's keychain."""

    kind = "file"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = folder / "key"
        self._secrets = folder / "secrets"
        self._lock = folder / "lock"

    @property
    def where(self) -> str:
        return f"an encrypted file in {self._folder}, since no system keychain answers"

    def exists(self) -> bool:
        """Whether anything was ever kept here."""
        return os.path.lexists(self._key) or os.path.lexists(self._secrets)

    def place_of(self, entry: str) -> tuple[str, str]:
        return str(self._folder), self._secrets.name

    def get(self, entry: str) -> str | None:
        return self._entries().get(entry)

    def set(self, entry: str, value: str) -> None:
        self._change(entry, value)

    def delete(self, entry: str) -> None:
        self._change(entry, None)

    def _change(self, entry: str, value: str | None) -> None:
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            with locked(self._lock, wait_s=_WAIT_S) as mine:
                if not mine:
                    raise self._unusable("another process does not let go of it")
                entries = self._entries()
                if value is None:
                    if entries.pop(entry, None) is None:
                        return
                else:
                    entries[entry] = value
                write_private(self._secrets, self._sealed(entries))
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from error

    def _entries(self) -> dict[str, str]:
        from cryptography.fernet import Fernet, InvalidToken

        sealed = self._read(self._secrets)
        if sealed is None:
            return {}
        key = self._read(self._key)
        if key is None:
            raise self._unusable("its key is gone")
        try:
            entries: dict[str, str] = json.loads(Fernet(key).decrypt(sealed))
        except (InvalidToken, ValueError):
            raise self._unusable("it is damaged, or its key is another one") from None
        return entries

    def _sealed(self, entries: dict[str, str]) -> bytes:
        from cryptography.fernet import Fernet

        key = self._read(self._key)
        if key is None:
            key = Fernet.generate_key()
            write_private(self._key, key)
        return Fernet(key).encrypt(json.dumps(entries).encode())

    def _read(self, path: Path) -> bytes | None:
        """None when there is no such file. Raises KeychainError for one that somebody else could have put there."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from error
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise self._unusable(f"{path.name} is not a file")
            if found.st_uid != os.geteuid():
                raise self._unusable(f"{path.name} belongs to another user (uid {found.st_uid})")
            if stat.S_IMODE(found.st_mode) & 0o077:
                raise self._unusable(f"other users have rights on {path.name}; they must have none (chmod 600)")
            return file.read(_MAX_BYTES)

    def _unusable(self, why: str) -> KeychainError:
        return KeychainError(
            f"the encrypted file with Orion's secrets in {self._folder} cannot be used: {why}",
            f"restore the folder from a backup; without one move it away (mv {self._folder} {self._folder}.lost), and "
            "orion auth reset sets a new PIN after 24 hours",
        )
