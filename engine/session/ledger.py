"""A session's facts and the state they fold to, kept together for whoever works on it."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, Any

from engine.vocabulary.events import Event, EventKind, Fact
from engine.vocabulary.fold import fold
from engine.vocabulary.sessions import Session

if TYPE_CHECKING:
    from engine.vocabulary.ports import Journal, Lease


class Ledger:
    """Writes facts under a lease and holds the session as it stands after the last one. Several threads may write:
    their facts are folded in the order in which the journal has them."""

    def __init__(self, journal: Journal, lease: Lease) -> None:
        self._journal = journal
        self._lease = lease
        self._lock = RLock()
        self.session = Session(lease.session)
        self.refresh()

    def record(self, kind: EventKind, *, sync: bool = True, **data: Any) -> Session:
        """Write one fact, then answer with the state after it. Raises LeaseLost and JournalError."""
        return self.record_all([Fact(kind, data)], sync=sync)

    def record_all(self, facts: list[Fact], *, sync: bool = True) -> Session:
        """Write several facts in one transaction."""
        with self._lock:
            events = self._journal.append(self.session.id, facts, lease=self._lease, sync=sync)
            if events and events[0].seq != self.session.seq + 1:
                # A decision of another process stands between; take everything in order.
                return self.refresh()
            return self._take(events)

    def history(self) -> tuple[Event, ...]:
        """Every fact of the session so far."""
        return self._journal.events(self.session.id)

    def refresh(self) -> Session:
        """The state with what others (approvals, mostly) have written since."""
        with self._lock:
            return self._take(self._journal.events(self.session.id, after=self.session.seq))

    def _take(self, events: tuple[Event, ...]) -> Session:
        session = self.session
        for event in events:
            session = fold(session, event)
        self.session = session
        return session
