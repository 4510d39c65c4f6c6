"""The JSON shapes of the command line: fields may be added here, never removed or renamed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from engine.vocabulary.actions import summary_of, tool_name
from engine.vocabulary.intake import brief_to_json
from engine.vocabulary.outlook import confidence_to_json
from engine.vocabulary.plans import Plan, task_to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.vocabulary.changes import Conflict, Finding, Hunk, Promotion
    from engine.vocabulary.ports import RunnerInfo
    from engine.vocabulary.requests import Proposal, Review
    from engine.vocabulary.roles import Role
    from engine.vocabulary.sessions import Session, SessionSummary, TaskView
    from engine.vocabulary.verdicts import Approval, Verdict


def session_row(summary: SessionSummary) -> dict[str, Any]:
    """One entry of `sessions --json`."""
    return {
        "id": summary.id,
        "goal": summary.goal,
        "role": summary.role,
        "workspace": summary.workspace,
        "state": summary.state.value,
        "reason": summary.reason,
        "started_at": summary.started_at or None,
        "ended_at": summary.ended_at or None,
        "cost_usd": summary.cost_usd,
        "tasks": dict(summary.tasks),
        "waiting": summary.waiting,
    }


def session_full(session: Session, runner: RunnerInfo | None) -> dict[str, Any]:
    """`status --json`: the row, and everything else that is known."""
    return {
        "id": session.id,
        "goal": session.goal,
        "role": session.role,
        "workspace": session.workspace,
        "state": session.state.value,
        "reason": session.reason,
        "started_at": session.started_at or None,
        "ended_at": session.ended_at or None,
        "cost_usd": session.cost_usd,
        "created_at": session.created_at or None,
        "branch": session.branch,
        "base_commit": session.base_commit,
        "tip": session.tip,
        "model": session.model,
        "sandbox": session.sandbox,
        "counts": session.counts(),
        "tasks": [task_row(view) for view in session.tasks.values()],
        "budgets": {
            "time_s": {"used": round(session.worked_s(datetime.now(UTC)), 3), "limit": session.limits.time_s},
            "cost_usd": {"used": session.cost_usd, "limit": session.limits.cost_usd},
            "tokens": session.tokens,
            "calls": session.calls,
            "limits": asdict(session.limits),
        },
        "approvals": [approval_row(approval) for approval in session.approvals.values()],
        "checkpoints": [
            checkpoint_row(point.number, point.commit, point.task, point.at) for point in session.checkpoints
        ],
        "promotions": [asdict(record) for record in session.promotions],
        "hand_off": list(session.hand_off),
        "brief": brief_to_json(session.brief) if session.brief else None,
        "weighings": [asdict(weighing) for weighing in session.weighings],
        "notices": list(session.notices),
        "drift": session.drift,
        "runner": None if runner is None else {"pid": runner.pid, "host": runner.host, "alive": runner.alive},
    }


def task_row(view: TaskView) -> dict[str, Any]:
    return {
        "id": view.task.id,
        "title": view.task.title,
        "depends_on": list(view.task.depends_on),
        "state": view.state.value,
        "reason": view.reason,
        "rule": view.rule,
        "confidence": view.confidence,
        "calibration": confidence_to_json(view.calibration) if view.calibration else None,
        "cost_usd": round(view.cost_usd, 6),
        "tokens": view.tokens,
        "flagged": view.flagged,
        "claimed": view.claimed,
        "claimed_evidence": view.claimed_evidence,
        "spent": {
            "turns": view.turns,
            "tokens": view.tokens,
            "cost_usd": view.cost_usd,
            "time_s": view.worked_s,
        },
        "held": view.held or None,
        "verified": view.verified,
        "evidence": [asdict(found) for found in view.evidence],
        "commit": view.commit,
        "files": list(view.files),
        "additions": view.additions,
        "deletions": view.deletions,
        "attempts": view.attempts,
        "started_at": view.started_at or None,
        "ended_at": view.ended_at or None,
    }


def checkpoint_row(number: int, commit: str, task: str, at: str) -> dict[str, Any]:
    return {"id": number, "commit": commit, "task": task, "at": at}


def approval_row(approval: Approval) -> dict[str, Any]:
    """One entry of `approvals --json`."""
    return {
        "id": approval.id,
        "session": approval.session,
        "task": approval.task,
        "kind": approval.kind.value,
        "action": approval.action.value if approval.action else None,
        "detail": approval.detail,
        "reason": approval.reason,
        "rule": approval.rule,
        "asked_at": approval.asked_at,
        "needs_auth": approval.needs_auth,
        "state": approval.state.value,
    }


def proposal_json(proposal: Proposal) -> dict[str, Any]:
    """`plan --json`; `work --plan` reads it back, so each task carries all that it is made of."""
    tasks = []
    for row, task in zip(plan_rows(proposal), proposal.plan.tasks, strict=True):
        tasks.append({**task_to_json(task), **row})
    return {
        "goal": proposal.goal,
        "source": proposal.plan.source,
        "role": proposal.role.name,
        "tasks": tasks,
        "stripped": [asdict(hit) for hit in proposal.stripped],
        "notices": list(proposal.notices),
        "brief": brief_to_json(proposal.request.brief) if proposal.request.brief else None,
        "cost_usd": proposal.cost_usd,
    }


def plan_rows(proposal: Proposal) -> list[dict[str, Any]]:
    """Each task with what the gate says about it and what experience expects of it."""
    plan: Plan = proposal.plan
    rows = []
    for task in plan.tasks:
        verdict, outlook = proposal.verdicts.get(task.id), proposal.outlooks.get(task.id)
        band = outlook.estimate_s if outlook else task.estimate_s
        rows.append(
            {
                "id": task.id,
                "title": task.title,
                "depends_on": list(task.depends_on),
                "action": task.action.value,
                "verdict": verdict.decision.value if verdict else None,
                "layer": verdict.layer.value if verdict else None,
                "rule": verdict.rule if verdict else None,
                "estimate_s": list(band) if band else None,
                "calibrated": outlook.confidence.value if outlook else task.confidence,
                "expected_cost_usd": list(outlook.cost_usd) if outlook and outlook.cost_usd else None,
            }
        )
    return rows


def finding_row(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "kind": finding.kind.value,
        "severity": finding.severity.value,
        "path": finding.path,
        "line": finding.line,
        "message": finding.message,
        "hint": finding.hint,
        "acceptable": finding.acceptable,
        **({"digest": finding.digest} if finding.digest else {}),
        **({"task": finding.task} if finding.task else {}),
        "accepted": finding.accepted,
    }


def conflict_rows(conflicts: Iterable[Conflict]) -> list[dict[str, Any]]:
    return [{"path": conflict.path, "reason": conflict.reason} for conflict in conflicts]


def review_json(review: Review, hunks: Sequence[Hunk]) -> dict[str, Any]:
    """`review --json`."""
    return {
        "session": review.session.id,
        "state": review.session.state.value,
        "files": diff_rows(review),
        "findings": [finding_row(finding) for finding in review.findings],
        "conflicts": conflict_rows(review.conflicts),
        "hand_off": list(review.hand_off),
        "notes": [asdict(note) for note in review.session.notes],
        "hunks": [asdict(hunk) for hunk in hunks],
        "can_promote": review.can_promote,
    }


def diff_rows(review: Review) -> list[dict[str, Any]]:
    return [
        {
            "path": change.path,
            "status": change.status.value,
            "additions": change.additions,
            "deletions": change.deletions,
            "tasks": list(review.tasks_of.get(change.path, ())),
        }
        for change in review.changes.files
    ]


def promotion_json(promotion: Promotion) -> dict[str, Any]:
    return {
        "promoted": promotion.promoted,
        "files": promotion.files,
        "pre_tag": promotion.pre_tag or None,
        "post_tag": promotion.post_tag or None,
        "commit": promotion.commit or None,
        "branch": promotion.branch or None,
        "paths": list(promotion.paths),
        "reasons": list(promotion.reasons),
        "findings": [finding_row(finding) for finding in promotion.findings],
        "conflicts": conflict_rows(promotion.conflicts),
        "notices": list(promotion.notices),
    }


def verdict_row(verdict: Verdict) -> dict[str, Any]:
    """`role test --json`."""
    return {
        "action": verdict.action.value if verdict.action else None,
        "decision": verdict.decision.value,
        "layer": verdict.layer.value,
        "rule": verdict.rule,
        "message": verdict.message,
        "flagged": verdict.flagged,
        "subject": verdict.subject,
    }


def role_json(role: Role) -> dict[str, Any]:
    """`role show --json`, with the field names of a role file."""
    lists = role.authority
    return {
        "name": role.name,
        "display_name": role.display_name,
        "description": role.description,
        "source": role.source.value,
        "path": role.path,
        "trusted": role.trusted,
        "scope": list(role.scope),
        "competencies": list(role.competencies),
        "authority": {
            "autonomous": [str(rule) for rule in lists.autonomous],
            "requires_approval": [str(rule) for rule in lists.requires_approval],
            "forbidden": [str(rule) for rule in lists.forbidden],
        },
        "confidence_thresholds": asdict(role.confidence_thresholds),
        "risk_tolerance": role.risk_tolerance.value,
        "auth_method": role.auth_method,
        "success_criteria": [asdict(criterion) for criterion in role.success_criteria],
        "write_limits": asdict(role.write_limits),
        "working_hours": asdict(role.working_hours) if role.working_hours else None,
        "replan_every": role.replan_every,
        "model": role.model or None,
        "fallback_model": role.fallback_model or None,
        "digest": role.digest,
    }


def steps_of(task: Any) -> list[str]:
    """A task's steps as a person reads them."""
    return [f"{tool_name(step)} {summary_of(step)}" for step in task.steps or ()]
