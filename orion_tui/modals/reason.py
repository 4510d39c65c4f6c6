"""Asks why: a refusal without a reason helps nobody later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from orion_tui.modals.box import BoxModal, put, words

if TYPE_CHECKING:
    from textual.app import ComposeResult


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person is asked to type: a word for the empty field, and what is said when it is left empty."""

    placeholder: str
    missing: str


REASON = Wanted("the reason, in a sentence", "a reason is needed: it is kept with the decision")
MESSAGE = Wanted("what it should know or do", "there is nothing to say yet")
ANSWER = Wanted("your answer", "an answer is needed: the worker goes on with it")
HINT = Wanted("a hint, in a sentence", "a hint is needed: without one it goes the same way again")


class ReasonModal(BoxModal[str | None]):
    """One line of text; escape takes the whole thing back. `consequence` says what happens on enter."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave it", show=False)]

    def __init__(self, title: str, consequence: str, *, yes: str = "reject", wants: Wanted = REASON) -> None:
        super().__init__(title)
        self._wants = wants
        self._consequence = consequence
        self._yes = yes

    def body(self) -> ComposeResult:
        yield words((self._consequence, "muted"))
        yield Input(placeholder=self._wants.placeholder, max_length=500, id="reason", compact=True)
        yield words(classes="question-state", id="reason-state")

    def on_mount(self) -> None:
        self.say_keys(("enter", self._yes), ("esc", "leave it"))
        self.query_one("#reason-state").display = False
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        reason = event.value.strip()
        if reason:
            self.dismiss(reason)
        else:
            put(
                self.query_one("#reason-state", Static),
                ((f"✗ {self._wants.missing}", "bad"),),
            )

    def action_leave(self) -> None:
        self.dismiss(None)
