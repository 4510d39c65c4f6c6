"""The half of a role's screen that is the same for every role: the form, and below it the dry run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.widgets import Static

from engine.vocabulary.role_forms import RolePreview
from orion_tui.bridge import ask
from orion_tui.modals.box import put
from orion_tui.role_draft import RoleDraft
from orion_tui.screens import role_rows
from orion_tui.screens.form import FormScreen
from orion_tui.widgets.role_entry import Pane

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from engine.vocabulary.role_forms import Trial

CONFIDENCES = (1.0, 0.85, 0.65, 0.40)
"""What the dry run can be asked with, one of each band of the default thresholds."""


class RoleFormScreen(FormScreen[RoleDraft, RolePreview]):
    """A draft of one role, what the engine says of it, and its dry run."""

    def __init__(self, draft: RoleDraft, side: str) -> None:
        super().__init__(draft, RolePreview(draft.text, (), ()), side)
        self._role = draft.name
        self._trials: tuple[Trial, ...] = ()
        self._before: tuple[Trial, ...] = ()
        self._confidence = CONFIDENCES[0]

    def more_panes(self) -> ComposeResult:
        with Vertical(id="role-trials"):
            yield Static(id="role-dry-title", markup=False)
            yield Pane(id="role-dry")

    def where(self) -> str:
        return self._draft.path

    def look(self, text: str) -> RolePreview:
        return self.engine.roles.preview(self._role, text, confidence=self._confidence)

    def retyped(self, text: str, key: str, words: str) -> str:
        return self.engine.roles.with_words(text, key, words)

    def looked(self, preview: RolePreview) -> None:
        self._trials = preview.trials or self._trials
        # A new role is compared with how it came.
        self._before = self._before or self._trials

    def _draw(self) -> None:
        super()._draw()
        preview, trials, before = self._preview, self._trials, self._before
        self.query_one("#role-dry", Pane).show(lambda width: role_rows.dry_rows(trials, before, width))
        about = role_rows.summary(trials, self._confidence) if trials else "once nothing is wrong"
        stale = "of the version before the fault  " if trials and not preview.trials else ""
        put(self.query_one("#role-dry-title", Static), (("DRY RUN ", "title"), (stale + about, "muted")))
        moved = role_rows.moved_words(trials, before)
        put(self.query_one("#form-note", Static), (("dry run: ", "muted"), (moved, "title")) if moved else ())

    # -- the panes

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
