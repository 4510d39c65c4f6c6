"""A new role in a few questions; enter takes the answer that is there. It ends in the role's screen, not saved yet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.widgets import Input, Static

from engine.vocabulary.actions import ActionClass
from engine.vocabulary.errors import RoleError
from engine.vocabulary.role_forms import LISTED
from engine.vocabulary.text import visible
from orion_tui.actions import bindings_for
from orion_tui.bridge import ask
from orion_tui.modals.box import put
from orion_tui.resources import style_sheet
from orion_tui.role_interview import QUESTIONS, STEPS, Interview, nearest_role, proposed_name
from orion_tui.screens.base import OrionScreen
from orion_tui.widgets.columns import cell
from orion_tui.widgets.marked_list import Entry, MarkedList, rows_of

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from engine.vocabulary.errors import OrionError
    from engine.vocabulary.requests import RoleEntry
    from engine.vocabulary.roles import Role
    from orion_tui.widgets.rows import Row
    from orion_tui.widgets.signs import Part, Parts

_SIGNS = {"alone": "✓", "asks": "◐", "never": "⊘"}
_LABELS = {"purpose": "for", "base": "made of", "scope": "may change", "name": "called"}


class NewRoleScreen(OrionScreen):
    """One question at a time. Nothing is stored before the role is saved."""

    NAME = "new_role"
    BINDINGS = bindings_for("new_role")
    CSS_PATH = [str(style_sheet("roles.tcss"))]  # noqa: RUF012 - Textual declares it so

    def __init__(self, base: str = "") -> None:
        """With a `base`, that role is proposed as the one to begin from."""
        super().__init__()
        self._wanted = base
        self._default = base
        self._roles: dict[str, Role] = {}
        self._taken: frozenset[str] = frozenset()
        self._phrases: dict[ActionClass, str] = {}
        self._at = Interview()
        self._busy = True

    def compose_body(self) -> ComposeResult:
        with Vertical(id="ask"):
            yield Static(id="ask-said", markup=False)
            yield Static(id="ask-question", markup=False)
            yield Static(id="ask-help", markup=False)
            yield Input(id="ask-words", compact=True)
            yield MarkedList(id="ask-options")
            yield Static(id="ask-wrong", markup=False)

    def on_mount(self) -> None:
        engine, workspace = self.engine, self.orion.workspace
        self._draw()
        roles = engine.roles
        ask(self, lambda: (roles.list(workspace), engine.settings.get().default_role, roles.phrases()), self._read)

    def _read(self, found: tuple[tuple[RoleEntry, ...], str, tuple[tuple[ActionClass, str], ...]]) -> None:
        entries, default, phrases = found
        self._phrases = dict(phrases)
        usable = [e.role for e in entries if e.role is not None and e.trusted and e.hidden_by is None]
        self._roles = {role.name: role for role in usable}
        self._taken = frozenset(entry.name for entry in entries)
        self._default = self._wanted if self._wanted in self._roles else default
        self._busy = False
        if self._wanted and self._wanted not in self._roles:
            self.orion.say(f"{self._wanted} cannot be used, so nothing is made of it", severity="warning")
        self._draw()

    # -- drawing

    def _draw(self) -> None:
        at = self._at
        question, about = QUESTIONS[at.asked]
        put(self.query_one("#ask-said", Static), self._said())
        put(self.query_one("#ask-question", Static), ((question, "title"),))
        put(self.query_one("#ask-help", Static), ((about, "muted"),))
        put(self.query_one("#ask-wrong", Static), ())
        words, options = self.query_one("#ask-words", Input), self.query_one("#ask-options", MarkedList)
        typed = at.asked in ("purpose", "scope", "name")
        words.display, options.display = typed, not typed
        if typed:
            words.value = {"purpose": at.purpose, "scope": at.scope, "name": at.name}[at.asked]
            words.focus()
            words.cursor_position = len(words.value)
        else:
            options.show(self._options)
            options.focus()
            options.choose(self._proposed() if at.asked == "base" else str(next(iter(at.offered()), "")))
        self.update_chrome()

    def _proposed(self) -> str:
        """The role to begin from, unless another one was chosen already."""
        if self._at.base or self._wanted in self._roles:
            return self._at.base or self._wanted
        return nearest_role(self._at.purpose, tuple(self._roles.values()), self._default)

    def _said(self) -> Parts:
        """The answers so far, one a line."""
        at, parts = self._at, list[tuple[str, str]]()
        for step in STEPS[: at.step]:
            if step in LISTED:
                names = [str(action) for action, word in at.lists.items() if word == step]
                label, said = f"{_SIGNS[step]} {step}", ", ".join(names) or "nothing"
            else:
                label = _LABELS[step]
                said = {"purpose": at.purpose or "as the role it is made of", "base": at.base, "scope": at.scope}[step]
            width = max(self.size.width - 20, 20)
            parts.append((f"{label:<12} {cell(visible(said), width).rstrip()}\n", "muted"))
        return (*parts, ("\n", "")) if parts else ()

    def _options(self, width: int) -> tuple[Row, ...]:
        at = self._at
        if at.asked == "base":
            return rows_of(
                [Entry(role.name, ("", ""), f"{role.name:<24} {role.description}") for role in self._roles.values()],
                width,
            )
        entries = []
        for action in at.offered():
            marked = at.lists[action] == at.asked
            sign: Part = (f"{_SIGNS[at.asked]} ", "good" if at.asked == "alone" else "") if marked else ("· ", "muted")
            begun = at.begun[action]
            note = "" if (begun == at.asked) == marked else f"{at.base}: {begun or 'asks, in no list'}"
            words = f"{action:<18} {self._phrases.get(action, '')}"
            entries.append(Entry(str(action), sign, words, ((note, "muted"),), "" if marked else "muted"))
        return rows_of(entries, width)

    def header_left(self) -> Parts:
        return (("New role", "title"), (f"  question {self._at.step + 1} of {len(STEPS)}", "muted"))

    def facts(self) -> frozenset[str]:
        return super().facts() | ({"option"} if self._at.asked in LISTED else frozenset())

    # -- answering

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        self.do_answer()

    def do_answer(self) -> None:
        if self._busy:
            return
        at = self._at
        words = self.query_one("#ask-words", Input).value.strip()
        chosen = self.query_one("#ask-options", MarkedList).chosen
        match at.asked:
            case "purpose":
                at = replace(at, purpose=words)
            case "base":
                at = at.on(self._roles[chosen or self._proposed()], self._phrases)
                at = replace(at, name=at.name or proposed_name(at.purpose, at.base, self._taken))
            case "alone" | "never" if at.asked not in at.lists.values():
                self._refuse("mark at least one: a role needs it")
                return
            case "scope":
                at = replace(at, scope=words or ", ".join(self._roles[at.base].scope))
                self._try(at)
                return
            case "name":
                self._try(replace(at, name=words))
                return
        self._at = at.further()
        self._draw()

    def do_mark(self) -> None:
        options = self.query_one("#ask-options", MarkedList)
        if options.chosen:
            self._at = self._at.mark(ActionClass(options.chosen))
            options.show(self._options)

    def do_back(self) -> None:
        if self._at.step == 0:
            self.orion.back()
            return
        self._at = self._at.back()
        self._draw()

    def _try(self, at: Interview) -> None:
        """Make the text with the answers so far: what is wrong with the last one is said at once."""
        engine, workspace, last = self.engine, self.orion.workspace, self._at.is_last
        name = at.name or "new-role"
        fields = {"display_name": name.replace("-", " ").capitalize()}
        if at.purpose:
            fields["description"] = at.purpose
        scope = None if at.scope == ", ".join(self._roles[at.base].scope) else at.scope

        def work() -> str:
            if last:
                engine.roles.free(name)
            all_fields = {**fields} if scope is None else {**fields, "scope": engine.roles.value_of("scope", scope)}
            text = engine.roles.draft(name, base=at.base, fields=all_fields, workspace=workspace)
            for action, word in at.moved().items():
                text = engine.roles.with_words(text, f"authority:{action}", word)
            engine.roles.check(name, text)
            return text

        def made(text: str) -> None:
            self._busy = False
            if last:
                self.orion.go("role", replace=True, role=name, text=text, side="dry" if self.size.width < 100 else "")
            else:
                self._at = at.further()
                self._draw()

        self._busy = True
        ask(self, work, made, self._failed)

    def _failed(self, error: OrionError) -> None:
        self._busy = False
        problem = error.problems[0] if isinstance(error, RoleError) and error.problems else None
        hint = problem.hint if problem else error.hint
        self._refuse((problem.message if problem else error.message) + (f"; {hint}" if hint else ""))

    def _refuse(self, why: str) -> None:
        put(self.query_one("#ask-wrong", Static), ((f"✗ {visible(why)}", "bad"),))
