"""Roles: which there are, whose they are, whether they can be used, and what is wrong with those that cannot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual.containers import Horizontal, VerticalScroll

from engine.vocabulary.roles import RoleSource
from orion_tui.actions import bindings_for
from orion_tui.bridge import ask
from orion_tui.file_watch import FileWatch, Stamp, roles_of
from orion_tui.resources import style_sheet
from orion_tui.screens import role_acts
from orion_tui.screens.base import OrionScreen
from orion_tui.screens.role_rows import list_rows, role_detail, standing
from orion_tui.widgets.columns import count
from orion_tui.widgets.marked_list import MarkedList
from orion_tui.widgets.prose import Prose

if TYPE_CHECKING:
    from pathlib import Path

    from textual.app import ComposeResult

    from engine.vocabulary.requests import RoleEntry
    from orion_tui.acts.act import Act
    from orion_tui.engine_face import EngineFace
    from orion_tui.widgets.rows import RowList
    from orion_tui.widgets.signs import Parts


@dataclass(frozen=True, slots=True)
class _Listing:
    """All roles, and by path what changed since one of the repository was trusted."""

    stamp: Stamp
    entries: tuple[RoleEntry, ...] = ()
    since: dict[str, str] = field(default_factory=dict)


def read_listing(engine: EngineFace, workspace: Path) -> _Listing:
    """The list as it is now. Blocks."""
    stamp = engine.roles.stamp(workspace)
    entries = engine.roles.list(workspace)
    doubtful = [e for e in entries if e.source is RoleSource.PROJECT and e.role is not None and not e.trusted]
    return _Listing(stamp, entries, {e.path: engine.roles.since_trusted(e.name, workspace) for e in doubtful})


class RolesScreen(OrionScreen):
    """The list with the chosen role in full beside it, or below where there is no room."""

    NAME = "roles"
    BINDINGS = bindings_for("roles")
    CSS_PATH = [str(style_sheet("roles.tcss"))]  # noqa: RUF012 - Textual declares it so

    def __init__(self) -> None:
        super().__init__()
        self._listing: _Listing | None = None
        self._watch = FileWatch(self, roles_of(self), self.read)

    def compose_body(self) -> ComposeResult:
        with Horizontal(id="roles-body"):
            yield MarkedList(id="roles-list")
            with VerticalScroll(id="roles-side"):
                yield Prose((("reading the roles…", "muted"),), id="roles-detail")

    def on_mount(self) -> None:
        self.query_one("#roles-list").focus()
        self._watch.start()
        self.read()

    def read(self) -> None:
        """Read all roles again; the cursor stays where it is."""
        engine, workspace = self.engine, self.orion.workspace
        ask(self, lambda: read_listing(engine, workspace), self._read, group="roles", exclusive=True)

    def _read(self, listing: _Listing) -> None:
        self._listing = listing
        self._watch.seen(listing.stamp)
        rows = self.query_one("#roles-list", MarkedList)
        rows.show(lambda width: list_rows(listing.entries, width))
        if rows.cursor < 0:
            rows.action_move(0)
        self._show_detail()

    @property
    def _entry(self) -> RoleEntry | None:
        if self._listing is None:
            return None
        key = self.query_one("#roles-list", MarkedList).chosen
        return next((entry for entry in self._listing.entries if entry.path == key), None)

    def _since(self, entry: RoleEntry) -> str:
        return self._listing.since.get(entry.path, "") if self._listing else ""

    def on_row_list_chosen(self, _event: RowList.Chosen) -> None:
        self._show_detail()
        self.query_one("#roles-side").scroll_to(y=0, animate=False)

    def _show_detail(self) -> None:
        entry = self._entry
        self.query_one("#roles-detail", Prose).show(role_detail(entry, self._since(entry)) if entry else ())
        self.update_chrome()

    def header_left(self) -> Parts:
        entries = self._listing.entries if self._listing else ()
        broken = sum(entry.role is None for entry in entries)
        return (("Roles", "title"), (f"  ✗ {broken} broken" if broken else "", "bad"))

    def header_right(self) -> Parts:
        entries = self._listing.entries if self._listing else ()
        waiting = sum(standing(entry).word == "untrusted" for entry in entries)
        return (
            (f"◐ {waiting} untrusted  " if waiting else "", "accent"),
            (count(len(entries), "role"), "muted"),
        )

    def facts(self) -> frozenset[str]:
        return super().facts() | role_acts.facts_of(self._entry)

    def reason_off(self, act: Act) -> str:
        off = super().reason_off(act)
        copy = act.id == "copy_role"
        return (role_acts.why_off(act.id, self._entry) or off) if off or copy else ""

    # -- keys

    def do_open_role(self) -> None:
        if self._entry is not None:
            self.orion.go("role", role=self._entry.name, source=self._entry.source)

    def do_new_role(self) -> None:
        self.orion.go("new_role")

    def do_copy_role(self) -> None:
        if self._entry is not None:
            self.orion.go("new_role", base=self._entry.name)

    def do_trust_role(self) -> None:
        if self._entry is not None:
            role_acts.trust(self, self._entry, self._since(self._entry), self.read)

    def do_untrust_role(self) -> None:
        if self._entry is not None:
            role_acts.untrust(self, self._entry, self.read)

    def do_delete_role(self) -> None:
        if self._entry is not None:
            role_acts.delete(self, self._entry, self.read)
