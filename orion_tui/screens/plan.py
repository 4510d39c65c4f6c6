"""Plan: what Orion means to do, what each task is allowed, and the chance to change it before it starts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static

from engine.vocabulary.text import visible
from orion_tui.actions import bindings_for
from orion_tui.bridge import ask
from orion_tui.modals.box import put
from orion_tui.modals.detail import DetailModal
from orion_tui.plan_draft import PlanDraft
from orion_tui.resources import style_sheet
from orion_tui.screens.base import OrionScreen
from orion_tui.screens.plan_rows import detail, entries, status
from orion_tui.widgets.marked_list import MarkedList, rows_of

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from engine.vocabulary.errors import OrionError
    from engine.vocabulary.plans import Plan
    from engine.vocabulary.requests import Proposal
    from orion_tui.widgets.rows import RowList
    from orion_tui.widgets.signs import Parts


class PlanScreen(OrionScreen):
    """The tasks as an indented list with the chosen one in full beside it, or below where there is no room."""

    NAME = "plan"
    BINDINGS = bindings_for("plan")
    CSS_PATH = [str(style_sheet("review.tcss"))]  # noqa: RUF012 - Textual declares it so

    def __init__(self, proposal: Proposal) -> None:
        super().__init__()
        self._proposal = proposal
        self._draft = PlanDraft(proposal.plan)
        self._starting = False
        self._created: tuple[str, Plan] | None = None

    def compose_body(self) -> ComposeResult:
        yield Static(id="plan-status", markup=False)
        with Horizontal(id="plan-body"):
            yield MarkedList(id="plan-list")
            with VerticalScroll(id="plan-side"):
                yield Static(id="plan-detail", markup=False)

    def on_mount(self) -> None:
        self.query_one("#plan-list", MarkedList).focus()
        self._draw()

    def _draw(self) -> None:
        verdicts = self._proposal.verdicts
        put(self.query_one("#plan-status", Static), status(self._proposal, self._draft))
        self.query_one("#plan-list", MarkedList).show(
            lambda width: rows_of(entries(self._draft, verdicts, width), width)
        )
        self._draw_detail()
        self.update_chrome()

    def _draw_detail(self) -> None:
        parts = self._detail()
        put(
            self.query_one("#plan-detail", Static),
            parts or (("No task is left: u takes the last change back.", "muted"),),
        )
        self.query_one("#plan-side").scroll_to(y=0, animate=False)

    def _detail(self) -> Parts:
        key = self._key
        return detail(self._draft, self._draft.plan.task(key), self._proposal.verdicts.get(key)) if key else ()

    @property
    def _key(self) -> str:
        lists = self.query("#plan-list").results(MarkedList)
        key = next((rows.chosen for rows in lists), "")
        return key if any(task.id == key for task in self._draft.plan.tasks) else ""

    def on_row_list_chosen(self, _event: RowList.Chosen) -> None:
        self._draw_detail()
        self.update_chrome()

    def header_left(self) -> Parts:
        return ((f"Plan · {visible(self._proposal.goal)}", "title"), ("  · not started", "muted"))

    def header_right(self) -> Parts:
        workspace = self._proposal.workspace
        place = f"  {visible(workspace.root.name)} {visible(workspace.branch)}@{workspace.head[:7]}"
        return ((visible(self._proposal.role.name), "muted"), (place, "muted"))

    # -- what can be done

    def facts(self) -> frozenset[str]:
        holds = set(super().facts())
        if self._key:
            holds.add("plan_task")
        if self._draft.edits:
            holds.add("edits")
        if self._draft.plan.tasks and not self._starting:
            holds.add("startable")
        return frozenset(holds)

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

    def do_start_plan(self) -> None:
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
