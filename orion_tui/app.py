"""The full-screen app: themes, errors, and which screen is on top. Small, and light to import: the engine comes after
the first paint, in a thread."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from textual.app import App
from textual.events import Key
from textual.screen import ModalScreen

from engine.vocabulary.sessions import SessionState
from engine.vocabulary.text import visible
from orion_tui.actions import ACTS, with_keys
from orion_tui.bridge import TICK_S, AppState, Bridge, Lists, ask, connect, is_here, read_lists
from orion_tui.chain import Chain, ChainWatch
from orion_tui.crash import QuietCrash
from orion_tui.looks import BY_NAME, OWN, THEMES, filters_for, next_choice, theme_of
from orion_tui.opening import Opened, opened_engine, say_unopened, settings_of
from orion_tui.presence import Presence
from orion_tui.readying import ReadyReview
from orion_tui.resources import look_in, style_sheet
from orion_tui.routes import make_screen
from orion_tui.screens.base import OrionScreen
from orion_tui.sweeping import Sweeper
from orion_tui.windows import WindowWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from textual.command import Provider
    from textual.events import Event
    from textual.theme import Theme

    from engine.vocabulary.absence import Absence
    from engine.vocabulary.errors import OrionError
    from engine.vocabulary.housekeeping import Tidied
    from engine.vocabulary.settings import Settings
    from orion_tui.engine_face import EngineFace
    from orion_tui.review_memory import ReviewMemory

_QUIT = "quit"
_LOOK_AGAIN_S = 5.0
"""How often the lists are read again without being asked: a runner that died tells nobody."""

Wizard = Literal["never", "new", "always"]


def _palette() -> type[Provider]:
    from orion_tui.palette import Actions

    return Actions


class OrionApp(QuietCrash[int]):
    """One engine, one bridge, a stack of screens with Home at the bottom."""

    TITLE = "Orion"
    COMMANDS: ClassVar = {_palette}

    def __init__(
        self,
        open_engine: Callable[[], EngineFace],
        workspace: Path,
        now: Callable[[], datetime] | None = None,
        *,
        wizard: Wizard = "never",
        look: str = "dark",
    ) -> None:
        """`wizard` says whether the set-up opens by itself: on a home where nobody ever did anything, or always. `look`
        is the theme to paint with first, as the configuration says it."""
        super().__init__(css_path=[style_sheet("orion.tcss")])
        for theme in THEMES:
            self.register_theme(theme)
        # Before the first paint, so that the style sheets are worked out once.
        first = theme_of(look, os.environ)
        self.set_reactive(App.theme, first)
        self._filters = filters_for(first, self._filters)
        self._look = look
        self.acts = ACTS
        self.stylesheet.set_variables(self.get_css_variables())
        self.workspace = workspace
        self.now = now or (lambda: datetime.now(UTC))
        self.reviews: dict[str, ReviewMemory] = {}
        """What was chosen in the review of each session, until the app is left."""
        self.bridge = Bridge(self._tell, self._lists_changed)
        self._open_engine = open_engine
        self._wizard: Wizard = wizard
        self._engine: EngineFace | None = None
        self._disconnect: Callable[[], None] = lambda: None
        self._watch: ChainWatch | None = None
        self._presence: Presence | None = None
        self._sweeper: Sweeper | None = None
        self._windows: WindowWatch | None = None
        self._reading = False
        self._read_again = False
        self.ready_review = ReadyReview(self)

    # -- the engine

    @property
    def is_open(self) -> bool:
        """Whether the engine is there."""
        return self._engine is not None

    @property
    def chain(self) -> Chain:
        """The state of the audit log as it was seen last."""
        return self._watch.chain if self._watch else Chain()

    @property
    def chain_progress(self) -> str:
        """How far the verification of the audit log is, empty when none is under way for long."""
        return self._watch.progress if self._watch else ""

    def look_at_chain(self) -> None:
        """Look at the audit log now."""
        if self._watch:
            self._watch.look()

    @property
    def absence(self) -> Absence | None:
        """What happened while nobody was here, when that was long enough and something did."""
        return self._presence.absence if self._presence else None

    def _absence_changed(self) -> None:
        self._tell(self.bridge.state)

    async def on_event(self, event: Event) -> None:
        if self._presence and self._sweeper and isinstance(event, Key):
            self._presence.key()
            self._sweeper.key()
        await super().on_event(event)

    def littered(self) -> None:
        """A screen was let go of, though no key was pressed: it is swept up all the same."""
        if self._sweeper:
            self._sweeper.key()

    def _chain_changed(self) -> None:
        if isinstance(self.screen, OrionScreen) and self.screen.is_mounted:
            self.screen.chain_changed()

    @property
    def windows(self) -> Mapping[str, float]:
        """The sessions that a right PIN or code of a moment ago still covers, with the seconds left."""
        return self._windows.left_s if self._windows else {}

    def look_at_windows(self) -> None:
        """Look now what is covered."""
        if self._windows:
            self._windows.look()

    def _windows_changed(self) -> None:
        if isinstance(self.screen, OrionScreen) and self.screen.is_mounted:
            self.screen.windows_changed()

    def do_ask_again(self) -> None:
        if self._windows:
            self._windows.end()
            self.say("from now on the PIN or a code is asked for each time")

    @property
    def engine(self) -> EngineFace:
        if self._engine is None:
            raise RuntimeError("the engine is not open yet")
        return self._engine

    def get_default_screen(self) -> OrionScreen:
        return make_screen("home")

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return OWN

    def get_theme(self, theme_name: str) -> Theme | None:
        # Asked for each line that is drawn; Textual's own way to it is a twentieth of a paint.
        return BY_NAME.get(theme_name) or super().get_theme(theme_name)

    def on_mount(self) -> None:
        self.call_after_refresh(self._start_engine)

    def _start_engine(self) -> None:
        def opened() -> Opened:
            # Subscribed before the lists are read, so that nothing falls between the two.
            engine = self._open_engine()
            disconnect = connect(self.bridge, engine)
            greets = self._wizard == "always" or (self._wizard == "new" and engine.setup.is_new())
            return Opened(engine, disconnect, read_lists(engine, {}), greets)

        ask(self, opened, self._opened, self._not_opened, group="engine")

    def _opened(self, found: Opened) -> None:
        self._engine, self._disconnect = found.engine, found.disconnect
        self._watch = ChainWatch(self, found.engine, self._chain_changed)
        self._windows = WindowWatch(self, found.engine, self._windows_changed)
        self._lists_read(found.lists)
        for said in found.engine.settled:
            self.say(said, severity="warning", timeout=60.0)
        self._presence = Presence(self, found.engine.attendance, self.now, self._absence_changed)
        self._sweeper = Sweeper(self)
        self.set_interval(TICK_S, self.bridge.tick)
        self.set_interval(_LOOK_AGAIN_S, self._lists_changed)
        if found.greets:
            self.go("setup")
        # Not before the lists are shown: to read and check the configuration takes as long as opening all the rest.
        ask(self, lambda: settings_of(found.engine), self._configured, group="settings")
        ask(self, found.engine.housekeeping.tidy_if_due, self._tidied, lambda _error: None, group="tidy")

    def _configured(self, settings: Settings | None) -> None:
        if settings is not None:
            self.apply(settings)

    def _tidied(self, gone: Tidied | None) -> None:
        if gone is not None and gone.size:
            self.say(f"tidied up: {gone.size / 1024**2:.0f} MiB of what is settled; retention on Settings says when")

    def _not_opened(self, error: OrionError) -> None:
        say_unopened(self, error)

    def on_unmount(self) -> None:
        self._disconnect()

    def close_engine(self) -> None:
        """Let go of the engine; sessions run in processes of their own and go on."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def _tell(self, state: AppState) -> None:
        if not self.is_running:
            return
        stack = self.screen_stack
        below = stack[-2] if isinstance(stack[-1], ModalScreen) and len(stack) > 1 else None
        screen = below if isinstance(below, OrionScreen) and below.DRAWS_BEHIND else stack[-1]
        # One that was just pushed has no widgets yet; it draws the state by itself once it is mounted.
        if isinstance(screen, OrionScreen) and screen.is_mounted and is_here(screen):
            screen.refresh_from(state)
            screen.update_chrome()

    def _lists_changed(self) -> None:
        """Read the lists again; while one reading runs, at most one more is kept in mind."""
        if self._reading:
            self._read_again = True
            return
        self._reading = True
        engine, known = self.engine, self.bridge.state.titles
        ask(self, lambda: read_lists(engine, known), self._lists_read, self._lists_failed)

    def _lists_read(self, lists: Lists) -> None:
        self.bridge.set_lists(lists)
        self.bridge.tick()
        self._lists_over()

    def _lists_failed(self, error: OrionError) -> None:
        self.show_error(error)
        self._lists_over()

    def _lists_over(self) -> None:
        self._reading = False
        if self._read_again:
            self._read_again = False
            self.set_timer(0.25, self._lists_changed)

    # -- what screens use

    def go(self, name: str, *, replace: bool = False, **arguments: Any) -> None:
        """Open a screen by name (see `orion_tui.routes`); with `replace` in the place of the present one."""
        ready = self.ready_review.taken(arguments["session"]) if name == "review" else None
        screen = ready or make_screen(name, **arguments)
        if replace:
            self.switch_screen(screen)
        else:
            self.push_screen(screen)

    def back(self) -> None:
        """One screen back; Home is the last."""
        if len(self.screen_stack) > 1:
            self.pop_screen()

    def home(self) -> None:
        """Back to Home from anywhere."""
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def say(self, message: str, *, severity: Any = "information", timeout: float = 4.0) -> None:
        """Tell the person something, literally, and not again while it is still to be read: a held key says it once."""
        text = visible(message, keep="\n")
        if all(shown.message != text for shown in self._notifications):
            self.notify(text, severity=severity, timeout=timeout, markup=False)

    def show_error(self, error: OrionError, *, timeout: float = 10.0) -> None:
        """An error for a person: what happened and what to do."""
        self.say("\n".join(filter(None, (error.message, error.hint))), severity="error", timeout=timeout)

    # -- what a person can do everywhere

    def do_palette(self) -> None:
        self.action_command_palette()

    def action_command_palette(self) -> None:
        if isinstance(self.screen, OrionScreen):
            super().action_command_palette()
        else:
            self.say("commands: leave this box first, esc does")

    def do_keys(self) -> None:
        from orion_tui.modals.help import HelpModal

        screen = self.screen
        if isinstance(screen, OrionScreen):
            self.push_screen(HelpModal(screen.NAME, self.acts, screen.reason_off))

    def do_theme(self) -> None:
        """The next look, at once, and kept in the configuration."""
        look = next_choice(self.theme)
        self._wear(look)
        if not self.is_open:
            return
        settings = self.engine.settings

        def kept(_fields: object) -> None:
            self.say(f"theme: {look}", timeout=2)

        ask(self, lambda: settings.save(settings.with_value("theme", look)), kept, self._not_kept)

    def _not_kept(self, error: OrionError) -> None:
        self.say(f"it looks so until you leave; it cannot be kept: {error.message}", severity="warning", timeout=8)

    def _wear(self, look: str) -> None:
        theme = theme_of(look, os.environ)
        self._look = look
        self._filters = filters_for(theme, self._filters)
        self.theme = theme

    def apply(self, settings: Settings) -> None:
        """What the configuration says of the app itself counts from now on: its look and its keys."""
        if settings.theme != self._look:
            self._wear(settings.theme)
        acts = with_keys(settings.keys)
        if acts != self.acts:
            self.acts = acts
            if isinstance(self.screen, OrionScreen):
                self.screen.take_keys()

    def do_quit(self) -> None:
        running = [summary for summary in self.bridge.state.sessions if summary.state is SessionState.RUNNING]
        if not running:
            self.exit(0)
            return
        if self.screen.id == _QUIT:
            return
        from orion_tui.modals.choice import Choice, ChoiceModal

        count = "A session is" if len(running) == 1 else f"{len(running)} sessions are"
        choices = (
            Choice("keep", "Keep it running", "it goes on without this window; orion opens it again"),
            Choice("pause", "Pause it and leave", "with a checkpoint; it goes on when you resume it"),
            Choice("stay", "Stay here"),
        )
        ids = [summary.id for summary in running]
        question = ChoiceModal(f"{count} still running.", choices, id=_QUIT)
        self.push_screen(question, lambda answer: self._quit_as(answer, ids))

    def _quit_as(self, answer: str | None, running: list[str]) -> None:
        if answer == "keep":
            self.exit(0)
        elif answer == "pause":
            engine = self.engine

            def pause() -> None:
                for session in running:
                    engine.sessions.pause(session)

            ask(self, pause, lambda _none: self.exit(0))

    def do_quit_app(self) -> None:
        self.do_quit()

    async def action_quit(self) -> None:
        """Textual's own ctrl+q works above every screen and would leave without asking."""
        self.do_quit()


def run(home: Path | None, workspace: Path, *, wizard: Wizard = "new") -> int:
    """Run the app until the person leaves; the answer is the exit status."""
    app = OrionApp(lambda: opened_engine(home), workspace, wizard=wizard, look=look_in(home))
    try:
        return app.run_or_raise() or 0
    finally:
        app.close_engine()
