"""Approvals: one decision at a time, with everything needed to make it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Static

from engine.vocabulary.errors import OrionError
from engine.vocabulary.text import first_line, visible
from engine.vocabulary.verdicts import Approval, ApprovalKind
from orion_tui.actions import bindings_for
from orion_tui.bridge import AppState, ask
from orion_tui.modals.box import put
from orion_tui.modals.confirm import ConfirmModal
from orion_tui.modals.pin import PinModal
from orion_tui.modals.reason import ANSWER, HINT, ReasonModal
from orion_tui.resources import style_sheet
from orion_tui.screens.approval_text import after_approval, facts_of, title_of_none
from orion_tui.screens.base import OrionScreen
from orion_tui.widgets.diff_view import DiffView
from orion_tui.widgets.prose import Prose
from orion_tui.widgets.signs import Parts, session_sign

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from engine.vocabulary.sessions import Session


WORDS = {
    ApprovalKind.QUESTION: ("Answer it", "answer", ANSWER),
    ApprovalKind.CIRCLE: ("Give it a hint", "go on", HINT),
}
"""What is approved with words: the box's title, its key's label, and what is wanted."""


class ApprovalsScreen(OrionScreen):
    """What waits for a person, oldest first; of one session, or of all."""

    NAME = "approvals"
    BINDINGS = bindings_for("approvals")
    CSS_PATH = [str(style_sheet("review.tcss"))]  # noqa: RUF012 - Textual declares it so

    def __init__(self, session: str | None = None, approval: str = "") -> None:
        super().__init__()
        self._only = session
        self._wanted = approval
        self._waiting: tuple[Approval, ...] = ()
        self._session: Session | None = None
        self._shown: tuple[str, int] = ("", 0)
        self._has_diff = False
        self._read = ""
        self._made: set[str] = set()

    def compose_body(self) -> ComposeResult:
        yield Static(id="decided", markup=False)
        with Horizontal(id="approval-body"):
            with VerticalScroll(id="approval-side"):
                yield Prose(id="approval-text")
            with Vertical(id="approval-main"):
                yield Static(id="diff-title", markup=False)
                yield DiffView(id="diff")

    def on_mount(self) -> None:
        put(self.query_one("#decided", Static), ())
        self.query_one("#approval-side").focus()

    # -- what is shown

    def refresh_from(self, state: AppState) -> None:
        if not state.ready:
            return
        # What was decided here is gone at once, not when the lists come.
        known = (a for a in state.approvals if a.id not in self._made)
        self._waiting = tuple(a for a in known if self._only in (None, a.session))
        current = self._current
        shown = (current.id if current else "", state.lists_version)
        if shown != self._shown:
            self._shown = shown
            self._load(current)

    @property
    def _current(self) -> Approval | None:
        if not self._waiting:
            return None
        wanted = next((a for a in self._waiting if self._wanted and a.id.startswith(self._wanted)), None)
        return wanted or self._waiting[0]

    def _load(self, approval: Approval | None) -> None:
        if approval is None:
            self._load_nothing()
            return
        engine = self.engine

        def read() -> tuple[Session, str | None, bytes]:
            session = engine.sessions.get(approval.session)
            known = engine.roles.list(Path(session.workspace))
            digests = [entry.role.digest for entry in known if entry.role and entry.name == session.role]
            return session, digests[0] if digests else None, _diff(approval)

        def _diff(approval: Approval) -> bytes:
            try:
                return engine.sessions.task_diff(approval.session, approval.task)
            except OrionError:
                # A task that has not begun has no tree, and so nothing to show beside the action.
                return b""

        ask(self, read, lambda found: self._draw(approval, *found), group="approval", exclusive=True)

    def _load_nothing(self) -> None:
        """Nothing waits: say what to do next, which may be to let a session go on."""
        engine, only = self.engine, self._only or (self._session.id if self._session else None)
        if only is None:
            self._draw_nothing(None)
        else:
            ask(self, lambda: engine.sessions.get(only), self._draw_nothing, group="approval", exclusive=True)

    def _draw_nothing(self, session: Session | None) -> None:
        self._session = session
        self._show_diff(b"")
        parts: list[tuple[str, str]] = [("Nothing waits for your decision.\n\n", "title")]
        if session is not None:
            sign, tone = session_sign(session.state)
            parts += [(f"{sign}  ", tone), (visible(session.goal), ""), ("\n\n", "")]
            if session.can_go_on:
                parts += [("p", "key"), (" lets it go on\n", "")]
            if session.counts()["kept"]:
                parts += [("d", "key"), (" reviews what was kept\n", "")]
            parts += [("l", "key"), (" looks at what it does\n", "")]
        parts += [("q", "key"), (" goes back", "muted")]
        self.query_one("#approval-text", Prose).show(parts)
        self.update_chrome()

    def _draw(self, approval: Approval, session: Session, digest: str | None, patch: bytes) -> None:
        current = self._current
        if current is None or current.id != approval.id:
            return
        self._session = session
        self.query_one("#approval-text", Prose).show(facts_of(approval, session, digest))
        if approval.id != self._read:
            # What is being read stays where it is when only the lists have changed.
            self._read = approval.id
            self.query_one("#approval-side").scroll_to(y=0, animate=False)
        self._show_diff(patch)
        what = "what it leaves" if approval.kind is ApprovalKind.EFFECT else "the task's tree so far"
        put(self.query_one("#diff-title", Static), ((what, "key"), (f"  {visible(approval.task)}", "muted")))
        self.update_chrome()

    def _show_diff(self, patch: bytes) -> None:
        view = self.query_one(DiffView)
        view.load(patch)
        self._has_diff = bool(view.patch.files)
        self.query_one("#approval-main").set_class(not self._has_diff, "-nothing")
        if not self._has_diff:
            self.remove_class("-diff-only")

    def header_left(self) -> Parts:
        current = self._current
        if current is None:
            return (("Approvals", "title"),)
        place = self._waiting.index(current) + 1
        return (("Approvals", "title"), (f"  ◐ {place} of {len(self._waiting)}", "accent"))

    def header_right(self) -> Parts:
        session = self._session
        if session is None:
            return ()
        sign, tone = session_sign(session.state)
        return (
            (visible(session.role), "muted"),
            (f"  {sign}", tone),
            (f"  {visible(session.sandbox)} · net off", "muted"),
        )

    # -- what can be done

    def facts(self) -> frozenset[str]:
        holds = set(super().facts())
        if self._current is not None:
            holds.add("decision")
        if len(self._waiting) > 1:
            holds.add("more")
        if self._has_diff:
            holds.add("hunk")
        session = self._session
        if session is not None:
            holds.add("session_here")
            if session.can_go_on:
                holds.add("paused_here")
            if self._current is None and session.counts()["kept"]:
                holds.add("review_here")
        return frozenset(holds)

    def _about(self, approval: Approval, then: str) -> str:
        """What a box says: the task, what it wants, and what follows."""
        view = self._session.tasks.get(approval.task) if self._session else None
        title = visible(view.task.title) if view else title_of_none(approval)
        return f"{title}\n{visible(first_line(approval.detail))}\n\n{then}"

    def do_approve(self) -> None:
        approval = self._current
        if approval is None:
            return
        engine = self.engine
        if approval.needs_auth:
            modal: PinModal[str] = PinModal(
                "Approve with your PIN",
                self._about(approval, after_approval(approval)),
                engine.auth,
                lambda secret: engine.approvals.approve(approval.id, secret=secret),
                yes="approve",
                session=approval.session,
                covered=lambda: engine.approvals.approve(approval.id),
            )
            self.app.push_screen(modal, lambda answer: self._decided("✓ approved", approval, answer))
            return
        if approval.kind in WORDS:
            title, yes, wants = WORDS[approval.kind]
            about = self._about(approval, after_approval(approval))
            words = ReasonModal(title, about, yes=yes, wants=wants)
            self.app.push_screen(words, lambda said: self._approve(approval, said) if said is not None else None)
            return
        self._approve(approval)

    def _approve(self, approval: Approval, said: str = "") -> None:
        engine = self.engine
        ask(
            self,
            lambda: engine.approvals.approve(approval.id, answer=said),
            lambda answer: self._decided("✓ approved", approval, answer),
        )

    def do_deny(self) -> None:
        approval = self._current
        if approval is None:
            return
        modal = ReasonModal("Reject it", self._about(approval, "The task is denied; others go on."))
        self.app.push_screen(modal, lambda reason: self._deny(approval, reason))

    def _deny(self, approval: Approval, reason: str | None) -> None:
        if reason is None:
            return
        engine = self.engine
        ask(
            self,
            lambda: engine.approvals.deny(approval.id, reason),
            lambda answer: self._decided("✗ rejected", approval, answer),
        )

    def _decided(self, word: str, approval: Approval, answer: str | None) -> None:
        """Say what happens now, and go on to the next; offer to let a session go on that nobody works on."""
        if answer is None:
            return
        what = visible(first_line(approval.detail))
        put(self.query_one("#decided", Static), ((f"{word} ", "good"), (f"{what}: ", ""), (visible(answer), "muted")))
        self._made.add(approval.id)
        left = [a for a in self._waiting if a.id != approval.id]
        self._waiting = tuple(left)
        self._wanted = ""
        if not any(a.session == approval.session for a in left):
            engine = self.engine
            ask(self, lambda: engine.sessions.get(approval.session), self._offer_to_go_on)
        self._shown = ("", 0)
        self.redraw()

    def _offer_to_go_on(self, session: Session) -> None:
        """All of the session's decisions are made; nobody works on it, but somebody could."""
        if not session.can_go_on:
            return
        text = f"{visible(session.goal)}\nNobody works on it now; what you decided takes effect when it goes on."
        modal = ConfirmModal("Let the session go on?", text, yes="go on in the background", no="later")
        self.app.push_screen(modal, lambda yes: self._resume(session.id) if yes else None)

    def do_next_decision(self) -> None:
        current = self._current
        if current is not None:
            self._wanted = self._waiting[(self._waiting.index(current) + 1) % len(self._waiting)].id
            self.redraw()

    def do_diff_of_decision(self) -> None:
        if not self._has_diff:
            self.orion.say("diff: the task has changed nothing so far")
            return
        self.toggle_class("-diff-only")
        self.query_one(DiffView if self.has_class("-diff-only") else "#approval-side").focus()

    def do_next_hunk(self) -> None:
        if not self.query_one(DiffView).next_hunk():
            self.orion.say("this is the last hunk")

    def do_previous_hunk(self) -> None:
        if not self.query_one(DiffView).previous_hunk():
            self.orion.say("this is the first hunk")

    def do_resume_here(self) -> None:
        if self._session is not None:
            self._resume(self._session.id)

    def _resume(self, session: str) -> None:
        engine = self.engine
        ask(self, lambda: engine.sessions.resume(session, detach=True), lambda _: self._resumed())

    def do_log_here(self) -> None:
        if self._session is not None:
            self._to("monitor", self._session.id)

    def do_review_here(self) -> None:
        if self._session is not None:
            self._to("review", self._session.id)

    def _to(self, name: str, session: str) -> None:
        """On to a screen of the session; back to it when it is where the person came from."""
        before = self.app.screen_stack[-2]
        if isinstance(before, OrionScreen) and name == before.NAME and before.shows == session:
            self.orion.back()
        else:
            self.orion.go(name, replace=True, session=session)

    def _resumed(self) -> None:
        words = (("● ", ""), ("it goes on in the background: ", ""), ("l", "key"), (" looks at it", "muted"))
        put(self.query_one("#decided", Static), words)
        self._shown = ("", 0)
        self.redraw()
