"""The form of New goal: its fields, what can be chosen in them, and what is wrong, said at the field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Select, Static, TextArea

from engine.vocabulary.sessions import MOST_PARALLEL, Limits
from engine.vocabulary.text import visible
from orion_tui.durations import written_duration
from orion_tui.parallel import room_parts
from orion_tui.screens.new_goal_form import Typed, request_of
from orion_tui.screens.new_goal_ways import ways_for
from orion_tui.widgets.header import styled

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import ComposeResult

    from engine.vocabulary.requests import PlaybookEntry, RoleEntry, SessionRequest
    from engine.vocabulary.roles import Role
    from engine.vocabulary.room import MemoryRoom
    from engine.vocabulary.settings import Settings
    from orion_tui.file_watch import Stamp
    from orion_tui.widgets.signs import Parts

_FIELDS = ("goal", "role", "workspace", "how", "time", "cost", "parallel", "status")
_TYPED = ("workspace", "time", "cost", "parallel")


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be chosen, read from the engine in one go."""

    stamp: Stamp
    roles: tuple[RoleEntry, ...]
    playbooks: tuple[PlaybookEntry, ...]
    settings: Settings
    config: Path
    room: MemoryRoom


class GoalForm(VerticalScroll):
    """The fields. It stores nothing and asks nobody; `request` is what they say together."""

    def __init__(self, workspace: Path) -> None:
        super().__init__(id="form", can_focus=False)
        self._workspace = workspace
        self._offer: Offer | None = None
        self._no_model = ""
        self._usual = ""
        self._roles: dict[str, Role] = {}

    def compose(self) -> ComposeResult:
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
        yield Input(str(self._workspace), id="workspace", compact=True)
        yield Static(id="workspace-error", classes="error", markup=False)
        with Horizontal(classes="pair"):
            yield from _field("time", "Time limit (90m, 8h)", "8h")
            yield from _field("cost", "Cost limit in USD", "5.00")
            yield from _field("parallel", f"Tasks at once (1 to {MOST_PARALLEL})", "1")
        yield Static(id="room", classes="error", markup=False)
        yield Static(id="status-error", markup=False)

    def on_mount(self) -> None:
        self.no_faults()
        self.query_one("#goal").focus()

    # -- what can be chosen

    def offered(self, offer: Offer, goal: str, playbook: str) -> None:
        """Fill in what there is to choose, and a `goal` or a `playbook` that is wanted already."""
        self._offer = offer
        self.offer_roles(offer.roles, offer.settings.default_role)
        self._offer_ways()
        if not offer.settings.models:
            self.query_one("#how", Select).prompt = "choose a playbook"
            self._no_model = f"no model is set up: choose a playbook, or name a model in {offer.config}"
            self.say_at("how", self._no_model, "muted")
        if playbook and any(entry.name == playbook and not entry.problems for entry in offer.playbooks):
            self.query_one("#how", Select).value = f"playbook:{playbook}"
        if goal and not self.query_one("#goal", TextArea).text:
            self.query_one("#goal", TextArea).text = goal
        limits = offer.settings.limits
        self.query_one("#time", Input).value = written_duration(limits.time_s)
        self.query_one("#cost", Input).value = f"{limits.cost_usd:.2f}"
        self.query_one("#parallel", Input).value = str(limits.parallel)
        self._say_room()

    def offer_roles(self, entries: tuple[RoleEntry, ...], chosen: str) -> None:
        """Let these roles be chosen, the one named first of all."""
        roles = [entry for entry in entries if entry.role is not None and entry.trusted and entry.hidden_by is None]
        self._roles = {entry.name: entry.role for entry in roles if entry.role is not None}
        role = self.query_one("#role", Select)
        role.set_options([(_literal(f"{entry.name}  ({entry.source})"), entry.name) for entry in roles])
        if any(entry.name == chosen for entry in roles):
            role.value = chosen
        broken = [entry.name for entry in entries if entry.role is None]
        said = f"broken, not offered: {', '.join(broken)} (o on Home says why)" if broken else ""
        self.say_at("role", said, "muted")

    def _offer_ways(self) -> None:
        """The models, the role's own first, and the playbooks; what a person chose stays chosen."""
        offer, how = self._offer, self.query_one("#how", Select)
        if offer is None:
            return
        ways = ways_for(offer.settings, self._roles.get(self.role), offer.playbooks)
        before = how.value
        how.set_options([(_literal(text), value) for text, value in ways.options])
        stays = before != self._usual and before in {value for _, value in ways.options}
        if stays or ways.usual:
            how.value = before if stays else ways.usual
        self._usual = ways.usual

    def on_select_changed(self, event: Select.Changed) -> None:
        if event.select.id == "role":
            self._offer_ways()

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input.id == "parallel":
            self._say_room()

    def _say_room(self) -> None:
        """What so many sandboxes may use of this machine, while the number is typed."""
        room = self._offer.room if self._offer else None
        parts = room_parts(room, self.query_one("#parallel", Input).value)
        if parts:
            self.query_one("#room", Static).update(styled(parts))

    @property
    def role(self) -> str:
        """The name of the chosen role, or nothing."""
        value = self.query_one("#role", Select).value
        return value if isinstance(value, str) else ""

    # -- what was typed

    def request(self) -> SessionRequest | None:
        """What the fields ask for, or None when something in them is wrong; then it is said there."""
        self.no_faults()
        request, wrong = request_of(
            self._typed(),
            self._offer.settings.limits if self._offer else Limits(),
            {entry.name: entry.path for entry in self._offer.playbooks} if self._offer else {},
            self._no_model,
        )
        for field, message in wrong:
            self.say_at(field, message)
        if wrong:
            self.query_one(f"#{wrong[0][0]}").focus()
        return request

    def not_offered(self) -> None:
        """There is nothing to choose from, and why is said below: what the person mends, the next look reads."""
        for field in ("#role", "#how"):
            self.query_one(field, Select).prompt = "not read; mend what is said below, then come again"

    def _typed(self) -> Typed:
        how = self.query_one("#how", Select).value
        texts = {field: self.query_one(f"#{field}", Input).value.strip() for field in _TYPED}
        goal = self.query_one("#goal", TextArea).text.strip()
        return Typed(goal=goal, role=self.role, how=how if isinstance(how, str) else "", **texts)

    # -- what is said at a field

    def no_faults(self) -> None:
        for field in _FIELDS:
            self.say_at(field, "")

    def say_at(self, field: str, text: str, tone: str = "bad") -> None:
        sign = "✗ " if tone == "bad" and text else ""
        self.show_at(field, ((sign + visible(text, keep="\n"), tone),) if text else ())

    def show_at(self, field: str, parts: Parts) -> None:
        place = self.query_one(f"#{field}-error", Static)
        place.update(styled(parts))
        place.display = bool(parts)
        if parts:
            place.scroll_visible(animate=False)


def _field(name: str, label: str, value: str) -> ComposeResult:
    with Vertical(classes="field"):
        yield Static(label, classes="label", markup=False)
        yield Input(value, id=name, compact=True)
        yield Static(id=f"{name}-error", classes="error", markup=False)


def _literal(text: str) -> Content:
    """Untrusted text as an option: made visible, and never parsed as markup."""
    return Content(visible(text))
