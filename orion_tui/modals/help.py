"""Every key and what it does, made from the table of actions; a key that is off says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from orion_tui.actions import acts_for
from orion_tui.widgets.columns import folded
from orion_tui.widgets.header import styled
from orion_tui.widgets.rows import Row, RowList

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from orion_tui.acts.act import Act

_NOTES = (
    "↑ ↓ pgup pgdn home end move in a list or a log, tab goes to the next pane.",
    "A capital letter changes the world, N only looks back. A sign says the state, colour only supports it:",
    "● running  ◐ waiting for you  ✓ kept  ✗ failed  ⊘ blocked  ‖ paused  ↺ interrupted",
)


class HelpModal(ModalScreen[None]):
    """The keys of one screen; any key that leaves a screen closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,question_mark,enter", "dismiss", "close")]

    def __init__(self, screen: str, acts: Sequence[Act], reason_off: Callable[[Act], str]) -> None:
        super().__init__()
        self._of = screen
        self._acts = acts
        self._reason_off = reason_off

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(
                styled(((f"Keys on {self._of.replace('_', ' ')}", "title"),)), classes="box-title", markup=False
            )
            yield RowList(id="keys")
            yield Static(styled((("esc", "key"), (" closes this", "muted"))), classes="hint", markup=False)

    def on_mount(self) -> None:
        rows = self.query_one(RowList)
        rows.show(self._rows)
        rows.focus()

    def _rows(self, width: int) -> Sequence[Row]:
        rows: list[Row] = []
        for act in acts_for(self._of, self._acts):
            why = self._reason_off(act)
            tone = "muted" if why else "key"
            label = f" {act.shown_key:>10}  {act.label:<14} "
            indent = " " * (len(label) if width >= 60 else 4)
            for number, line in enumerate(folded(act.help, width - len(label) - 1)):
                rows.append(
                    Row(act.id if not number else "", ((label if not number else indent, tone), (line, "muted")))
                )
            if why:
                rows += [
                    Row("", ((indent + line, "muted"),)) for line in folded(f"off: {why}", width - len(indent) - 1)
                ]
        rows.append(Row("", ()))
        for number, note in enumerate(_NOTES):
            rows += [Row(f"note{number}", ((f"  {line}", "muted"),)) for line in folded(note, width - 3)]
        return rows
