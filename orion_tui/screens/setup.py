"""The first run in five steps: the machine, a role, the PIN or codes, a dry run, ready. Any step can be left for later;
what counts is kept by the engine when a step is taken, so nothing is half done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Static

from engine.vocabulary.text import visible
from orion_tui.actions import bindings_for
from orion_tui.bridge import ask
from orion_tui.modals.box import put
from orion_tui.resources import style_sheet
from orion_tui.screens.base import OrionScreen
from orion_tui.screens.role_rows import role_detail, standing
from orion_tui.screens.setup_rows import STEPS, about, check_rows, ready_parts, said_of, scenario_rows, secret_parts
from orion_tui.widgets.marked_list import Entry, MarkedList, rows_of
from orion_tui.widgets.pin_entry import PinEntry
from orion_tui.widgets.prose import Prose

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from engine.vocabulary.errors import OrionError
    from engine.vocabulary.first_run import Standing, Suggestion
    from engine.vocabulary.requests import AuthStatus, DoctorCheck, DoctorReport, RoleEntry
    from engine.vocabulary.role_forms import Trial
    from orion_tui.widgets.rows import Row, RowList
    from orion_tui.widgets.signs import Parts

_BODIES = ("setup-list", "setup-side", "setup-words", "setup-pin")


class SetupScreen(OrionScreen):
    """One thing per step. It begins where it was left; once it was finished, anew."""

    NAME = "setup"
    BINDINGS = bindings_for("setup")
    CSS_PATH = [str(style_sheet("setup.tcss"))]  # noqa: RUF012 - Textual declares it so

    class Told(Message):
        """A check of the machine is done; sent from the engine's thread."""

        def __init__(self, check: DoctorCheck, look: int) -> None:
            super().__init__()
            self.check = check
            self.look = look

    def __init__(self) -> None:
        super().__init__()
        self._step = 0
        self._done: set[str] = set()
        self._standing: Standing | None = None
        self._status: AuthStatus | None = None
        self._checks: list[DoctorCheck] = []
        self._look = 0
        self._report: DoctorReport | None = None
        self._roles: dict[str, RoleEntry] = {}
        self._role = ""
        self._trials: tuple[Trial, ...] = ()
        self._suggestion: Suggestion | None = None

    def compose_body(self) -> ComposeResult:
        yield Static(id="setup-steps", markup=False)
        yield Static(id="setup-about", markup=False)
        with Horizontal(id="setup-body"):
            yield MarkedList(id="setup-list")
            with VerticalScroll(id="setup-side", can_focus=False):
                yield Prose(id="setup-detail")
            yield Vertical(id="setup-pin")
            with VerticalScroll(id="setup-words", can_focus=False):
                yield Prose(id="setup-text")

    def on_mount(self) -> None:
        self._draw()
        engine, workspace = self.engine, self.orion.workspace
        ask(
            self,
            lambda: (engine.setup.standing(workspace), engine.settings.get().default_role),
            self._stands,
            self._unreadable,
        )

    def _stands(self, found: tuple[Standing, str]) -> None:
        at, default = found
        self._standing, self._role = at, at.role or default
        self._done = {name for name, has in (("role", at.role), ("secret", at.method)) if has}
        # Taken up again where it was left; a wizard that was finished begins anew.
        left_off = not at.finished and bool(self._done)
        self._enter(0 if not left_off else 1 if not at.role else 2 if not at.method else 3)

    def _unreadable(self, error: OrionError) -> None:
        """A broken configuration or keychain: the first step says it among the checks."""
        self.orion.show_error(error)
        self._role = "software-engineer"
        self._enter(0)

    @property
    def step(self) -> str:
        """The name of the present step."""
        return STEPS[self._step].name

    # -- going from step to step

    def _enter(self, step: int) -> None:
        self._step = step
        engine, workspace = self.engine, self.orion.workspace
        self._draw()
        match self.step:
            case "machine":
                self.do_look_again()
            case "role":
                ask(self, lambda: engine.roles.list(workspace), self._listed)
            case "secret":
                ask(self, engine.auth.status, self._secret_stands)
            case "dry_run":
                role = self._role
                ask(self, lambda: engine.setup.dry_run(role, workspace), self._tried)
            case "ready":
                ask(self, lambda: engine.setup.suggestion(workspace), self._suggested)

    def _further(self) -> None:
        self._enter(min(self._step + 1, len(STEPS) - 1))

    def do_go_on(self) -> None:
        match self.step:
            case "role":
                self._choose_role()
            case "ready":
                self._finish(lambda: self.orion.back())
            case _:
                if self.step != "secret" or (self._status is not None and self._status.method):
                    self._done.add(self.step)
                self._further()

    def do_skip_step(self) -> None:
        self._further()

    def do_back(self) -> None:
        if self._step == 0:
            self.do_leave_setup()
        else:
            self._enter(self._step - 1)

    def do_leave_setup(self) -> None:
        engine, step = self.engine, self.step

        def left(_none: None) -> None:
            self.orion.back()
            self.orion.say("f2 on Home takes the set-up up again, where you left it")

        ask(self, lambda: engine.setup.leave(step), left)

    def _finish(self, then: Callable[[], None]) -> None:
        ask(self, self.engine.setup.finish, lambda _: then())

    def do_try_it(self) -> None:
        suggestion = self._suggestion
        if suggestion is None:
            return
        goal, playbook = suggestion.goal, suggestion.playbook
        self._finish(lambda: self.orion.go("new_goal", replace=True, goal=goal, playbook=playbook))

    # -- the steps

    def do_look_again(self) -> None:
        self._checks, self._report = [], None
        self._look += 1
        look, engine, workspace = self._look, self.engine, self.orion.workspace

        def told(check: DoctorCheck) -> None:
            self.post_message(self.Told(check, look))

        ask(self, lambda: engine.doctor.report(workspace, told), self._looked, group="look", exclusive=True)
        self._draw()

    def on_setup_screen_told(self, message: SetupScreen.Told) -> None:
        if message.look == self._look and self._report is None:
            self._checks.append(message.check)
            self._draw()

    def _looked(self, report: DoctorReport) -> None:
        self._report, self._checks = report, list(report.checks)
        if report.ok:
            self._done.add("machine")
        self._draw()

    def _listed(self, entries: tuple[RoleEntry, ...]) -> None:
        usable = [e for e in entries if e.role is not None and e.trusted and e.hidden_by is None]
        self._roles = {entry.name: entry for entry in usable}
        self._draw()
        self.query_one("#setup-list", MarkedList).choose(self._role)
        self._show_role()

    def _choose_role(self) -> None:
        name = self.query_one("#setup-list", MarkedList).chosen
        engine, workspace = self.engine, self.orion.workspace
        if not name:
            return

        def chosen(_none: None) -> None:
            self._role = name
            self._done.add("role")
            self._further()

        ask(self, lambda: engine.setup.choose_role(name, workspace), chosen)

    def do_customise(self) -> None:
        self.orion.go("new_role", base=self.query_one("#setup-list", MarkedList).chosen or self._role)

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        # A role may have been made meanwhile.
        if self._standing is not None and self.step == "role":
            self._enter(self._step)

    def on_row_list_chosen(self, _event: RowList.Chosen) -> None:
        if self.step == "role":
            self._show_role()

    def _show_role(self) -> None:
        entry = self._roles.get(self.query_one("#setup-list", MarkedList).chosen)
        self.query_one("#setup-detail", Prose).show(role_detail(entry, "") if entry else ())

    def _secret_stands(self, status: AuthStatus) -> None:
        self._status = status
        if status.method:
            self._done.add("secret")
        self._draw()
        place = self.query_one("#setup-pin")
        if not status.method and not place.query(PinEntry):
            place.mount(PinEntry(self.engine.auth))

    def on_pin_entry_given(self, event: PinEntry.Given) -> None:
        event.stop()
        self._done.add("secret")
        self._further()

    def do_codes(self) -> None:
        from orion_tui.modals.totp import TotpModal

        def closed(was_set: bool | None) -> None:
            if was_set:
                self._done.add("secret")
                self._further()

        self.app.push_screen(TotpModal(self.engine.auth), closed)

    def _tried(self, trials: tuple[Trial, ...]) -> None:
        self._trials = trials
        self._draw()

    def _suggested(self, suggestion: Suggestion) -> None:
        self._suggestion = suggestion
        self._draw()

    # -- drawing

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        step = self.step
        put(self.query_one("#setup-steps", Static), said_of(self._step, self._done, self.size.width or 80))
        put(self.query_one("#setup-about", Static), about(step, self._report, self._role))
        shown = {
            "machine": ("setup-list",),
            "role": ("setup-list", "setup-side"),
            "secret": ("setup-words",) if self._status and self._status.method else ("setup-pin", "setup-words"),
            "dry_run": ("setup-list",),
            "ready": ("setup-words",),
        }[step]
        for body in _BODIES:
            self.query_one(f"#{body}").display = body in shown
        self.set_class(step == "role", "-two")
        if step != "secret":
            for entry in self.query(PinEntry):
                entry.remove()
        rows = self.query_one("#setup-list", MarkedList)
        if rows.display:
            rows.show(self._rows)
            rows.focus()
        elif step != "secret":
            self.set_focus(None)
        text = self.query_one("#setup-text", Prose)
        if step == "secret":
            text.show(secret_parts(self._status))
        elif step == "ready":
            text.show(ready_parts(self._suggestion, self._done, self._role))
        self.update_chrome()

    def _rows(self, width: int) -> tuple[Row, ...]:
        match self.step:
            case "machine":
                return check_rows(self._checks, self._report, width)
            case "role":
                entries = []
                for name, entry in self._roles.items():
                    state = standing(entry)
                    chosen = (("default ", "muted"),) if name == self._role else ()
                    entries.append(Entry(name, (f"{state.sign} ", state.tone), name, chosen, least=10))
                return rows_of(entries, width)
            case _:
                return scenario_rows(self._trials, width)

    def on_resize(self) -> None:
        self._draw()

    def header_left(self) -> Parts:
        return (("Set-up", "title"), (f"  step {self._step + 1} of {len(STEPS)}", "muted"))

    def header_right(self) -> Parts:
        return ((visible(str(self.orion.workspace)), "muted"),)

    def facts(self) -> frozenset[str]:
        step = self.step
        facts = {
            "machine": {"machine_step"},
            "role": {"role_step"},
            "secret": set() if self._status is None or self._status.method else {"secret_step"},
            "ready": {"last_step"},
        }.get(step, set())
        return super().facts() | facts | ({"further"} if step != "ready" else set())
