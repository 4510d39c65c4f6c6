"""What the gate says, and what an approval is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from engine.vocabulary.actions import ActionClass
from engine.vocabulary.flat import fields_of

if TYPE_CHECKING:
    from collections.abc import Mapping


class Decision(StrEnum):
    """Carry on, ask a person, or refuse."""

    ALLOW = "allow"
    PARK = "park"
    BLOCK = "block"


class Layer(StrEnum):
    """Which layer decided, in the order in which they are asked; the first refusal wins."""

    BASE = "base"
    ROLE = "role"
    AUTHORITY = "authority"
    CONFIDENCE = "confidence"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of the gate on one action or one effect.

    `rule` names the entry that decided (`deps.change`, `forbidden: deploy`, `path.escape`); `message` is a sentence
    for a person; `subject` is the path or command it is about. `flagged` marks an allowed action that a reviewer
    should look at; `needs_auth` an approval that asks for the PIN or code.
    """

    decision: Decision
    layer: Layer
    rule: str
    message: str
    action: ActionClass | None = None
    subject: str = ""
    flagged: bool = False
    needs_auth: bool = False

    @property
    def allowed(self) -> bool:
        return self.decision is Decision.ALLOW


_SEVERITY = {Decision.ALLOW: 0, Decision.PARK: 1, Decision.BLOCK: 2}
_ORDER = {layer: index for index, layer in enumerate(Layer)}


def strictest(verdicts: tuple[Verdict, ...]) -> Verdict:
    """The verdict that decides for all: block before park before allow, the earlier layer first. Never empty."""
    return max(verdicts, key=lambda v: (_SEVERITY[v.decision], v.flagged, -_ORDER[v.layer]))


def verdict_to_json(verdict: Verdict) -> dict[str, Any]:
    return fields_of(verdict)


def verdict_from_json(data: Mapping[str, Any]) -> Verdict:
    fields = dict(data)
    fields["decision"] = Decision(fields["decision"])
    fields["layer"] = Layer(fields["layer"])
    fields["action"] = ActionClass(fields["action"]) if fields.get("action") else None
    return Verdict(**fields)


class ApprovalKind(StrEnum):
    """What is parked: actions before they ran, a task's effects after, the task as a whole for low confidence, a
    question of the worker or a worker that goes round in circles (both approved with words for it), or the session's
    set-up phase, which belongs to no task (`task` is empty)."""

    ACTION = "action"
    EFFECT = "effect"
    CONFIDENCE = "confidence"
    QUESTION = "question"
    CIRCLE = "circle"
    SETUP = "setup"


class ApprovalState(StrEnum):
    PARKED = "parked"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Approval:
    """A decision that waits for a person. It is bound to `action_digest`, `role_digest` and `tree` (a git tree id).

    `id` is unique over all sessions (`{session}-{task}-{n}`); `action` the class that parked; `detail` the command,
    path or file list in full, one per line; `proposed` what actions would put in and take out, line by line (empty for
    effects, whose diff is kept); `reason` the gate's sentence. `asked_at` and `decided_at` are ISO 8601.
    """

    id: str
    session: str
    task: str
    kind: ApprovalKind
    action: ActionClass | None
    detail: str
    reason: str
    rule: str
    asked_at: str
    action_digest: str
    role_digest: str
    tree: str
    needs_auth: bool = False
    state: ApprovalState = ApprovalState.PARKED
    decided_at: str = ""
    decision_reason: str = ""
    proposed: str = ""


def approval_to_json(approval: Approval) -> dict[str, Any]:
    return asdict(approval)


def approval_from_json(data: Mapping[str, Any]) -> Approval:
    fields = dict(data)
    fields["kind"] = ApprovalKind(fields["kind"])
    fields["state"] = ApprovalState(fields.get("state", "parked"))
    fields["action"] = ActionClass(fields["action"]) if fields.get("action") else None
    return Approval(**fields)
