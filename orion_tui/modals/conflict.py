"""A file that cannot be merged by itself: both versions and the base beside each other, and a person's answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.app import SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from engine.vocabulary.text import visible
from orion_tui.lent import CANNOT, lent
from orion_tui.merging_outside import edited, merge_tool_missing, merged
from orion_tui.modals.box import put
from orion_tui.resources import style_sheet
from orion_tui.widgets.three_ways import ThreeWays, is_binary

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from engine.vocabulary.workspaces import ConflictSides
    from orion_tui.widgets.signs import Part

_MARKERS, _BETWEEN = ("<<<<<<< ", ">>>>>>> "), "======="


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
        self._is_binary = is_binary(sides)

    def compose(self) -> ComposeResult:
        sides = self._sides
        with Vertical(id="conflict"):
            yield Static(id="conflict-title", markup=False)
            if self._is_binary:
                yield Static(_sizes(sides), id="conflict-sides", markup=False)
            else:
                yield ThreeWays(sides, id="conflict-sides")
            yield TextArea("", id="conflict-edit")
            yield Static(id="conflict-keys", markup=False)

    def on_mount(self) -> None:
        self.query_one(TextArea).display = False
        self._say()
        self.query_one("#conflict-sides").focus()

    def on_three_ways_stepped(self) -> None:
        self._say()

    def _say(self, error: str = "") -> None:
        keys: tuple[tuple[str, str], ...]
        if self.query_one(TextArea).display:
            keys = (("ctrl+s", " take the edit  "), ("esc", " back to the versions"))
        else:
            tool, leave = ("M", " in your merge tool"), ("esc", " leave it open")
            keys = (("o", " ours  "), ("t", " theirs  "))
            if self._is_binary:
                keys += (tool, ("", "  "), leave)
            else:
                keys += (("e", " edit here  "), ("E", " in your editor  "), tool, ("\nb", " ask the agent  "))
                keys += (("j k", " places  "), ("← →", " long lines  "), leave)
        parts = [part for key, what in keys for part in ((key, "key"), (what, "muted"))]
        put(self.query_one("#conflict-keys", Static), [*([(f"✗ {visible(error)}\n", "bad")] if error else []), *parts])
        put(self.query_one("#conflict-title", Static), self._title())

    def _title(self) -> list[Part]:
        parts: list[Part] = [(f"Conflict in {visible(self._sides.path)}", "title")]
        for ways in self.query(ThreeWays):
            if ways.missing:
                parts.append((f"  {ways.missing}", "accent"))
            if ways.places:
                parts.append((f"  place {ways.at + 1} of {len(ways.places)}", ""))
        return parts

    def action_answer(self, how: str) -> None:
        if how == "rebase" and self._is_binary:
            self._say("it is binary, which no model brings together: o or t takes a side")
        elif not self.query_one(TextArea).display:
            self.dismiss(Resolved(how))

    def action_edit(self) -> None:
        area = self.query_one(TextArea)
        if area.display or not self._is_text():
            return
        area.text = self._sides.marked.decode()
        area.display = True
        self.query_one("#conflict-sides").styles.height = "40%"
        area.focus()
        marker = next((at for at, line in enumerate(area.text.split("\n")) if line.startswith(_MARKERS)), 0)
        self.call_after_refresh(area.move_cursor, (marker, 0), center=True)
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
        known = {line for side in (self._sides.ours, self._sides.theirs) for line in _plain(side or b"")}
        lines = (line for line in _plain(content) if line not in known)
        left = [line for line in lines if line.startswith(_MARKERS) or line == _BETWEEN]
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
        self.query_one("#conflict-sides").focus()
        self._say()


def _plain(data: bytes) -> list[str]:
    return data.decode(errors="replace").splitlines()


def _sizes(sides: ConflictSides) -> str:
    """What can be said of versions that nobody can read."""
    named = (("your branch (o)", sides.ours), ("before both (base)", sides.base), ("this session (t)", sides.theirs))
    sizes = (f"{name:<20}{'not there' if data is None else f'{len(data):,} bytes'}" for name, data in named)
    return (
        "\n"
        + "\n".join(sizes)
        + "\n\nIt is binary: its lines cannot be shown, and it is taken from one side or the other."
    )
