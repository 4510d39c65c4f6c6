"""Asks for the PIN and does one thing with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType

from engine.vocabulary.errors import AuthError, OrionError
from orion_tui.bridge import ask, shown_by
from orion_tui.modals.box import BoxModal, words
from orion_tui.widgets.pin_entry import PinEntry

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from orion_tui.engine_face import AuthFace

T = TypeVar("T")


class PinModal(BoxModal[T | None], Generic[T]):
    """Runs `work` with the PIN in a thread and closes with its result; a wrong PIN is asked for again, any other error
    is shown and closes the box with None, as escape does."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave it", show=False)]

    def __init__(
        self,
        title: str,
        text: str,
        auth: AuthFace,
        work: Callable[[str], T],
        *,
        yes: str = "do it",
        session: str = "",
        covered: Callable[[], T] | None = None,
    ) -> None:
        """With a `session`, `covered` is done instead while a right PIN of a moment ago still counts for it."""
        super().__init__(title)
        self._session = session if covered else ""
        self._covered = covered
        self._text = text
        self._auth = auth
        self._work = work
        self._yes = yes
        self._working = False

    def body(self) -> ComposeResult:
        yield words((self._text, ""))
        yield PinEntry(self._auth, session=self._session)

    def on_mount(self) -> None:
        self.say_keys(("enter", self._yes), ("esc", "leave it"))

    def on_pin_entry_given(self, event: PinEntry.Given) -> None:
        secret = event.secret
        self._working = True
        self.say_keys(("…", "under way"))
        without = self._covered if event.covered else None
        ask(self, without or (lambda: self._work(secret)), self._done, self._failed)

    def _done(self, result: T) -> None:
        self.dismiss(result)

    def _failed(self, error: OrionError) -> None:
        self._working = False
        if not self.is_attached:
            return
        if isinstance(error, AuthError):
            self.say_keys(("enter", self._yes), ("esc", "leave it"))
            self.query_one(PinEntry).refused(error)
            return
        shown_by(self)(error)
        self.dismiss(None)

    def action_leave(self) -> None:
        if not self._working:
            self.dismiss(None)
