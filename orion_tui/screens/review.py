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
from orion_tui.modals.box import put
from orion_tui.modals.detail import DetailModal
from orion_tui.resources import style_sheet
from orion_tui.screens.review_acts import ReviewActs
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

    from engine.vocabulary.changes import Hunk
    from engine.vocabulary.errors import OrionError
    from engine.vocabulary.requests import Review
    from orion_tui.acts.act import Act
    from orion_tui.widgets.rows import RowList

_SETTLE_S = 0.12
"""How long the keys must rest before a changed selection is looked at."""


class ReviewScreen(ReviewActs):
    """Findings, files and tasks on one side, the diff on the other; below each other, or one at a time, where there is
    no room."""

    NAME = "review"
    BINDINGS = bindings_for("review")
    CSS_PATH = [str(style_sheet("review.tcss"))]  # noqa: RUF012 - Textual declares it so

    def __init__(self, session: str) -> None:
        super().__init__(session)
        self._seen: object = None
        self._by_task = False
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
                yield Input(placeholder="look for a text; enter goes on to the next", id="diff-search", compact=True)

    def on_mount(self) -> None:
        self._status((("● reading what the session changed …", "muted"),))
        self.query_one("#review-list", MarkedList).focus()
        self._load()

    # -- loading

    def _load(self) -> None:
        engine, session = self.engine, self._session
        ask(
            self,
            lambda: (
                engine.review.report(session),
                Patch(engine.review.diff(session)),
                engine.review.hunks(session),
            ),
            lambda loaded: self._loaded(*loaded),
            self._not_loaded,
            group="review",
            exclusive=True,
        )

    def _loaded(self, whole: Review, patch: Patch, hunks: tuple[Hunk, ...]) -> None:
        before = self._selection
        fresh = Selection(whole, hunks=hunks) if before is None else before.renewed(whole, hunks)
        self._selection = self._with_report(fresh)
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
        self.query_one("#review-list", MarkedList).show(lambda width: rows_of(entries(selection, self._by_task), width))
        self.query_one(DiffView).show_left(selection.left_out)
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
        view = self.query_one(DiffView)
        conflicts = {each.path for each in selection.conflicts if each.reason == "content"}
        for name, on in {
            "hunk": bool(view.patch.files),
            "line": view.line is not None,
            "row": bool(self._key),
            "files": bool(selection.paths),
            "file": bool(self._path),
            "finding": finding is not None,
            "acceptable": finding is not None and finding.acceptable,
            "conflicted": self._path in conflicts,
            "tasked": bool(self._tasks_here),
            "notes": bool(self._notes),
            "decision": self._key.startswith("asks:"),
            "promotable": selection.can_promote,
            "promoted": self._record is not None,
            "open_review": session.state not in (SessionState.PROMOTED, SessionState.COMPLETED, SessionState.REJECTED),
            "nothing_left": not selection.paths and session.only_review_left,
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
    def _tasks_here(self) -> tuple[str, ...]:
        """The tasks behind the row or the hunk."""
        if self._selection is None:
            return ()
        kind, _, name = self._key.partition(":")
        known = self._selection.whole.session.tasks
        names = (name,) if kind == "task" else self._selection.whole.tasks_of.get(self._path, ())
        return tuple(each for each in names if each in known)

    def _hunk_here(self) -> Hunk | None:
        """The hunk that the diff stands at, as far as it is of the file that is meant."""
        path, place = self.query_one(DiffView).current
        if self._selection is None or path != self._path:
            return None
        return self._selection.hunk_at(path, place)

    def _choose(self, selection: Selection) -> None:
        self._selection = self._with_report(selection)
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

    def do_lines(self) -> None:
        view = self.query_one(DiffView)
        if view.line is not None:
            self._end_lines()
        elif view.begin_lines():
            view.focus()
            self.orion.say("j and k go from line to line, space takes or leaves, esc ends it")
        else:
            self.orion.say("no line is changed from here on")
        self.update_chrome()

    def _end_lines(self) -> None:
        self.query_one(DiffView).end_lines()
        if not self.has_class("-diff-only"):
            self.query_one(MarkedList).focus()
        self.update_chrome()

    def do_side_by_side(self) -> None:
        view = self.query_one(DiffView)
        view.show_split(not view.split)

    def do_group(self) -> None:
        self._by_task = not self._by_task
        self._draw()

    def do_decide(self) -> None:
        self.orion.go("approvals", session=self._session, approval=self._key.partition(":")[2])

    def do_search(self) -> None:
        entry = self.query_one("#diff-search", Input)
        entry.add_class("-open")
        entry.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input.id == "diff-search" and not self.query_one(DiffView).find(event.value):
            self.orion.say(
                f"the diff does not hold {visible(event.value)!r}" if event.value else "type what to look for"
            )

    def do_back_esc(self) -> None:
        entry = self.query_one("#diff-search", Input)
        if entry.has_class("-open"):
            entry.remove_class("-open")
            self.query_one(DiffView).find("")
            self._end_lines()
        elif self.query_one(DiffView).line is not None:
            self._end_lines()
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

    def do_next_hunk(self) -> None:
        view = self.query_one(DiffView)
        if view.line is not None:
            self._step(view.step_line(1), "this is the last line")
        else:
            self._step(view.next_hunk(), "this is the last hunk")

    def do_previous_hunk(self) -> None:
        view = self.query_one(DiffView)
        if view.line is not None:
            self._step(view.step_line(-1), "this is the first line")
        else:
            self._step(view.previous_hunk(), "this is the first hunk")

    def do_next_file(self) -> None:
        self._step(self.query_one(DiffView).next_file(), "this is the last file")

    def do_diff_or_files(self) -> None:
        self.toggle_class("-diff-only")
        target = DiffView if self.has_class("-diff-only") else MarkedList
        self.query_one(target).focus()

    def do_detail(self) -> None:
        if self._selection is not None:
            self.app.push_screen(DetailModal("What is known", detail(self._selection, self._key)))
