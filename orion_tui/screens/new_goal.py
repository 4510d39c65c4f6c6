"""New goal: the goal first and large, then who works on it, how, and until when."""

from __future__ import annotations

from dataclasses import replace
from threading import Event as Flag
from typing import TYPE_CHECKING, Any, TypeVar

from engine.vocabulary.text import visible
from orion_tui.actions import bindings_for
from orion_tui.bridge import ask
from orion_tui.file_watch import FileWatch, roles_of
from orion_tui.modals.intake import IntakeModal
from orion_tui.planning_watch import PlanningWatch
from orion_tui.screens.base import OrionScreen
from orion_tui.screens.new_goal_fields import GoalForm, Offer
from orion_tui.screens.new_goal_form import place_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from engine.vocabulary.errors import OrionError
    from engine.vocabulary.intake import Brief
    from engine.vocabulary.requests import Guarded, Intake, Proposal, RoleEntry, SessionRequest
    from orion_tui.widgets.signs import Part, Parts

T = TypeVar("T")
_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (100, "-wide")]


class NewGoalScreen(OrionScreen):
    """From a goal to a proposal, and on to a plan or a start. Nothing is stored before the start."""

    NAME = "new_goal"
    BINDINGS = bindings_for("new_goal")
    HORIZONTAL_BREAKPOINTS = _BREAKPOINTS

    def __init__(self, goal: str = "", playbook: str = "") -> None:
        """With a `goal` or a `playbook` filled in already."""
        super().__init__()
        self._filled = (goal, playbook)
        self._offer: Offer | None = None
        self._planning = ""
        self._hears: PlanningWatch | None = None
        self._seen = ""
        """The goal of which the person has seen what the guard takes out."""
        self._settled: tuple[SessionRequest, SessionRequest] | None = None
        self._stop = Flag()
        self._watch = FileWatch(self, roles_of(self), self._roles_moved)

    def compose_body(self) -> ComposeResult:
        yield GoalForm(self.orion.workspace)

    @property
    def _form(self) -> GoalForm:
        return self.query_one(GoalForm)

    def on_mount(self) -> None:
        self.set_interval(0.5, self._look_at_model)
        engine, workspace = self.engine, self.orion.workspace
        ask(
            self,
            lambda: Offer(
                engine.roles.stamp(workspace),
                engine.roles.list(workspace),
                engine.playbooks.list(),
                engine.settings.get(),
                engine.settings.path(),
                engine.doctor.memory(),
            ),
            self._offered,
            self._not_offered,
        )

    def header_left(self) -> Parts:
        return (("New goal", "title"), (f"  {self._planning}" if self._planning else "", "accent"))

    def _offered(self, offer: Offer) -> None:
        self._offer = offer
        self._watch.seen(offer.stamp)
        self._watch.start()
        self._form.offered(offer, *self._filled)
        self.update_chrome()

    def _not_offered(self, error: OrionError) -> None:
        self._form.not_offered()
        self._refused(error)

    def _roles_moved(self) -> None:
        """A role's file was changed: offer what there is now, the choice stays where it can."""
        engine, workspace = self.engine, self.orion.workspace
        chosen = self._form.role

        def offered(entries: tuple[RoleEntry, ...]) -> None:
            self._form.offer_roles(entries, chosen)
            if chosen and self._form.role != chosen:
                self.orion.say(f"the role {chosen} cannot be used any more: choose another", severity="warning")

        ask(self, lambda: engine.roles.list(workspace), offered, group="roles", exclusive=True)

    def _say_at(self, field: str, text: str, tone: str = "bad") -> None:
        self._form.say_at(field, text, tone)

    # -- from the form to a proposal

    def _refused(self, error: OrionError) -> None:
        """An error of the engine, said at the field that it is about."""
        if not self.is_attached:
            return
        self._plan_over()
        field, text = place_of(error)
        self._say_at(field, text)
        if field != "status":
            self.query_one(f"#{field}").focus()

    def _plan_over(self) -> None:
        self._planning = ""
        self.update_chrome()

    def facts(self) -> frozenset[str]:
        facts = set(super().facts())
        if self._offer is not None:
            facts.add("offered")
        if not self._planning:
            facts.add("not_planning")
        return frozenset(facts)

    # -- keys

    def do_plan_first(self) -> None:
        self._propose(start=False)

    def do_start(self) -> None:
        self._propose(start=True)

    def _propose(self, *, start: bool) -> None:
        request = self._form.request()
        if request is None:
            return
        engine = self.engine
        self._begin("looking at the goal…")
        ask(
            self,
            lambda: engine.scan.guard(request.goal),
            lambda found: self._look(found, request, start),
            self._refused,
        )

    def _look(self, found: Guarded, request: SessionRequest, start: bool) -> None:
        """Nobody's words are changed behind their back: the person looks at what the guard took out before anything is
        sent to a model, and goes on with the same key."""
        if found.stripped and self._seen != request.goal:
            self._plan_over()
            self._seen = request.goal
            key = "ctrl+s" if start else "ctrl+r"
            parts: list[Part] = [("The guard took this out of the goal; nothing was sent yet:\n", "accent")]
            parts += [(f"  {visible(s.rule)}: {visible(s.text)}\n", "") for s in found.stripped]
            parts += [
                ("What goes on: ", "muted"),
                (f"{visible(found.sanitized)}\n", ""),
                (key, "key"),
                (" again goes on without it; or change the goal.", "muted"),
            ]
            self._form.show_at("status", parts)
            return
        if request.playbook is not None:
            self._plan(request, start)
        elif self._settled is not None and self._settled[0] == request:
            # Answered already: nobody is asked, and no model is paid, twice for the same goal.
            self._plan(self._settled[1], start)
        else:
            engine = self.engine
            self._asked(
                "taking the goal in…",
                lambda stop, watch: engine.sessions.take_in(request, stop, watch),
                lambda intake: self._taken_in(request, intake, start),
            )

    def _begin(self, what: str) -> Flag:
        """Say what goes on; the answer ends it when it is set."""
        self._planning, self._stop = what, Flag()
        self.update_chrome()
        return self._stop

    def _asked(self, what: str, work: Callable[[Flag, PlanningWatch], T], done: Callable[[T], None]) -> None:
        """Have the engine ask a model; esc leaves it, and what comes then is nobody's any more."""
        stop, watch = self._begin(what), PlanningWatch()
        self._hears = watch

        def unless_left(tell: Callable[[Any], None]) -> Callable[[Any], None]:
            return lambda answer: None if stop.is_set() else self._heard(tell, answer)

        ask(self, lambda: work(stop, watch), unless_left(done), unless_left(self._refused))

    def _heard(self, tell: Callable[[Any], None], answer: Any) -> None:
        self._hears = None
        self._say_at("status", "")
        tell(answer)

    def _look_at_model(self) -> None:
        """What the model is waited for, at the foot of the form."""
        if self._hears is not None and self.is_current:
            line = self._hears.said(max(self.size.width - 24, 30))
            self._form.show_at("status", ((line, ""), ("  esc leaves it", "muted")))

    def do_back(self) -> None:
        if self._hears is None:
            super().do_back()
            return
        self._stop.set()
        self._hears = None
        self._plan_over()
        self._say_at("status", "You left the planning: nothing was stored, and nothing more is asked.", "muted")

    def on_unmount(self) -> None:
        # Whoever leaves the form does not want to wait for, or pay for, a plan.
        self._stop.set()

    def _taken_in(self, asked: SessionRequest, intake: Intake, start: bool) -> None:
        for notice in intake.notices:
            self.orion.say(notice, timeout=8)

        def settled(brief: Brief | None) -> None:
            if brief is None:
                self._plan_over()
                return
            self._settled = (asked, replace(intake.request, brief=brief))
            self._plan(self._settled[1], start)

        if intake.brief is None:
            self._plan(intake.request, start)
        elif intake.brief.open:
            self.app.push_screen(IntakeModal(intake.brief), settled)
        else:
            settled(intake.brief)

    def _plan(self, request: SessionRequest, start: bool) -> None:
        engine = self.engine
        self._asked(
            "planning…",
            lambda stop, watch: engine.sessions.propose(request, stop, watch),
            self._start if start else self._show_plan,
        )

    def _show_plan(self, proposal: Proposal) -> None:
        self._plan_over()
        self.orion.go("plan", proposal=proposal)

    def _start(self, proposal: Proposal) -> None:
        self._plan_over()
        self._launch(proposal)

    def _launch(self, proposal: Proposal) -> None:
        engine = self.engine
        self._begin("starting…")

        def begin() -> str:
            session = engine.sessions.create(proposal)
            engine.sessions.start(session, detach=True)
            return session

        ask(self, begin, lambda session: self._begun(session, proposal), self._refused)

    def _begun(self, session: str, proposal: Proposal) -> None:
        for notice in proposal.notices:
            self.orion.say(notice, timeout=8)
        self.orion.go("monitor", replace=True, session=session)

    def do_field(self) -> None:
        self.focus_next()
