"""Where a PIN or a code is typed: masked, with the tries that are left, the time a lock still lasts, and the way to set
a first one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from engine.vocabulary.errors import AuthError
from orion_tui.bridge import ask
from orion_tui.durations import waiting_words
from orion_tui.widgets.header import styled

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.timer import Timer

    from engine.vocabulary.errors import OrionError
    from engine.vocabulary.requests import AuthStatus
    from orion_tui.engine_face import AuthFace

_WHAT_OPENS = {
    "pin": "Your PIN lets it happen.",
    "totp": "A code from your authenticator app lets it happen, or one of your backup codes.",
}


class PinEntry(Vertical):
    """Sends `Given` with what was typed; the owner calls `refused` when it was wrong. When no PIN was ever set it asks
    for a new one, twice, and gives that one on. It keeps no secret beyond the message.

    The one place of the app where a PIN or a code is asked for: everything in `Guarded` goes through it."""

    tick_s: ClassVar[float] = 1.0
    """Seconds between two looks at the time a lock still lasts."""

    class Given(Message):
        """A PIN to try. `fresh` when it was set a moment ago, `covered` when a right one of a moment ago still counts
        and there is none to try."""

        def __init__(self, entry: PinEntry, secret: str, fresh: bool, covered: bool = False) -> None:
            super().__init__()
            self.entry = entry
            self.secret = secret
            self.fresh = fresh
            self.covered = covered

        @property
        def control(self) -> PinEntry:
            return self.entry

    class Refused(Message):
        """The new PIN was not set, since what was given before it does not allow that."""

        def __init__(self, error: OrionError) -> None:
            super().__init__()
            self.error = error

    def __init__(
        self,
        auth: AuthFace,
        *,
        session: str = "",
        change: Callable[[str], None] | None = None,
        wrong: OrionError | None = None,
        id: str | None = None,
    ) -> None:
        """With a `session`, a right PIN that covers it still is not asked for again. With `change` it asks for a new
        PIN, twice, whatever is set, and `change` sets it. `wrong` is what was wrong with one given before."""
        super().__init__(id=id)
        self._wrong = wrong
        self._auth = auth
        self._change = change
        self._session = session
        self._covered_s = 0.0
        self._setting = False
        self._keeping = False
        self._locked_s = 0.0
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="pin-words", markup=False)
        yield Input(password=True, placeholder="PIN", max_length=64, id="pin", disabled=True, compact=True)
        yield Input(
            password=True, placeholder="the same once more", max_length=64, id="pin-again", disabled=True, compact=True
        )
        yield Static(id="pin-state", markup=False)

    def on_mount(self) -> None:
        self.query_one("#pin-again").display = False
        if self._wrong is not None:
            self.refused(self._wrong)
        else:
            self.look()

    @property
    def setting(self) -> bool:
        """Whether it asks for a first PIN."""
        return self._setting

    def look(self) -> None:
        """Ask the engine how things stand, and let the person type."""
        auth, session = self._auth, self._session
        ask(self, lambda: (auth.status(), auth.windows().get(session, 0.0) if session else 0.0), self._looked)

    def _looked(self, found: tuple[AuthStatus, float]) -> None:
        status, self._covered_s = found
        self._stand(status)

    def refused(self, error: OrionError) -> None:
        """The engine did not take it: say why and ask again."""
        self._covered_s = 0.0
        self._say(_sentence(error), "bad")
        ask(self, self._auth.status, lambda status: self._stand(status, keep_words=True))

    @property
    def at_work(self) -> bool:
        """Whether a new PIN is being kept at this moment."""
        return self._keeping

    def busy(self) -> None:
        """Something is under way; nothing can be typed."""
        for entry in self.query(Input):
            entry.disabled = True

    def _stand(self, status: AuthStatus, keep_words: bool = False) -> None:
        first, again = self.query_one("#pin", Input), self.query_one("#pin-again", Input)
        self._setting = not status.method or self._change is not None
        again.display = self._setting
        self._locked_s = 0.0 if self._setting else status.locked_s
        first.disabled = self._locked_s > 0
        again.disabled = not self._setting
        first.value = again.value = ""
        if self._setting:
            before = "The new PIN" if self._change else "No PIN was ever set. Choose one"
            self._tell(f"{before}: 6 to 12 digits, not an obvious row, typed twice.")
            if status.keychain == "file" and not keep_words:
                self._say(self._weaker(status).strip(), "muted")
        elif self._locked_s > 0:
            self._count_down()
            return
        elif self._covered_s > 0:
            first.placeholder = "nothing to type"
            more = waiting_words(self._covered_s)
            self._tell(f"Your PIN of a moment ago still counts for this session ({more} more): enter lets it happen.")
        else:
            first.placeholder = "code" if status.method == "totp" else "PIN"
            self._tell(_WHAT_OPENS[status.method])
            if not keep_words:
                left = status.tries_left
                tries = f"{left} {'try' if left == 1 else 'tries'} left"
                full = left == status.tries
                said = f"{tries}, then it locks for {status.lock_s / 60:g} minutes" if full else tries
                self._say(said + self._weaker(status), "muted")
        first.focus()

    def _weaker(self, status: AuthStatus) -> str:
        """A line on the keychain where it is the weaker one."""
        return "\n⚑ kept in an encrypted file: no system keychain answers here" if status.keychain == "file" else ""

    def _count_down(self) -> None:
        self._tell(
            "Locked after too many wrong tries; a restart does not shorten it. "
            "Forgotten? Settings (, on Home), then t: a reset takes a day."
        )
        self._say(f"✗ locked: {waiting_words(self._locked_s)} left", "bad")
        if self._timer is None:
            self._timer = self.set_interval(self.tick_s, self._second_gone)

    def _second_gone(self) -> None:
        self._locked_s -= 1
        if self._locked_s > 0:
            self._count_down()
        elif self._timer is not None:
            self._timer.stop()
            self._timer = None
            self.look()

    def _tell(self, text: str) -> None:
        self.query_one("#pin-words", Static).update(styled(((text, ""),)))

    def _say(self, text: str, tone: str) -> None:
        self.query_one("#pin-state", Static).update(styled(((text, tone),)))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        first, again = self.query_one("#pin", Input), self.query_one("#pin-again", Input)
        if self._covered_s > 0 and not self._setting:
            self._give("", fresh=False, covered=True)
        elif not first.value:
            self._say("type it first", "muted")
        elif not self._setting:
            secret, first.value = first.value, ""
            self._give(secret, fresh=False)
        elif event.input is first:
            again.focus()
        elif first.value != again.value:
            first.value = again.value = ""
            self._say("✗ the two are not the same: type it twice again", "bad")
            first.focus()
        else:
            self._set(first.value)

    def _set(self, new: str) -> None:
        self.busy()
        self._keeping = True
        self._say("● keeping it …", "")
        ask(self, lambda: (self._change or self._auth.set_pin)(new), lambda _: self._was_set(new), self._not_set)

    def _was_set(self, new: str) -> None:
        self._setting = False
        self.query_one("#pin-again").display = False
        self._say("✓ your PIN is set", "good")
        self._give(new, fresh=True)

    def _not_set(self, error: OrionError) -> None:
        self._keeping = False
        if not self.is_attached:
            return
        if isinstance(error, AuthError) and self._change is not None:
            self.post_message(self.Refused(error))
            return
        for entry in self.query(Input):
            entry.disabled = False
            entry.value = ""
        self._say(_sentence(error), "bad")
        self.query_one("#pin", Input).focus()

    def _give(self, secret: str, *, fresh: bool, covered: bool = False) -> None:
        self.busy()
        self.post_message(self.Given(self, secret, fresh, covered))


def _sentence(error: OrionError) -> str:
    return f"✗ {error.message}" + (f"; {error.hint}" if error.hint else "")
