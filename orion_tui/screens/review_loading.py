"""How the review gets what it shows: the beginning of the diff as soon as it is there, then all of it, then what was
found in it. One that nobody has asked for yet gets the beginning only, and is drawn out of sight."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual import on
from textual.events import ScreenResume
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from engine.vocabulary.text import visible
from orion_tui.bridge import ask
from orion_tui.modals.box import put
from orion_tui.screens.review_acts import ReviewActs
from orion_tui.selection import Hunks, Selection
from orion_tui.widgets.diff_parse import Patch
from orion_tui.widgets.diff_split import SplitRows
from orion_tui.widgets.diff_view import DiffView

if TYPE_CHECKING:
    from textual.geometry import Size
    from textual.timer import Timer

    from engine.vocabulary.errors import OrionError
    from engine.vocabulary.requests import Review
    from orion_tui.widgets.signs import Parts


_SETTLE_S = 0.12
"""How long the keys must rest before a changed selection is looked at."""


class ReviewLoading(ReviewActs):
    """Reads the diff and the report in a thread; what is drawn of them stands elsewhere."""

    def __init__(self, session: str) -> None:
        super().__init__(session)
        self._is_begun = self._is_loaded = False
        self._settling: Timer | None = None

    def _go_to_row(self) -> None:
        """Show in the diff what the cursor of the list is on."""
        raise NotImplementedError

    def _status(self, parts: Parts) -> None:
        put(self.query_one("#review-status", Static), parts)

    class Begun(Message):
        """A part of the diff is there, or all of it; sent from the thread that reads it."""

        def __init__(self, patch: Patch) -> None:
            super().__init__()
            self.patch = patch

    @on(ScreenResume)
    def _come_into_view(self, event: ScreenResume) -> None:
        if self._is_begun or not self.is_current or not self.query(DiffView):
            return
        if self.view.patch.files:
            # Made ready as it will look: its styles hold, and the frame that Textual would wait for is a third of all.
            event.refresh_styles = False
            self._refresh_layout(self.app.size)
        self._load()

    # -- before anybody asks

    def _read_ahead(self) -> None:
        """Nobody has asked for the review yet: only the beginning of its diff, as far as one screen needs it."""
        engine, session, view = self.engine, self._session, self.view

        def read() -> Patch:
            patch = Patch(next(engine.review.diff_pieces(session), b""), whole=False)
            for file in patch.files[:1]:
                view.learn(file.header.path)
            return patch

        ask(self, read, self._begin_ahead, lambda _error: None, group="review", exclusive=True)

    def _begin_ahead(self, patch: Patch) -> None:
        if not self._is_begun:
            self._begin_with(patch)
            self._lay_out_ahead()

    def _lay_out_ahead(self) -> None:
        self._refresh_layout(self.app.size)
        # Through both queues, so that the diff has heard of its size and the screen of the place in the diff.
        self.view.call_later(self.call_later, self._draw_ahead, self.view.virtual_size)

    def _draw_ahead(self, before: Size) -> None:
        """Draw what will be seen, until nothing changes by that any more; each widget keeps its lines."""
        if self._is_begun:
            return
        for widget in self.query(Widget):
            widget.render_lines(widget.size.region)
        if self.view.virtual_size != before or self.view.is_unfinished:
            self._lay_out_ahead()

    # -- loading

    def _load(self) -> None:
        """Read the diff, shown as soon as its first files are there, then what was found in it."""
        engine, session, shown = self.engine, self._session, self.view.patch
        self._is_begun = True

        def read() -> tuple[Review, Patch, Hunks]:
            pieces: list[bytes] = []
            for piece in engine.review.diff_pieces(session):
                if not pieces and not shown.files:
                    self.post_message(self.Begun(Patch(piece, whole=False)))
                pieces.append(piece)
            patch = Patch(*pieces)
            pieces.clear()
            # So that two columns are there at once, should they be asked for.
            SplitRows(patch)
            if not shown.files or not shown.whole:
                self.post_message(self.Begun(patch))
            return engine.review.report(session), patch, Hunks(engine.review.hunks(session))

        ask(self, read, lambda loaded: self._loaded(*loaded), self._not_loaded, group="review", exclusive=True)

    def on_review_loading_begun(self, message: ReviewLoading.Begun) -> None:
        self._begin_with(message.patch)

    def _begin_with(self, patch: Patch) -> None:
        # One that waited for the screen may come after what it is the beginning of.
        if patch.files and not self._is_loaded:
            self.view.load(patch)
            self.read_on()
            self.update_chrome()

    def _loaded(self, whole: Review, patch: Patch, hunks: Hunks) -> None:
        before, self._is_loaded = self._selection, True
        fresh = Selection(whole, hunks=hunks) if before is None else before.renewed(whole, hunks)
        self.memory.notes = whole.session.notes
        if before is None:
            fresh = fresh.without({note.path for note in whole.session.notes if note.rejected})
        self._selection = self._with_report(fresh)
        if not patch.is_of(self.view.patch) or not patch.files:
            self.view.load(patch, empty=self._empty_words(whole))
        self._draw()
        if before is None:
            self._go_to_row()
        else:
            self.read_on()
        self.unfold_remembered()
        self._look()

    def _not_loaded(self, error: OrionError) -> None:
        self._is_loaded = True
        if self.is_attached:
            hint = f"\n{error.hint}" if error.hint else ""
            self._status(((f"✗ {visible(error.message)}", "bad"), (visible(hint, keep="\n"), "muted")))

    def _empty_words(self, whole: Review) -> str:
        if any(not record.undone_by for record in whole.session.promotions):
            return "Everything is in your branch. U takes it back."
        return "Nothing to review: no task has left a change. q goes back."

    # -- the report of what is chosen

    def _look(self) -> None:
        """Ask for the report of exactly this selection once the keys rest."""
        if self._settling is not None:
            self._settling.stop()
        if self._selection is not None and self._selection.report is None and self._selection.taken:
            self._settling = self.set_timer(_SETTLE_S, self._ask_report)

    def _ask_report(self) -> None:
        asked = self._selection
        if asked is None or asked.report is not None:
            return
        engine, session = self.engine, self._session
        ask(
            self,
            lambda: engine.review.report(session, **asked.choice),
            lambda report: self._reported(asked, report),
            group="report",
            exclusive=True,
        )

    def _reported(self, asked: Selection, report: Review) -> None:
        if self._selection is not None and self._selection.same_choice(asked):
            self._selection = replace(self._selection, report=report)
            self._draw()
