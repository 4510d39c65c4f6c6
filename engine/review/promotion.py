"""Letting the good part in: the gates in their order, the second factor, the intent, the move, the record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.governance.allow_list import NOTHING
from engine.governance.secrets import redact
from engine.review.contents import Contents
from engine.review.evidence import on_tree, wanted
from engine.review.findings import accept, blocking, findings_of, in_order
from engine.review.intents import intent_data, promoted_data, undone_data
from engine.review.place_findings import place_findings
from engine.review.selection import ALL, Choice
from engine.review.steps import Step, one_step, steps_by_task
from engine.review.weighing import Weighed, branch_moved, moved_since, weigh
from engine.vocabulary.access import Guarded
from engine.vocabulary.changes import ChangeSet, Conflict, Finding, FindingKind, PromoteAs, Promotion
from engine.vocabulary.errors import HalfDone, OrionError, StaleBase, UsageError, WorkspaceError
from engine.vocabulary.events import EventKind, Fact
from engine.vocabulary.sessions import PromotionRecord, Session, SessionState
from engine.vocabulary.text import first_line, shortened, visible
from engine.vocabulary.verdicts import ApprovalState
from engine.vocabulary.workspaces import PromotionPlan, UndoPreview

if TYPE_CHECKING:
    from engine.governance.allow_list import AllowList
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
    FindingKind.SUBMODULE: "scope",
    FindingKind.DEPENDENCY: "scope",
}


class Promoter:
    """Promotes and takes back, for one session; taking back needs no role. Everything is worked out before the first
    byte of the user's repository is touched; the intent is in the journal before the move."""

    def __init__(
        self,
        session: Session,
        role: Role | None,
        repository: SessionRepository,
        users: UserRepository,
        journal: Journal,
        authorise: Callable[[Guarded, str | None], None],
        audit_head: Callable[[], AuditHead],
        allow: AllowList = NOTHING,
        contents: Contents | None = None,
    ) -> None:
        self._session = session
        self._judge = role
        self._repository = repository
        self._users = users
        self._journal = journal
        self._authorise = authorise
        self._audit_head = audit_head
        self._allow = allow
        self._contents = contents or Contents()
        self._root = Path(session.workspace)

    def promote(
        self,
        *,
        secret: str | None,
        choice: Choice = ALL,
        accepted: Sequence[str] = (),
        onto: str | None = None,
        kind: PromoteAs = PromoteAs.COMMIT,
        progress: Progress | None = None,
    ) -> Promotion:
        """Let it in, or say why not. Raises AuthError, Locked, UsageError, WorkspaceError; after any of them the
        repository is as before."""
        tell = progress or _silent
        session = self._session
        if session.state is SessionState.RUNNING:
            raise UsageError("the session is still running", "pause it or wait until it has ended")
        branch = onto or session.branch
        tell("drift", "running")
        weighed = weigh(session, self._repository, self._users, choice, branch)
        changes, old, merged, conflicts = weighed.changes, weighed.head, weighed.merged, weighed.conflicts
        if not changes.files:
            return Promotion(False, branch=branch, reasons=("there is nothing to promote",))
        by_task = kind is PromoteAs.COMMITS
        steps = steps_by_task(session, self._repository, changes, choice) if by_task else one_step(changes)
        tell("drift", "moved" if self._drifted(weighed, branch) else "ok")
        tell("conflicts", "blocked" if conflicts else "ok")
        found = self._findings(changes, steps, conflicts, merged.tree)
        about = place_findings(session, self._role, self._repository, self._users, weighed, branch)
        findings = accept(in_order((*found, *about)), accepted)
        standing = blocking(findings)
        for step in ("secrets", "limits", "scope"):
            tell(step, "blocked" if any(_STEP_OF.get(f.kind) == step for f in standing) else "ok")
        tell("checks", self._proof(changes, merged.tree, standing))
        if standing:
            return _refused(branch, standing, findings, conflicts)
        if merged.tree == self._users_tree(old):
            return Promotion(False, branch=branch, reasons=("the branch already holds all of it",), findings=findings)
        commits = self._commits(weighed.merge_base, steps, old, merged.tree)
        if commits is None:
            reason = "a single task's changes cannot be merged onto the branch; promote as one commit"
            return Promotion(False, branch=branch, reasons=(reason,), findings=findings)
        tell("authentication", "running")
        self._authorise(Guarded.PROMOTE, secret)
        tell("authentication", "ok")
        tell("commit", "running")
        promotion = self._carry_out(branch, commits, weighed, findings, kind)
        tell("commit", "ok")
        return promotion

    @property
    def _role(self) -> Role:
        if self._judge is None:
            raise UsageError("a promotion is judged by the session's role, and its file cannot be used")
        return self._judge

    def undo(self, *, secret: str | None, attempt: int | None = None) -> Promotion:
        """Take a standing promotion back, the latest unless `attempt` names one: with a revert commit, or by putting
        uncommitted changes back. Where nothing of it is left, that alone is recorded: no commit, no tags, no files."""
        record = self.standing(attempt)
        seen = self.undo_preview(record.attempt)
        if seen.conflicts:
            ways = ", ".join(f"{visible(each.path)} ({each.reason})" for each in seen.conflicts)
            hint = "settle that first, or take it back by hand"
            raise StaleBase(f"it cannot be taken back as it is: {ways}", hint)
        self._authorise(Guarded.UNDO, secret)
        number, session = self._next_attempt(), self._session.id
        promoted = self._between(record)
        if record.kind == PromoteAs.CHANGES:
            plan = self._users.withdrawal(self._root, promoted, record.branch, number, session)
        else:
            subject = shortened(f'Revert "{self._subject()}"', SUBJECT_WIDTH)
            trailers = [f"Orion-Session: {session}", *self._audit_trailer()]
            message = f"{subject}\n\nThis reverts commit {record.commit}.\n\n" + "\n".join(trailers) + "\n"
            plan = self._users.revert(self._root, promoted, record.branch, message, number, session)
            if not plan.paths:
                # Taken back by hand: no commit that changes nothing, only the fact.
                fact = Fact(EventKind.PROMOTION_UNDONE, undone_data(replace(plan, new=plan.old), record.attempt))
                self._journal.append(session, [fact])
                return Promotion(True, branch=plan.branch)
        self._move(plan, EventKind.PROMOTION_UNDONE, undone_data(plan, record.attempt), undoes=record.attempt)
        commit = "" if plan.uncommitted else plan.new
        return Promotion(True, len(plan.paths), commit, plan.pre_tag, plan.post_tag, plan.branch, plan.paths)

    def undo_preview(self, attempt: int | None = None) -> UndoPreview:
        """What `undo` would do, and what stands in its way; writes nothing."""
        record = self.standing(attempt)
        promoted = self._between(record)
        if record.kind != PromoteAs.CHANGES:
            return self._users.revert_preview(self._root, promoted, record.branch)
        plan = self._users.withdrawal(self._root, promoted, record.branch, self._next_attempt(), self._session.id)
        return UndoPreview(record.branch, plan.paths, self._users.edited(self._root, plan), uncommitted=True)

    def standing(self, attempt: int | None) -> PromotionRecord:
        """The promotion that is meant. Raises UsageError."""
        left = [record for record in self._session.promotions if not record.undone_by]
        if not left:
            raise UsageError("this session has no promotion to undo", "see the session's log with: orion log")
        found = next((record for record in left if record.attempt == attempt), None) if attempt else left[-1]
        if found is None:
            known = ", ".join(str(record.attempt) for record in left)
            raise UsageError(f"promotion {attempt} of this session does not stand", f"these do: {known}")
        return found

    def _between(self, record: PromotionRecord) -> tuple[str, str]:
        """The commits before and after a promotion."""
        return record.old or f"{record.commit}^", record.commit

    def _findings(
        self, changes: ChangeSet, steps: Sequence[Step], conflicts: Sequence[Conflict], merged: str
    ) -> tuple[Finding, ...]:
        """Those of the whole, and the secrets of every step: one that a later task removed stays in history."""
        judged = (self._session, self._role, self._repository)
        found = findings_of(*judged, changes, conflicts, merged, self._allow, self._contents)
        if len(steps) == 1:
            return found
        known = {finding.id for finding in found}
        more: list[Finding] = []
        before = changes.old
        for step in steps:
            part = self._repository.changes(before, step.tree)
            before = step.tree
            for finding in findings_of(*judged, part, allow=self._allow, contents=self._contents):
                if finding.kind is FindingKind.SECRET and finding.id not in known:
                    known.add(finding.id)
                    more.append(finding)
        return (*more, *found)

    def _drifted(self, weighed: Weighed, branch: str) -> bool:
        """Whether the branch moved since the session began, or a file of this selection was changed meanwhile."""
        moved = moved_since(self._session, self._repository, self._users, weighed, branch)
        chosen = {change.path for change in weighed.changes.files}
        return branch_moved(self._session, branch, weighed.head) or bool(chosen.intersection(moved))

    def _proof(self, changes: ChangeSet, merged: str, standing: Sequence[Finding]) -> str:
        """What the step `checks` says: blocked, unproven (one never ran on this), none (there is no check), or ok."""
        if any(finding.kind in (FindingKind.CHECK, FindingKind.TESTS) for finding in standing):
            return "blocked"
        checks = wanted(self._session, self._role, [change.path for change in changes.files])
        known = on_tree(self._session, merged)
        return "none" if not checks else "ok" if all(check.run in known for check in checks) else "unproven"

    def _commits(self, base: str, steps: Sequence[Step], old: str, merged: str) -> tuple[tuple[str, str], ...] | None:
        """The tree of each commit on the branch, and the task it is for; None when a step cannot be merged alone."""
        trees: list[tuple[str, str]] = []
        before = self._users_tree(old)
        for step in steps[:-1]:
            tree = self._repository.merge(base, old, step.tree).tree
            if not tree:
                return None
            if tree != before:
                trees.append((tree, step.task))
                before = tree
        if merged != before:
            trees.append((merged, steps[-1].task))
        return tuple(trees)

    def _carry_out(
        self,
        branch: str,
        commits: Sequence[tuple[str, str]],
        weighed: Weighed,
        findings: tuple[Finding, ...],
        kind: PromoteAs,
    ) -> Promotion:
        attempt = self._next_attempt()
        accepted = [finding for finding in findings if finding.accepted]
        trailers = self._trailers(accepted)
        plan = self._users.prepare(
            self._root,
            self._repository,
            session=self._session.id,
            attempt=attempt,
            branch=branch,
            old=weighed.head,
            steps=[(tree, self._message(task, trailers)) for tree, task in commits],
            uncommitted=kind is PromoteAs.CHANGES,
        )
        took = {**self._taken(weighed, attempt), "as": kind.value, "old": weighed.head}
        paths = tuple(change.path for change in weighed.changes.files)
        self._move(plan, EventKind.PROMOTED, promoted_data(plan, paths, accepted, took))
        return Promotion(
            True,
            len(plan.paths),
            "" if plan.uncommitted else plan.new,
            plan.pre_tag,
            plan.post_tag,
            plan.branch,
            paths,
            findings=findings,
            notices=plan.notices,
        )

    def _taken(self, weighed: Weighed, attempt: int) -> dict[str, str]:
        """What the session will count its changes from after this; both trees stay reachable in its repository. A
        person's answer to a conflict is no change of the session's."""
        tip = self._session.tip
        base, chosen = weighed.all.old, weighed.taken
        for name, tree in (("base", base), ("chosen", chosen)):
            self._repository.save(f"promoted/{attempt}/{name}", tree, tip, f"{name} of promotion {attempt}")
        return {"source": tip, "base": base, "chosen": chosen}

    def _move(
        self, plan: PromotionPlan, kind: EventKind, ends: Mapping[str, object], *, undoes: int | None = None
    ) -> None:
        """The intent, the move, and the fact of this kind that says it is done."""
        intent = intent_data(plan, self._session.workspace, undoes, ends)
        self._journal.append(self._session.id, [Fact(EventKind.PROMOTING, intent)])
        try:
            self._users.apply(self._root, plan)
        except HalfDone:
            # The intent stands: the next command goes on from there.
            raise
        except (WorkspaceError, OSError) as error:
            reason = error.message if isinstance(error, OrionError) else str(error)
            failed = {"attempt": plan.attempt, "reason": reason}
            self._journal.append(self._session.id, [Fact(EventKind.PROMOTION_FAILED, failed)])
            raise
        self._journal.append(self._session.id, [Fact(kind, ends)])

    def _users_tree(self, commit: str) -> str:
        return self._repository.tree_of(commit)

    def _next_attempt(self) -> int:
        intents = [event for event in self._journal.events(self._session.id) if event.kind is EventKind.PROMOTING]
        return len(intents) + 1

    def _subject(self) -> str:
        goal = redact(first_line(self._session.goal)) or "work of an Orion session"
        return shortened(SUBJECT_PREFIX + goal, SUBJECT_WIDTH)

    def _message(self, task: str, trailers: Sequence[str]) -> str:
        """Of a commit of everything, or of one task's."""
        subject = self._subject()
        if task:
            title = redact(first_line(self._session.tasks[task].task.title)) or task
            subject = shortened(SUBJECT_PREFIX + title, SUBJECT_WIDTH)
            trailers = [*trailers, f"Orion-Task: {task}"]
        return f"{subject}\n\n" + "\n".join(trailers) + "\n"

    def _trailers(self, accepted: Sequence[Finding]) -> list[str]:
        session = self._session
        approved = [a.id for a in session.approvals.values() if a.state is ApprovalState.APPROVED]
        trailers = [f"Orion-Session: {session.id}", f"Orion-Role: {session.role}"]
        trailers += [f"Orion-Approved: {approval}" for approval in approved]
        trailers += [f"Orion-Accepted: {each.id} {each.kind.value} {visible(each.path)}".rstrip() for each in accepted]
        return trailers + self._audit_trailer()

    def _audit_trailer(self) -> list[str]:
        """Where the audit log ends now: whoever has this commit can tell an older copy of the log."""
        head = self._audit_head()
        return [f"Orion-Audit: {head.count} {head.hash}"] if head.count else []


def _refused(
    branch: str, standing: tuple[Finding, ...], findings: tuple[Finding, ...], conflicts: tuple[Conflict, ...]
) -> Promotion:
    reasons = tuple(f"{finding.path or 'session'}: {finding.message}" for finding in standing)
    return Promotion(False, branch=branch, reasons=reasons, findings=findings, conflicts=conflicts)


def _silent(step: str, status: str) -> None:
    """Nobody watches."""
