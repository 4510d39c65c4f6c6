"""A question in a box over the screen: a title, what it is about, and the keys that work in its lower edge."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from orion_tui.resources import style_sheet
from orion_tui.widgets.header import styled

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from orion_tui.widgets.signs import Parts

T = TypeVar("T")


class BoxModal(ModalScreen[T], Generic[T]):
    """Base of the boxes. A subclass gives `body` and says its keys with `say_keys`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "page(-1)", "back", show=False),
        Binding("pagedown", "page(1)", "on", show=False),
    ]
    CSS_PATH = [str(style_sheet("review.tcss"))]  # noqa: RUF012 - Textual declares it so

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="question", can_focus=False) as box:
            # Title and keys stand in the border: they are seen whatever the height of the terminal.
            box.border_title = styled(((self._title, "title"),))
            yield from self.body()

    def body(self) -> ComposeResult:
        """What stands between title and keys."""
        yield from ()

    def action_page(self, way: int) -> None:
        """Move a box that is higher than the terminal."""
        box = self.query_one(".question")
        box.scroll_page_down() if way > 0 else box.scroll_page_up()

    def say_keys(self, *keys: tuple[str, str]) -> None:
        """Show these keys with what they do now."""
        parts: list[tuple[str, str]] = []
        for key, what in keys:
            parts += [("  " if parts else "", ""), (key, "key"), (f" {what}", "muted")]
        self.query_one(".question").border_subtitle = styled(parts)


def words(*parts: tuple[str, str], classes: str = "", id: str | None = None) -> Static:
    """Text of a box, never parsed as markup."""
    return Static(styled(parts), classes=classes, id=id, markup=False)


def put(static: Static, parts: Parts) -> None:
    """Replace the text of a `words`; it takes no room while it is empty."""
    static.update(styled(parts))
    static.display = any(text for text, _ in parts)
