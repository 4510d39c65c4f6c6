"""`engine.auth`: the second factor, set, changed and looked at."""

from __future__ import annotations

import getpass
import socket
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from engine.vocabulary.access import Guarded, TotpOffer
from engine.vocabulary.errors import AuthError
from engine.vocabulary.events import ACCOUNT, EventKind, Fact
from engine.vocabulary.requests import AuthStatus
from engine.vocabulary.sessions import SessionState

if TYPE_CHECKING:
    from engine.facade.core import Core

_SETTLED = (SessionState.PROMOTED, SessionState.COMPLETED, SessionState.REJECTED, SessionState.CANCELLED)


class Auth:
    """The second factor. Everything that sets or tries a secret takes a third of a second."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def status(self) -> AuthStatus:
        """Raises AuthError when the state or the keychain cannot be used."""
        from engine.access.lockout import POLICIES

        authenticator = self._core.adapters.authenticator
        method = authenticator.method()
        policy = POLICIES[method or "pin"]
        keychain = authenticator.keychain()
        return AuthStatus(
            method,
            authenticator.tries_left(),
            authenticator.lock_left_s(),
            keychain.where if method else f"nothing is set yet; it will be kept in {keychain.where}",
            keychain.kind,
            policy.tries,
            policy.lock_s,
            authenticator.backup_codes_left(),
            authenticator.reset_left_s(),
            self._core.window_s(),
        )

    def verify(self, secret: str) -> None:
        """Try a secret for nothing else. Raises AuthError and Locked."""
        self._core.authoriser.authorise(Guarded.CHECK, secret)

    def windows(self) -> dict[str, float]:
        """Every session that a right try of this process still covers, with the seconds left (`auth.window_s`)."""
        return self._core.authoriser.windows()

    def end_windows(self) -> None:
        """Let a right try of before cover nothing more."""
        self._core.authoriser.end_windows()

    def set_pin(self, new: str, current: str | None = None) -> None:
        """Raises ConfigError for a weak PIN, AuthError or Locked for a wrong or missing current secret."""
        before = self._core.adapters.authenticator.method()
        with self._noted(before):
            self._core.adapters.authenticator.set_pin(new, current)
        self._changed("pin", "switched" if before else "set")

    def offer_totp(self, current: str | None = None) -> TotpOffer:
        """A secret for an authenticator app; nothing counts before `confirm_totp`. Raises AuthError and Locked."""
        before = self._core.adapters.authenticator.method()
        with self._noted(before):
            offer = self._core.adapters.authenticator.offer_totp(_account(), current)
        self._changed(before, "offered")
        return offer

    def confirm_totp(self, code: str) -> tuple[str, ...]:
        """Switch to one-time codes; the backup codes, told this once. Raises AuthError."""
        before = self._core.adapters.authenticator.method()
        with self._core.authoriser.noted(Guarded.CHANGE_METHOD):
            codes = self._core.adapters.authenticator.confirm_totp(code)
        self._changed("totp", "switched" if before else "set")
        return codes

    def begin_reset(self) -> float:
        """Begin to forget a lost secret, or look at the wait begun earlier; the seconds left of its 24 hours."""
        try:
            begun = self._core.adapters.authenticator.reset_left_s() is not None
        except AuthError:
            begun = False  # what is kept cannot be read, which the reset is for
        left_s = self._core.adapters.authenticator.begin_reset()
        if not begun:
            self._changed(self._core.adapters.authenticator.method(), "reset begun")
        return left_s

    def voided_by_reset(self) -> tuple[str, ...]:
        """The sessions that a reset would reject: those that were not promoted."""
        return tuple(summary.id for summary in self._core.journal.summaries() if summary.state not in _SETTLED)

    def finish_reset(self) -> int:
        """After the wait: forget the secret and void every session that was not promoted; how many those were. Raises
        AuthError before its end."""
        # The journal first: a kill after this line leaves a secret that the next try of a reset removes.
        self._core.adapters.authenticator.reset_over()
        voided = self.voided_by_reset()
        for session in voided:
            if self._core.alive(session):
                self._core.journal.send(session, "cancel")
            reason = "the authentication was reset"
            self._core.journal.append(session, [Fact(EventKind.REJECTED, {"reason": reason})])
        self._core.adapters.authenticator.finish_reset()
        self._changed("", "reset finished")
        return len(voided)

    def _noted(self, method: str) -> AbstractContextManager[None]:
        """A first secret asks for none before it, so there is nothing to note."""
        return self._core.authoriser.noted(Guarded.CHANGE_METHOD) if method else nullcontext()

    def _changed(self, method: str, why: str) -> None:
        self._core.authoriser.end_windows()
        data = {"method": method, "why": why}
        self._core.journal.append(ACCOUNT, [Fact(EventKind.AUTHENTICATION_CHANGED, data)])


def _account() -> str:
    """How an authenticator app names this account."""
    return f"{getpass.getuser()}@{socket.gethostname()}"
