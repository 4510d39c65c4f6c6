"""Every key and what it does, made from the table of actions; a key that is off says why."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from orion_tui.actions import acts_for, reason_off
from orion_tui.widgets.header import styled


class HelpModal(ModalScreen[None]):
    """The keys of one screen; any of the keys that leave a screen closes it."""

    BINDINGS: ClassVar = [("escape,q,question_mark,enter", "dismiss", "close")]

    def __init__(self, screen: str, facts: frozenset[str]) -> None:
        super().__init__()
        self._of = screen
        self._facts = facts

    def compose(self) -> ComposeResult:
        parts: list[tuple[str, str]] = [("Keys of this screen\n", "title")]
        for act in acts_for(self._of):
            why = reason_off(act, self._facts)
            parts += [
                (f"\n{act.shown_key:>8}  ", "muted" if why else "key"),
                (f"{act.label:<12}", "muted" if why else ""),
                (f"{act.help}", "muted"),
                (f"\n          off now: {why}" if why else "", "muted"),
            ]
        parts.append(("\n\nA capital letter changes the world. esc closes this.", "muted"))
        with VerticalScroll(classes="box"):
            yield Static(styled(parts), markup=False)
