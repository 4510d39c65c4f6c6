"""Private files: written whole or not at all, readable by their owner only, and locked across processes."""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_RETRY_S = 0.01


def write_private(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Replace the file by `data` in one step, mode 0600; with `sync` the new content is on the disk when this returns.
    A kill at any moment leaves the old file or the new one. Raises OSError."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        with suppress(OSError):
            fresh.unlink()
        raise
    if sync:
        sync_folder(path.parent)


def append_private(path: Path, data: bytes) -> None:
    """Add `data` at the end of the file in one write, making it with mode 0600 when it is missing. Not synced."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, data)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make renames and new names in the folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_lock(path: Path) -> int:
    """A descriptor of the lock file, which is made when it is missing and never removed."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def try_lock(descriptor: int, *, wait_s: float = 0.0) -> bool:
    """Take the lock for this descriptor alone, trying for `wait_s` seconds; closing the descriptor, or the death of
    the process, gives it back."""
    end = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(_RETRY_S)
        else:
            return True


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock file. Looks by asking for a shared lock for an instant, which a waiting
    `try_lock` outlasts."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def locked(path: Path, *, wait_s: float) -> Iterator[bool]:
    """Hold the lock file during the block; the value is false when nobody let go of it within `wait_s` seconds."""
    descriptor = open_lock(path)
    try:
        yield try_lock(descriptor, wait_s=wait_s)
    finally:
        os.close(descriptor)
