"""The system's keychain through keyring: Secret Service, macOS Keychain, Windows Credential Manager."""

from __future__ import annotations

import secrets
from threading import Thread
from typing import TYPE_CHECKING, Any

from engine.vocabulary.errors import KeychainError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SERVICE = "orion"
PATIENCE_S = 20.0
"""Seconds. A keychain that waits for somebody to unlock it can wait for ever."""

# What keeps nothing, refuses everything, or keeps secrets readable by every program and backup.
_REFUSED = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt", "keyrings.cryptfile")


class SystemKeychain:
    """The `Keychain` port on one backend of keyring. `home` tells several of Orion's homes apart."""

    kind = "system"

    def __init__(self, backend: Any, home: str, *, patience_s: float = PATIENCE_S) -> None:
        self._backend = backend
        self._home = home
        self._patience_s = patience_s

    @property
    def where(self) -> str:
        return f"the system's keychain ({self._backend.name})"

    def place_of(self, entry: str) -> tuple[str, str]:
        return SERVICE, self._named(entry)

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
        """The answer, or KeychainError."""
        try:
            return _patiently(call, self._patience_s)
        except _NoAnswer:
            raise self._silent(f"no answer in {self._patience_s:g} seconds; is it locked?") from None
        except Exception as error:
            # Backends raise what their libraries raise.
            raise self._silent(str(error) or type(error).__name__) from error

    def _silent(self, why: str) -> KeychainError:
        return KeychainError(
            f"{self.where} does not answer: {why}", "unlock it (log in to the desktop, or start its service) and retry"
        )


def system_keychain(home: str, *, patience_s: float = PATIENCE_S) -> SystemKeychain | None:
    """The first backend that is fit and proven, None when there is none. Looking for one asks the system's services, so
    it has a time limit too."""

    def found() -> list[Any]:
        import keyring

        return list(_fit(_unchained(keyring.get_keyring())))

    try:
        backends = _patiently(found, patience_s)
    except _NoAnswer:
        return None
    for backend in backends:
        keychain = SystemKeychain(backend, home, patience_s=patience_s)
        if keychain.proven():
            return keychain
    return None


class _NoAnswer(Exception):
    """It took too long."""


def _patiently(call: Callable[[], Any], patience_s: float) -> Any:
    """The answer of a call in a thread of its own, which is left behind when it does not come in time: nothing can end
    a call that waits for a service of the system."""
    answers: list[Any] = []
    failures: list[Exception] = []

    def asking() -> None:
        try:
            answers.append(call())
        except Exception as error:  # noqa: BLE001 - handed on below
            failures.append(error)

    thread = Thread(target=asking, name="keychain", daemon=True)
    thread.start()
    thread.join(patience_s)
    if failures:
        raise failures[0]
    if not answers:
        raise _NoAnswer
    return answers[0]


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
