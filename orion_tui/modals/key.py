"""Takes a model's key, hidden, and keeps it: it is on no screen and in no file."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from engine.vocabulary.text import visible
from orion_tui.bridge import ask
from orion_tui.modals.box import BoxModal, put, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from engine.vocabulary.errors import OrionError


class KeyModal(BoxModal[str]):
    """Closes with where the key is kept now, with an empty text when the person left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave it", show=False)]

    def __init__(self, model: str, entry: str, keep: Callable[[str], str]) -> None:
        """`keep` blocks, and gives where it keeps the key. Raises UsageError and KeychainError."""
        super().__init__(f"The key of {visible(model)}")
        self._entry = entry
        self._keep = keep

    def body(self) -> ComposeResult:
        yield words((f"Kept in the keychain as {visible(self._entry)}; the one before is gone then.", ""))
        yield Input(password=True, placeholder="paste the key", max_length=4096, id="model-key", compact=True)
        yield words(classes="question-state", id="model-key-state")

    def on_mount(self) -> None:
        self.say_keys(("enter", "keep it"), ("esc", "leave it"))
        self.query_one("#model-key-state").display = False
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        key, event.input.value = event.value, ""
        ask(self, lambda: self._keep(key), self._kept, self._refused)

    def _kept(self, where: str) -> None:
        self.dismiss(where)

    def _refused(self, error: OrionError) -> None:
        said = f"✗ {error.message}" + (f"; {error.hint}" if error.hint else "")
        put(self.query_one("#model-key-state", Static), ((said, "bad"),))

    def action_leave(self) -> None:
        self.dismiss("")
