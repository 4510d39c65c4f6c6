"""A promotion's intent, in the journal before the first byte moves, and what becomes of one that a kill cut short."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.vocabulary.events import EventKind, Fact
from engine.vocabulary.workspaces import PromotionPlan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.vocabulary.changes import Finding
    from engine.vocabulary.ports import Journal, UserRepository
    from engine.vocabulary.sessions import Session


def intent_data(
    plan: PromotionPlan, workspace: str, undoes: int | None, ends: Mapping[str, object]
) -> dict[str, object]:
    """The data of a `promoting` event: all that recovery needs. `ends` is what will be recorded at the end, so that
    one which a kill cut short and the next command finished is recorded as any other."""
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
        "uncommitted": plan.uncommitted,
        "withdraws": plan.withdraws,
        "ends": dict(ends),
    }


def promoted_data(
    plan: PromotionPlan, paths: Sequence[str], accepted: Sequence[Finding], took: Mapping[str, str]
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
        "accepted": [finding.id for finding in accepted],
        "accepted_findings": [
            {"id": each.id, "kind": each.kind.value, "path": each.path, "line": each.line, "message": each.message}
            for each in accepted
        ],
        **took,
    }


def undone_data(plan: PromotionPlan, undoes: int) -> dict[str, object]:
    """The data of a `promotion_undone` event; `undoes` is the number of the promotion that was taken back."""
    return {"attempt": undoes, "commit": plan.new, "branch": plan.branch}


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
        uncommitted=intent.get("uncommitted", False),
        withdraws=intent.get("withdraws", False),
    )
    finished = users.recover(Path(intent["workspace"]), plan)
    if not finished:
        fact = Fact(EventKind.PROMOTION_FAILED, {"attempt": plan.attempt, "reason": "killed half way; taken back"})
    else:
        undo = intent["undoes"] is not None
        fact = Fact(EventKind.PROMOTION_UNDONE if undo else EventKind.PROMOTED, dict(intent["ends"]))
    journal.append(session.id, [fact])
    return finished


def settled_sentence(session: str, *, undo: bool, finished: bool) -> str:
    """What became of one that was cut short, for a person."""
    what = "the undoing of a promotion" if undo else "a promotion"
    how = "finished" if finished else "taken back: the repository is as before"
    return f"{what} of session {session} was cut short and has been {how}"
