"""A PIN set, changed, or put in the place of one-time codes: the current secret first, then the new one twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from orion_tui.bridge import ask
from orion_tui.modals.box import BoxModal, put, words
from orion_tui.widgets.pin_entry import PinEntry

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from engine.vocabulary.errors import OrionError
    from engine.vocabulary.requests import AuthStatus
    from orion_tui.engine_face import AuthFace


class NewPinModal(BoxModal[bool]):
    """Closes with whether the PIN is set now. The current secret and the new one are taken in one step, so that leaving
    in the middle leaves everything as it was."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave it", show=False)]

    def __init__(self, auth: AuthFace) -> None:
        super().__init__("The PIN")
        self._auth = auth
        self._method = ""

    def body(self) -> ComposeResult:
        yield words(("looking at what is set …", "muted"), id="new-pin-words")
        yield Vertical(id="new-pin-entry")

    def on_mount(self) -> None:
        self.say_keys(("esc", "leave it as it is"))
        ask(self, self._auth.status, self._stands)

    def _stands(self, status: AuthStatus) -> None:
        self._method = status.method
        if status.method:
            self._ask_current()
        else:
            self._ask(PinEntry(self._auth), "")

    def _ask_current(self, wrong: OrionError | None = None) -> None:
        which = {"pin": "PIN", "totp": "code"}[self._method]
        deleted = "it is" if self._method == "pin" else "the codes and their backup codes are"
        about = f"The current {which} first; {deleted} deleted once the new PIN is set."
        self._ask(PinEntry(self._auth, wrong=wrong), about)

    def _ask(self, entry: PinEntry, about: str) -> None:
        put(self.query_one("#new-pin-words", Static), ((about, ""),))
        place = self.query_one("#new-pin-entry")
        place.remove_children()
        place.mount(entry)
        self.say_keys(("enter", "go on"), ("esc", "leave it as it is"))

    def on_pin_entry_given(self, event: PinEntry.Given) -> None:
        event.stop()
        if event.fresh:
            self.dismiss(True)
            return
        current = event.secret
        about = "Kept until the new PIN is set; a wrong one is asked for again."
        self._ask(PinEntry(self._auth, change=lambda new: self._auth.set_pin(new, current)), about)

    def on_pin_entry_refused(self, event: PinEntry.Refused) -> None:
        """The current secret was wrong; the new one is asked for again after it."""
        event.stop()
        self._ask_current(event.error)

    def action_leave(self) -> None:
        if not any(entry.at_work for entry in self.query(PinEntry)):
            self.dismiss(False)
