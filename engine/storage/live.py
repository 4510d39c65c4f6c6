"""The end of what a model is writing right now, for whoever looks, in any process: a file for each task, replaced a few
times a second and never synced. It is no fact: the journal has the reply once it is whole."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

from engine.storage.files import write_private

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger(__name__)


class LiveTexts:
    """Texts by task, in a folder that is made when there is something to say."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._failed = False

    def put(self, task: str, text: str) -> None:
        """Show this; an empty text is the end of it. A text that cannot be written is logged once: nobody's work
        stands still for it."""
        try:
            if text:
                self._folder.mkdir(mode=0o700, exist_ok=True)
                write_private(self._path(task), text.encode("utf-8", "replace"), sync=False)
            else:
                self._path(task).unlink(missing_ok=True)
        except OSError as error:
            if not self._failed:
                self._failed = True
                _log.warning("live text cannot be written in %s: %s", self._folder, error.strerror)

    def get(self, task: str) -> str:
        """What is being written, or an empty text."""
        try:
            return self._path(task).read_bytes().decode("utf-8", "replace")
        except OSError:
            return ""

    def _path(self, task: str) -> Path:
        # A model names its tasks; a name that is no file name must not become one.
        return self._folder / hashlib.sha256(task.encode("utf-8", "surrogatepass")).hexdigest()[:24]
