"""A file as a form: its fields, the line in which a value is typed, and the file's text beside them, all drawn from one
draft and following each key. What kind of file it is says a subclass."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from engine.vocabulary.errors import ConfigError
from engine.vocabulary.forms import FormPreview
from engine.vocabulary.text import visible
from orion_tui.bridge import ask
from orion_tui.modals.box import put
from orion_tui.modals.choice import Choice, ChoiceModal
from orion_tui.modals.confirm import ConfirmModal
from orion_tui.modals.detail import DetailModal
from orion_tui.screens import role_rows
from orion_tui.screens.base import OrionScreen
from orion_tui.widgets.marked_list import MarkedList
from orion_tui.widgets.prose import Prose
from orion_tui.widgets.role_entry import Pane, WordsInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from engine.vocabulary.errors import OrionError
    from engine.vocabulary.forms import FormField
    from orion_tui.draft import Draft
    from orion_tui.widgets.rows import RowList
    from orion_tui.widgets.signs import Part, Parts

D = TypeVar("D", bound="Draft")
P = TypeVar("P", bound=FormPreview)


class FormScreen(OrionScreen, Generic[D, P]):
    """A draft of one file and what the engine says of it. Nothing is written here.

    While a value is typed, `_preview` runs ahead of `_draft`; taking the value brings the draft up to it, leaving puts
    the preview back. What must wait for the engine's answer stands in `_next`."""

    def __init__(self, draft: D, preview: P, side: str) -> None:
        super().__init__()
        self._draft = draft
        self._preview = preview
        self._typing = ""
        self._words = ""
        self._wrong = ""
        self._busy = False
        self._next: deque[Callable[[], None]] = deque()
        self._side = side
        self._placed = False

    # -- what a kind of file says

    def status(self) -> Parts:
        """What stands above the form."""
        raise NotImplementedError

    def look(self, text: str) -> P:
        """What the engine says of a text; blocks."""
        raise NotImplementedError

    def retyped(self, text: str, key: str, words: str) -> str:
        """The text with these words for a field; blocks. Raises ConfigError for words that mean nothing there."""
        raise NotImplementedError

    def looked(self, preview: P) -> None:
        """Another preview is shown from now on."""

    def more_panes(self) -> ComposeResult:
        """What stands below the file's text."""
        yield from ()

    def where(self) -> str:
        """The path of the file."""
        raise NotImplementedError

    def do_read_file(self) -> None:
        """The file as it is now; what was changed here is lost."""
        raise NotImplementedError

    def compose_body(self) -> ComposeResult:
        yield Static(id="form-status", markup=False)
        with Horizontal(id="form-body"):
            with Vertical(id="form-left"):
                yield MarkedList(id="form-rows")
                with Vertical(id="form-value"):
                    yield WordsInput(id="form-words", compact=True, disabled=True, select_on_focus=False)
                    yield Prose(id="form-help")
                    yield Static(id="form-note", markup=False)
            with Vertical(id="form-right"):
                with Vertical(id="form-file"):
                    yield Static(id="form-yaml-title", markup=False)
                    yield Pane(id="form-yaml")
                yield from self.more_panes()

    # -- drawing

    def _show(self, draft: D) -> None:
        """Go on with this draft, once the engine has looked at it."""
        self._draft = draft
        self._busy = True
        text = draft.text
        ask(self, lambda: self.look(text), self._looked, self._not_looked, group="typed", exclusive=True)

    def _looked(self, preview: P) -> None:
        self._preview = preview
        self.looked(preview)
        self._draw()
        self._idle()

    def _draw(self) -> None:
        preview = self._preview
        put(self.query_one("#form-status", Static), self.status())
        form = self.query_one("#form-rows", MarkedList)
        form.show(lambda width: role_rows.form_rows(preview, width))
        if not self._placed and preview.fields:
            # What is wrong comes first.
            self._placed = True
            wrong = (field.key for field in preview.fields if preview.problems_of(field))
            form.choose(next(wrong, preview.fields[0].key))
        self.query_one("#form-yaml", Pane).show(lambda width: role_rows.yaml_rows(preview, width))
        title = self.query_one("#form-yaml-title", Static)
        put(title, (("FILE ", "title"), (_end_of(visible(self.where()), title.size.width - 7), "muted")))
        self._show_field()
        self.update_chrome()

    @property
    def _field(self) -> FormField | None:
        key = self._typing or next((rows.chosen for rows in self.query("#form-rows").results(MarkedList)), "")
        return next((field for field in self._preview.fields if field.key == key), None)

    def on_row_list_chosen(self, _event: RowList.Chosen) -> None:
        self._show_field()
        self.update_chrome()

    def _show_field(self) -> None:
        field = self._field
        entry, about = self.query_one("#form-words", WordsInput), self.query_one("#form-help", Prose)
        if not self._typing:
            entry.disabled = True
            entry.value = visible(field.words) if field else ""
            entry.placeholder = field.default if field else ""
        problems = self._preview.problems_of(field) if field else ()
        about.show(role_rows.field_parts(field, problems, self._wrong) if field else ())
        if field is not None and field.line:
            self.query_one("#form-yaml", Pane).choose(str(field.line))

    def _show_side(self) -> None:
        self.set_class(self._side == "yaml", "-only-yaml")
        self.set_class(self._side == "dry", "-only-dry")
        self.call_after_refresh(self.query_one("#form-rows", MarkedList).keep_cursor_in_sight)

    # -- changing a field

    def do_type_field(self) -> None:
        self._when_idle(self._begin_typing)

    def _begin_typing(self) -> None:
        field = self._field
        if field is None:
            return
        self._typing, self._words = field.key, visible(field.words)
        entry = self.query_one("#form-words", WordsInput)
        entry.disabled = False
        entry.value = self._words
        entry.focus()
        entry.cursor_position = len(self._words)
        self.update_chrome()

    def on_input_changed(self, event: Input.Changed) -> None:
        # While nobody types, the line only shows the field that is chosen.
        if self._typing and not event.input.disabled and event.value != self._words:
            self._words = event.value
            self._ask_typed(self._typing, self._words)

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        self.do_take_words()

    def do_take_words(self) -> None:
        self._when_idle(self._take_typed)

    def on_words_input_moved(self, event: WordsInput.Moved) -> None:
        by = event.by

        def on() -> None:
            self._take_typed()
            self.query_one("#form-rows", MarkedList).action_move(by)
            self.call_after_refresh(self.do_type_field)

        self._when_idle(on)

    def _ask_typed(self, key: str, words: str) -> None:
        """Look at what the draft would be with these words; a newer question replaces this one."""
        text = self._draft.text

        def work() -> tuple[P | None, str]:
            try:
                made = self.retyped(text, key, words)
            except ConfigError as error:
                first = error.problems[0] if error.problems else error
                return None, f"{first.message}; {first.hint}" if first.hint else first.message
            return self.look(made), ""

        self._busy = True
        ask(self, work, self._typed, self._not_looked, group="typed", exclusive=True)

    def _typed(self, answer: tuple[P | None, str]) -> None:
        preview, self._wrong = answer
        if preview is not None:
            self._preview = preview
            self.looked(preview)
        self._draw()
        self._idle()

    def _not_looked(self, error: OrionError) -> None:
        self.orion.show_error(error)
        self._next.clear()
        self._idle()

    def _when_idle(self, then: Callable[[], None]) -> None:
        self._next.append(then)
        self._idle(self._busy)

    def _idle(self, busy: bool = False) -> None:
        """Do what waited for the engine's answer, one thing after the other."""
        self._busy = busy
        while self._next and not self._busy:
            self._next.popleft()()

    def _take_typed(self) -> None:
        if self._wrong:
            self.orion.say(f"not taken: {self._wrong}", severity="warning")
        elif self._typing and self._preview.text != self._draft.text:
            self._draft = self._draft.with_text(self._preview.text)
        self._stop_typing()

    def _stop_typing(self) -> None:
        """Back to the form; what was typed and not taken is gone."""
        self._typing = self._wrong = ""
        self.query_one("#form-rows").focus()
        if self._preview.text != self._draft.text:
            self._show(self._draft)
        else:
            self._draw()

    def _put(self, choose: Callable[[FormField], str]) -> None:
        """Change the field that is chosen now, as soon as the change before is done."""
        key = self._field.key if self._field else ""

        def go() -> None:
            field = next((field for field in self._preview.fields if field.key == key), None)
            if field is not None:
                self._typing = key
                self._ask_typed(key, choose(field))
                self._next.appendleft(self._take_typed)

        self._when_idle(go)

    def do_next_choice(self) -> None:
        def following(field: FormField) -> str:
            now = field.words.partition(":")[0] or (field.default if field.default in field.choices else "")
            place = field.choices.index(now) if now in field.choices else -1
            return field.choices[(place + 1) % len(field.choices)]

        self._put(following)

    def do_clear_field(self) -> None:
        self._put(lambda _field: "")

    do_clear_field_x = do_clear_field

    def do_undo_field(self) -> None:
        self._when_idle(lambda: self._show(self._draft.undo()))

    # -- the panes and the way out

    def do_yaml(self) -> None:
        self._side = "" if self._side == "yaml" else "yaml"
        self._show_side()

    def do_form_pane(self) -> None:
        self.focus_next()

    def do_faults(self) -> None:
        parts: list[Part] = []
        for problem in self._preview.problems:
            parts += [("\n" if parts else "", ""), *role_rows.problem_parts(problem)]
        self.app.push_screen(DetailModal(f"What is wrong in {visible(self._draft.called)}", parts))

    def ask_over(self, file: str, present: str, write: Callable[[], None], *, fresh: bool = False) -> None:
        """What to do about a `file` that is no longer what the draft began with: `present` is the digest of what stands
        there, empty for nothing; `fresh` when there was none."""
        choices = (
            Choice("stay", "Go on here", "nothing is written"),
            Choice("read", "Read the file again", "your changes are lost"),
            Choice("write", "Write mine over it", "what somebody else wrote is lost"),
        )

        def answered(answer: str | None) -> None:
            if answer == "read":
                self.do_read_file()
            elif answer == "write":
                write()

        what = "was changed on disk since you opened it" if present else "is gone from the disk"
        self.app.push_screen(ChoiceModal(f"{file} {'is there by now' if fresh else what}.", choices), answered)

    def do_back(self) -> None:
        if self._typing:
            self._next.clear()
            self._stop_typing()
            return
        if not self._draft.changed or not self._draft.text:
            super().do_back()
            return
        modal = ConfirmModal(
            "Leave without saving?", f"{self._draft.called} is not saved as it stands.", yes="leave", no="stay"
        )
        self.app.push_screen(modal, lambda yes: self.orion.back() if yes else None)

    def facts(self) -> frozenset[str]:
        field, draft = self._field, self._draft
        also = {
            "field": field is not None,
            "chosen": field is not None and bool(field.choices),
            "set": field is not None and bool(field.words),
            "edits": bool(draft.before),
            "file_edits": draft.changed or self._preview.text != draft.text,
            "valid": bool(self._preview.fields) and not self._preview.problems,
            "faulty": bool(self._preview.problems),
            "on_disk": not draft.is_new,
            "typing": bool(self._typing),
            "not_typing": not self._typing,
        }
        return super().facts() | {name for name, here in also.items() if here}


def _end_of(path: str, width: int) -> str:
    """The end of a path, which says most, where there is no room for all of it."""
    return path if len(path) <= width else f"…{path[-max(width - 1, 1) :]}"
