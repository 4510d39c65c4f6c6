"""The PIN or the codes: which is set, how many tries are left, what they still cover, and the way on when they are
forgotten. Every second counts down what waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.containers import VerticalScroll

from engine.vocabulary.text import visible
from orion_tui.actions import bindings_for
from orion_tui.acts.needs import NEEDS
from orion_tui.bridge import ask
from orion_tui.durations import waiting_words
from orion_tui.modals.confirm import ConfirmModal
from orion_tui.resources import style_sheet
from orion_tui.screens.base import OrionScreen
from orion_tui.widgets.prose import HANG, Prose

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.screen import Screen

    from engine.vocabulary.requests import AuthStatus
    from orion_tui.acts.act import Act
    from orion_tui.engine_face import EngineFace
    from orion_tui.widgets.signs import Part, Parts

LOOK_AGAIN_S = 30
"""Seconds after which the engine is asked again: the boot clock counts a machine's sleep, a timer does not."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the engine says: its status, the setting of the window, and how many sessions a reset would reject."""

    status: AuthStatus
    window_s: float
    unpromoted: int


def read_standing(engine: EngineFace) -> Standing:
    """Blocks. Raises AuthError and ConfigError."""
    status = engine.auth.status()
    return Standing(status, status.window_s, len(engine.auth.voided_by_reset()))


class SecondFactorScreen(OrionScreen):
    """Nothing is changed here without the current secret, save by a reset, which waits for a day."""

    NAME = "second_factor"
    BINDINGS = bindings_for("second_factor")
    CSS_PATH = [str(style_sheet("setup.tcss"))]  # noqa: RUF012 - Textual declares it so

    def __init__(self) -> None:
        super().__init__()
        self._stands: Standing | None = None
        self._gone_s = 0

    def compose_body(self) -> ComposeResult:
        with VerticalScroll(id="factor-body", can_focus=False):
            yield Prose(id="factor-text")

    def on_mount(self) -> None:
        self.set_interval(1.0, self._second_gone)
        self._read()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._read()

    def _read(self) -> None:
        engine = self.engine
        ask(self, lambda: read_standing(engine), self._came, group="factor", exclusive=True)

    def _came(self, found: Standing) -> None:
        self._stands, self._gone_s = found, 0
        self._draw()

    def _second_gone(self) -> None:
        if self._stands is None or not self.is_current:
            return
        self._gone_s += 1
        waits = [self._left(self._stands.status.locked_s), self._left(self._stands.status.reset_left_s)]
        over = any(left is not None and -1 < left <= 0 for left in waits)
        if over or self._gone_s % LOOK_AGAIN_S == 0:
            self._read()
        self._draw()

    def _left(self, at_look_s: float | None) -> float | None:
        """What is left now of a wait; None when nothing waits."""
        return None if not at_look_s else at_look_s - self._gone_s

    # -- what is shown

    def _draw(self) -> None:
        if self._stands is None or not self.is_mounted:
            return
        windows = self.orion.windows
        self.query_one("#factor-text", Prose).show(
            factor_parts(self._stands, self._gone_s, {self._goal(s): left for s, left in windows.items()})
        )
        self.update_chrome()

    def windows_changed(self) -> None:
        super().windows_changed()
        self._draw()

    def _goal(self, session: str) -> str:
        goals = {summary.id: summary.goal for summary in self.orion.bridge.state.sessions}
        return f"{session} · {goals.get(session, '')}"

    def header_left(self) -> Parts:
        return (("PIN and codes", "title"),)

    def facts(self) -> frozenset[str]:
        if self._stands is None:
            return super().facts()
        status = self._stands.status
        also = {"known"}
        if status.reset_left_s is not None:
            also.add("reset")
            if status.reset_left_s - self._gone_s <= 0:
                also.add("reset_over")
        elif status.method:
            also.add("no_reset")
        return super().facts() | also

    def reason_off(self, act: Act) -> str:
        off = super().reason_off(act)
        begun = self._stands is not None and self._stands.status.reset_left_s is not None
        return NEEDS["reset_over"] if off and act.id == "begin_reset" and begun else off

    # -- keys

    def do_pin_set_up(self) -> None:
        from orion_tui.modals.new_pin import NewPinModal

        before = self._stands.status.method if self._stands else ""
        self._open(NewPinModal(self.engine.auth), "✓ the PIN is set", before)

    def do_codes_set_up(self) -> None:
        from orion_tui.modals.totp import TotpModal

        before = self._stands.status.method if self._stands else ""
        self._open(TotpModal(self.engine.auth), "✓ one-time codes are set", before)

    def _open(self, modal: Screen[bool], done: str, before: str) -> None:
        def closed(was_set: bool | None) -> None:
            if was_set:
                old = {"pin": "; the PIN before is deleted", "totp": "; the codes before are deleted"}.get(before, "")
                self.orion.say(done + old)
            self._read()

        self.app.push_screen(modal, closed)

    def do_begin_reset(self) -> None:
        if self._stands is None:
            return
        engine = self.engine
        text = (
            f"For whoever has lost it. After 24 hours it can be forgotten here, and then {self._rejects()}. "
            "Until then nothing changes, and the right PIN or code ends the wait. Both ends stand in the audit log."
        )

        def answered(yes: bool | None) -> None:
            if yes:
                ask(self, engine.auth.begin_reset, lambda _left: self._read())

        self.app.push_screen(ConfirmModal("Begin a reset?", text, yes="begin the wait"), answered)

    def do_finish_reset(self) -> None:
        engine = self.engine

        def forgotten(voided: int) -> None:
            count = "no session was" if not voided else "one session was" if voided == 1 else f"{voided} sessions were"
            self.orion.say(f"forgotten; {count} rejected. p sets a new PIN, c one-time codes.", timeout=8)
            self._read()

        def answered(yes: bool | None) -> None:
            if yes:
                ask(self, engine.auth.finish_reset, forgotten)

        text = f"The wait is over. With it {self._rejects()}; a new PIN or new codes can be set at once."
        self.app.push_screen(ConfirmModal("Forget it now?", text, yes="forget it"), answered)

    def _rejects(self) -> str:
        number = self._stands.unpromoted if self._stands else 0
        if not number:
            return "no session is rejected, since none waits to be promoted"
        if number == 1:
            return "the session that is not promoted is rejected"
        return f"the {number} sessions that are not promoted are rejected"

    def do_end_reset(self) -> None:
        from orion_tui.modals.pin import PinModal

        engine = self.engine

        def tried(done: bool | None) -> None:
            if done:
                self.orion.say("✓ the reset is over, everything is as it was")
            self._read()

        def work(secret: str) -> bool:
            engine.auth.verify(secret)
            return True

        modal: PinModal[bool] = PinModal(
            "End the reset", "Nothing is forgotten then.", engine.auth, work, yes="end the reset"
        )
        self.app.push_screen(modal, tried)


def factor_parts(stands: Standing, gone_s: int, windows: dict[str, float]) -> Parts:
    """Everything about the second factor, `gone_s` seconds after the engine was asked. `windows` are the seconds that a
    right try still covers, by session."""
    status = stands.status
    what = {"pin": "A PIN is set.", "totp": "One-time codes are set."}.get(status.method)
    parts: list[Part] = [(f"✓ {what}\n" if what else "· Nothing is set: nothing can be promoted.\n", "title")]
    parts.append(("It is asked for by promotions, approvals that reach outside, and changes of roles.\n\n", "muted"))

    def row(label: str, value: str, tone: str = "") -> None:
        parts.extend([(f"{label:<14}", "muted"), (HANG, ""), (f"{value}\n", tone)])

    row("kept in" if what else "it will be in", visible(status.storage.removeprefix("nothing is set yet; ")))
    if status.keychain == "file":
        row("", "⚑ programs of your own account could read it; a desktop's Secret Service keeps it better")
    locked_s = status.locked_s - gone_s
    if what and status.locked_s and locked_s > 0:
        row("tries", f"✗ locked: {waiting_words(locked_s)} left; a restart does not shorten it", "bad")
    elif what:
        tries = f"{status.tries_left} {'try' if status.tries_left == 1 else 'tries'} left"
        row("tries", f"{tries}, then it locks for {status.lock_s / 60:g} minutes")
    if status.method == "totp":
        left = status.backup_codes_left
        few = "  ⚑ c sets the app up again, with six new ones" if left < 3 else ""
        row("backup codes", f"{left} left{few}")
    how = "auth.window_s, on Settings"
    if stands.window_s:
        row("covers", f"{stands.window_s:g} s more of the same session ({how}); then it is asked for again")
    else:
        row("covers", f"one thing: it is asked for each time ({how}, can make that up to 300 s)")
    for name, left_s in windows.items():
        row("", f"● still covers {visible(name)}: {waiting_words(left_s)} left; f9 ends that", "accent")
    if status.reset_left_s is not None:
        left_s = status.reset_left_s - gone_s
        parts.append(("\n", ""))
        if left_s > 0:
            row("reset", f"◐ {waiting_words(left_s)} to wait, then F forgets it", "accent")
            row("", "You remember it? e ends the reset with the right PIN or code.")
            row("", "Somebody else began it? End it, and change the PIN.")
        else:
            row("reset", "◐ the wait is over: F forgets it, e keeps it", "accent")
    return parts
