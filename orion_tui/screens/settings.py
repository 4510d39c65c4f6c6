"""The configuration as a form with its file beside it: validated while one types, written when it is saved, and picked
up when somebody else writes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.vocabulary.setting_forms import SettingsPreview
from orion_tui.actions import bindings_for
from orion_tui.bridge import ask
from orion_tui.draft import Draft
from orion_tui.file_watch import FileWatch, Stamp
from orion_tui.modals.pin import PinModal
from orion_tui.modals.reason import ReasonModal, Wanted
from orion_tui.resources import style_sheet
from orion_tui.screens import role_rows, settings_acts
from orion_tui.screens.form import FormScreen
from orion_tui.widgets.marked_list import MarkedList

if TYPE_CHECKING:
    from engine.vocabulary.requests import AuthStatus
    from engine.vocabulary.setting_forms import SettingsText
    from orion_tui.engine_face import EngineFace
    from orion_tui.widgets.signs import Part, Parts

_NAME = Wanted("a name, such as local", "the model needs a name")


@dataclass(frozen=True, slots=True)
class SettingsDraft(Draft):
    """A draft of the file at `path`."""

    path: str = ""

    @property
    def called(self) -> str:
        return "the configuration"


@dataclass(frozen=True, slots=True)
class _Opened:
    stamp: Stamp
    file: SettingsText
    preview: SettingsPreview
    status: AuthStatus


def read_settings(engine: EngineFace) -> _Opened:
    """The file as it is now, and what it means. Blocks. Raises ConfigError and AuthError."""
    stamp, file = engine.settings.stamp(), engine.settings.read()
    return _Opened(stamp, file, engine.settings.preview(file.text), engine.auth.status())


class SettingsScreen(FormScreen[SettingsDraft, SettingsPreview]):
    """What counts now, defaults included, and a draft of what shall count."""

    NAME = "settings"
    BINDINGS = bindings_for("settings")
    CSS_PATH = [str(style_sheet("form.tcss"))]  # noqa: RUF012 - Textual declares it so

    def __init__(self, field: str = "") -> None:
        """`field` is where to begin, by its name in the file."""
        super().__init__(SettingsDraft(""), SettingsPreview("", (), ()), "")
        self._first = field
        self._status: AuthStatus | None = None
        self._moved = ""
        self._watch = FileWatch(self, lambda: self.engine.settings.stamp(), self._file_moved)

    def on_mount(self) -> None:
        self.query_one("#form-rows").focus()
        self._show_side()
        self._watch.start()
        self._read()

    # -- reading

    def _read(self, note: str = "") -> None:
        engine = self.engine

        def opened(found: _Opened) -> None:
            self._opened(found)
            if note:
                self.orion.say(note)

        ask(self, lambda: read_settings(engine), opened, group="typed", exclusive=True)

    def _opened(self, found: _Opened) -> None:
        file = found.file
        self._watch.seen(found.stamp)
        self._draft = SettingsDraft(file.text, file.text, file.content, path=file.path)
        self._preview, self._status, self._moved = found.preview, found.status, ""
        self._busy = False
        self._next.clear()
        if found.preview.settings is not None:
            self.orion.apply(found.preview.settings)
        self._stop_typing()
        if self._first:
            first, self._first = self._first, ""
            self.query_one("#form-rows", MarkedList).choose(first)

    def _file_moved(self) -> None:
        draft, engine = self._draft, self.engine

        def looked(file: SettingsText) -> None:
            if file.content == draft.content:
                self._moved = ""
            elif draft.changed or self._typing:
                self._moved = "the file was changed on disk since you opened it"
            else:
                self._read("read again: the file was changed on disk")
            self._draw()

        ask(self, engine.settings.read, looked)

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        if self._status is not None:
            # The second factor may be another one by now.
            ask(self, self.engine.auth.status, self._stands, group="status")

    def _stands(self, status: AuthStatus) -> None:
        self._status = status
        self._draw()

    # -- what a form asks

    def look(self, text: str) -> SettingsPreview:
        return self.engine.settings.preview(text)

    def retyped(self, text: str, key: str, words: str) -> str:
        return self.engine.settings.with_words(text, key, words)

    def where(self) -> str:
        return self._draft.path

    def status(self) -> Parts:
        preview = self._preview
        parts: list[Part] = []
        if self._moved:
            parts.append((f"◐ {self._moved}: ctrl+r reads it again without your changes\n", "accent"))
        if preview.problems:
            count = len(preview.problems)
            parts.append((f"{count} {'fault' if count == 1 else 'faults'}  ", "bad"))
            parts += [(text.replace("\t", ""), tone) for text, tone in role_rows.problem_parts(preview.problems[0])]
        elif preview.weakens and self._status is not None and self._status.method:
            parts.append((f"◐ saving asks for the PIN or a code: {', '.join(preview.weakens)}", "accent"))
        else:
            parts.append(("✓ nothing is wrong in it" if preview.settings else "reading …", "good"))
        if self._status is not None:
            there = "" if self._draft.content else "; there is no file yet, the defaults count"
            what = {"pin": "a PIN", "totp": "one-time codes", "": "nothing yet"}[self._status.method]
            kept = ", in the system's keychain" if self._status.keychain == "system" else ", in an encrypted file"
            parts.append((f"\nlet in by {what}{kept if self._status.method else ''}{there}", "muted"))
        return parts

    def header_left(self) -> Parts:
        return (("Settings", "title"), ("  ● not saved" if self._draft.changed else "", "accent"))

    @property
    def _model(self) -> str:
        """The model whose field is chosen, empty for any other field."""
        field = self._field
        return field.group.removeprefix("MODEL ") if field is not None and field.group.startswith("MODEL ") else ""

    def facts(self) -> frozenset[str]:
        also = {"writable"} | ({"model"} if self._model else set())
        return super().facts() | also | (set() if self._draft.changed or self._typing else {"saved"})

    # -- the file

    def do_save_settings(self) -> None:
        if self._typing:
            self._when_idle(self._take_typed)
            self._when_idle(self.do_save_settings)
            return
        engine, draft = self.engine, self._draft

        def looked(file: SettingsText) -> None:
            if file.content == draft.content:
                self._save_over(file.content)
            else:
                self.ask_over("The configuration", file.content, lambda: self._save_over(file.content))

        ask(self, engine.settings.read, looked)

    def _save_over(self, expected: str) -> None:
        engine, text, laxer = self.engine, self._draft.text, self._preview.weakens
        if not laxer or self._status is None or not self._status.method:
            ask(self, lambda: engine.settings.save(text, expected=expected), self._saved)
            return
        about = f"This makes Orion less strict: {', '.join(laxer)}."
        if set(laxer) == {"notifications"}:
            about = "This changes where notifications go."
        modal: PinModal[tuple[str, ...]] = PinModal(
            "Change a guarded setting",
            about,
            engine.auth,
            lambda secret: engine.settings.save(text, secret=secret, expected=expected),
            yes="save",
        )
        self.app.push_screen(modal, lambda fields: self._saved(fields) if fields is not None else None)

    def _saved(self, fields: tuple[str, ...]) -> None:
        self._read(f"changed: {', '.join(fields)}" if fields else "saved; no value is different by it")

    def do_read_file(self) -> None:
        self._read("read again from the disk")

    # -- models, the second factor, housekeeping

    def do_new_model(self) -> None:
        def named(name: str | None) -> None:
            if name is None:
                return
            text, key = self._draft.text, f"models.{name.strip()}.api"

            def made(preview: SettingsPreview) -> None:
                self._draft = self._draft.with_text(preview.text)
                self._looked(preview)
                self.query_one("#form-rows", MarkedList).choose(f"models.{name.strip()}.model")

            ask(self, lambda: self.look(self.retyped(text, key, "openai")), made, group="typed", exclusive=True)

        about = "It speaks chat completions until you say otherwise; what it needs more is marked ✗."
        self.app.push_screen(ReasonModal("A new model", about, yes="describe it", wants=_NAME), named)

    def do_keep_key(self) -> None:
        settings_acts.keep_key(self, self._model, self._preview)

    def do_forget_key(self) -> None:
        settings_acts.forget_key(self, self._model)

    def do_try_model(self) -> None:
        settings_acts.try_model(self, self._model)

    def do_second_factor(self) -> None:
        self.orion.go("second_factor")

    def do_tidy(self) -> None:
        settings_acts.tidy(self, self._preview)
