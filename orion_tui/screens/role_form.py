"""The half of a role's screen that is the same for every role: the form, the line in which a value is typed, the file's
text and the dry run, all drawn from one draft and following each key."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from engine.vocabulary.errors import RoleError
from engine.vocabulary.role_forms import RoleField, RolePreview
from engine.vocabulary.text import visible
from orion_tui.bridge import ask
from orion_tui.modals.box import put
from orion_tui.screens import role_rows
from orion_tui.screens.base import OrionScreen
from orion_tui.widgets.marked_list import MarkedList
from orion_tui.widgets.prose import Prose
from orion_tui.widgets.role_entry import Pane, WordsInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from engine.vocabulary.errors import OrionError
    from engine.vocabulary.role_forms import Trial
    from orion_tui.role_draft import RoleDraft
    from orion_tui.widgets.rows import RowList
    from orion_tui.widgets.signs import Parts

CONFIDENCES = (1.0, 0.85, 0.65, 0.40)
"""What the dry run can be asked with, one of each band of the default thresholds."""


class RoleFormScreen(OrionScreen):
    """A draft of one role and what the engine says of it. Nothing is written here.

    While a value is typed, `_preview` runs ahead of `_draft`; taking the value brings the draft up to it, leaving puts
    the preview back. What must wait for the engine's answer stands in `_next`."""

    def __init__(self, draft: RoleDraft, side: str) -> None:
        super().__init__()
        self._role = draft.name
        self._draft = draft
        self._preview = RolePreview(draft.text, None, (), (), ())
        self._trials: tuple[Trial, ...] = ()
        self._before: tuple[Trial, ...] = ()
        self._confidence = CONFIDENCES[0]
        self._typing = ""
        self._words = ""
        self._wrong = ""
        self._busy = False
        self._next: deque[Callable[[], None]] = deque()
        self._side = side
        self._placed = False

    def status(self) -> Parts:
        """What stands above the form."""
        raise NotImplementedError

    def compose_body(self) -> ComposeResult:
        yield Static(id="role-status", markup=False)
        with Horizontal(id="role-body"):
            with Vertical(id="role-left"):
                yield MarkedList(id="role-form")
                with Vertical(id="role-value"):
                    yield WordsInput(id="role-words", compact=True, disabled=True, select_on_focus=False)
                    yield Prose(id="role-help")
                    yield Static(id="role-moved", markup=False)
            with Vertical(id="role-right"):
                with Vertical(id="role-file"):
                    yield Static(id="role-yaml-title", markup=False)
                    yield Pane(id="role-yaml")
                with Vertical(id="role-trials"):
                    yield Static(id="role-dry-title", markup=False)
                    yield Pane(id="role-dry")

    # -- drawing

    def _show(self, draft: RoleDraft) -> None:
        """Go on with this draft, once the engine has looked at it."""
        self._draft = draft
        self._busy = True
        engine, name, text, sure = self.engine, self._role, draft.text, self._confidence
        ask(
            self,
            lambda: engine.roles.preview(name, text, confidence=sure),
            self._looked,
            self._not_looked,
            group="typed",
            exclusive=True,
        )

    def _looked(self, preview: RolePreview) -> None:
        self._preview = preview
        self._trials = preview.trials or self._trials
        # A new role is compared with how it came.
        self._before = self._before or self._trials
        self._draw()
        self._idle()

    def _draw(self) -> None:
        preview, trials, before = self._preview, self._trials, self._before
        put(self.query_one("#role-status", Static), self.status())
        form = self.query_one("#role-form", MarkedList)
        form.show(lambda width: role_rows.form_rows(preview, width))
        if not self._placed and preview.fields:
            # What is wrong comes first.
            self._placed = True
            wrong = (field.key for field in preview.fields if preview.problems_of(field))
            form.choose(next(wrong, preview.fields[0].key))
        self.query_one("#role-yaml", Pane).show(lambda width: role_rows.yaml_rows(preview, width))
        self.query_one("#role-dry", Pane).show(lambda width: role_rows.dry_rows(trials, before, width))
        put(self.query_one("#role-yaml-title", Static), (("FILE ", "title"), (visible(self._draft.path), "muted")))
        about = role_rows.summary(trials, self._confidence) if trials else "once nothing is wrong"
        stale = "of the version before the fault  " if trials and not preview.trials else ""
        put(self.query_one("#role-dry-title", Static), (("DRY RUN ", "title"), (stale + about, "muted")))
        moved = role_rows.moved_words(trials, before)
        put(self.query_one("#role-moved", Static), (("dry run: ", "muted"), (moved, "title")) if moved else ())
        self._show_field()
        self.update_chrome()

    @property
    def _field(self) -> RoleField | None:
        key = self._typing or next((rows.chosen for rows in self.query("#role-form").results(MarkedList)), "")
        return next((field for field in self._preview.fields if field.key == key), None)

    def on_row_list_chosen(self, _event: RowList.Chosen) -> None:
        self._show_field()
        self.update_chrome()

    def _show_field(self) -> None:
        field = self._field
        entry, about = self.query_one("#role-words", WordsInput), self.query_one("#role-help", Prose)
        if not self._typing:
            entry.disabled = True
            entry.value = visible(field.words) if field else ""
            entry.placeholder = field.default if field else ""
        problems = self._preview.problems_of(field) if field else ()
        about.show(role_rows.field_parts(field, problems, self._wrong) if field else ())
        if field is not None and field.line:
            self.query_one("#role-yaml", Pane).choose(str(field.line))

    def _show_side(self) -> None:
        self.set_class(self._side == "yaml", "-only-yaml")
        self.set_class(self._side == "dry", "-only-dry")
        self.call_after_refresh(self.query_one("#role-form", MarkedList).keep_cursor_in_sight)

    # -- changing a field

    def do_type_field(self) -> None:
        self._when_idle(self._begin_typing)

    def _begin_typing(self) -> None:
        field = self._field
        if field is None:
            return
        self._typing, self._words = field.key, visible(field.words)
        entry = self.query_one("#role-words", WordsInput)
        entry.disabled = False
        entry.value = self._words
        entry.focus()
        entry.cursor_position = len(self._words)
        self.update_chrome()

    def on_input_changed(self, event: Input.Changed) -> None:
        if self._typing and event.value != self._words:
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
            self.query_one("#role-form", MarkedList).action_move(by)
            self.call_after_refresh(self.do_type_field)

        self._when_idle(on)

    def _ask_typed(self, key: str, words: str) -> None:
        """Look at what the draft would be with these words; a newer question replaces this one."""
        engine, name, text, sure = self.engine, self._role, self._draft.text, self._confidence

        def work() -> tuple[RolePreview | None, str]:
            try:
                made = engine.roles.with_words(text, key, words)
            except RoleError as error:
                first = error.problems[0] if error.problems else error
                return None, f"{first.message}; {first.hint}" if first.hint else first.message
            return engine.roles.preview(name, made, confidence=sure), ""

        self._busy = True
        ask(self, work, self._typed, self._not_looked, group="typed", exclusive=True)

    def _typed(self, answer: tuple[RolePreview | None, str]) -> None:
        preview, self._wrong = answer
        if preview is not None:
            self._preview = preview
            self._trials = preview.trials or self._trials
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
        self.query_one("#role-form").focus()
        if self._preview.text != self._draft.text:
            self._show(self._draft)
        else:
            self._draw()

    def _put(self, choose: Callable[[RoleField], str]) -> None:
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
        def following(field: RoleField) -> str:
            now = field.words.partition(":")[0] or (field.default if field.default in field.choices else "")
            place = field.choices.index(now) if now in field.choices else -1
            return field.choices[(place + 1) % len(field.choices)]

        self._put(following)

    def do_clear_field(self) -> None:
        self._put(lambda _field: "")

    do_clear_field_x = do_clear_field

    def do_undo_field(self) -> None:
        self._when_idle(lambda: self._show(self._draft.undo()))

    # -- the panes

    def do_yaml(self) -> None:
        self._side = "" if self._side == "yaml" else "yaml"
        self._show_side()

    def do_dry_run(self) -> None:
        self._side = "" if self._side == "dry" else "dry"
        self._show_side()

    def do_surer(self) -> None:
        place = CONFIDENCES.index(self._confidence) + 1
        self._confidence = confidence = CONFIDENCES[place % len(CONFIDENCES)]
        engine, name, first = self.engine, self._role, self._draft.first

        def begun(preview: RolePreview) -> None:
            self._before = preview.trials
            self._show(self._draft)

        ask(self, lambda: engine.roles.preview(name, first, confidence=confidence), begun)

    def do_role_pane(self) -> None:
        self.focus_next()
