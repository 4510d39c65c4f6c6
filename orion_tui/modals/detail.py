"""Everything known about one thing, to read and close again."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from orion_tui.modals.box import BoxModal
from orion_tui.widgets.prose import Prose

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from orion_tui.widgets.signs import Parts


class DetailModal(BoxModal[None]):
    """Text of any length; arrows and page keys scroll it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,w,enter", "close", "close", show=False),
        Binding("down,j", "scroll(1)", "down", show=False),
        Binding("up,k", "scroll(-1)", "up", show=False),
        Binding("pagedown,space", "scroll(10)", "page down", show=False),
        Binding("pageup", "scroll(-10)", "page up", show=False),
    ]

    def __init__(self, title: str, parts: Parts) -> None:
        super().__init__(title)
        self._parts = parts

    def body(self) -> ComposeResult:
        yield Prose(self._parts)

    def on_mount(self) -> None:
        self.say_keys(("↑↓", "scroll"), ("esc", "close"))

    def action_scroll(self, lines: int) -> None:
        self.query_one(".question").scroll_relative(y=lines, animate=False)

    def action_close(self) -> None:
        self.dismiss(None)
