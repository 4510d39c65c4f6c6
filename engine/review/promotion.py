"""Letting the good part in: the gates in their order, the second factor, the intent, the move, the record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.governance.secrets import redact
from engine.review.findings import accept, blocking, findings_of
from engine.review.selection import ALL, Choice, chosen_changes, open_changes
from engine.vocabulary.access import Guarded
from engine.vocabulary.changes import ChangeSet, Conflict, Finding, FindingKind, Promotion
from engine.vocabulary.errors import OrionError, UsageError, WorkspaceError
from engine.vocabulary.events import EventKind, Fact
from engine.vocabulary.sessions import PromotionRecord, Session, SessionState
from engine.vocabulary.text import first_line, shortened
from engine.vocabulary.verdicts import ApprovalState
from engine.vocabulary.workspaces import PromotionPlan

if TYPE_CHECKING:
    from engine.vocabulary.audit import AuditHead
    from engine.vocabulary.ports import Journal, SessionRepository, UserRepository
    from engine.vocabulary.roles import Role

SUBJECT_WIDTH = 72
SUBJECT_PREFIX = "orion(ara): "
Progress = Callable[[str, str], None]

_STEP_OF = {
    FindingKind.SECRET: "secrets",
    FindingKind.WRITE_LIMIT: "limits",
    FindingKind.SCOPE: "scope",
    FindingKind.FORBIDDEN: "scope",
    FindingKind.PROTECTED_PATH: "scope",
    FindingKind.FILTER_ATTRIBUTE: "scope",
}


class Promoter:
    """Promotes and takes back, for one session. Everything is worked out before the first byte of the user's repository
    is touched; the intent is in the journal before the move."""

    def __init__(
        self,
        session: Session,
        role: Role,
        repository: SessionRepository,
        users: UserRepository,
        journal: Journal,
        authorise: Callable[[Guarded, str | None], None],
        audit_head: Callable[[], AuditHead],
    ) -> None:
        self._session = session
        self._role = role
        self._repository = repository
        self._users = users
        self._journal = journal
        self._authorise = authorise
        self._audit_head = audit_head
        self._root = Path(session.workspace)

    def promote(
        self,
        *,
        secret: str | None,
        choice: Choice = ALL,
        accepted: Sequence[str] = (),
        onto: str | None = None,
        progress: Progress | None = None,
    ) -> Promotion:
        """Make the one commit, or say why not. Raises AuthError, Locked, UsageError, WorkspaceError; after any of them
        the repository is as before."""
        tell = progress or _silent
        session = self._session
        if session.state is SessionState.RUNNING:
            raise UsageError("the session is still running", "pause it or wait until it has ended")
        branch = onto or session.branch
        changes = chosen_changes(open_changes(session, self._repository), choice, self._repository)
        if not changes.files:
            return Promotion(False, branch=branch, reasons=("there is nothing to promote",))
        tell("drift", "running")
        old, merged, in_the_way = self._users.conflicts(self._root, branch, self._repository, changes.old, changes.new)
        tell("drift", "ok")
        conflicts = (*merged.conflicts, *in_the_way)
        tell("conflicts", "blocked" if conflicts else "ok")
        findings = accept(findings_of(session, self._role, self._repository, changes, conflicts), accepted)
        standing = blocking(findings)
        for step in ("secrets", "limits", "scope"):
            tell(step, "blocked" if any(_STEP_OF.get(f.kind) == step for f in standing) else "ok")
        tell("checks", "ok")
        if standing:
            return _refused(branch, standing, findings, conflicts)
        if merged.tree == self._users_tree(old):
            return Promotion(False, branch=branch, reasons=("the branch already holds all of it",), findings=findings)
        tell("authentication", "running")
        self._authorise(Guarded.PROMOTE, secret)
        tell("authentication", "ok")
        tell("commit", "running")
        promotion = self._carry_out(branch, old, merged.tree, changes, findings)
        tell("commit", "ok")
        return promotion

    def undo(self, *, secret: str | None) -> Promotion:
        """Take the latest standing promotion back with a revert commit."""
        record = next((record for record in reversed(self._session.promotions) if not record.undone_by), None)
        if record is None:
            raise UsageError("this session has no promotion to undo", "see the session's log with: orion log")
        self._authorise(Guarded.UNDO, secret)
        subject = shortened(f'Revert "{self._subject()}"', SUBJECT_WIDTH)
        trailers = [f"Orion-Session: {self._session.id}", *self._audit_trailer()]
        message = f"{subject}\n\nThis reverts commit {record.commit}.\n\n" + "\n".join(trailers) + "\n"
        plan = self._users.revert(
            self._root, record.commit, record.branch, message, self._next_attempt(), self._session.id
        )
        self._move(plan, undoes=record)
        undone = {"attempt": record.attempt, "commit": plan.new, "branch": plan.branch}
        self._journal.append(self._session.id, [Fact(EventKind.PROMOTION_UNDONE, undone)])
        return Promotion(True, len(plan.paths), plan.new, plan.pre_tag, plan.post_tag, plan.branch, plan.paths)

    def _carry_out(
        self, branch: str, old: str, tree: str, changes: ChangeSet, findings: tuple[Finding, ...]
    ) -> Promotion:
        attempt = self._next_attempt()
        accepted = [finding.id for finding in findings if finding.accepted]
        plan = self._users.prepare(
            self._root,
            self._repository,
            session=self._session.id,
            attempt=attempt,
            branch=branch,
            old=old,
            tree=tree,
            message=self._message(accepted),
        )
        took = self._taken(changes, attempt)
        self._move(plan, undoes=None, took=took)
        paths = tuple(change.path for change in changes.files)
        self._journal.append(self._session.id, [Fact(EventKind.PROMOTED, promoted_data(plan, paths, accepted, took))])
        return Promotion(
            True,
            len(plan.paths),
            plan.new,
            plan.pre_tag,
            plan.post_tag,
            plan.branch,
            paths,
            findings=findings,
            notices=plan.notices,
        )

    def _taken(self, changes: ChangeSet, attempt: int) -> dict[str, str]:
        """What the session will count its changes from after this; both trees stay reachable in its repository."""
        tip = self._session.tip
        for name, tree in (("base", changes.old), ("chosen", changes.new)):
            self._repository.save(f"promoted/{attempt}/{name}", tree, tip, f"{name} of promotion {attempt}")
        return {"source": tip, "base": changes.old, "chosen": changes.new}

    def _move(
        self, plan: PromotionPlan, *, undoes: PromotionRecord | None, took: Mapping[str, str] | None = None
    ) -> None:
        intent = intent_data(plan, self._session.workspace, undoes.attempt if undoes else None, took or {})
        self._journal.append(self._session.id, [Fact(EventKind.PROMOTING, intent)])
        try:
            self._users.apply(self._root, plan)
        except (WorkspaceError, OSError) as error:
            reason = error.message if isinstance(error, OrionError) else str(error)
            failed = {"attempt": plan.attempt, "reason": reason}
            self._journal.append(self._session.id, [Fact(EventKind.PROMOTION_FAILED, failed)])
            raise

    def _users_tree(self, commit: str) -> str:
        return self._repository.tree_of(commit)

    def _next_attempt(self) -> int:
        intents = [event for event in self._journal.events(self._session.id) if event.kind is EventKind.PROMOTING]
        return len(intents) + 1

    def _subject(self) -> str:
        goal = redact(first_line(self._session.goal)) or "work of an Orion session"
        return shortened(SUBJECT_PREFIX + goal, SUBJECT_WIDTH)

    def _message(self, accepted: Sequence[str]) -> str:
        session = self._session
        approved = [a.id for a in session.approvals.values() if a.state is ApprovalState.APPROVED]
        trailers = [f"Orion-Session: {session.id}", f"Orion-Role: {session.role}"]
        trailers += [f"Orion-Approved: {approval}" for approval in approved]
        trailers += [f"Orion-Accepted: {finding}" for finding in accepted]
        trailers += self._audit_trailer()
        return f"{self._subject()}\n\n" + "\n".join(trailers) + "\n"

    def _audit_trailer(self) -> list[str]:
        """Where the audit log ends now: whoever has this commit can tell an older copy of the log."""
        head = self._audit_head()
        return [f"Orion-Audit: {head.count} {head.hash}"] if head.count else []


def intent_data(plan: PromotionPlan, workspace: str, undoes: int | None, took: Mapping[str, str]) -> dict[str, object]:
    """The data of a `promoting` event: all that recovery needs."""
    return {
        "attempt": plan.attempt,
        "workspace": workspace,
        "branch": plan.branch,
        "old": plan.old,
        "new": plan.new,
        "pre_tag": plan.pre_tag,
        "post_tag": plan.post_tag,
        "paths": list(plan.paths),
        "checked_out": plan.checked_out,
        "identity": plan.identity,
        "undoes": undoes,
        "took": dict(took),
    }


def promoted_data(
    plan: PromotionPlan, paths: Sequence[str], accepted: Sequence[str], took: Mapping[str, str]
) -> dict[str, object]:
    """The data of a `promoted` event; `took` are the session's commit and the trees before and after."""
    return {
        "attempt": plan.attempt,
        "commit": plan.new,
        "branch": plan.branch,
        "pre_tag": plan.pre_tag,
        "post_tag": plan.post_tag,
        "paths": list(paths),
        "files": len(plan.paths),
        "accepted": list(accepted),
        **took,
    }


def settle_intent(session: Session, users: UserRepository, journal: Journal) -> bool | None:
    """After a kill in the middle of a promotion: finish it (true) or take it back (false), and record which. None when
    there is nothing to settle."""
    intent = session.promoting
    if intent is None:
        return None
    plan = PromotionPlan(
        intent["attempt"],
        intent["branch"],
        intent["old"],
        intent["new"],
        intent["pre_tag"],
        intent["post_tag"],
        tuple(intent["paths"]),
        intent["checked_out"],
        intent["identity"],
    )
    finished = users.recover(Path(intent["workspace"]), plan)
    if not finished:
        fact = Fact(EventKind.PROMOTION_FAILED, {"attempt": plan.attempt, "reason": "killed half way; taken back"})
    elif intent["undoes"] is not None:
        undone = {"attempt": intent["undoes"], "commit": plan.new, "branch": plan.branch}
        fact = Fact(EventKind.PROMOTION_UNDONE, undone)
    else:
        fact = Fact(EventKind.PROMOTED, promoted_data(plan, plan.paths, (), intent["took"]))
    journal.append(session.id, [fact])
    return finished


def _refused(
    branch: str, standing: tuple[Finding, ...], findings: tuple[Finding, ...], conflicts: tuple[Conflict, ...]
) -> Promotion:
    reasons = tuple(f"{finding.path or 'session'}: {finding.message}" for finding in standing)
    return Promotion(False, branch=branch, reasons=reasons, findings=findings, conflicts=conflicts)


def _silent(step: str, status: str) -> None:
    """Nobody watches."""
