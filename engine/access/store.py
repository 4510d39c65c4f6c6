"""The second factor's state in two places that must agree: the keychain holds it, a file says that it is there.

Removing, editing or restoring either of them alone is seen and counts as a lock. Outside the claim: whoever puts back
an older copy of both at once, which the system's keychain makes hard and the encrypted file does not.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.access.lockout import POLICIES, BootClock, locked_out
from engine.access.older import read_older
from engine.access.state import VERSION, AccessState, state_from_json
from engine.storage.files import locked, write_private
from engine.vocabulary.errors import AuthError, KeychainError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from engine.access.keychains import Keychains
    from engine.vocabulary.access import Keychain

_ENTRY = "access"
_MAX_BYTES = 64 * 1024
# Tries of other processes are waited for; with the slow hash each takes about a third of a second.
_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class _Record:
    """What the file says: which kind of keychain, which method, and after which write."""

    keychain: str
    method: str
    generation: int


class AccessStore:
    """Reads and writes the state under a lock across processes. `older` is the plain file of an older version,
    `was_set` says whether the journal knows of a secret: then one that is gone was removed."""

    def __init__(
        self, path: Path, keychains: Keychains, clock: BootClock, *, older: Path, was_set: Callable[[], bool]
    ) -> None:
        self._path = path
        self._keychains = keychains
        self._clock = clock
        self._older = older
        self._was_set = was_set

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One process at a time, from reading the counter to writing the answer: tries side by side do not count as
        one. Raises AuthError."""
        lock = self._path.with_name(f"{self._path.name}.lock")
        try:
            with locked(lock, wait_s=_WAIT_S) as mine:
                if not mine:
                    raise AuthError("another process is checking a PIN or a code", "try again when it is done")
                yield
        except OSError as error:
            raise AuthError(
                f"the state of the authentication in {self._path} cannot be used: {error.strerror or error}",
                "nothing can be authenticated until the folder can be read and written again",
            ) from error

    def keychain(self) -> Keychain:
        """The keychain in use; the choice is written down with its first use. Raises KeychainError and AuthError."""
        record = self._record()
        if record is not None:
            return self._keychains.named(record.keychain)
        with self.alone():
            record = self._record()
            if record is not None:
                return self._keychains.named(record.keychain)
            keychain = self._keychains.found(_ENTRY)
            # One that holds a state needs its file with the right number in it, which `read` sees to.
            if keychain.get(_ENTRY) is None:
                self._note(AccessState(), keychain)
            return keychain

    def read(self, *, forgetting: bool = False) -> AccessState:
        """The state, with a lock when the two places disagree; without a method when nothing was ever set. To be called
        `alone`. What is damaged raises KeychainError or AuthError; for somebody who is `forgetting` it is a lock that
        no secret opens, which a reset can take away after its wait."""
        record = self._record()
        keychain = self._chosen(record)
        text = keychain.get(_ENTRY)
        if text is None:
            return self._missing(record, keychain, forgetting=forgetting)
        try:
            state = state_from_json(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            if forgetting:
                return self._nothing_right(record, keychain)
            raise KeychainError(
                f"what {keychain.where} holds of the authentication is damaged",
                "orion auth reset sets a new secret after 24 hours",
            ) from None
        # A kill between the two writes leaves the file one behind.
        agree = record is not None and state.generation - 1 <= record.generation <= state.generation
        return state if agree or not state.method else self.write(self._shut(state), keychain)

    def write(self, state: AccessState, keychain: Keychain | None = None) -> AccessState:
        """Keep the state in both places; the answer is what was kept. Raises AuthError, then no answer may be given."""
        keychain = keychain or self._chosen(self._record())
        kept = replace(state, generation=state.generation + 1)
        keychain.set(_ENTRY, json.dumps(kept.to_json()))
        self._note(kept, keychain)
        return kept

    def _chosen(self, record: _Record | None) -> Keychain:
        if record is not None and record.method:
            return self._keychains.named(record.keychain)
        # A record that no secret is set is believed only when no keychain knows better.
        return self._keychains.found(_ENTRY, record.keychain if record else "")

    def _note(self, kept: AccessState, keychain: Keychain) -> None:
        record = {"version": VERSION, "keychain": keychain.kind, "method": kept.method, "generation": kept.generation}
        try:
            write_private(self._path, json.dumps(record).encode() + b"\n")
        except OSError as error:
            raise AuthError(
                f"the try cannot be recorded in {self._path}: {error.strerror}, so nothing is checked",
                "free some space or make the folder writable",
            ) from error

    def _missing(self, record: _Record | None, keychain: Keychain, *, forgetting: bool) -> AccessState:
        """No state in the keychain: an older version's file, never set, or removed."""
        if record is None:
            try:
                migrated = read_older(self._older)
            except AuthError:
                if not forgetting:
                    raise
                # Kept for whoever can still mend it, under a name that nothing looks for.
                self._older.replace(self._older.with_name(f"{self._older.name}.damaged"))
                return self._nothing_right(record, keychain)
            if migrated is not None:
                kept = self.write(migrated, keychain)
                self._older.unlink()
                return kept
        if not (record is not None and record.method) and not self._was_set():
            return AccessState()
        return self._nothing_right(record, keychain)

    def _nothing_right(self, record: _Record | None, keychain: Keychain) -> AccessState:
        """A key without a hash: nothing that is typed can be right, and only a reset leads on."""
        generation = record.generation if record else 0
        return self.write(self._shut(AccessState("pin", secrets.token_hex(32), generation=generation)), keychain)

    def _shut(self, state: AccessState) -> AccessState:
        return replace(state, lockout=locked_out(self._clock, state.policy))

    def _record(self) -> _Record | None:
        """What the file says. One that is missing, damaged or not this user's own says nothing, which locks when there
        is a state in the keychain."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(file.fileno())
            foreign = found.st_uid != os.geteuid() or bool(stat.S_IMODE(found.st_mode) & 0o022)
            if foreign or not stat.S_ISREG(found.st_mode):
                return None
            raw = file.read(_MAX_BYTES)
        try:
            data = json.loads(raw)
            keychain, method, generation = data["keychain"], data["method"], data["generation"]
            sound = data["version"] == VERSION and keychain in ("system", "file") and method in ("", *POLICIES)
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        return _Record(keychain, method, generation) if sound and type(generation) is int else None
