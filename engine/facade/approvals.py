"""`engine.approvals`: what waits for a person. Deciding only records; a runner carries it out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.vocabulary.access import Guarded
from engine.vocabulary.errors import UsageError
from engine.vocabulary.events import EventKind, Fact
from engine.vocabulary.verdicts import Approval, ApprovalKind, ApprovalState

if TYPE_CHECKING:
    from engine.facade.core import Core
    from engine.vocabulary.sessions import Session


class Approvals:
    """Undecided approvals of all sessions, and the two decisions."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def list(self, session: str | None = None) -> tuple[Approval, ...]:
        """Undecided ones, oldest first; of one session or of all."""
        waiting = [
            approval
            for summary in self._core.journal.summaries()
            if summary.waiting and session in (None, summary.id)
            for approval in self._core.session(summary.id).waiting
        ]
        return tuple(sorted(waiting, key=lambda approval: approval.asked_at))

    def get(self, approval: str) -> Approval:
        """The approval with that id or a unique beginning of it, decided or not. Raises UsageError."""
        return self._found(approval)[1]

    def approve(self, approval: str, *, secret: str | None = None, answer: str = "") -> str:
        """Record a yes, with the answer to a question or a hint for a worker that goes in circles; a sentence on what
        happens next. Raises UsageError (decided already, cannot run yet, the role has moved, an answer is missing or
        not asked for) and AuthError or Locked where the PIN is needed."""
        from engine.session.parking import NOT_YET

        session, found = self._undecided(approval)
        if found.kind is ApprovalKind.QUESTION and not answer.strip():
            raise UsageError("this is a question", f'answer it: orion approve {found.id} --answer "…"')
        if answer.strip() and found.kind not in (ApprovalKind.QUESTION, ApprovalKind.CIRCLE):
            raise UsageError("this asks for a decision, not for words", f"orion approve {found.id}")
        if found.action in NOT_YET and found.kind is not ApprovalKind.SETUP:
            raise UsageError(
                "this cannot run: the agent's sandbox has no network; only a role's set-up phase has one",
                f"deny it with a reason: orion deny {found.id} --reason TEXT; to install something, give the role a "
                "`setup` (docs/roles.md)",
            )
        if self._core.role(session).digest != found.role_digest:
            raise UsageError(
                f"the role {session.role} has changed since this was asked",
                f"deny it, or put the role back: orion deny {found.id} --reason TEXT",
            )
        if found.needs_auth:
            role = self._core.role(session)
            self._core.authoriser.authorise(Guarded.APPROVE, secret, session=session.id, role=role)
        self._record(session, found, "approved", answer.strip())
        moved = self._core.repository(session.id).tree_of(session.tip) != found.tree
        note = "The tree has moved since; the work is merged onto it first. " if moved and session.checkpoints else ""
        return note + self._next(session, "runs the set-up" if found.kind is ApprovalKind.SETUP else "goes on with it")

    def deny(self, approval: str, reason: str) -> str:
        """Record a no with its reason; a sentence on what happens next."""
        session, found = self._undecided(approval)
        if not reason.strip():
            raise UsageError("a denial needs a reason", "it is kept for the planner and for the log")
        self._record(session, found, "denied", reason)
        return self._next(
            session, "works without the set-up" if found.kind is ApprovalKind.SETUP else "leaves the task out"
        )

    def _record(self, session: Session, approval: Approval, decision: str, reason: str) -> None:
        data = {
            "approval": approval.id,
            "task": approval.task,
            "decision": decision,
            "reason": reason,
            "at": self._core.clock.now().isoformat(),
        }
        self._core.journal.append(session.id, [Fact(EventKind.DECIDED, data)])
        now = self._core.session(session.id).approvals[approval.id].state
        if now.value != decision:
            raise UsageError(f"{approval.id} was {now.value} by somebody else just now", "see: orion approvals")

    def _next(self, session: Session, what: str) -> str:
        if self._core.alive(session.id):
            return f"Recorded; the running session {what}."
        if not self._core.session(session.id).can_go_on:
            return f"Recorded; nothing is left to run. Review it with: orion review {session.id}"
        return f"Recorded; nobody works on the session now. Resume it with: orion resume {session.id}"

    def _undecided(self, approval: str) -> tuple[Session, Approval]:
        session, found = self._found(approval)
        if found.state is not ApprovalState.PARKED:
            raise UsageError(f"{found.id} is {found.state.value} already", "see: orion approvals")
        if session.over:
            raise UsageError(f"session {session.id} is {session.state.value} and cannot go on", "start a new one")
        return session, found

    def _found(self, prefix: str) -> tuple[Session, Approval]:
        hits = []
        for summary in self._core.journal.summaries():
            if prefix.startswith(summary.id) or summary.id.startswith(prefix):
                session = self._core.session(summary.id)
                hits += [(session, a) for key, a in session.approvals.items() if key.startswith(prefix)]
        exact = [hit for hit in hits if hit[1].id == prefix]
        hits = exact or hits
        if len(hits) != 1:
            what = "there is no approval" if not hits else f"{len(hits)} approvals begin with"
            raise UsageError(f"{what} {prefix!r}", "see: orion approvals")
        return hits[0]
