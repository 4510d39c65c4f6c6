"""The plain `auth.json` of an older version: read once, then kept in the keychain instead."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any

from engine.access.lockout import POLICIES, Lockout, Wait
from engine.access.state import AccessState
from engine.vocabulary.errors import AuthError

if TYPE_CHECKING:
    from pathlib import Path

_MAX_BYTES = 64 * 1024


def read_older(path: Path) -> AccessState | None:
    """The PIN and its lock as that file has them; None when there is no file. Raises AuthError for one that cannot be
    used: it still means that a PIN was set."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise _unusable(path, "it is not a file")
        if found.st_uid != os.geteuid():
            raise _unusable(path, f"it belongs to another user (uid {found.st_uid})")
        if stat.S_IMODE(found.st_mode) & 0o022:
            raise _unusable(path, "other users can write it")
        raw = file.read(_MAX_BYTES)
    try:
        return _state(json.loads(raw))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _unusable(path, "it is damaged") from None


def _state(data: Any) -> AccessState:
    if data["version"] != 1 or data["method"] != "pin" or not data["hash"].startswith("$2"):
        raise ValueError("not a PIN of that version")
    lockout, policy = data["lockout"], POLICIES["pin"]
    failed, lock_s, since_s = int(lockout["failed"]), float(lockout["lock_s"]), float(lockout["since_s"])
    if not 0 <= failed <= policy.tries or not 0 <= lock_s <= policy.lock_s or (failed >= policy.tries and not lock_s):
        raise ValueError("numbers out of range")
    lock = Wait(lock_s, since_s, str(lockout["boot"])) if lock_s else None
    return AccessState("pin", pin_hash=data["hash"], lockout=Lockout(failed, lock))


def _unusable(path: Path, why: str) -> AuthError:
    return AuthError(
        f"the older state of the PIN in {path} cannot be used: {why}",
        "nothing can be authenticated until the file is restored from a backup; or begin anew: orion auth reset",
    )
