"""Review: read what the night made, leave out what you do not want, let the rest into your branch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from engine.vocabulary.sessions import SessionState
from engine.vocabulary.text import visible
from orion_tui.actions import bindings_for
from orion_tui.bridge import AppState, ask
from orion_tui.modals.detail import DetailModal
from orion_tui.resources import style_sheet
from orion_tui.screens.review_loading import ReviewLoading
from orion_tui.screens.review_rows import detail, entries, finding_of, path_of, status_lines
from orion_tui.screens.review_settled import note_detail
from orion_tui.widgets.diff_view import DiffView
from orion_tui.widgets.marked_list import MarkedList, rows_of
from orion_tui.widgets.prose import Prose
from orion_tui.widgets.signs import Part, Parts, session_sign

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from engine.vocabulary.changes import Hunk
    from orion_tui.acts.act import Act
    from orion_tui.selection import Selection
    from orion_tui.widgets.rows import RowList


class ReviewScreen(ReviewLoading):
    """Findings, files and tasks on one side, the diff on the other; below each other, or one at a time, where there is
    no room."""

    NAME = "review"
    BINDINGS = bindings_for("review")
    CSS_PATH = [str(style_sheet("review.tcss"))]  # noqa: RUF012 - Textual declares it so

    def __init__(self, session: str) -> None:
        super().__init__(session)
        self._seen: object = None

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
                yield Input(placeholder="look for a text; enter goes on to the next", id="diff-search", compact=True)

    def on_mount(self) -> None:
        if not self.query(DiffView):
            return  # the app is being left, and has made no widgets any more
        self._status((("● reading what the session changed …", "muted"),))
        self.query_one("#review-list", MarkedList).focus()
        self.view.show_split(self.memory.split)
        self._read_on_at = self.memory.path
        if not self.is_current:
            self._read_ahead()

    def refresh_from(self, state: AppState) -> None:
        summary = next((row for row in state.sessions if row.id == self._session), None)
        if summary is None:
            return
        seen = (summary.state, summary.waiting, tuple(summary.tasks.items()))
        if self._seen is not None and seen != self._seen:
            self._load()
        self._seen = seen

    # -- drawing

    def _draw(self) -> None:
        selection = self._selection
        if selection is None:
            return
        self._status(status_lines(selection))
        rows = entries(selection, self.memory.by_task, self.memory.notes)
        self.query_one("#review-list", MarkedList).show(lambda width: rows_of(rows, width))
        self.query_one(DiffView).show_left(selection.left_out)
        self._draw_detail()
        self.update_chrome()

    def _draw_detail(self) -> None:
        self.query_one("#review-detail", Prose).show(self._known())

    def _known(self) -> list[Part]:
        """Everything known about what the cursor is on."""
        if self._selection is None:
            return []
        note = self._note_here
        return detail(self._selection, self._key) if note is None else note_detail(self.memory.notes[note])

    @property
    def _note_here(self) -> int | None:
        """The number of the note under the cursor."""
        kind, _, number = self._key.partition(":")
        return int(number) if kind == "note" and int(number) < len(self.memory.notes) else None

    @property
    def _key(self) -> str:
        return self.query_one("#review-list", MarkedList).chosen

    def on_row_list_chosen(self, _event: RowList.Chosen) -> None:
        self._go_to_row()

    def _go_to_row(self) -> None:
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

    def authors(self, path: str) -> str:
        names = self._selection.whole.tasks_of.get(path, ()) if self._selection else ()
        return ", ".join(visible(name) for name in names)

    def path_shown(self, path: str) -> None:
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
        holds = set(super().facts()) | self.diff_facts()
        selection = self._selection
        if selection is None or not self.query(DiffView):
            return frozenset(holds)
        finding = finding_of(selection, self._key)
        session = selection.whole.session
        for name, on in {
            "row": bool(self._key),
            "files": bool(selection.paths),
            "file": bool(self._path),
            "finding": finding is not None,
            "acceptable": finding is not None and finding.acceptable,
            "secret": finding is not None and bool(finding.digest),
            "conflicted": selection.is_resolvable(self._path),
            "tasked": bool(self._tasks_here),
            "notes": bool(self.memory.notes),
            "note": self._note_here is not None,
            "decision": self._key.startswith("asks:"),
            "promotable": selection.can_promote,
            "promoted": self._record is not None,
            "open_review": session.state not in (SessionState.COMPLETED, SessionState.REJECTED)
            and (session.state is not SessionState.PROMOTED or bool(selection.paths)),
            "nothing_left": not selection.paths and session.only_review_left,
        }.items():
            if on:
                holds.add(name)
        return frozenset(holds)

    def reason_off(self, act: Act) -> str:
        reason = super().reason_off(act)
        if reason and not self._is_loaded and "review" in act.screens:
            return "what the session changed is still being read"
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
    def _tasks_here(self) -> tuple[str, ...]:
        """The tasks behind the row or the hunk."""
        if self._selection is None:
            return ()
        kind, _, name = self._key.partition(":")
        known, finding = self._selection.whole.session.tasks, finding_of(self._selection, self._key)
        asked = self._selection.whole.session.approvals.get(name)
        if kind == "task" or (finding is not None and finding.task):
            names: tuple[str, ...] = (finding.task if finding is not None else name,)
        elif kind in ("asks", "decided") and asked is not None:
            names = (asked.task,)
        else:
            names = self._selection.whole.tasks_of.get(self._path, ())
        return tuple(each for each in names if each in known)

    def _hunk_here(self) -> Hunk | None:
        """The hunk that the diff stands at, as far as it is of the file that is meant."""
        path, place = self.query_one(DiffView).current
        if self._selection is None or path != self._path:
            return None
        return self._selection.hunk_at(path, place)

    def _choose(self, selection: Selection) -> None:
        # What was found stays to be seen, and the cursor on its row, while the choice is looked at.
        known = self._selection.report or self._selection.before if self._selection else None
        self._selection = self._with_report(replace(selection, before=known))
        self._draw()
        self._look()

    def do_take(self) -> None:
        if self._selection is not None:
            hunk = self._hunk_here()
            self._choose(self._selection.toggled_hunk(hunk) if hunk else self._selection.toggled(self._path))

    def do_take_file(self) -> None:
        if self._selection is not None:
            self._choose(self._selection.toggled(self._path))

    def do_take_line(self) -> None:
        found = self.query_one(DiffView).line
        hunk = self._selection.hunk_at(found[0], found[1]) if found and self._selection else None
        if found and hunk is not None and self._selection is not None:
            self._choose(self._selection.toggled_line(hunk, found[2]))

    def do_group(self) -> None:
        self.memory.by_task = not self.memory.by_task
        self._draw()

    def do_decide(self) -> None:
        self.orion.go("approvals", session=self._session, approval=self._key.partition(":")[2])

    def do_back_esc(self) -> None:
        if self.leave_search():
            return
        if self.view.line is not None:
            self.end_lines()
        else:
            self.do_back()

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

    def do_allow(self) -> None:
        finding = finding_of(self._selection, self._key) if self._selection is not None else None
        if finding is not None:
            self._ask_allowance(finding)

    def do_diff_or_files(self) -> None:
        self.toggle_class("-diff-only")
        self.focus_reading()

    def do_drop_note(self) -> None:
        here = self._note_here
        if here is not None:
            notes = self.memory.notes
            self.memory.notes = (*notes[:here], *notes[here + 1 :])
            self._draw()
            engine, session = self.engine, self._session
            ask(self, lambda: engine.review.drop_note(session, notes[here]), group="notes")

    def do_session_log(self) -> None:
        self.orion.go("monitor", session=self._session)

    def do_detail(self) -> None:
        if self._selection is not None:
            self.app.push_screen(DetailModal("What is known", self._known()))
