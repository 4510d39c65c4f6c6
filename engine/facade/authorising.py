"""The one place where the second factor is asked for: what it was for, and how it went, is in the journal."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from engine.vocabulary.access import Guarded
from engine.vocabulary.errors import AuthError
from engine.vocabulary.events import ACCOUNT, EventKind, Fact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.vocabulary.access import Authenticator
    from engine.vocabulary.ports import Clock, Journal
    from engine.vocabulary.roles import Role

# What reviewing many files asks for again and again; nothing else is ever covered by a try before it.
_COVERED = frozenset({Guarded.PROMOTE, Guarded.APPROVE})


class Authoriser:
    """Checks a secret for one of the guarded things. `window_s` says for how many seconds a right try covers more of
    the same session, in this process only."""

    def __init__(
        self,
        authenticator: Callable[[], Authenticator],
        journal: Journal,
        clock: Clock,
        window_s: Callable[[], float],
    ) -> None:
        self._authenticator = authenticator
        self._journal = journal
        self._clock = clock
        self._window_s = window_s
        self._lock = Lock()
        self._passed: dict[str, float] = {}

    def covers(self, what: Guarded, session: str) -> bool:
        """Whether a right try just before lets this happen without another."""
        return what in _COVERED and self.windows().get(session, 0.0) > 0

    def windows(self) -> dict[str, float]:
        """The sessions that a right try just before still covers, with the seconds left of each."""
        with self._lock:
            passed = dict(self._passed)
        if not passed:
            return {}
        now, window_s = self._clock.monotonic(), self._window_s()
        # A clock that went back would make a window longer.
        return {session: window_s - (now - at) for session, at in passed.items() if 0 <= now - at < window_s}

    def end_windows(self) -> None:
        """From now on every one of the guarded things is asked for again."""
        with self._lock:
            self._passed.clear()

    def authorise(self, what: Guarded, secret: str | None, *, session: str = "", role: Role | None = None) -> None:
        """Return when it may happen. A role that asks for one-time codes is not content with a PIN. Raises AuthError or
        Locked."""
        if secret is None and self.covers(what, session):
            with self.noted(what, session, covered=True):
                self._fits(role)
            return
        with self.noted(what, session):
            self._fits(role)
            self._check(secret)
        if session:
            with self._lock:
                self._passed[session] = self._clock.monotonic()

    @contextmanager
    def noted(self, what: Guarded, session: str = "", *, covered: bool = False) -> Iterator[None]:
        """Write into the journal whether the block let it happen: it raises AuthError when not."""
        try:
            yield
        except AuthError as error:
            self._note(what, session, reason=error.message)
            raise
        self._note(what, session, covered=covered)

    def _fits(self, role: Role | None) -> None:
        """Whether the method that is set is one that the role is content with. Raises AuthError."""
        if role is not None and role.auth_method == "totp" and self._authenticator().method() == "pin":
            raise AuthError(f"the role {role.name} asks for one-time codes, and a PIN is set", "orion auth switch totp")

    def _check(self, secret: str | None) -> None:
        if secret is None:
            raise AuthError("this needs the PIN or a code", "give it with --pin-stdin or --code-stdin")
        self._authenticator().verify(secret)

    def _note(self, what: Guarded, session: str, *, reason: str = "", covered: bool = False) -> None:
        data: dict[str, object] = {"what": what.value, "passed": not reason, "reason": reason}
        if session:
            data["session"] = session
        if covered:
            data["covered"] = True
        self._journal.append(ACCOUNT, [Fact(EventKind.AUTHENTICATED, data)])
