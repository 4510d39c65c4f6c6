"""Asks for other limits of time, money, tokens, turns and tasks at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from engine.vocabulary.sessions import MOST_PARALLEL, Limits
from orion_tui.durations import read_duration, read_money, written_duration
from orion_tui.modals.box import BoxModal, put, words
from orion_tui.parallel import read_parallel, room_parts

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from engine.vocabulary.room import MemoryRoom


_COUNTS = (("tokens", "Tokens in and out"), ("turns", "Calls of a model"), ("task_turns", "Calls for each task"))


class LimitsModal(BoxModal[Limits | None]):
    """The limits as they are, to be changed; `used` says what is gone already. The rarer ones stay as they were."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave it", show=False),
        Binding("ctrl+s", "take", "set", show=False),
    ]

    def __init__(self, limits: Limits, used: str, room: MemoryRoom | None = None) -> None:
        """`room` is what sandboxes may use of this machine, where that is known."""
        super().__init__("Limits of this session")
        self._limits = limits
        self._used = used
        self._room = room

    def body(self) -> ComposeResult:
        yield words((self._used, "muted"))
        yield words(("\nTime limit (90m, 8h)", "muted"))
        yield Input(written_duration(self._limits.time_s), id="time", compact=True)
        yield words(("Cost limit in US dollars, 0 for none", "muted"))
        yield Input(f"{self._limits.cost_usd:.2f}", id="cost", compact=True)
        for name, label in _COUNTS:
            yield words((f"{label}, 0 for no limit", "muted"))
            yield Input(str(getattr(self._limits, name)), id=name, compact=True)
        yield words((f"Tasks at once, 1 to {MOST_PARALLEL}, from the next ones on", "muted"))
        yield Input(str(self._limits.parallel), id="parallel", compact=True)
        yield words(id="limits-room")
        yield words(id="limits-state")

    def on_mount(self) -> None:
        self.say_keys(("enter", "set"), ("tab", "next field"), ("esc", "leave it"))
        put(self.query_one("#limits-state", Static), ())
        self._say_room()
        self.query_one("#time").focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input.id == "parallel":
            self._say_room()

    def _say_room(self) -> None:
        put(self.query_one("#limits-room", Static), room_parts(self._room, self.query_one("#parallel", Input).value))

    def on_input_submitted(self) -> None:
        self.action_take()

    def action_take(self) -> None:
        time_s = read_duration(self.query_one("#time", Input).value)
        cost_usd = read_money(self.query_one("#cost", Input).value)
        counts = {name: self.query_one(f"#{name}", Input).value.strip().replace(",", "") for name, _ in _COUNTS}
        parallel = read_parallel(self.query_one("#parallel", Input).value.strip())
        wrong = next((name for name, text in counts.items() if not (text.isascii() and text.isdigit())), "")
        if time_s is None:
            self._refuse("time", "a time such as 90m or 8h")
        elif cost_usd is None:
            self._refuse("cost", "an amount such as 2.50")
        elif wrong:
            self._refuse(wrong, "a whole number, 0 for no limit")
        elif parallel is None:
            self._refuse("parallel", f"a number from 1 to {MOST_PARALLEL}")
        else:
            whole = {name: int(text) for name, text in counts.items()}
            self.dismiss(replace(self._limits, time_s=time_s, cost_usd=cost_usd, parallel=parallel, **whole))

    def _refuse(self, field: str, what: str) -> None:
        put(self.query_one("#limits-state", Static), ((f"✗ give {what}", "bad"),))
        self.query_one(f"#{field}").focus()

    def action_leave(self) -> None:
        self.dismiss(None)
