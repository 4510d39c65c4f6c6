"""One role: a form with the file beside it and, below, what typical actions would meet; all three follow each key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.vocabulary.errors import RoleError
from engine.vocabulary.roles import RoleSource
from engine.vocabulary.text import visible
from orion_tui.actions import bindings_for
from orion_tui.acts.needs import NEEDS
from orion_tui.bridge import ask
from orion_tui.file_watch import FileWatch, Stamp, roles_of
from orion_tui.modals.pin import PinModal
from orion_tui.resources import style_sheet
from orion_tui.role_draft import RoleDraft, draft_of
from orion_tui.screens import role_acts, role_rows
from orion_tui.screens.role_form import RoleFormScreen

if TYPE_CHECKING:
    from pathlib import Path

    from engine.vocabulary.requests import RoleEntry
    from engine.vocabulary.role_forms import RolePreview
    from orion_tui.acts.act import Act
    from orion_tui.engine_face import EngineFace
    from orion_tui.widgets.signs import Part, Parts


@dataclass(frozen=True, slots=True)
class _Opened:
    """A role as it was read: its draft, its line of the list, and what its file was when trust was given."""

    stamp: Stamp
    draft: RoleDraft
    preview: RolePreview
    entry: RoleEntry | None
    since: str = ""


def read_role(engine: EngineFace, workspace: Path, name: str, source: RoleSource, confidence: float) -> _Opened:
    """The file of that source as it is now. Blocks. Raises RoleError when there is none."""
    stamp = engine.roles.stamp(workspace)
    draft = draft_of(engine.roles.text(name, workspace, source=source))
    preview = engine.roles.preview(name, draft.text, confidence=confidence)
    entries = engine.roles.list(workspace)
    entry = next((e for e in entries if e.name == name and e.source is source), None)
    doubtful = entry is not None and source is RoleSource.PROJECT and entry.role is not None and not entry.trusted
    return _Opened(stamp, draft, preview, entry, engine.roles.since_trusted(name, workspace) if doubtful else "")


class RoleScreen(RoleFormScreen):
    """A draft of one role. Nothing is written before it is saved with the PIN."""

    NAME = "role"
    BINDINGS = bindings_for("role")
    CSS_PATH = [str(style_sheet("roles.tcss")), str(style_sheet("form.tcss"))]  # noqa: RUF012 - Textual declares it so

    def __init__(self, role: str, source: RoleSource = RoleSource.USER, text: str = "", side: str = "") -> None:
        """A file of that source, or a new role with this `text`. `side` is `yaml` or `dry` to begin with that pane."""
        super().__init__(RoleDraft(text, name=role, source=source), side)
        self._entry: RoleEntry | None = None
        self._since = ""
        self._moved = ""
        self._watch = FileWatch(self, roles_of(self), self._files_moved)

    def on_mount(self) -> None:
        self.query_one("#form-rows").focus()
        self._show_side()
        self._watch.start()
        if self._draft.text:
            self._show(self._draft)
        else:
            self._read()

    # -- reading

    def _read(self, note: str = "") -> None:
        engine, workspace, name, sure = self.engine, self.orion.workspace, self._role, self._confidence
        source = self._draft.source

        def opened(found: _Opened) -> None:
            self._opened(found)
            if note:
                self.orion.say(note)

        ask(self, lambda: read_role(engine, workspace, name, source, sure), opened, group="typed", exclusive=True)

    def _opened(self, found: _Opened) -> None:
        self._watch.seen(found.stamp)
        self._draft, self._preview, self._entry, self._since = found.draft, found.preview, found.entry, found.since
        self._trials = self._before = found.preview.trials
        self._moved = ""
        self._busy = False
        self._next.clear()
        self._stop_typing()

    def _files_moved(self) -> None:
        """Some role's file is another now: ours may be."""
        draft = self._draft
        if draft.is_new:
            return
        engine, workspace = self.engine, self.orion.workspace

        def present() -> str:
            return engine.roles.text(draft.name, workspace, source=draft.source).content

        def looked(content: str) -> None:
            if content == draft.content and draft.source is not RoleSource.PROJECT:
                self._moved = ""
            elif draft.changed or self._typing:
                self._moved = "the file was changed on disk since you opened it"
            else:
                self._read("read again: the file was changed on disk" if content != draft.content else "")
            self._draw()

        def gone(_error: object) -> None:
            self._moved = "the file is gone from the disk"
            self._draw()

        ask(self, present, looked, gone)

    # -- what is said above

    def status(self) -> Parts:
        draft, preview = self._draft, self._preview
        parts: list[Part] = []
        if self._moved:
            parts.append((f"◐ {self._moved}: ctrl+r reads it again without your changes\n", "accent"))
        if draft.source is RoleSource.PROJECT:
            trust = role_rows.standing(self._entry).word if self._entry else ""
            parts.append((f"of the repository, {trust}: it can only be read here\n", ""))
        elif draft.source is RoleSource.STARTER:
            parts.append(("ships with Orion: saving makes a copy in your own folder, which hides it\n", ""))
        elif draft.is_new:
            parts.append(("not saved yet: ctrl+s saves it in your own folder\n", ""))
        if not preview.problems:
            return (
                *parts,
                ("✓ nothing is wrong in it" if preview.role else "reading…", "good" if preview.role else ""),
            )
        count = len(preview.problems)
        parts.append((f"{count} {'fault' if count == 1 else 'faults'}  ", "bad"))
        return (
            *parts,
            *((text.replace("\t", ""), tone) for text, tone in role_rows.problem_parts(preview.problems[0])),
        )

    def header_left(self) -> Parts:
        changed = self._draft.changed and bool(self._draft.text)
        return ((f"Role · {visible(self._role)}", "title"), ("  ● not saved" if changed else "", "accent"))

    def header_right(self) -> Parts:
        whose = "new" if self._draft.is_new else role_rows.whose(self._entry) if self._entry else ""
        sums = role_rows.summary(self._trials, self._confidence) if self._trials else ""
        return ((sums, "muted"), (f"  {whose}", ""))

    # -- what can be done

    def facts(self) -> frozenset[str]:
        holds = super().facts() | role_acts.facts_of(self._entry)
        writable = {"writable"} if self._draft.source is not RoleSource.PROJECT else set()
        return holds | writable

    def reason_off(self, act: Act) -> str:
        off = super().reason_off(act)
        if act.id == "save_role" and off == NEEDS["valid"] and self._preview.problems:
            return off
        return (role_acts.why_off(act.id, self._entry) or off) if off or act.id == "copy_role" else ""

    # -- the file

    def do_save_role(self) -> None:
        if self._typing:
            self._when_idle(self._take_typed)
            self._when_idle(self.do_save_role)
            return
        engine, name = self.engine, self._role

        def present() -> str:
            try:
                return engine.roles.text(name, source=RoleSource.USER).content
            except RoleError:
                return ""

        ask(self, present, self._save_over)

    def _save_over(self, present: str) -> None:
        if present == self._draft.expected:
            self._ask_pin(present)
            return
        self.ask_over("Your file of this role", present, lambda: self._ask_pin(present), fresh=not self._draft.expected)

    def _ask_pin(self, expected: str) -> None:
        engine, draft = self.engine, self._draft
        copied = draft.source is RoleSource.STARTER
        text = "A copy of the shipped role, in your own folder. It counts instead of the shipped one." if copied else ""
        text = text or "It counts for sessions that start or are resumed from now on."

        def work(secret: str) -> RoleEntry:
            return engine.roles.save(draft.name, draft.text, secret=secret, expected=expected)

        def over(entry: RoleEntry | None) -> None:
            if entry is not None:
                self._draft = replace(self._draft, source=RoleSource.USER)
                self._read(f"saved in {entry.path}")

        self.app.push_screen(
            PinModal(f"Save the role {visible(draft.name)}?", text, engine.auth, work, yes="save"), over
        )

    def do_read_file(self) -> None:
        self._read("read again from the disk")

    def do_copy_role(self) -> None:
        self.orion.go("new_role", base=self._role)

    def do_trust_role(self) -> None:
        if self._entry is not None:
            role_acts.trust(self, self._entry, self._since, self._read)

    def do_untrust_role(self) -> None:
        if self._entry is not None:
            role_acts.untrust(self, self._entry, self._read)

    def do_delete_role(self) -> None:
        if self._entry is not None:
            role_acts.delete(self, self._entry, self.orion.back)
