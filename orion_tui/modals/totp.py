"""One-time codes set up: the current secret where there is one, a QR code, a live code before it counts, and the backup
codes, shown once."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from orion_tui.bridge import ask
from orion_tui.modals.box import BoxModal, put, words
from orion_tui.qr import grouped, qr_lines
from orion_tui.widgets.pin_entry import PinEntry

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from engine.vocabulary.access import TotpOffer
    from engine.vocabulary.errors import OrionError
    from engine.vocabulary.requests import AuthStatus
    from orion_tui.engine_face import AuthFace

_BESIDE = 33
"""Columns that the words beside the QR code need, the box's edges included."""


class TotpModal(BoxModal[bool]):
    """Closes with whether one-time codes are set now. Nothing counts before a live code was typed, and the backup codes
    do not go away before the person says that they are kept."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave it", show=False),
        Binding("y", "kept", "they are kept", show=False),
    ]

    def __init__(self, auth: AuthFace) -> None:
        super().__init__("One-time codes")
        self._auth = auth
        self._offer: TotpOffer | None = None
        self._told = False
        self._working = False

    def body(self) -> ComposeResult:
        yield words(("looking at what is set …", "muted"), id="totp-words")
        yield Vertical(id="totp-current")
        with Horizontal(id="totp-scan"):
            yield Static(id="totp-qr", markup=False)
            with Vertical(id="totp-beside"):
                yield Static(id="totp-secret", markup=False)
                yield Input(password=True, placeholder="code of the app", max_length=16, id="totp-code", compact=True)
                yield Static(id="totp-state", markup=False)

    def on_mount(self) -> None:
        self.query_one("#totp-scan").display = False
        self.say_keys(("esc", "leave it as it is"))
        ask(self, self._auth.status, self._stands)

    def _stands(self, status: AuthStatus) -> None:
        if not status.method:
            self._ask_offer(None)
            return
        which = "PIN" if status.method == "pin" else "code"
        self._say_words(f"The current {which} first; it is deleted once the new app has shown a code.")
        self.query_one("#totp-current").mount(PinEntry(self._auth))
        self.say_keys(("enter", "go on"), ("esc", "leave it as it is"))

    def on_pin_entry_given(self, event: PinEntry.Given) -> None:
        event.stop()
        self._ask_offer(event.secret)

    def _ask_offer(self, current: str | None) -> None:
        self._working = True
        ask(self, lambda: self._auth.offer_totp(current), self._offered, self._not_offered)

    def _not_offered(self, error: OrionError) -> None:
        self._working = False
        for entry in self.query(PinEntry):
            entry.refused(error)
            return
        self._say_words(f"✗ {error.message}; {error.hint}")

    def _offered(self, offer: TotpOffer) -> None:
        self._working = False
        self._offer = offer
        # A notice of before would stand on the secret.
        self.app.clear_notifications()
        for entry in self.query(PinEntry):
            entry.remove()
        put(self.query_one("#totp-words", Static), ())
        self.query_one("#totp-scan").display = True
        self._draw_code()
        self.query_one("#totp-code").focus()
        self.say_keys(("enter", "try the code"), ("esc", "leave it as it is"))

    def _draw_code(self) -> None:
        if self._offer is None or self._told:
            return
        lines = qr_lines(self._offer.uri, dark_on_light=True)
        fits = len(lines[0]) + _BESIDE <= self.app.size.width and len(lines) + 2 <= self.app.size.height
        qr = self.query_one("#totp-qr", Static)
        qr.display = fits
        qr.styles.width, qr.styles.height = len(lines[0]), len(lines)
        qr.update("\n".join(lines) if fits else "")
        first = "Scan this with an authenticator app, or type the secret:"
        if not fits:
            need = f"{len(lines[0]) + _BESIDE} columns and {len(lines) + 2} lines"
            first = f"The QR code needs {need}: make the window larger, or type the secret into the app:"
        rows = grouped(self._offer.secret)
        half = len(rows) // 2
        parts = [(f"{first}\n\n", ""), (f"{rows[:half].strip()}\n{rows[half:].strip()}\n\n", "title")]
        parts.append(("Time-based, SHA-1, 6 digits, 30 s.\n\nThen the code that the app shows:", "muted"))
        put(self.query_one("#totp-secret", Static), parts)

    def on_resize(self) -> None:
        self._draw_code()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        code, event.input.value = event.value.strip(), ""
        if not code:
            self._state("type the code that the app shows now", "muted")
            return
        event.input.disabled = True
        self._working = True
        ask(self, lambda: self._auth.confirm_totp(code), self._confirmed, self._wrong)

    def _wrong(self, error: OrionError) -> None:
        self._working = False
        entry = self.query_one("#totp-code", Input)
        entry.disabled = False
        entry.focus()
        self._state(f"✗ {error.message}; {error.hint}", "bad")

    def _confirmed(self, codes: tuple[str, ...]) -> None:
        self._working, self._told, self._offer = False, True, None
        self.app.clear_notifications()
        self.query_one("#totp-scan").display = False
        self.query_one("#totp-qr", Static).update("")
        self.query_one("#totp-secret", Static).update("")
        parts = [("✓ One-time codes are set.\n\n", "good")]
        parts.append(("Six backup codes for a lost phone, each good once. They are shown this once:\n\n", ""))
        parts += [(f"    {left}    {right}\n", "title") for left, right in zip(codes[::2], codes[1::2], strict=True)]
        parts.append(("\nKeep them on paper or in a password manager, not on the phone.", ""))
        put(self.query_one("#totp-words", Static), parts)
        self.set_focus(None)
        self.say_keys(("y", "I have kept them"))

    def _say_words(self, text: str) -> None:
        put(self.query_one("#totp-words", Static), ((text, ""),))

    def _state(self, text: str, tone: str) -> None:
        put(self.query_one("#totp-state", Static), ((text, tone),))

    def action_kept(self) -> None:
        if self._told:
            self.dismiss(True)

    def action_leave(self) -> None:
        if self._told:
            self.say_keys(("y", "I have kept them; they are not shown again"))
        elif not self._working:
            self.dismiss(False)
