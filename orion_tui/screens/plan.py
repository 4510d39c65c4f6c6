"""Plan: what Orion means to do, what each task is allowed, and the chance to change it before it starts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static

from engine.vocabulary.errors import UsageError
from engine.vocabulary.text import visible
from orion_tui.actions import bindings_for
from orion_tui.acts.needs import NEEDS
from orion_tui.bridge import ask
from orion_tui.modals.box import put
from orion_tui.modals.confirm import ConfirmModal
from orion_tui.modals.detail import DetailModal
from orion_tui.plan_draft import PlanDraft
from orion_tui.resources import style_sheet
from orion_tui.screens.base import OrionScreen
from orion_tui.screens.plan_rows import detail, entries, left_of, of_proposal, of_session, status
from orion_tui.widgets.marked_list import MarkedList, rows_of
from orion_tui.widgets.prose import Prose

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from engine.vocabulary.errors import OrionError
    from engine.vocabulary.plans import Plan
    from engine.vocabulary.requests import Proposal
    from engine.vocabulary.sessions import Session
    from orion_tui.acts.act import Act
    from orion_tui.widgets.rows import RowList
    from orion_tui.widgets.signs import Parts


class PlanScreen(OrionScreen):
    """The tasks as an indented list with the chosen one in full beside it, or below where there is no room."""

    NAME = "plan"
    BINDINGS = bindings_for("plan")
    CSS_PATH = [str(style_sheet("review.tcss"))]  # noqa: RUF012 - Textual declares it so

    def __init__(self, proposal: Proposal | None = None, session: Session | None = None) -> None:
        """Of a proposal that has not begun, or of a session that stands still."""
        super().__init__()
        self._proposal = proposal
        if proposal is not None:
            self._planned, plan = of_proposal(proposal), proposal.plan
        elif session is not None:
            self._planned, plan = of_session(session)
        else:
            raise ValueError("a plan is of a proposal or of a session")
        self._draft = PlanDraft(plan)
        self._starting = False
        self._created: tuple[str, Plan] | None = None

    def compose_body(self) -> ComposeResult:
        yield Static(id="plan-status", markup=False)
        with Horizontal(id="plan-body"):
            yield MarkedList(id="plan-list")
            with VerticalScroll(id="plan-side"):
                yield Prose(id="plan-detail")

    def on_mount(self) -> None:
        self.query_one("#plan-list", MarkedList).focus()
        self._draw()

    def _draw(self) -> None:
        put(self.query_one("#plan-status", Static), status(self._planned, self._draft))
        self.query_one("#plan-list", MarkedList).show(
            lambda width: rows_of(entries(self._draft, self._planned, width), width)
        )
        self._draw_detail()
        self.update_chrome()

    def _draw_detail(self) -> None:
        parts = self._detail()
        self.query_one("#plan-detail", Prose).show(
            parts or (("No task is left: u takes the last change back.", "muted"),)
        )
        self.query_one("#plan-side").scroll_to(y=0, animate=False)

    def _detail(self) -> Parts:
        key = self._key
        return detail(self._draft, self._draft.plan.task(key), self._planned) if key else ()

    @property
    def _key(self) -> str:
        lists = self.query("#plan-list").results(MarkedList)
        key = next((rows.chosen for rows in lists), "")
        return key if any(task.id == key for task in self._draft.plan.tasks) else ""

    def on_row_list_chosen(self, _event: RowList.Chosen) -> None:
        self._draw_detail()
        self.update_chrome()

    def header_left(self) -> Parts:
        state = "the rest of it" if self._planned.session else "not started"
        return ((f"Plan · {visible(self._planned.goal)}", "title"), (f"  · {state}", "muted"))

    def header_right(self) -> Parts:
        return ((visible(self._planned.role), "muted"), (f"  {self._planned.place}", "muted"))

    # -- what can be done

    def facts(self) -> frozenset[str]:
        holds = set(super().facts())
        if self._key:
            holds.add("plan_task")
        if self._draft.edits:
            holds.add("edits")
        if self._planned.session:
            if self._draft.edits and not self._starting:
                holds.add("changed")
        elif self._draft.plan.tasks and not self._starting:
            holds.add("startable")
        return frozenset(holds)

    def reason_off(self, act: Act) -> str:
        if act.id == "start_plan" and self._planned.session:
            return NEEDS["changed"]
        return super().reason_off(act)

    def do_back(self) -> None:
        """Changes of a running session's plan are not lost by a key that slipped."""
        if not (self._planned.session and self._draft.edits):
            super().do_back()
            return
        text = "Your changes of the plan are not saved."
        modal = ConfirmModal("Leave without saving?", text, yes="leave", no="stay")
        self.app.push_screen(modal, lambda yes: self.orion.back() if yes else None)

    def _take(self, changed: PlanDraft | str) -> None:
        """Go on with the changed draft, or say why it cannot be."""
        if isinstance(changed, str):
            self.orion.say(changed, severity="warning")
            return
        self._draft = changed
        self._draw()

    def do_remove_task(self) -> None:
        self._take(self._draft.remove(self._key))

    do_remove_task_x = do_remove_task

    def do_earlier(self) -> None:
        self._take(self._draft.move(self._key, -1))

    do_earlier_minus = do_earlier

    def do_later(self) -> None:
        self._take(self._draft.move(self._key, 1))

    do_later_plus = do_later

    def do_undo_edit(self) -> None:
        self._take(self._draft.undo())

    def do_plan_detail(self) -> None:
        self.app.push_screen(DetailModal("The task in full", self._detail()))

    def do_save_plan(self) -> None:
        engine, session, draft = self.engine, self._planned.session, self._draft.plan
        before = {task.id for task in self._draft.before[0].tasks}

        def work() -> None:
            now = engine.sessions.get(session)
            if {task.id for task in left_of(now)} != before:
                raise UsageError("the session went on meanwhile", "leave, pause it, and open its plan again")
            stay = tuple(view.task for view in now.tasks.values() if view.task.id not in before)
            engine.sessions.edit_plan(session, replace(now.plan or draft, tasks=(*stay, *draft.tasks)))

        self._starting = True
        self.update_chrome()
        ask(self, work, lambda _none: self._saved(), self._not_started)

    def _saved(self) -> None:
        self.orion.say("The session has this plan now; p lets it go on.")
        self.orion.back()

    def do_start_plan(self) -> None:
        if self._proposal is None:
            return
        engine, plan, made = self.engine, self._draft.plan, self._created
        proposal = replace(self._proposal, plan=plan)

        def work() -> str:
            # What could not start the first time is not created a second time.
            session = made[0] if made and made[1] == plan else engine.sessions.create(proposal)
            self._created = (session, plan)
            engine.sessions.start(session, detach=True)
            return session

        self._starting = True
        self.update_chrome()
        ask(self, work, self._started, self._not_started)

    def _started(self, session: str) -> None:
        self.orion.say("started in the background: it goes on when you leave")
        self.orion.home()
        self.orion.go("monitor", session=session)

    def _not_started(self, error: OrionError) -> None:
        self._starting = False
        self.orion.show_error(error)
        if self.is_attached:
            self.update_chrome()
