"""What the model understood of a goal, and its questions one at a time: each settled with one key, or left open."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from engine.vocabulary.intake import Answer, AnswerKind, Brief, Question
from engine.vocabulary.text import visible
from orion_tui.modals.box import BoxModal
from orion_tui.widgets.prose import HANG, Prose

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from orion_tui.widgets.signs import Part


class IntakeModal(BoxModal[Brief | None]):
    """Answers with the settled brief, or None when the person went back to the form. The keys are letters while a
    question is shown, and go into the field once an own answer is being written."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,a", "accept", "accept", show=False),
        Binding("A", "accept_all", "accept all", show=False),
        Binding("o", "own", "own answer", show=False),
        Binding("s", "skip", "leave open", show=False),
        Binding("b,backspace", "again", "the one before", show=False),
        Binding("escape,q", "leave", "back", show=False),
    ]

    def __init__(self, brief: Brief) -> None:
        super().__init__("Before it is planned")
        self._brief = brief
        self._questions = brief.open
        self._given: list[Answer] = []
        self._writing = False

    def body(self) -> ComposeResult:
        # What is to be answered stands first: a long brief may go below the edge.
        yield Prose(id="intake-question")
        yield Input(placeholder="your answer, in a sentence", max_length=400, id="intake-own", compact=True)
        yield Prose((("\n", ""), *understood(self._brief)), id="intake-brief")

    def on_mount(self) -> None:
        self._ask()

    @property
    def _question(self) -> Question:
        return self._questions[len(self._given)]

    def _ask(self) -> None:
        """Show the next question, or end with all of them settled."""
        if len(self._given) == len(self._questions):
            self.dismiss(self._brief.answered(self._given))
            return
        question, number = self._question, f"{len(self._given) + 1} of {len(self._questions)}"
        self.query_one("#intake-question", Prose).show(
            (
                (f"Question {number}\n", "muted"),
                (f"{visible(question.text)}\n", "title"),
                (f"proposed  {HANG}", "muted"),
                (visible(question.proposed), "accent"),
            )
        )
        self._write(False)

    def _write(self, on: bool) -> None:
        self._writing = on
        field = self.query_one("#intake-own", Input)
        field.display = on
        if on:
            field.value = ""
            field.focus()
            self.say_keys(("enter", "answer this"), ("esc", "the proposed one after all"))
            return
        self.set_focus(None)
        more = (("A", "accept all"),) if len(self._questions) - len(self._given) > 1 else ()
        back = (("b", "the one before"),) if self._given else ()
        self.say_keys(("enter", "accept"), ("o", "own answer"), ("s", "leave open"), *more, *back, ("esc", "the form"))

    def _settle(self, text: str, kind: AnswerKind) -> None:
        self._given.append(Answer(self._question.text, text, kind))
        self._ask()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        if text:
            self._settle(text, AnswerKind.OWN)

    def action_accept(self) -> None:
        self._settle(self._question.proposed, AnswerKind.PROPOSED)

    def action_accept_all(self) -> None:
        rest = self._questions[len(self._given) :]
        self._given += [Answer(question.text, question.proposed, AnswerKind.PROPOSED) for question in rest]
        self._ask()

    def action_own(self) -> None:
        self._write(True)

    def action_skip(self) -> None:
        self._settle("", AnswerKind.SKIPPED)

    def action_again(self) -> None:
        if self._given:
            self._given.pop()
            self._ask()

    def action_leave(self) -> None:
        if self._writing:
            self._write(False)
        else:
            self.dismiss(None)


def understood(brief: Brief) -> list[Part]:
    """The brief in a few lines."""
    parts: list[Part] = [(f"understood  {HANG}", "muted"), (visible(brief.asked), "")]
    for label, entries in (("out", brief.left_out), ("done when", brief.success)):
        for entry in entries:
            parts += [(f"\n{label:<12}{HANG}", "muted"), (visible(entry), "")]
    return parts
