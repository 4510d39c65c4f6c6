"""When the audit log is written: soon after the journal, by a thread of the process that wrote there."""

from __future__ import annotations

import logging
from threading import Condition, Thread
from typing import TYPE_CHECKING

from engine.vocabulary.audit import is_audited
from engine.vocabulary.errors import OrionError
from engine.vocabulary.events import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.storage.audit_outbox import AuditOutbox
    from engine.vocabulary.events import Event
    from engine.vocabulary.ports import Journal

_GROUP_S = 0.2
# After these the keychain learns where the log ends.
_SEALED = frozenset(
    {
        EventKind.AUTHENTICATED,
        EventKind.AUTHENTICATION_CHANGED,
        EventKind.PROMOTED,
        EventKind.PROMOTION_UNDONE,
        EventKind.SESSION_ENDED,
    }
)

_log = logging.getLogger(__name__)


class AuditFeeder:
    """A thread that exports what this process writes, soon after it was written. It starts with the first fact."""

    def __init__(self, outbox: Callable[[], AuditOutbox], journal: Journal) -> None:
        self._outbox = outbox
        self._changed = Condition()
        self._waiting = False
        self._sealing = False
        self._closed = False
        self._thread: Thread | None = None
        self._unsubscribe = journal.subscribe(self._heard)

    def close(self) -> None:
        """Export the rest and end."""
        self._unsubscribe()
        with self._changed:
            self._closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _heard(self, events: tuple[Event, ...]) -> None:
        kinds = {event.kind for event in events}
        if not any(is_audited(kind) for kind in kinds):
            return
        with self._changed:
            self._waiting = True
            self._sealing = self._sealing or bool(kinds & _SEALED)
            if self._thread is None and not self._closed:
                self._thread = Thread(target=self._run, name="audit", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                # What happens close together is written and synced as one group.
                self._changed.wait_for(lambda: self._closed, _GROUP_S)
                if not self._waiting:
                    return
                sealing, self._waiting, self._sealing = self._sealing, False, False
            try:
                outbox = self._outbox()
                if sealing:
                    outbox.seal()
                else:
                    outbox.flush()
            except (OrionError, OSError) as error:
                # The journal has it all; the next export, of this process or another, goes on from there.
                _log.warning("the audit log waits: %s", error)
