"""What waits for a person: how an approval is made, what it is bound to, and what a given one covers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.vocabulary.actions import (
    Action,
    ActionClass,
    action_to_json,
    change_lines,
    digest_of,
    summary_of,
    tool_name,
)
from engine.vocabulary.text import shortened
from engine.vocabulary.verdicts import Approval, ApprovalKind, ApprovalState, Layer, Verdict, strictest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.vocabulary.changes import FileChange
    from engine.vocabulary.roles import Role
    from engine.vocabulary.sessions import Session

HANDED_OFF = frozenset({ActionClass.GIT_MERGE, ActionClass.DEPLOY, ActionClass.REPO_DELETE})
"""Orion never carries these out: approving puts the literal command on the hand-off list."""

PROPOSED_LINES = 400
PROPOSED_WIDTH = 400

NOT_YET = frozenset({ActionClass.NETWORK_REQUEST})
"""Nothing in a session can carry these out while the sandbox has no network."""


def actions_digest(actions: Sequence[Action]) -> str:
    """What an approval of actions is bound to: each of them to the letter, in order."""
    return digest_of([action_to_json(action) for action in actions])


def effects_digest(changes: Sequence[FileChange]) -> str:
    """What an approval of effects is bound to: paths, contents and modes."""
    return digest_of(sorted((change.path, change.new_oid, change.new_mode) for change in changes))


@dataclass(frozen=True, slots=True)
class Grants:
    """What a person has approved for one task under the role as it is now."""

    approvals: tuple[Approval, ...]

    def cover(self, digest: str) -> bool:
        return any(approval.action_digest == digest for approval in self.approvals)

    def words(self, digest: str) -> str | None:
        """What a person answered to a question or a finding; None when nobody has."""
        given = (approval.decision_reason for approval in self.approvals if approval.action_digest == digest)
        return next(given, None)

    @property
    def confidence(self) -> bool:
        """A person decided to go on in spite of a low confidence."""
        return any(approval.kind is ApprovalKind.CONFIDENCE for approval in self.approvals)

    @property
    def classes(self) -> frozenset[ActionClass]:
        """Classes of the approved actions."""
        return frozenset(a.action for a in self.approvals if a.action is not None and a.kind is ApprovalKind.ACTION)


def grants_for(session: Session, task: str, role: Role) -> Grants:
    """The approvals of a task that hold: given, and bound to this role as it reads now."""
    return Grants(
        tuple(
            approval
            for approval in session.approvals.values()
            if approval.task == task
            and approval.state is ApprovalState.APPROVED
            and approval.role_digest == role.digest
        )
    )


def stale_approvals(session: Session, task: str, role: Role) -> tuple[Approval, ...]:
    """Approvals that were given under another wording of the role and so mean nothing now."""
    return tuple(
        approval
        for approval in session.approvals.values()
        if approval.task == task and approval.state is ApprovalState.APPROVED and approval.role_digest != role.digest
    )


def ask_for_actions(
    session: Session, task: str, role: Role, asked_at: str, tree: str, parked: Sequence[tuple[Action, Verdict]]
) -> Approval:
    """The approval that these actions wait for; one question for all of them."""
    verdict = strictest(tuple(verdict for _, verdict in parked))
    only_confidence = all(verdict.layer is Layer.CONFIDENCE for _, verdict in parked)
    return Approval(
        id=_new_id(session, task),
        session=session.id,
        task=task,
        kind=ApprovalKind.CONFIDENCE if only_confidence else ApprovalKind.ACTION,
        action=verdict.action,
        detail="\n".join(summary_of(action) for action, _ in parked),
        reason=verdict.message,
        rule=verdict.rule,
        asked_at=asked_at,
        action_digest=actions_digest([action for action, _ in parked]),
        role_digest=role.digest,
        tree=tree,
        needs_auth=any(verdict.needs_auth for _, verdict in parked),
        proposed=_proposed([action for action, _ in parked]),
    )


def ask_for_confidence(session: Session, task: str, role: Role, asked_at: str, tree: str, verdict: Verdict) -> Approval:
    """The approval that a whole task waits for because its confidence is low."""
    return Approval(
        id=_new_id(session, task),
        session=session.id,
        task=task,
        kind=ApprovalKind.CONFIDENCE,
        action=verdict.action,
        detail=session.tasks[task].task.title,
        reason=verdict.message,
        rule=verdict.rule,
        asked_at=asked_at,
        action_digest=digest_of(task, "confidence"),
        role_digest=role.digest,
        tree=tree,
    )


def ask_for_effects(
    session: Session, task: str, role: Role, asked_at: str, tree: str, parked: Sequence[tuple[FileChange, Verdict]]
) -> Approval:
    """The approval that a task's effects wait for, its tree kept."""
    verdict = strictest(tuple(verdict for _, verdict in parked))
    return Approval(
        id=_new_id(session, task),
        session=session.id,
        task=task,
        kind=ApprovalKind.EFFECT,
        action=verdict.action,
        detail="\n".join(f"{change.status.value} {change.path}" for change, _ in parked),
        reason=verdict.message,
        rule=verdict.rule,
        asked_at=asked_at,
        action_digest=effects_digest([change for change, _ in parked]),
        role_digest=role.digest,
        tree=tree,
        needs_auth=any(verdict.needs_auth for _, verdict in parked),
    )


def ask_for_words(
    session: Session,
    task: str,
    role: Role,
    asked_at: str,
    tree: str,
    kind: ApprovalKind,
    detail: str,
    rule: str,
    digest: str,
) -> Approval:
    """The approval of a question, or of a worker that goes round in circles: what is wanted are a person's words."""
    reason = (
        "the worker asks a question that only a person can answer"
        if kind is ApprovalKind.QUESTION
        else f"the worker goes round in circles: {detail}"
    )
    return Approval(
        id=_new_id(session, task),
        session=session.id,
        task=task,
        kind=kind,
        action=None,
        detail=detail,
        reason=reason,
        rule=rule,
        asked_at=asked_at,
        action_digest=digest,
        role_digest=role.digest,
        tree=tree,
    )


def words_digest(bound: str, turn: int) -> str:
    """What words for a question or a finding are bound to: its text and the turn that it came at."""
    return digest_of("words", bound, turn)


def _proposed(actions: Sequence[Action]) -> str:
    """Everything a person needs to see of the actions, cut where it would swell the journal."""
    lines: list[str] = []
    for action in actions:
        lines += [f"{tool_name(action)} {summary_of(action)}", *change_lines(action)]
    more = len(lines) - PROPOSED_LINES
    shown = [shortened(line, PROPOSED_WIDTH) for line in lines[:PROPOSED_LINES]]
    return "\n".join([*shown, f"… {more} lines more"] if more > 0 else shown)


def _new_id(session: Session, task: str) -> str:
    number = 1 + sum(1 for approval in session.approvals.values() if approval.task == task)
    return f"{session.id}-{task}-{number}"
