"""Yes or no."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from orion_tui.modals.box import BoxModal, words

if TYPE_CHECKING:
    from textual.app import ComposeResult


class ConfirmModal(BoxModal[bool]):
    """Asks whether to do what `title` says. `y` or enter is yes; `n`, `q` or escape is no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "answer(True)", "yes", show=False),
        Binding("n,q,escape", "answer(False)", "no", show=False),
    ]

    def __init__(self, title: str, text: str = "", *, yes: str = "do it", no: str = "leave it") -> None:
        super().__init__(title)
        self._text = text
        self._yes, self._no = yes, no

    def body(self) -> ComposeResult:
        if self._text:
            yield words((self._text, ""))

    def on_mount(self) -> None:
        self.say_keys(("y", self._yes), ("n", self._no))

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)
