"""The thread that keeps a lease alive and hears what other processes ask of a running session."""

from __future__ import annotations

import logging
from threading import Event as Flag
from threading import Thread
from typing import TYPE_CHECKING

from engine.vocabulary.errors import JournalError

if TYPE_CHECKING:
    from engine.vocabulary.ports import Journal, Lease

LISTEN_EVERY_S = 0.1
BEAT_EVERY_S = 30.0

_log = logging.getLogger(__name__)


class Heartbeat:
    """Sets `pause` or `stop` when the session is asked to; owned by the runner, ended by `close`."""

    def __init__(self, journal: Journal, lease: Lease, pause: Flag, stop: Flag) -> None:
        self._journal = journal
        self._lease = lease
        self._pause = pause
        self._stop = stop
        self._ended = Flag()
        self._thread = Thread(target=self._listen, name=f"heartbeat-{lease.session}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=5)

    def _listen(self) -> None:
        waited = 0.0
        while not self._ended.wait(LISTEN_EVERY_S):
            waited += LISTEN_EVERY_S
            try:
                self._obey(self._journal.take(self._lease))
                if waited >= BEAT_EVERY_S:
                    waited = 0.0
                    self._lease.beat()
            except JournalError as error:
                _log.warning("session %s: the heartbeat stops the run: %s", self._lease.session, error)
                self._pause.set()
                return

    def _obey(self, commands: tuple[str, ...]) -> None:
        for command in commands:
            if command == "cancel":
                self._stop.set()
            elif command == "pause":
                self._pause.set()
