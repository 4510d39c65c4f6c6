"""The gate before the user's branch: a checklist that fills in live, then the PIN, then what happened and how to undo
it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Static

from engine.vocabulary.changes import Promotion
from engine.vocabulary.errors import AuthError, OrionError
from engine.vocabulary.text import visible
from orion_tui.bridge import ask
from orion_tui.gate_steps import STEPS, after_report, step_parts
from orion_tui.modals.box import BoxModal, put, words
from orion_tui.widgets.pin_entry import PinEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from engine.vocabulary.requests import Review
    from orion_tui.engine_face import EngineFace
    from orion_tui.selection import Selection
    from orion_tui.widgets.signs import Part


class PromotionModal(BoxModal[Promotion | None]):
    """Looks at exactly this selection afresh; when nothing blocks it, asks for the PIN and promotes. Closes with the
    promotion, or with None when nothing was promoted."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", show=False),
        Binding("enter", "close_result", "close", show=False),
    ]

    class Told(Message):
        """A step of the real promotion moved; sent from the engine's thread."""

        def __init__(self, step: str, status: str) -> None:
            super().__init__()
            self.step = step
            self.status = status

    def __init__(self, engine: EngineFace, selection: Selection) -> None:
        session = selection.whole.session
        super().__init__(f"Promote onto {visible(session.branch)}")
        self._engine = engine
        self._selection = selection
        self._session = session.id
        self._status: dict[str, str] = dict.fromkeys(STEPS, "pending")
        self._detail: dict[str, str] = {}
        self._seen: dict[str, str] = {}
        self._working = False
        self._result: Promotion | None = None

    def body(self) -> ComposeResult:
        taken, known = len(self._selection.taken), len(self._selection.paths)
        goal = visible(self._selection.whole.session.goal)
        yield words((goal, ""), (f"\n{taken} of {known} files, as one commit", "muted"), id="about")
        yield Static(id="gate", markup=False)
        yield PinEntry(self._engine.auth)
        yield Static(id="result", markup=False)

    def on_mount(self) -> None:
        self.query_one(PinEntry).display = False
        put(self.query_one("#result", Static), ())
        self._mark("drift", "running")
        self.say_keys(("esc", "leave it"))
        engine, session, paths = self._engine, self._session, self._paths
        ask(self, lambda: engine.review.report(session, paths=paths), self._looked, self._broken)

    @property
    def _paths(self) -> Sequence[str] | None:
        return self._selection.taken if self._selection.left else None

    def _mark(self, step: str, status: str, detail: str = "") -> None:
        self._status[step] = status
        self._detail[step] = detail
        parts = [part for name in STEPS for part in step_parts(name, self._status[name], self._detail.get(name, ""))]
        put(self.query_one("#gate", Static), parts)

    def _looked(self, report: Review) -> None:
        fresh = replace(self._selection, report=report)
        for step, (status, detail) in after_report(fresh).items():
            self._seen[step] = detail
            self._mark(step, status, detail)
        if fresh.blockers():
            self._refuse(fresh.blockers())
            return
        self._mark("authentication", "running")
        entry = self.query_one(PinEntry)
        entry.display = True
        entry.look()
        self.say_keys(("enter", "promote"), ("esc", "leave it"))

    def on_pin_entry_given(self, event: PinEntry.Given) -> None:
        self._working = True
        self.say_keys(("…", "promoting; it is all or nothing and ends by itself"))
        for step in STEPS:
            self._mark(step, "pending")
        engine, session, paths, secret = self._engine, self._session, self._paths, event.secret
        accepted = tuple(self._selection.accepted)

        def work() -> Promotion:
            return engine.review.promote(session, secret=secret, paths=paths, accept=accepted, progress=self._told)

        ask(self, work, self._done, self._failed)

    def _told(self, step: str, status: str) -> None:
        self.post_message(self.Told(step, status))

    def on_promotion_modal_told(self, message: PromotionModal.Told) -> None:
        if message.step in self._status and self._working:
            self._mark(message.step, message.status, self._seen.get(message.step, "") if message.status == "ok" else "")

    def _failed(self, error: OrionError) -> None:
        self._working = False
        if not self.is_attached:
            return
        if isinstance(error, AuthError):
            self._mark("authentication", "blocked")
            self.say_keys(("enter", "promote"), ("esc", "leave it"))
            self.query_one(PinEntry).refused(error)
            return
        self._broken(error)

    def _broken(self, error: OrionError) -> None:
        if self.is_attached:
            self._refuse((error.message, *([error.hint] if error.hint else [])))

    def _refuse(self, reasons: Sequence[str]) -> None:
        self.query_one(PinEntry).display = False
        lines: list[Part] = [("✗ nothing was promoted; your repository is as before", "bad")]
        lines += [(f"\n  {visible(reason)}", "") for reason in reasons]
        put(self.query_one("#result", Static), lines)
        self.say_keys(("esc", "back to the review"))

    def _done(self, promotion: Promotion) -> None:
        self._working = False
        if not promotion.promoted:
            self._refuse(promotion.reasons or ("the gate did not say why",))
            return
        for step in STEPS:
            self._mark(step, "ok", self._seen.get(step, ""))
        self._result = promotion
        self.query_one("#about").display = False
        self.query_one(PinEntry).display = False
        files = f"{promotion.files} file{'s' if promotion.files != 1 else ''}"
        lines: list[Part] = [(f"✓ promoted {files} onto {visible(promotion.branch)}", "good")]
        for name, value in (
            ("commit", promotion.commit[:12]),
            ("before", promotion.pre_tag),
            ("after", promotion.post_tag),
        ):
            lines += [(f"\n  {name:<8}", "muted"), (value, "")]
        lines += [(f"\n  {visible(notice)}", "muted") for notice in promotion.notices]
        lines += [
            ("\n  undo    ", "muted"),
            ("U", "key"),
            (" on the review, or: ", "muted"),
            (f"orion undo-promote {self._session}", ""),
        ]
        put(self.query_one("#result", Static), lines)
        self.set_focus(None)
        self.say_keys(("enter", "close"))

    def action_leave(self) -> None:
        if self._working:
            return
        self.dismiss(self._result)

    def action_close_result(self) -> None:
        if self._result is not None:
            self.dismiss(self._result)
