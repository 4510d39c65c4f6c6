"""The audit log: newest first, narrowed down by session, actor and kind, with the state of its chain."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message
from textual.widgets import Static

from engine.vocabulary.text import counted, shortened, visible
from orion_tui.actions import bindings_for
from orion_tui.bridge import ask
from orion_tui.chain import progress_words
from orion_tui.modals.box import put
from orion_tui.modals.choice import Choice, ChoiceModal
from orion_tui.modals.detail import DetailModal
from orion_tui.modals.pin import PinModal
from orion_tui.modals.reason import ReasonModal, Wanted
from orion_tui.resources import style_sheet
from orion_tui.screens.base import OrionScreen
from orion_tui.widgets.audit_list import AuditList
from orion_tui.widgets.columns import exact
from orion_tui.widgets.prose import HANG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from textual.app import ComposeResult

    from engine.vocabulary.audit import AuditEntry, AuditHead, AuditVerdict
    from engine.vocabulary.errors import OrionError
    from orion_tui.widgets.signs import Part, Parts

_ALL = "*"
_PAGE = 4_000
"""Entries that are read at once: a long log shows its first lines soon and never holds the keys up."""

_TEXT = Wanted("such as pytest, or an entry's number", "type what to look for")
_FILE = Wanted("a file that is not there yet", "name a file")


class AuditScreen(OrionScreen):
    """Follows the log while it is open. The list shows what the file says; what that is worth says the header."""

    NAME = "audit"
    BINDINGS = bindings_for("audit")
    CSS_PATH = [str(style_sheet("setup.tcss"))]  # noqa: RUF012 - Textual declares it so

    class Verified(Message):
        """So many entries were checked of so many; sent from the engine's thread."""

        def __init__(self, checked: int, of: int) -> None:
            super().__init__()
            self.checked = checked
            self.of = of

    def __init__(self) -> None:
        super().__init__()
        self._entries: list[AuditEntry] = []
        self._filter: dict[str, str] = {}
        self._source: Iterator[AuditEntry] | None = None
        self._verifying = ""
        self._whole = False

    def compose_body(self) -> ComposeResult:
        yield Static(id="audit-state", markup=False)
        yield AuditList(id="audit-list")

    def on_mount(self) -> None:
        self.query_one(AuditList).focus()
        self._say_state()
        self._read()
        self.orion.look_at_chain()

    def chain_changed(self) -> None:
        super().chain_changed()
        verdict = self.orion.chain.verdict
        self.query_one(AuditList).mark(verdict.first_bad if verdict is not None else None)
        self._say_state()
        if verdict is not None and verdict.entries > len(self._entries):
            self._read()

    def _read(self) -> None:
        """Read what is behind the entries that are here."""
        if self._source is None:
            self._source = self.engine.audit.entries(after=len(self._entries))
            self._read_on(self._source)

    def _read_on(self, source: Iterator[AuditEntry]) -> None:
        wanted = dict(self._filter)

        def page() -> tuple[list[AuditEntry], list[AuditEntry]]:
            found = list(islice(source, _PAGE))
            return found, [entry for entry in found if passes(entry, wanted)]

        ask(self, page, lambda read: self._came(*read, wanted), self._failed, group="audit")

    def _came(self, entries: list[AuditEntry], passing: list[AuditEntry], wanted: dict[str, str]) -> None:
        self._entries += entries
        self._whole = len(entries) < _PAGE
        if wanted != self._filter:
            passing = [entry for entry in entries if passes(entry, self._filter)]
        self.query_one(AuditList).add(passing)
        self._say_state()
        self.update_chrome()
        if self._whole or self._source is None:
            self._source = None
        else:
            self._read_on(self._source)

    def _failed(self, error: OrionError) -> None:
        self._source = None
        self.orion.show_error(error)

    # -- what is shown

    def _say_state(self) -> None:
        parts: list[Part] = [*state_parts(self.orion.chain.verdict, self.orion.chain.trouble), ("\n", "")]
        shown = self.query_one(AuditList).line_count()
        if self._filter:
            said = ", ".join(f"{name} {visible(value)}" for name, value in self._filter.items())
            parts.append((f"{shown:,} of {len(self._entries):,}: {said}", ""))
        else:
            parts.append((f"{len(self._entries):,} in the file, newest first", "muted"))
        if not self._whole:
            verdict = self.orion.chain.verdict
            of = f" {len(self._entries):,} of {verdict.entries:,}" if verdict is not None and verdict.valid else ""
            parts.append((f" · reading{of} …", "muted"))
        if progress := self._verifying or self.orion.chain_progress:
            parts.append((f" · {progress} …", "accent"))
        put(self.query_one("#audit-state", Static), parts)

    def header_left(self) -> Parts:
        return (("Audit log", "title"),)

    def facts(self) -> frozenset[str]:
        entry = {"entry"} if self.query_one(AuditList).chosen is not None else set()
        verdict = self.orion.chain.verdict
        broken = {"broken"} if verdict is not None and not verdict.valid else set()
        return super().facts() | entry | broken | ({"filtered"} if self._filter else set())

    def on_audit_list_moved(self) -> None:
        self.update_footer()

    # -- keys

    def do_audit_detail(self) -> None:
        entry = self.query_one(AuditList).chosen
        if entry is not None:
            self.app.push_screen(DetailModal(f"Entry {entry.number:,}", detail_parts(entry)))

    def do_by_session(self) -> None:
        goals = {summary.id: summary.goal for summary in self.orion.bridge.state.sessions}
        self._count("session", session_of, lambda name: shortened(goals.get(name, ""), 60), newest=True)

    def do_by_actor(self) -> None:
        meaning = {"orion": "the program by itself", "user": "a person", "aegis": "the rules"}
        self._count("actor", lambda entry: entry.record.actor, lambda name: meaning.get(name, ""))

    def do_by_kind(self) -> None:
        self._count("kind", lambda entry: entry.record.event, lambda _: "")

    def _count(
        self, name: str, of: Callable[[AuditEntry], str], meaning: Callable[[str], str], *, newest: bool = False
    ) -> None:
        """Count what there is to choose from, in a thread, and offer it."""
        known = list(self._entries)

        def counted(found: Counter[str]) -> None:
            values = sorted(found.items(), reverse=newest)
            self._offer(name, [(value, meaning(value), number) for value, number in values])

        ask(self, lambda: Counter(of(entry) for entry in known), counted, group="count", exclusive=True)

    def _offer(self, name: str, values: list[tuple[str, str, int]]) -> None:
        choices = [Choice(_ALL, f"every {name}")]
        for value, meaning, number in values:
            choices.append(Choice(value, f"{value}  ({number:,})", meaning))

        def chosen(value: str | None) -> None:
            if value is None:
                return
            self._filter.pop(name, None)
            if value != _ALL:
                self._filter[name] = value
            self._filtered()

        self.app.push_screen(ChoiceModal(f"Only which {name}?", choices), chosen)

    def do_no_filter(self) -> None:
        self._filter = {}
        self._filtered()

    def _filtered(self) -> None:
        """Look through what is here, in a thread: it may be very much."""
        known, wanted = list(self._entries), dict(self._filter)

        def narrowed(found: list[AuditEntry]) -> None:
            if wanted == self._filter:
                since = [entry for entry in self._entries[len(known) :] if passes(entry, wanted)]
                self.query_one(AuditList).show([*found, *since])
                self._say_state()
                self.update_chrome()

        ask(self, lambda: [entry for entry in known if passes(entry, wanted)], narrowed, group="narrow", exclusive=True)

    def do_by_text(self) -> None:
        def named(text: str | None) -> None:
            if text is not None:
                self._filter["text"] = text.strip()
                self._filtered()

        about = "In events, actors, sessions and details, whatever the case. x shows every entry again."
        self.app.push_screen(ReasonModal("Search the audit log", about, yes="search", wants=_TEXT), named)

    def do_to_break(self) -> None:
        rows, verdict = self.query_one(AuditList), self.orion.chain.verdict
        entry = rows.to_break()
        if entry is None:
            self.orion.say("none of the entries shown is at the break or behind it; x shows all of them")
        elif verdict is not None and verdict.first_bad is not None and entry.number < verdict.first_bad:
            self.orion.say(f"{visible(verdict.reason)}: this is the last one that is here")

    def do_verify_all(self) -> None:
        def found(verdict: AuditVerdict) -> None:
            self._verifying = ""
            self._say_state()
            self.orion.say("".join(text for text, _ in state_parts(verdict, "")), timeout=8)
            self.orion.look_at_chain()

        def failed(error: OrionError) -> None:
            self._verifying = ""
            self._say_state()
            self.orion.show_error(error)

        engine = self.engine
        self._verifying = "verifying every entry"
        self._say_state()
        ask(self, lambda: engine.audit.verify(self._told), found, failed, group="verify", exclusive=True)

    def _told(self, checked: int, of: int) -> None:
        """In the engine's thread."""
        self.post_message(self.Verified(checked, of))

    def on_audit_screen_verified(self, message: AuditScreen.Verified) -> None:
        if self._verifying:
            self._verifying = progress_words(message.checked, message.of)
            self._say_state()

    def do_begin_chain(self) -> None:
        engine, verdict = self.engine, self.orion.chain.verdict
        why = verdict.reason if verdict is not None else ""
        about = f"{why}. Nothing is removed: the new chain's first entry says how the log stood, and pins it."

        def begun(found: AuditVerdict | None) -> None:
            if found is not None:
                self.orion.say("".join(text for text, _ in state_parts(found, "")), timeout=8)
                self.orion.look_at_chain()

        modal: PinModal[AuditVerdict] = PinModal(
            "Begin a new chain", visible(about), engine.auth, engine.audit.begin_chain, yes="begin it"
        )
        self.app.push_screen(modal, begun)

    def do_export_audit(self) -> None:
        def named(name: str | None) -> None:
            if name is None:
                return
            target = Path(name).expanduser()
            target = target if target.is_absolute() else self.orion.workspace / target
            ask(self, lambda: self.engine.audit.export(target), lambda head: exported(head, target))

        def exported(head: AuditHead, target: Path) -> None:
            self.orion.say(f"{counted(head.count, 'entry')} in {target}\nthe last one's hash: {head.hash}", timeout=12)

        about = "The whole log with its head, as docs/audit-format.md describes it; the key stays here."
        self.app.push_screen(ReasonModal("Export the audit log", about, yes="write it", wants=_FILE), named)


def passes(entry: AuditEntry, wanted: Mapping[str, str]) -> bool:
    """Whether it is one of those that are wanted: by session, actor, kind, and a text anywhere in it."""
    record = entry.record
    return (
        wanted.get("session", _ALL) in (_ALL, session_of(entry))
        and wanted.get("actor", _ALL) in (_ALL, record.actor)
        and wanted.get("kind", _ALL) in (_ALL, record.event)
        and ("text" not in wanted or wanted["text"].lower() in _words_of(entry))
    )


def _words_of(entry: AuditEntry) -> str:
    record = entry.record
    details = json.dumps(record.details, ensure_ascii=False)
    number = f"{entry.number} {entry.number:,}"
    return f"{number} {record.event} {record.actor} {record.session} {details}".lower()


def session_of(entry: AuditEntry) -> str:
    """The session that an entry belongs to; one of the account may be about one."""
    about = entry.record.details.get("session")
    return about if isinstance(about, str) and about else entry.record.session


def state_parts(verdict: AuditVerdict | None, trouble: str) -> Parts:
    """What the last verification said, in a sentence."""
    if trouble:
        return ((f"? cannot be verified now: {visible(trouble)}", "accent"),)
    if verdict is None:
        return (("· not verified yet", "muted"),)
    if not verdict.valid:
        before = f"; the {verdict.entries:,} entries before it are as written" if verdict.entries else ""
        behind = ", and nothing is known of those behind it (?)" if verdict.first_bad else ""
        return ((f"✗ {visible(verdict.reason)}{before}{behind}", "bad"),)
    known = " and the ".join(verdict.assured_by)
    end = f"; their end is known to the head in the {known}" if known else ""
    own = (f"✓ {verdict.entries - verdict.older:,} entries, all as they were written{end}", "good")
    return (own, (f"; {visible(verdict.note)}", "accent")) if verdict.note else (own,)


def detail_parts(entry: AuditEntry) -> Parts:
    """One entry in full. Its details are the log's own words, redacted when they were written."""
    record = entry.record
    parts: list[Part] = []
    for label, value in (
        ("when", f"{exact(record.at)}  ({record.at})"),
        ("event", record.event),
        ("actor", record.actor),
        ("session", record.session),
        ("journal row", str(record.row)),
        ("hash", entry.hash),
    ):
        parts += [(f"{label:<12} ", "muted"), (HANG, ""), (f"{visible(value)}\n", "")]
    parts.append(("\n", ""))
    for key, value in record.details.items():
        told = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
        parts += [(f"{visible(key):<12} ", "muted"), (HANG, "")]
        lines = told.split("\n")
        parts += [(f"{visible(line)}\n", "") for line in lines]
    return parts
