"""What every screen has: header, footer, keys from the table of actions, and one hook that draws from the state."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingsMap
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, TextArea

from orion_tui.actions import ACTS, act_for_key, acts_for, bindings_for, reason_off
from orion_tui.bridge import ask, is_here
from orion_tui.chain import chain_parts
from orion_tui.widgets.footer import OrionFooter
from orion_tui.widgets.header import OrionHeader
from orion_tui.windows import window_parts

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from orion_tui.acts.act import Act
    from orion_tui.app import OrionApp
    from orion_tui.bridge import AppState
    from orion_tui.engine_face import EngineFace
    from orion_tui.screens.session_figures import Figures
    from orion_tui.widgets.signs import Parts

BREAKPOINTS: list[tuple[int, str]] = [(0, "-narrow"), (100, "-wide")]
"""Classes that a screen gets from its width in columns; below 100 a side panel folds."""


class OrionScreen(Screen[None]):
    """Base of all screens.

    A subclass sets `NAME` and `BINDINGS = bindings_for(NAME)`, has a `compose_body`, draws in `refresh_from`, says in
    `facts` which conditions of `orion_tui.actions.NEEDS` hold, and has a method `do_ID` for each act of its own. What
    happened between two calls of `refresh_from` is at most one tick of the bridge old.
    """

    NAME: ClassVar[str] = ""
    DRAWS_BEHIND: ClassVar[bool] = False
    """Whether it goes on drawing what happens while a question stands over it."""
    HORIZONTAL_BREAKPOINTS = BREAKPOINTS

    def __init__(self) -> None:
        super().__init__()
        self._acts = ACTS

    @property
    def shows(self) -> str:
        """The id of the session that the screen is about, or an empty string."""
        return ""

    @property
    def orion(self) -> OrionApp:
        """The app, as what it is."""
        app: OrionApp = self.app  # type: ignore[assignment]
        return app

    @property
    def engine(self) -> EngineFace:
        """The facade; only call it inside `orion_tui.bridge.ask`. Raises RuntimeError before it is there, which the
        condition `engine` rules out."""
        return self.orion.engine

    def compose(self) -> ComposeResult:
        # Before the styles are worked out: told of its width later, a screen would work them all out again.
        width = self.app.size.width
        name = [name for least, name in self.HORIZONTAL_BREAKPOINTS if width >= least][-1]
        self.add_class(name, update=False)
        yield OrionHeader()
        yield from self.compose_body()
        yield OrionFooter()

    def compose_body(self) -> ComposeResult:
        """Everything between header and footer."""
        yield from ()

    def on_screen_resume(self) -> None:
        self.call_after_refresh(self.redraw)
        self.take_keys()
        # A prompt may have just closed.
        self.orion.look_at_windows()

    def on_descendant_focus(self) -> None:
        self.update_footer()

    def take_keys(self) -> None:
        """Listen to the person's own keys, where they are others than before."""
        acts = self.orion.acts
        if acts is not self._acts:
            self._acts = acts
            self._bindings = BindingsMap.merge([Screen._merge_bindings(), BindingsMap(bindings_for(self.NAME, acts))])
            self.update_chrome()

    @property
    def in_view(self) -> bool:
        """Whether it is on top, but for a question that stands over it."""
        stack = self.app.screen_stack
        return self.is_current or (self.DRAWS_BEHIND and isinstance(stack[-1], ModalScreen) and stack[-2:-1] == [self])

    def redraw(self) -> None:
        """Draw everything again from the present state."""
        if is_here(self):
            self.refresh_from(self.orion.bridge.state)
            self.update_chrome()

    def refresh_from(self, state: AppState) -> None:
        """Draw from the state; called at most once per tick while the screen is on top."""

    def header_left(self) -> Parts:
        """Where am I; the first part is cut when there is no room."""
        return (("ORION", "title"),)

    def header_right(self) -> Parts:
        """What supports it; left out from the left when there is no room."""
        return ()

    def facts(self) -> frozenset[str]:
        """Which conditions hold now; extend what the base says."""
        covered = {"covered"} if self.orion.windows else set()
        return frozenset({"engine"} | covered) if self.orion.is_open else frozenset()

    def reason_off(self, act: Act) -> str:
        """Why an act of this screen is off now; a screen may be more precise than the table."""
        return reason_off(act, self.facts())

    def update_chrome(self) -> None:
        """Header and footer from the present state."""
        for header in self.query(OrionHeader):
            chain = chain_parts(self.orion.chain)
            window = window_parts(self.orion.windows, self.shows)
            chain = (*window, *((("  ", ""),) if window and chain else ()), *chain)
            right = self.header_right()
            # Last, since a header without room leaves out from the left.
            header.show(self.header_left(), (*right, ("  ", ""), *chain) if right and chain else (*right, *chain))
        self.update_footer()

    def chain_changed(self) -> None:
        """The state of the audit log is another one than before."""
        self.update_chrome()

    def windows_changed(self) -> None:
        """What a right PIN or code of a moment ago covers is something else than before."""
        self.update_chrome()

    def update_footer(self) -> None:
        """The footer with the keys that work now."""
        typing = isinstance(self.focused, (Input, TextArea))
        acts = self.working_acts()
        if typing:
            # A field takes the letters, so only the other keys work; esc stands for q.
            leave = tuple(act for act in acts_for(self.NAME, self.orion.acts) if act.id == "back_esc")
            acts = (*(act for act in acts if not _types_a_character(act.key)), *leave)
        for footer in self.query(OrionFooter):
            footer.show(acts)

    def working_acts(self) -> tuple[Act, ...]:
        """The acts of this screen that work now and belong into the footer."""
        facts = self.facts()
        return tuple(act for act in acts_for(self.NAME, self.orion.acts) if act.footer and not reason_off(act, facts))

    def action_press(self, key: str) -> None:
        """Do what a key means now, or say why not."""
        act, _ = act_for_key(self.NAME, key, self.facts(), self.orion.acts)
        if act is not None:
            self.perform(act)

    def perform(self, act: Act) -> None:
        """Do an act, from a key or from the palette, or say why it is off."""
        reason = self.reason_off(act)
        if reason:
            self.orion.say(f"{act.label}: {reason}")
            return
        method = getattr(self, f"do_{act.id}", None) or getattr(self.app, f"do_{act.id}")
        method()

    def do_figures(self) -> None:
        from orion_tui.modals.detail import DetailModal
        from orion_tui.screens.session_figures import FIGURES_WIDTH, read_figures, session_figures

        engine, session = self.engine, self.shows

        def read(found: Figures) -> None:
            parts = session_figures(found, self.orion.now(), min(FIGURES_WIDTH, self.size.width - 8))
            self.app.push_screen(DetailModal("The session in figures", parts))

        ask(self, lambda: read_figures(engine, session), read)

    def do_back(self) -> None:
        self.orion.back()

    def do_back_esc(self) -> None:
        self.do_back()


def _types_a_character(key: str) -> bool:
    return len(key) == 1 or key in ("question_mark", "comma", "slash", "space")
