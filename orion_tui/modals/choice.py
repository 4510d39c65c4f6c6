"""A question with a few answers, one of them the safe one that stands first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from engine.vocabulary.text import visible
from orion_tui.widgets.columns import cell
from orion_tui.widgets.header import styled
from orion_tui.widgets.rows import Row, RowList

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer: what it is called and what it means."""

    id: str
    label: str
    meaning: str = ""


class ChoiceModal(ModalScreen[str | None]):
    """Answers with the id of the choice, or None when the person left without choosing."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q", "dismiss", "back"), ("enter", "take", "choose")]

    def __init__(self, question: str, choices: Sequence[Choice], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._question = question
        self._choices = choices

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(styled(((visible(self._question), "title"),)), classes="box-title", markup=False)
            rows = RowList(id="choices")
            rows.styles.height = sum(2 if choice.meaning else 1 for choice in self._choices)
            yield rows
            yield Static(
                styled(
                    (
                        ("↑↓", "key"),
                        (" move  ", "muted"),
                        ("enter", "key"),
                        (" choose  ", "muted"),
                        ("esc", "key"),
                        (" leave it as it is", "muted"),
                    )
                ),
                classes="hint",
                markup=False,
            )

    def on_mount(self) -> None:
        rows = self.query_one(RowList)
        rows.show(self._rows)
        rows.focus()

    def _rows(self, width: int) -> list[Row]:
        rows: list[Row] = []
        for choice in self._choices:
            rows.append(Row(choice.id, ((cell(f"  {choice.label}", width), ""),)))
            if choice.meaning:
                rows.append(Row("", ((cell(f"    {choice.meaning}", width), "muted"),)))
        return rows

    def action_take(self) -> None:
        self.dismiss(self.query_one(RowList).chosen or None)
