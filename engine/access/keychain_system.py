"""The system's keychain through keyring: Secret Service, macOS Keychain, Windows Credential Manager."""

from __future__ import annotations

import secrets
from threading import Thread
from typing import TYPE_CHECKING, Any

from engine.vocabulary.errors import KeychainError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SERVICE = "orion"
_PATIENCE_S = 20.0
# What keeps nothing, refuses everything, or keeps secrets readable by every program and backup.
_REFUSED = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt", "keyrings.cryptfile")


class SystemKeychain:
    """The `Keychain` port on one backend of keyring. `home` tells several of Orion's homes apart."""

    kind = "system"

    def __init__(self, backend: Any, home: str) -> None:
        self._backend = backend
        self._home = home

    @property
    def where(self) -> str:
        return f"the system's keychain ({self._backend.name})"

    def get(self, entry: str) -> str | None:
        found: str | None = self._asked(lambda: self._backend.get_password(SERVICE, self._named(entry)))
        return found

    def set(self, entry: str, value: str) -> None:
        self._asked(lambda: self._backend.set_password(SERVICE, self._named(entry), value))

    def delete(self, entry: str) -> None:
        if self.get(entry) is not None:
            self._asked(lambda: self._backend.delete_password(SERVICE, self._named(entry)))

    def proven(self) -> bool:
        """Whether it really keeps what it is given: written, read back, deleted, and gone then."""
        entry, value = f"probe-{secrets.token_hex(4)}", secrets.token_hex(16)
        try:
            self.set(entry, value)
            same = self.get(entry) == value
            self.delete(entry)
            return same and self.get(entry) is None
        except KeychainError:
            return False

    def _named(self, entry: str) -> str:
        return f"{entry}@{self._home}"

    def _asked(self, call: Callable[[], Any]) -> Any:
        """The answer, or KeychainError. A keychain that waits for somebody to unlock it can wait for ever."""
        answers: list[Any] = []
        failures: list[Exception] = []

        def asking() -> None:
            try:
                answers.append(call())
            except Exception as error:  # noqa: BLE001 - backends raise what their libraries raise
                failures.append(error)

        thread = Thread(target=asking, name="keychain", daemon=True)
        thread.start()
        thread.join(_PATIENCE_S)
        if failures:
            raise self._silent(str(failures[0]) or type(failures[0]).__name__) from failures[0]
        if not answers:
            raise self._silent(f"no answer in {_PATIENCE_S:g} seconds; is it locked?")
        return answers[0]

    def _silent(self, why: str) -> KeychainError:
        return KeychainError(
            f"{self.where} does not answer: {why}", "unlock it (log in to the desktop, or start its service) and retry"
        )


def system_keychain(home: str) -> SystemKeychain | None:
    """The first backend that is fit and proven, None when there is none."""
    import keyring

    for backend in _fit(_unchained(keyring.get_keyring())):
        keychain = SystemKeychain(backend, home)
        if keychain.proven():
            return keychain
    return None


def _unchained(backend: Any) -> Iterator[Any]:
    # The chainer writes to the first of its backends that does not complain, which may be a plain-text one.
    if type(backend).__module__ == "keyring.backends.chainer":
        yield from backend.backends
    else:
        yield backend


def _fit(backends: Iterable[Any]) -> Iterator[Any]:
    for backend in backends:
        module = type(backend).__module__
        if not any(module == refused or module.startswith(f"{refused}.") for refused in _REFUSED):
            yield backend
