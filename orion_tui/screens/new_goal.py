"""New goal: the goal first and large, then who works on it, how, and until when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Event as Flag
from typing import TYPE_CHECKING, Any, TypeVar

from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Select, Static, TextArea

from engine.vocabulary.sessions import Limits
from engine.vocabulary.text import visible
from orion_tui.actions import bindings_for
from orion_tui.bridge import ask
from orion_tui.durations import written_duration
from orion_tui.modals.intake import IntakeModal
from orion_tui.planning_watch import PlanningWatch
from orion_tui.role_watch import RoleWatch, Stamp
from orion_tui.screens.base import OrionScreen
from orion_tui.screens.new_goal_form import Typed, place_of, request_of
from orion_tui.screens.new_goal_ways import ways_for
from orion_tui.widgets.header import styled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.app import ComposeResult

    from engine.vocabulary.errors import OrionError
    from engine.vocabulary.intake import Brief
    from engine.vocabulary.requests import Guarded, Intake, PlaybookEntry, Proposal, RoleEntry, SessionRequest
    from engine.vocabulary.roles import Role
    from engine.vocabulary.settings import Settings
    from orion_tui.widgets.signs import Part, Parts

_FIELDS = ("goal", "role", "workspace", "how", "time", "cost", "status")

T = TypeVar("T")
_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (100, "-wide")]


@dataclass(frozen=True, slots=True)
class _Offer:
    """What can be chosen, read from the engine in one go."""

    stamp: Stamp
    roles: tuple[RoleEntry, ...]
    playbooks: tuple[PlaybookEntry, ...]
    settings: Settings
    config: Path


class NewGoalScreen(OrionScreen):
    """A form. Nothing is stored before the start; what is wrong is said at its field."""

    NAME = "new_goal"
    BINDINGS = bindings_for("new_goal")
    HORIZONTAL_BREAKPOINTS = _BREAKPOINTS

    def __init__(self, goal: str = "", playbook: str = "") -> None:
        """With a `goal` or a `playbook` filled in already."""
        super().__init__()
        self._filled = (goal, playbook)
        self._offer: _Offer | None = None
        self._planning = ""
        self._hears: PlanningWatch | None = None
        self._seen = ""
        """The goal of which the person has seen what the guard takes out."""
        self._settled: tuple[SessionRequest, SessionRequest] | None = None
        self._stop = Flag()
        self._no_model = ""
        self._usual = ""
        self._roles: dict[str, Role] = {}
        self._watch = RoleWatch(self, self._roles_moved)

    def compose_body(self) -> ComposeResult:
        with VerticalScroll(id="form", can_focus=False):
            yield Static("What should be done?", classes="label", markup=False)
            yield TextArea(id="goal", tab_behavior="focus", soft_wrap=True, show_line_numbers=False)
            yield Static(id="goal-error", classes="error", markup=False)
            with Horizontal(classes="pair"):
                with Vertical(classes="field"):
                    yield Static("Role", classes="label", markup=False)
                    yield Select[str]([], id="role", prompt="reading the roles…", compact=True)
                    yield Static(id="role-error", classes="error", markup=False)
                with Vertical(classes="field"):
                    yield Static("Playbook or model", classes="label", markup=False)
                    yield Select[str]([], id="how", prompt="reading the playbooks…", compact=True)
                    yield Static(id="how-error", classes="error", markup=False)
            yield Static("Workspace: a git repository; only committed files are seen", classes="label", markup=False)
            yield Input(str(self.orion.workspace), id="workspace", compact=True)
            yield Static(id="workspace-error", classes="error", markup=False)
            with Horizontal(classes="pair"):
                with Vertical(classes="field"):
                    yield Static("Time limit (90m, 8h)", classes="label", markup=False)
                    yield Input("8h", id="time", compact=True)
                    yield Static(id="time-error", classes="error", markup=False)
                with Vertical(classes="field"):
                    yield Static("Cost limit in US dollars", classes="label", markup=False)
                    yield Input("5.00", id="cost", compact=True)
                    yield Static(id="cost-error", classes="error", markup=False)
            yield Static(id="status-error", markup=False)

    def on_mount(self) -> None:
        for field in _FIELDS:
            self._say_at(field, "")
        self.query_one("#goal").focus()
        self.set_interval(0.5, self._look_at_model)
        engine, workspace = self.engine, self.orion.workspace
        ask(
            self,
            lambda: _Offer(
                engine.roles.stamp(workspace),
                engine.roles.list(workspace),
                engine.playbooks.list(),
                engine.settings.get(),
                engine.settings.path(),
            ),
            self._offered,
            self._refused,
        )

    def header_left(self) -> Parts:
        return (("New goal", "title"), (f"  {self._planning}" if self._planning else "", "accent"))

    def _offered(self, offer: _Offer) -> None:
        self._offer = offer
        self._watch.seen(offer.stamp)
        self._watch.start()
        self._offer_roles(offer.roles, offer.settings.default_role)
        self._offer_ways()
        if not offer.settings.models:
            self.query_one("#how", Select).prompt = "choose a playbook"
            self._no_model = f"no model is set up: choose a playbook, or name a model in {offer.config}"
            self._say_at("how", self._no_model, "muted")
        goal, playbook = self._filled
        if playbook and any(entry.name == playbook and not entry.problems for entry in offer.playbooks):
            self.query_one("#how", Select).value = f"playbook:{playbook}"
        if goal and not self.query_one("#goal", TextArea).text:
            self.query_one("#goal", TextArea).text = goal
        limits = offer.settings.limits
        self.query_one("#time", Input).value = written_duration(limits.time_s)
        self.query_one("#cost", Input).value = f"{limits.cost_usd:.2f}"

    def _offer_ways(self) -> None:
        """The models, the role's own first, and the playbooks; what a person chose stays chosen."""
        offer, how = self._offer, self.query_one("#how", Select)
        if offer is None:
            return
        role = self.query_one("#role", Select).value
        ways = ways_for(offer.settings, self._roles.get(str(role)), offer.playbooks)
        before = how.value
        how.set_options([(_literal(text), value) for text, value in ways.options])
        stays = before != self._usual and before in {value for _, value in ways.options}
        if stays or ways.usual:
            how.value = before if stays else ways.usual
        self._usual = ways.usual

    def on_select_changed(self, event: Select.Changed) -> None:
        if event.select.id == "role":
            self._offer_ways()

    def _offer_roles(self, entries: tuple[RoleEntry, ...], chosen: str) -> None:
        """Let these roles be chosen, the one named first of all."""
        roles = [entry for entry in entries if entry.role is not None and entry.trusted and entry.hidden_by is None]
        self._roles = {entry.name: entry.role for entry in roles if entry.role is not None}
        role = self.query_one("#role", Select)
        role.set_options([(_literal(f"{entry.name}  ({entry.source})"), entry.name) for entry in roles])
        if any(entry.name == chosen for entry in roles):
            role.value = chosen
        broken = [entry.name for entry in entries if entry.role is None]
        said = f"broken, not offered: {', '.join(broken)} (o on Home says why)" if broken else ""
        self._say_at("role", said, "muted")

    def _roles_moved(self) -> None:
        """A role's file was changed: offer what there is now, the choice stays where it can."""
        engine, workspace = self.engine, self.orion.workspace
        chosen = self.query_one("#role", Select).value

        def offered(entries: tuple[RoleEntry, ...]) -> None:
            self._offer_roles(entries, str(chosen))
            if isinstance(chosen, str) and self.query_one("#role", Select).value != chosen:
                self.orion.say(f"the role {chosen} cannot be used any more: choose another", severity="warning")

        ask(self, lambda: engine.roles.list(workspace), offered, group="roles", exclusive=True)

    # -- from the form to a proposal

    def _say_at(self, field: str, text: str, tone: str = "bad") -> None:
        sign = "✗ " if tone == "bad" and text else ""
        self._show_at(field, ((sign + visible(text, keep="\n"), tone),) if text else ())

    def _show_at(self, field: str, parts: Parts) -> None:
        place = self.query_one(f"#{field}-error", Static)
        place.update(styled(parts))
        place.display = bool(parts)
        if parts:
            place.scroll_visible(animate=False)

    def _request(self) -> SessionRequest | None:
        """What the form asks for, or None when something in it is wrong; then it is said there."""
        for field in _FIELDS:
            self._say_at(field, "")
        request, wrong = request_of(
            self._typed(),
            self._offer.settings.limits if self._offer else Limits(),
            {entry.name: entry.path for entry in self._offer.playbooks} if self._offer else {},
            self._no_model,
        )
        for field, message in wrong:
            self._say_at(field, message)
        if wrong:
            self.query_one(f"#{wrong[0][0]}").focus()
        return request

    def _typed(self) -> Typed:
        role, how = self.query_one("#role", Select).value, self.query_one("#how", Select).value
        texts = {field: self.query_one(f"#{field}", Input).value for field in ("workspace", "time", "cost")}
        return Typed(
            goal=self.query_one("#goal", TextArea).text.strip(),
            role=role if isinstance(role, str) else "",
            how=how if isinstance(how, str) else "",
            **{field: text.strip() for field, text in texts.items()},
        )

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
        if not self._planning:
            facts.add("not_planning")
        return frozenset(facts)

    # -- keys

    def do_plan_first(self) -> None:
        self._propose(start=False)

    def do_start(self) -> None:
        self._propose(start=True)

    def _propose(self, *, start: bool) -> None:
        request = self._request()
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
            self._show_at("status", parts)
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
            self._show_at("status", ((line, ""), ("  esc leaves it", "muted")))

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


def _literal(text: str) -> Content:
    """Untrusted text as an option: made visible, and never parsed as markup."""
    return Content(visible(text))
