"""The settings: every value with its name in the file, changed one at a time and validated before it counts."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from textual.widgets import Static

from engine.vocabulary.text import visible
from orion_tui.actions import bindings_for
from orion_tui.bridge import ask
from orion_tui.modals.box import put
from orion_tui.modals.pin import PinModal
from orion_tui.modals.reason import ReasonModal, Wanted
from orion_tui.resources import style_sheet
from orion_tui.screens.base import OrionScreen
from orion_tui.widgets.marked_list import Entry, MarkedList, gap, heading, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.app import ComposeResult

    from engine.vocabulary.errors import OrionError
    from engine.vocabulary.requests import AuthStatus
    from engine.vocabulary.settings import Settings
    from orion_tui.widgets.rows import Row
    from orion_tui.widgets.signs import Parts

_VALUE = Wanted(
    "a value as in YAML: 90, docker, [/opt/node]; a single - takes it out", "type a value, or - for the default"
)


class SettingsScreen(OrionScreen):
    """What counts now, defaults included. The file itself is for `orion settings edit`."""

    NAME = "settings"
    BINDINGS = bindings_for("settings")
    CSS_PATH = [str(style_sheet("setup.tcss"))]  # noqa: RUF012 - Textual declares it so

    def __init__(self) -> None:
        super().__init__()
        self._settings: Settings | None = None
        self._status: AuthStatus | None = None

    def compose_body(self) -> ComposeResult:
        yield Static(id="settings-about", markup=False)
        yield MarkedList(id="settings-list")

    def on_mount(self) -> None:
        self.query_one(MarkedList).focus()
        self._read()

    def _read(self) -> None:
        engine = self.engine
        ask(self, lambda: (engine.settings.get(), engine.auth.status(), str(engine.settings.path())), self._came)

    def _came(self, found: tuple[Settings, AuthStatus, str]) -> None:
        self._settings, self._status, path = found
        set_up = {"pin": "a PIN", "totp": "one-time codes", "": "no PIN or codes yet"}[self._status.method]
        told = f"{visible(path)}\nlet in by {set_up}; {visible(self._status.storage)}"
        put(self.query_one("#settings-about", Static), ((told, "muted"),))
        rows = self.query_one(MarkedList)
        rows.show(self._rows)
        if rows.cursor < 0:
            rows.action_move(0)
        self.update_chrome()

    def _rows(self, width: int) -> tuple[Row, ...]:
        if self._settings is None:
            return ()
        entries: list[Entry] = []
        group = ""
        for name, value in values_of(self._settings):
            lead = name.partition(".")[0] if "." in name else "general"
            if lead != group:
                entries += [*([gap()] if entries else []), heading(lead.upper())]
                group = lead
            entries.append(Entry(name, ("", ""), f"{name:<32} {value}"))
        return rows_of(entries, width)

    def header_left(self) -> Parts:
        return (("Settings", "title"),)

    def facts(self) -> frozenset[str]:
        chosen = {"setting"} if self.query_one(MarkedList).chosen else set()
        return super().facts() | chosen

    def do_change_setting(self) -> None:
        name = self.query_one(MarkedList).chosen

        def typed(words: str | None) -> None:
            if words is not None:
                self._change(name, None if words == "-" else words)

        self.app.push_screen(ReasonModal(name, "What it is from now on.", yes="keep it", wants=_VALUE), typed)

    def _change(self, name: str, words: str | None) -> None:
        settings = self.engine.settings

        def weighed() -> tuple[str, tuple[str, ...]]:
            text = settings.with_value(name, words)
            return text, settings.weakens(text)

        ask(self, weighed, self._weighed, self._refused)

    def _weighed(self, found: tuple[str, tuple[str, ...]]) -> None:
        text, laxer = found
        engine = self.engine
        if not laxer or self._status is None or not self._status.method:
            ask(self, lambda: engine.settings.save(text), self._saved, self._refused)
            return
        about = f"This makes Orion less strict: {', '.join(laxer)}."
        modal: PinModal[tuple[str, ...]] = PinModal(
            "Change a guarded setting", about, engine.auth, lambda secret: engine.settings.save(text, secret=secret)
        )
        self.app.push_screen(modal, lambda fields: self._saved(fields) if fields is not None else None)

    def _saved(self, fields: tuple[str, ...]) -> None:
        self.orion.say(f"changed: {', '.join(fields)}" if fields else "nothing is different by it")
        self._read()

    def _refused(self, error: OrionError) -> None:
        self.orion.show_error(error)

    def do_second_factor(self) -> None:
        self.orion.go("second_factor")

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._read()


def values_of(settings: Settings) -> list[tuple[str, str]]:
    """Every value with its dotted name in the file, groups together."""
    values = asdict(settings)
    values["auth"] = {"window_s": values.pop("auth_window_s")}
    rows = _flat(values)
    return sorted(rows, key=lambda row: ("." in row[0], row[0]))


def _flat(values: Mapping[str, Any], lead: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, dict):
            rows += _flat(value, f"{lead}{name}.")
        elif isinstance(value, list | tuple):
            rows.append((lead + name, ", ".join(map(str, value)) or "none"))
        else:
            rows.append((lead + name, "none" if value in (None, "") else str(value)))
    return rows
