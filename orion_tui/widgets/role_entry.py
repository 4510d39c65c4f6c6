"""Parts of the screen of one role: a pane that only shows, and the line in which a field's words are typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from orion_tui.widgets.rows import RowList

if TYPE_CHECKING:
    pass


class Pane(RowList):
    """Rows to look at; going over them chooses nothing for the screen."""

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        event.stop()


class WordsInput(Input):
    """An input from which the arrows lead to the next field."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "leave(-1)", "field before", show=False),
        Binding("down", "leave(1)", "next field", show=False),
    ]

    class Moved(Message):
        """On to the field `by` rows further."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def action_leave(self, by: int) -> None:
        self.post_message(self.Moved(by))
