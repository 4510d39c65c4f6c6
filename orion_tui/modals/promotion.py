"""The gate before the user's branch: a checklist that fills in live, then the PIN, then what happened and how to undo
it."""

from __future__ import annotations

import time
from dataclasses import replace
from threading import Event as Flag
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Static

from engine.vocabulary.changes import PromoteAs, Promotion
from engine.vocabulary.errors import AuthError, Cancelled, OrionError, SandboxUnavailable
from engine.vocabulary.text import visible
from orion_tui.bridge import ask
from orion_tui.gate_steps import STEPS, after_report, step_parts
from orion_tui.modals.box import BoxModal, put, words
from orion_tui.selection import Take
from orion_tui.widgets.pin_entry import PinEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult

    from engine.vocabulary.requests import Review
    from orion_tui.engine_face import EngineFace
    from orion_tui.selection import Selection
    from orion_tui.widgets.signs import Part


_KINDS = {
    PromoteAs.COMMIT: "as one commit",
    PromoteAs.COMMITS: "as one commit for each task",
    PromoteAs.CHANGES: "as uncommitted changes",
}
_CHOICES = (("ctrl+o", "as"), ("ctrl+b", "branch"))


class PromotionModal(BoxModal[Promotion | None]):
    """Looks at exactly this selection afresh; when nothing blocks it, asks for the PIN and promotes. Closes with the
    promotion, or with None when nothing was promoted."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", show=False),
        Binding("enter", "close_result", "close", show=False),
        Binding("ctrl+o", "next_kind", "as", show=False),
        Binding("ctrl+b", "next_branch", "onto", show=False),
    ]

    clock: ClassVar[Callable[[], float]] = time.monotonic
    tick_s: ClassVar[float] = 1.0
    """Seconds between two looks at how long a step has run."""

    class Told(Message):
        """A step of the real promotion moved; sent from the engine's thread."""

        def __init__(self, step: str, status: str) -> None:
            super().__init__()
            self.step = step
            self.status = status

    def __init__(self, engine: EngineFace, selection: Selection) -> None:
        session = selection.whole.session
        super().__init__("Promote")
        self._engine = engine
        self._selection = selection
        self._session = session.id
        self._status: dict[str, str] = dict.fromkeys(STEPS, "pending")
        self._detail: dict[str, str] = {}
        self._seen: dict[str, str] = {}
        self._began: dict[str, float] = {}
        self._kind = PromoteAs.COMMIT
        self._branch = selection.onto or session.branch
        self._branches: tuple[str, ...] = ()
        self._stop = Flag()
        self._round = 0
        self._working = False
        self._result: Promotion | None = None

    def body(self) -> ComposeResult:
        yield words(id="about")
        yield Static(id="gate", markup=False)
        yield PinEntry(self._engine.auth, session=self._session)
        yield Static(id="result", markup=False)

    def _about(self) -> None:
        taken, known = len(self._selection.taken), len(self._selection.paths)
        parts = sum(self._selection.take_of(path)[0] is Take.PART for path in self._selection.taken)
        partly = f", {parts} of them in part" if parts else ""
        put(
            self.query_one("#about", Static),
            (
                (visible(self._selection.whole.session.goal), ""),
                (f"\n{taken} of {known} files{partly}, {_KINDS[self._kind]}", "muted"),
                (f", onto {visible(self._branch)}", "muted"),
            ),
        )

    def on_mount(self) -> None:
        put(self.query_one("#result", Static), ())
        engine, session = self._engine, self._session
        ask(self, lambda: engine.review.branches(session), self._know_branches, group="branches")
        self.set_interval(self.tick_s, self._draw_running)
        self._look_again()

    def _know_branches(self, branches: tuple[str, ...]) -> None:
        self._branches = branches

    def _look_again(self) -> None:
        """Everything of exactly this selection on this branch: the report, its checks, the report with their result."""
        self._stop.set()
        self._stop = Flag()
        self._round += 1
        self._selection = replace(self._selection, onto=self._branch)
        self.query_one(PinEntry).display = False
        put(self.query_one("#result", Static), ())
        self._about()
        for step in STEPS:
            self._mark(step, "pending")
        self._mark("drift", "running")
        self.say_keys(*_CHOICES, ("esc", "leave it"))
        engine, session, choice, turn = self._engine, self._session, self._selection.choice, self._round
        ask(
            self,
            lambda: engine.review.report(session, **choice),
            lambda report: self._looked(report, turn),
            self._broken,
            group="gate",
        )

    def action_next_kind(self) -> None:
        if self._working or self._result is not None:
            return
        kinds = list(PromoteAs)
        self._kind = kinds[(kinds.index(self._kind) + 1) % len(kinds)]
        self._about()

    def action_next_branch(self) -> None:
        if self._working or self._result is not None or len(self._branches) < 2:
            return
        at = self._branches.index(self._branch) if self._branch in self._branches else 0
        self._branch = self._branches[(at + 1) % len(self._branches)]
        self._look_again()

    def _mark(self, step: str, status: str, detail: str = "") -> None:
        if status != "running" or self._status[step] != "running":
            self._began[step] = type(self).clock()
        self._status[step] = status
        self._detail[step] = detail
        self._draw()

    def _draw(self) -> None:
        parts: list[Part] = []
        for name, status in self._status.items():
            # A person who looks for the PIN is not counted.
            for_s = type(self).clock() - self._began.get(name, 0.0) if name != "authentication" else 0.0
            parts += step_parts(name, status, self._detail.get(name, ""), for_s)
        put(self.query_one("#gate", Static), parts)

    def _draw_running(self) -> None:
        if "running" in self._status.values():
            self._draw()

    def _looked(self, report: Review, turn: int) -> None:
        """The report before the checks: they run when there is anything that never ran on this."""
        if turn != self._round:
            return
        self._show(report)
        if report.unproven and not report.conflicts:
            self._mark("checks", "running", report.unproven[0])
            engine, session, choice, stop = self._engine, self._session, self._selection.choice, self._stop
            ask(
                self,
                lambda: (
                    engine.review.check(session, **choice, stop=stop, progress=self._told_check),
                    engine.review.report(session, **choice),
                ),
                lambda found: self._judged(found[1], turn),
                lambda error: self._not_checked(error, report, turn),
                group="gate",
            )
        else:
            self._judged(report, turn)

    def _told_check(self, command: str, status: str) -> None:
        if status == "running":
            self.post_message(self.Told("checks", f"running {command}"))

    def _not_checked(self, error: OrionError, report: Review, turn: int) -> None:
        """Without a sandbox that is said, and the finding that nothing ran stands. What will be over soon (somebody
        else has the session, git did not answer) is no reason to go on unproven."""
        if not self.is_attached or turn != self._round or isinstance(error, Cancelled):
            return
        if not isinstance(error, SandboxUnavailable):
            self._mark("checks", "blocked", "they could not run now")
            self._broken(error)
            return
        self._judged(report, turn)
        self._mark("checks", "unproven", f"they could not run: {error.message}")

    def _show(self, report: Review) -> None:
        self._selection = replace(self._selection, report=report)
        for step, (status, detail) in after_report(self._selection).items():
            self._seen[step] = detail
            self._mark(step, status, detail)

    def _judged(self, report: Review, turn: int) -> None:
        if not self.is_attached or turn != self._round:
            return
        self._show(report)
        blockers = self._selection.blockers()
        if blockers:
            self._refuse(blockers)
            return
        self._mark("authentication", "running")
        entry = self.query_one(PinEntry)
        entry.display = True
        entry.look()
        self.say_keys(("enter", "promote"), *_CHOICES, ("esc", "leave it"))

    def on_pin_entry_given(self, event: PinEntry.Given) -> None:
        self._working = True
        self.say_keys(("…", "promoting; it is all or nothing and ends by itself"))
        for step in STEPS:
            self._mark(step, "pending")
        engine, session, choice = self._engine, self._session, self._selection.choice
        secret = None if event.covered else event.secret
        accepted, kind = tuple(self._selection.accepted), self._kind

        def work() -> Promotion:
            return engine.review.promote(
                session, secret=secret, **choice, accept=accepted, kind=kind, progress=self._told
            )

        ask(self, work, self._done, self._failed)

    def _told(self, step: str, status: str) -> None:
        self.post_message(self.Told(step, status))

    def on_promotion_modal_told(self, message: PromotionModal.Told) -> None:
        if message.status.startswith("running "):
            if self._status["checks"] == "running":
                self._mark("checks", "running", message.status.removeprefix("running "))
        elif message.step in self._status and self._working:
            self._mark(message.step, message.status, self._seen.get(message.step, "") if message.status == "ok" else "")

    def _failed(self, error: OrionError) -> None:
        self._working = False
        if not self.is_attached:
            return
        if isinstance(error, AuthError):
            self._mark("authentication", "blocked")
            self.say_keys(("enter", "promote"), *_CHOICES, ("esc", "leave it"))
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
        self.say_keys(*_CHOICES, ("esc", "back to the review"))

    def _done(self, promotion: Promotion) -> None:
        self._working = False
        if not promotion.promoted:
            self._refuse(promotion.reasons or ("the gate did not say why",))
            return
        for step in STEPS:
            seen = self._status[step] if self._status[step] in ("moved", "unproven", "none") else "ok"
            self._mark(step, seen, self._seen.get(step, ""))
        self._result = promotion
        self.query_one("#about").display = False
        self.query_one(PinEntry).display = False
        files = f"{promotion.files} file{'s' if promotion.files != 1 else ''}"
        lines: list[Part] = [(f"✓ promoted {files} onto {visible(promotion.branch)}", "good")]
        for name, value in (
            ("commit", promotion.commit[:12] or "none: the changes are in your work tree, uncommitted"),
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
        self._stop.set()
        self.dismiss(self._result)

    def action_close_result(self) -> None:
        if self._result is not None:
            self.dismiss(self._result)
