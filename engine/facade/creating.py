"""The facts that a session begins with: what was asked, what it took to plan it, the brief, the plan."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from engine.vocabulary.events import EventKind, Fact
from engine.vocabulary.intake import brief_to_json
from engine.vocabulary.outlook import outlook_to_json
from engine.vocabulary.plans import Plan, plan_to_json
from engine.vocabulary.sessions import Limits
from engine.vocabulary.turns import turn_of
from engine.vocabulary.verdicts import Verdict, verdict_to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.vocabulary.outlook import Outlook
    from engine.vocabulary.requests import Proposal


def created_facts(proposal: Proposal, survey: str) -> list[Fact]:
    """In the order of the journal. `survey` is the blob with what the planner was told of the repository."""
    request = proposal.request
    created = {
        "goal": proposal.goal,
        "role": proposal.role.name,
        "role_digest": proposal.role.digest,
        "workspace": str(proposal.workspace.root),
        "base_commit": proposal.workspace.head,
        "branch": proposal.workspace.branch,
        "model": request.model if any(task.steps is None for task in proposal.plan.tasks) else "",
        "sandbox": request.sandbox,
        "limits": asdict(request.limits or Limits()),
        "notices": list(proposal.notices),
    }
    facts = [Fact(EventKind.SESSION_CREATED, created)]
    facts += [Fact(EventKind.TURN, turn_of(exchange)) for exchange in proposal.spent]
    if request.brief is not None or survey:
        brief = brief_to_json(request.brief) if request.brief is not None else None
        facts.append(Fact(EventKind.INTAKE, {"brief": brief, "survey": survey, "noted": list(proposal.noted)}))
    made = plan_fact(proposal.plan, proposal.verdicts, proposal.outlooks)
    stripped = [{"rule": hit.rule, "text": hit.text} for hit in proposal.stripped]
    return [*facts, Fact(made.kind, {**made.data, "stripped": stripped})]


def plan_fact(plan: Plan, verdicts: Mapping[str, Verdict], outlooks: Mapping[str, Outlook] | None = None) -> Fact:
    """A plan with what the gate says about it and what is expected of it."""
    data: dict[str, Any] = {
        "plan": plan_to_json(plan),
        "verdicts": {key: verdict_to_json(verdict) for key, verdict in verdicts.items()},
    }
    if outlooks:
        data["outlooks"] = {key: outlook_to_json(outlook) for key, outlook in outlooks.items()}
    return Fact(EventKind.PLAN_MADE, data)
