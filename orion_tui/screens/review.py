"""Review: read what the night made, leave out what you do not want, let the rest into your branch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from engine.vocabulary.sessions import PromotionRecord, SessionState
from engine.vocabulary.text import visible
from orion_tui.actions import Act, bindings_for
from orion_tui.bridge import AppState, ask
from orion_tui.modals.box import put
from orion_tui.modals.detail import DetailModal
from orion_tui.modals.pin import PinModal
from orion_tui.modals.promotion import PromotionModal
from orion_tui.modals.reason import ReasonModal
from orion_tui.resources import style_sheet
from orion_tui.screens.base import OrionScreen
from orion_tui.screens.review_rows import detail, entries, finding_of, path_of, status_lines
from orion_tui.selection import Selection
from orion_tui.widgets.diff_parse import Patch
from orion_tui.widgets.diff_view import DiffView
from orion_tui.widgets.marked_list import MarkedList, rows_of
from orion_tui.widgets.prose import Prose
from orion_tui.widgets.signs import Parts, session_sign

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.timer import Timer

    from engine.vocabulary.changes import Promotion
    from engine.vocabulary.errors import OrionError
    from engine.vocabulary.requests import Review
    from orion_tui.widgets.rows import RowList

_SETTLE_S = 0.12
"""How long the keys must rest before a changed selection is looked at."""


class ReviewScreen(OrionScreen):
    """Findings, files and tasks on one side, the diff on the other; below each other, or one at a time, where there is
    no room."""

    NAME = "review"
    BINDINGS = bindings_for("review")
    CSS_PATH = [str(style_sheet("review.tcss"))]  # noqa: RUF012 - Textual declares it so

    def __init__(self, session: str) -> None:
        super().__init__()
        self._session = session
        self._selection: Selection | None = None
        self._seen: object = None
        self._settling: Timer | None = None

    @property
    def shows(self) -> str:
        return self._session

    def compose_body(self) -> ComposeResult:
        yield Static(id="review-status", markup=False)
        with Horizontal(id="review-body"):
            with Vertical(id="review-side"):
                yield MarkedList(id="review-list")
                yield Prose(id="review-detail")
            with Vertical(id="review-main"):
                yield Static(id="diff-title", markup=False)
                yield DiffView(id="diff")

    def on_mount(self) -> None:
        self._status((("● reading what the session changed …", "muted"),))
        self.query_one("#review-list", MarkedList).focus()
        self._load()

    # -- loading

    def _load(self) -> None:
        engine, session = self.engine, self._session
        ask(
            self,
            lambda: (engine.review.report(session), Patch(engine.review.diff(session))),
            lambda loaded: self._loaded(*loaded),
            self._not_loaded,
            group="review",
            exclusive=True,
        )

    def _loaded(self, whole: Review, patch: Patch) -> None:
        before = self._selection
        self._selection = Selection(whole) if before is None else before.renewed(whole)
        if not self._selection.left:
            self._selection = replace(self._selection, report=whole)
        self.query_one(DiffView).load(patch, empty=self._empty_words(whole))
        self._draw()
        self._look()

    def _not_loaded(self, error: OrionError) -> None:
        if self.is_attached:
            hint = f"\n{error.hint}" if error.hint else ""
            self._status(((f"✗ {visible(error.message)}", "bad"), (visible(hint, keep="\n"), "muted")))

    def _empty_words(self, whole: Review) -> str:
        if any(not record.undone_by for record in whole.session.promotions):
            return "Everything is in your branch. U takes it back."
        return "Nothing to review: no task has left a change. q goes back."

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
        paths = asked.taken if asked.left else None
        ask(
            self,
            lambda: engine.review.report(session, paths=paths),
            lambda report: self._reported(asked.left, report),
            group="report",
            exclusive=True,
        )

    def _reported(self, left: frozenset[str], report: Review) -> None:
        if self._selection is not None and self._selection.left == left:
            self._selection = replace(self._selection, report=report)
            self._draw()

    def refresh_from(self, state: AppState) -> None:
        summary = next((row for row in state.sessions if row.id == self._session), None)
        if summary is None:
            return
        seen = (summary.state, summary.waiting, tuple(summary.tasks.items()))
        if self._seen is not None and seen != self._seen:
            self._load()
        self._seen = seen

    # -- drawing

    def _status(self, parts: Parts) -> None:
        put(self.query_one("#review-status", Static), parts)

    def _draw(self) -> None:
        selection = self._selection
        if selection is None:
            return
        self._status(status_lines(selection))
        self.query_one("#review-list", MarkedList).show(lambda width: rows_of(entries(selection), width))
        self._draw_detail()
        self.update_chrome()

    def _draw_detail(self) -> None:
        parts = detail(self._selection, self._key) if self._selection is not None else []
        self.query_one("#review-detail", Prose).show(parts)

    @property
    def _key(self) -> str:
        return self.query_one("#review-list", MarkedList).chosen

    def on_row_list_chosen(self, _event: RowList.Chosen) -> None:
        if self._selection is None:
            return
        path, line = path_of(self._selection, self._key)
        view = self.query_one(DiffView)
        if path and line is not None:
            view.show_line(path, line)
        elif path and view.current[0] != path:
            view.show_path(path)
        self._draw_detail()
        self.update_chrome()

    def on_diff_view_moved(self, event: DiffView.Moved) -> None:
        place = f"  hunk {event.hunk} of {event.hunks}" if event.hunk else ""
        names = self._selection.whole.tasks_of.get(event.path, ()) if self._selection else ()
        by = f"  by {', '.join(visible(name) for name in names)}" if names else ""
        put(self.query_one("#diff-title", Static), ((visible(event.path), "key"), (place, ""), (by, "muted")))

    def _step(self, moved: bool, otherwise: str) -> None:
        """After a step through the diff the list follows, so that `space` is about what is read."""
        if not moved:
            self.orion.say(otherwise)
        path = self.query_one(DiffView).current[0]
        if self._selection is not None and path_of(self._selection, self._key)[0] != path:
            self.query_one("#review-list", MarkedList).choose(f"file:{path}")

    def header_left(self) -> Parts:
        if self._selection is None:
            return (("Review", "title"),)
        session = self._selection.whole.session
        sign, tone = session_sign(session.state)
        return ((f"Review · {visible(session.goal)}", "title"), (f"  {sign}", tone))

    def header_right(self) -> Parts:
        if self._selection is None:
            return ()
        session = self._selection.whole.session
        return ((visible(session.role), "muted"), (f"  {visible(session.sandbox)} · net off", "muted"))

    # -- what can be done

    def facts(self) -> frozenset[str]:
        holds = set(super().facts())
        selection = self._selection
        if selection is None or not self.query(DiffView):
            return frozenset(holds)
        finding = finding_of(selection, self._key)
        session = selection.whole.session
        for name, on in {
            "hunk": bool(self.query_one(DiffView).patch.files),
            "row": bool(self._key),
            "files": bool(selection.paths),
            "file": bool(self._path),
            "finding": finding is not None,
            "acceptable": finding is not None and finding.acceptable,
            "promotable": selection.can_promote,
            "promoted": self._record is not None,
            "open_review": session.state not in (SessionState.PROMOTED, SessionState.REJECTED),
        }.items():
            if on:
                holds.add(name)
        return frozenset(holds)

    def reason_off(self, act: Act) -> str:
        reason = super().reason_off(act)
        if reason and act.id == "promote" and self._selection is not None:
            return self._selection.blockers()[0]
        return reason

    @property
    def _path(self) -> str:
        """The file that `space` is about: that of the row, or of the diff where only the diff is seen."""
        if self._selection is None:
            return ""
        path = path_of(self._selection, self._key)[0] or self.query_one(DiffView).current[0]
        return path if path in self._selection.paths else ""

    @property
    def _record(self) -> PromotionRecord | None:
        """The promotion that an undo would take back."""
        records = self._selection.whole.session.promotions if self._selection else ()
        return next((record for record in reversed(records) if not record.undone_by), None)

    def _choose(self, selection: Selection) -> None:
        if not selection.left:
            selection = replace(selection, report=selection.whole)
        self._selection = selection
        self._draw()
        self._look()

    def do_take(self) -> None:
        if self._selection is not None:
            self._choose(self._selection.toggled(self._path))

    def do_take_all(self) -> None:
        if self._selection is not None:
            self._choose(self._selection.all_or_none())

    def do_accept(self) -> None:
        if self._selection is None:
            return
        finding = finding_of(self._selection, self._key)
        if finding is not None:
            self._selection = self._selection.accepting(finding.id)
            self._draw()

    def do_next_hunk(self) -> None:
        self._step(self.query_one(DiffView).next_hunk(), "this is the last hunk")

    def do_previous_hunk(self) -> None:
        self._step(self.query_one(DiffView).previous_hunk(), "this is the first hunk")

    def do_next_file(self) -> None:
        self._step(self.query_one(DiffView).next_file(), "this is the last file")

    def do_diff_or_files(self) -> None:
        self.toggle_class("-diff-only")
        target = DiffView if self.has_class("-diff-only") else MarkedList
        self.query_one(target).focus()

    def do_why(self) -> None:
        if self._selection is not None:
            self.app.push_screen(DetailModal("What is known", detail(self._selection, self._key)))

    def do_promote(self) -> None:
        if self._selection is not None:
            self.app.push_screen(PromotionModal(self.engine, self._selection), self._promoted)

    def _promoted(self, promotion: Promotion | None) -> None:
        if promotion is not None:
            self.orion.say(f"promoted onto {promotion.branch}: {promotion.commit[:12]}")
        self._load()

    def do_undo_promotion(self) -> None:
        record = self._record
        if record is None:
            return
        engine, session = self.engine, self._session
        count = len(record.paths)
        text = (
            f"A new commit on {visible(record.branch)} takes {record.commit[:12]} back "
            f"({count} file{'' if count == 1 else 's'}). History stays as it is."
        )
        modal: PinModal[Promotion] = PinModal(
            "Undo the promotion",
            text,
            engine.auth,
            lambda secret: engine.review.undo(session, secret=secret),
            yes="undo",
        )
        self.app.push_screen(modal, self._undone)

    do_undo_promotion_u = do_undo_promotion

    def _undone(self, promotion: Promotion | None) -> None:
        if promotion is None:
            return
        if promotion.promoted:
            self.orion.say(f"taken back with the revert commit {promotion.commit[:12]} on {promotion.branch}")
        else:
            self.orion.say("not taken back: " + "; ".join(promotion.reasons), severity="error")
        self._load()

    def do_reject_session(self) -> None:
        text = "Nothing of this session will reach your repository. Its branch stays in Orion's own, for reference."
        self.app.push_screen(ReasonModal("Reject the whole session", text), self._rejected)

    def _rejected(self, reason: str | None) -> None:
        if reason is None:
            return
        engine, session = self.engine, self._session
        ask(self, lambda: engine.review.reject(session, reason), lambda _: self._after_reject())

    def _after_reject(self) -> None:
        self.orion.say("the session is rejected; its branch is kept")
        self._load()
