"""The entries of the audit log as lines, newest first, whatever their number: only those on screen are drawn."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from engine.vocabulary.text import shortened
from orion_tui.widgets.columns import cell, when
from orion_tui.widgets.lines import LineView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events

    from engine.vocabulary.audit import AuditEntry
    from orion_tui.widgets.signs import Parts

# What says most about an entry, if it has it.
_TELLING = ("what", "decision", "message", "title", "goal", "state", "role", "fields", "reason", "commit")


class AuditList(LineView):
    """Holds the entries oldest first and shows them the other way round; the cursor stays on its entry while new ones
    come, but on the newest it follows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("home", "move(-100000000)", "first", show=False),
        Binding("end", "move(100000000)", "last", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
    ]

    class Moved(Message):
        """The cursor is on another entry."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._entries: list[AuditEntry] = []
        self._broken: int | None = None

    @property
    def chosen(self) -> AuditEntry | None:
        """The entry under the cursor."""
        place = len(self._entries) - 1 - self.cursor
        return self._entries[place] if 0 <= place < len(self._entries) and self.cursor >= 0 else None

    def show(self, entries: Sequence[AuditEntry]) -> None:
        """Show these instead, oldest first."""
        self._entries = list(entries)
        self._changed(0 if entries else -1)

    def add(self, entries: Sequence[AuditEntry]) -> None:
        """Show these as well; they are newer than what is here."""
        if entries:
            follows = self.cursor <= 0
            self._entries += entries
            self._changed(0 if follows else self.cursor + len(entries))

    def mark(self, broken: int | None) -> None:
        """Set apart the entry of this number, where the chain breaks, and those behind it: nothing is known of them."""
        if broken != self._broken:
            self._broken = broken
            self.forget()

    def to_break(self) -> AuditEntry | None:
        """Go to the entry where the chain breaks, or the first behind it that is here, else to the newest one; None
        when there is no break."""
        if self._broken is None or not self._entries:
            return None
        broken = self._broken
        place = next((at for at, entry in enumerate(self._entries) if entry.number >= broken), len(self._entries) - 1)
        self.cursor = len(self._entries) - 1 - place
        return self._entries[place]

    def _changed(self, cursor: int) -> None:
        self.resize_to_lines()
        self.set_reactive(AuditList.cursor, cursor)
        self.forget()
        self.keep_cursor_in_sight()
        self.post_message(self.Moved())

    def line_count(self) -> int:
        return len(self._entries)

    def line_parts(self, number: int, width: int) -> Parts:
        entry = self._entries[len(self._entries) - 1 - number]
        record = entry.record
        at = when(record.at)
        time = at.astimezone().strftime("%m-%d %H:%M:%S") if at else ""
        session = record.session if width >= 100 else ""
        sign, tone = self._sign(entry.number)
        lead = f"{sign}{entry.number:>7,} "
        room = width - len(lead) - 15 - 7 - 23 - (15 if session else 0)
        return (
            (lead, tone),
            (f"{time:<14} ", "muted"),
            (cell(record.actor, 6) + " ", ""),
            (cell(record.event, 22) + " ", "bad" if _is_no(entry) else ""),
            (cell(session, 14) + " " if session else "", "muted"),
            (cell(_told(entry), max(room, 0)), "muted"),
        )

    def _sign(self, number: int) -> tuple[str, str]:
        if self._broken is None or number < self._broken:
            return " ", "muted"
        return ("✗", "bad") if number == self._broken else ("?", "muted")

    def watch_cursor(self, old: int, new: int) -> None:
        super().watch_cursor(old, new)
        self.post_message(self.Moved())

    def action_move(self, by: int) -> None:
        if self._entries:
            self.cursor = max(0, min(len(self._entries) - 1, self.cursor + by))

    def action_page(self, by: int) -> None:
        self.action_move(by * max(1, self.size.height - 1))

    def on_click(self, event: events.Click) -> None:
        number = event.y + self.scroll_offset.y
        if 0 <= number < len(self._entries):
            self.cursor = number


def _is_no(entry: AuditEntry) -> bool:
    details = entry.record.details
    verdict = details.get("verdict")
    blocked = isinstance(verdict, dict) and verdict.get("decision") == "block"
    return blocked or details.get("passed") is False


def _told(entry: AuditEntry) -> str:
    """The details in one line: what says most, else all of them."""
    details = entry.record.details
    verdict = details.get("verdict")
    if isinstance(verdict, dict):
        return f"{verdict.get('decision', '')}: {verdict.get('message', '')}"
    telling = [str(details[key]) for key in _TELLING if details.get(key) and isinstance(details[key], str | list)]
    if details.get("passed") is False:
        telling.insert(0, "refused")
    return " · ".join(telling) or shortened(json.dumps(details, ensure_ascii=False), 200)
