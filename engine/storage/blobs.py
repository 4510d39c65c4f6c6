"""Outputs and transcripts as files named by what is in them: stored once, never changed, checked when read."""

from __future__ import annotations

import hashlib
import os
import re
import time
from typing import TYPE_CHECKING

from engine.storage.files import sync_folder, write_private
from engine.vocabulary.errors import JournalError

if TYPE_CHECKING:
    from pathlib import Path

_ID = re.compile(r"[0-9a-f]{64}")
_JUST_KEPT_S = 3600.0


class FileBlobs:
    """The `Blobs` port on a folder. `ab/cd/abcd…` keeps each folder small."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, data: bytes) -> str:
        """Keep the bytes; the id is their SHA-256 in hex. Raises JournalError (a full disk)."""
        blob = hashlib.sha256(data).hexdigest()
        path = self._path(blob)
        try:
            # The id vouches for the content, so an equal size is enough to know that it is there already; a torn file
            # has another size and is written again.
            if path.is_file() and path.stat().st_size == len(data):
                # Whoever clears up meanwhile sees that it is used again.
                os.utime(path)
                return blob
            for folder in (self._folder, path.parent.parent, path.parent):
                if not folder.is_dir():
                    folder.mkdir(mode=0o700, exist_ok=True)
                    sync_folder(folder.parent)
            # Synced, because an approval that is decided after a power cut goes on from a transcript kept here.
            write_private(path, data)
        except OSError as error:
            raise JournalError(
                f"an output of {len(data)} bytes cannot be kept in {self._folder}: {error.strerror}",
                "free some space on that disk and resume the session",
            ) from error
        return blob

    def get(self, blob: str) -> bytes:
        """The bytes. Raises JournalError when they are gone or not what the id says."""
        if not _ID.fullmatch(blob):
            raise JournalError(f"{blob[:80]!r} is not the id of a kept output", "take the id from the session's log")
        try:
            data = self._path(blob).read_bytes()
        except OSError as error:
            raise JournalError(
                f"the kept output {blob[:12]} cannot be read: {error.strerror}",
                "it was removed by housekeeping or by hand; the log still has its last lines",
            ) from error
        if hashlib.sha256(data).hexdigest() != blob:
            raise JournalError(
                f"the kept output {blob[:12]} is damaged", "the log still has its last lines; check the disk"
            )
        return data

    def size(self, blob: str) -> int:
        """Its bytes, 0 when it is not kept."""
        try:
            return self._path(blob).stat().st_size if _ID.fullmatch(blob) else 0
        except OSError:
            return 0

    def remove(self, blob: str) -> None:
        """Let it go; one that was kept again within the last hour stays."""
        try:
            if _ID.fullmatch(blob) and time.time() - self._path(blob).stat().st_mtime > _JUST_KEPT_S:
                self._path(blob).unlink()
        except OSError:
            return  # gone already, or not ours to remove: it is tried again the next time

    def _path(self, blob: str) -> Path:
        return self._folder / blob[:2] / blob[2:4] / blob
