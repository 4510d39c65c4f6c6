"""A file that cannot be merged by itself: both versions and the base beside each other, and a person's answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.app import SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from engine.vocabulary.text import decoded, visible
from orion_tui.lent import CANNOT, lent
from orion_tui.merging_outside import edited, merge_tool_missing, merged
from orion_tui.modals.box import put
from orion_tui.resources import style_sheet

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from engine.vocabulary.workspaces import ConflictSides

_MARKERS = ("<<<<<<< ", "=======", ">>>>>>> ")
_SHOWN = 200_000


@dataclass(frozen=True, slots=True)
class Resolved:
    """`how` is ours (the branch keeps its version), theirs (the session's is taken), edited (`content`), or rebase."""

    how: str
    content: bytes | None = None


class ConflictModal(ModalScreen[Resolved | None]):
    """`o` and `t` take a side, `e` edits here, `E` in $VISUAL or $EDITOR, `M` in the merge tool, `b` asks the agent;
    escape leaves it open. Nothing with a marker of git's still in it is taken."""

    CSS_PATH = [str(style_sheet("review.tcss"))]  # noqa: RUF012 - Textual declares it so
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave it open", show=False),
        Binding("o", "answer('ours')", "ours", show=False),
        Binding("t", "answer('theirs')", "theirs", show=False),
        Binding("b", "answer('rebase')", "ask the agent", show=False),
        Binding("e", "edit", "edit", show=False),
        Binding("E", "outside('editor')", "editor", show=False),
        Binding("M", "outside('tool')", "merge tool", show=False),
        Binding("ctrl+s", "take", "take the edit", show=False),
    ]

    def __init__(self, sides: ConflictSides) -> None:
        super().__init__()
        self._sides = sides

    def compose(self) -> ComposeResult:
        sides = self._sides
        with Vertical(id="conflict"):
            yield Static(f"Conflict in {visible(sides.path)}", id="conflict-title", markup=False)
            with Horizontal(id="conflict-sides"):
                for name, text in (
                    ("your branch (o)", sides.ours),
                    ("before both (base)", sides.base),
                    ("this session (t)", sides.theirs),
                ):
                    with VerticalScroll(classes="conflict-side") as column:
                        column.border_title = name
                        yield Static(_text(text), markup=False)
            yield TextArea("", id="conflict-edit")
            yield Static(id="conflict-keys", markup=False)

    def on_mount(self) -> None:
        self.query_one(TextArea).display = False
        self._say()
        self.query(VerticalScroll).first().focus()

    def _say(self, error: str = "") -> None:
        keys: tuple[tuple[str, str], ...]
        if self.query_one(TextArea).display:
            keys = (("ctrl+s", " take the edit  "), ("esc", " back to the versions"))
        else:
            keys = (
                ("o", " ours  "),
                ("t", " theirs  "),
                ("e", " edit here  "),
                ("E", " in your editor\n"),
                ("M", " in your merge tool  "),
                ("b", " ask the agent  "),
                ("esc", " leave it open"),
            )
        parts = [part for key, what in keys for part in ((key, "key"), (what, "muted"))]
        put(self.query_one("#conflict-keys", Static), [*([(f"✗ {visible(error)}\n", "bad")] if error else []), *parts])

    def action_answer(self, how: str) -> None:
        if not self.query_one(TextArea).display:
            self.dismiss(Resolved(how))

    def action_edit(self) -> None:
        area = self.query_one(TextArea)
        if area.display or not self._is_text():
            return
        area.text = self._sides.marked.decode()
        area.display = True
        self.query_one("#conflict-sides").styles.height = "40%"
        area.focus()
        self._say()

    def action_take(self) -> None:
        area = self.query_one(TextArea)
        if area.display:
            self._try(area.text.encode())

    def action_outside(self, which: str) -> None:
        """In a program of the person's own; whatever becomes of it, its end is said here."""
        if self.query_one(TextArea).display or (which == "editor" and not self._is_text()):
            return
        missing = merge_tool_missing() if which == "tool" else ""
        if missing:
            self._say(missing)
            return
        try:
            with lent(self.app):
                content, wrong = edited(self._sides) if which == "editor" else merged(self._sides)
        except SuspendNotSupported:
            self._say(f"{CANNOT}: e edits here")
            return
        self.refresh(layout=True)
        if content is None:
            self._say(wrong)
        elif content == self._sides.marked:
            self._say("nothing was changed in it, so nothing is taken")
        else:
            self._try(content)

    def _is_text(self) -> bool:
        try:
            self._sides.marked.decode()
        except UnicodeDecodeError:
            self._say("this is no text: take one side, or leave the file out")
            return False
        return True

    def _try(self, content: bytes) -> None:
        left = [line for line in content.decode(errors="replace").splitlines() if line.startswith(_MARKERS)]
        if left:
            self._say(f"a conflict marker still stands in it: {left[0][:40]}")
        else:
            self.dismiss(Resolved("edited", content))

    def action_leave(self) -> None:
        area = self.query_one(TextArea)
        if not area.display:
            self.dismiss(None)
            return
        area.display = False
        self.query_one("#conflict-sides").styles.height = "1fr"
        self.query(VerticalScroll).first().focus()
        self._say()


def _text(data: bytes | None) -> str:
    if data is None:
        return "(the file is not there)"
    return visible(decoded(data[:_SHOWN]), keep="\n\t").expandtabs(4) or "(empty)"
