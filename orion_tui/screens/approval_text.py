"""Everything needed to decide one approval, as text. Pure: the screen draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.vocabulary.actions import ActionClass
from engine.vocabulary.sessions import Session, SessionState
from engine.vocabulary.text import visible
from engine.vocabulary.verdicts import Approval, ApprovalKind
from orion_tui.widgets.columns import exact
from orion_tui.widgets.prose import HANG
from orion_tui.widgets.signs import Part, task_sign

if TYPE_CHECKING:
    from engine.vocabulary.plans import Plan

_HANDED_OVER = (ActionClass.GIT_MERGE, ActionClass.DEPLOY, ActionClass.REPO_DELETE)
_KIND = {
    ApprovalKind.ACTION: "wants to do this; it has not happened yet",
    ApprovalKind.EFFECT: "has left this in its tree; nothing of it is kept yet",
    ApprovalKind.CONFIDENCE: "is too unsure to go on by itself",
    ApprovalKind.QUESTION: "asks you something that only a person can answer",
    ApprovalKind.CIRCLE: "goes round in circles and waits for a hint",
    ApprovalKind.SETUP: "wants to run this with a network before the first task; nothing has run yet",
}


def behind(plan: Plan | None, task: str) -> tuple[str, ...]:
    """Titles of the tasks that cannot begin before this one has ended, in the order of the plan."""
    if plan is None:
        return ()
    waiting = {task}
    titles = []
    grew = True
    while grew:
        grew = False
        for other in plan.tasks:
            if other.id not in waiting and waiting.intersection(other.depends_on):
                waiting.add(other.id)
                grew = True
    for other in plan.tasks:
        if other.id in waiting and other.id != task:
            titles.append(other.title)
    return tuple(titles)


def moved(approval: Approval, session: Session, role_digest: str | None) -> list[Part]:
    """Whether what the approval is bound to is still as it was: the role and the tree."""
    parts: list[Part] = []
    if role_digest is None:
        parts.append(("✗ the role cannot be read now", "bad"))
    elif role_digest != approval.role_digest:
        words = "the role has changed since this was asked, so it cannot be approved: reject it, or put the role back"
        parts.append((f"⚑ {HANG}{words}", "accent"))
    else:
        parts.append(("✓ the role is as it was", ""))
    view = session.tasks.get(approval.task)
    if view is not None and view.suspension is not None and view.suspension.base != session.tip:
        parts.append((f"\n⚑ {HANG}other tasks were kept since: its tree is merged onto theirs", "accent"))
    else:
        parts.append(("\n✓ the tree is as it was", ""))
    return parts


_TONE_OF = {"+ ": "good", "- ": "bad", "  ": ""}
"""How a line of what is proposed is drawn, by its sign."""


def after_approval(approval: Approval) -> str:
    """What happens when it is approved, in a sentence."""
    if approval.action in _HANDED_OVER:
        return "Orion never does this itself. The literal text goes on the review's list of what you run by hand."
    if approval.kind is ApprovalKind.SETUP:
        return (
            "The commands run in a sandbox of their own, with a network, on a checkout of the committed files; no key, "
            "no environment and no other file of yours is in reach. What they make is frozen, read-only, and taken "
            "again by later sessions of this repository until a manifest or a command changes. The agent gets no "
            "network."
        )
    if approval.action is ActionClass.NETWORK_REQUEST:
        return (
            "An agent never gets a network, so approving answers that this cannot run. What should be installed "
            "belongs into the `setup` of the role."
        )
    if approval.kind is ApprovalKind.EFFECT:
        return "The task's tree is merged onto the session's, gated and checked again. A conflict runs the task anew."
    if approval.kind is ApprovalKind.QUESTION:
        return "The worker gets your answer and goes on at this step, in a fresh sandbox."
    if approval.kind is ApprovalKind.CIRCLE:
        return "The worker gets your hint and goes on at this step, in a fresh sandbox."
    if approval.kind is ApprovalKind.CONFIDENCE:
        return "The task is tried as planned, flagged for the review, with a checkpoint before it."
    return "The task goes on at this step in a fresh sandbox: its earlier processes and /tmp are gone."


def after_rejection(approval: Approval) -> str:
    """What happens when it is rejected, in a sentence."""
    if approval.kind is ApprovalKind.SETUP:
        return "The session works without what the set-up would have installed."
    return "The task is denied and what waits behind it never begins."


def title_of_none(approval: Approval) -> str:
    """What stands for a task's title where the approval belongs to no task of the plan."""
    return "Set-up phase" if approval.kind is ApprovalKind.SETUP else visible(approval.task)


def facts_of(approval: Approval, session: Session, role_digest: str | None) -> list[Part]:
    """The whole text: what, why, by which rule, what has moved, what waits behind it, what deciding does."""
    view = session.tasks.get(approval.task)
    title = visible(view.task.title) if view else title_of_none(approval)
    parts: list[Part] = [("◐ ", "accent"), (title, "title"), (f"\n{_KIND[approval.kind]}\n", "muted")]
    # What a model says in words is no diff, however it begins its lines.
    tones = {} if approval.kind in (ApprovalKind.QUESTION, ApprovalKind.CIRCLE) else _TONE_OF
    for line in visible(approval.proposed or approval.detail, keep="\n").split("\n"):
        parts += [(f"\n  │ {HANG}", "muted"), (line, tones.get(line[:2], "key"))]
    parts.append(("\n", ""))
    name = approval.action.value if approval.action else approval.kind.value
    rows: list[list[Part]] = [
        [("why", "muted"), (visible(approval.reason), "")],
        [("rule", "muted"), (f"{name} · {visible(approval.rule)}" if approval.rule != name else name, "")],
        *([[("confidence", "muted"), (f"{view.confidence:.2f}", "")]] if view else []),
        [("asked", "muted"), (exact(approval.asked_at), "")],
        [("session", "muted"), (visible(session.goal), "")],
    ]
    for label, value in rows:
        parts += [("\n", ""), (f"{label[0]:<12}{HANG}", "muted"), value]
    parts.append(("\n\n", ""))
    parts += moved(approval, session, role_digest)
    parts.append(("\n\nWAITS BEHIND IT", "title"))
    everything = tuple(view.task.title for view in session.tasks.values())
    waiting = everything if approval.kind is ApprovalKind.SETUP else behind(session.plan, approval.task)
    parts += [(f"\n  · {HANG}{visible(other)}", "") for other in waiting] or [("\n  nothing", "muted")]
    parts += [("\n\nIF YOU APPROVE", "title"), (f"\n{after_approval(approval)}", "")]
    if approval.needs_auth:
        parts.append(("\n◐ it asks for your PIN", "accent"))
    parts += [("\n\nIF YOU REJECT", "title"), (f"\n{after_rejection(approval)}", "")]
    if session.state is not SessionState.RUNNING:
        sign, tone = ("‖", "accent")
        parts += [
            (f"\n\n{sign} nobody works on this session now: ", tone),
            ("after deciding, ", ""),
            ("p", "key"),
            (" lets it go on", ""),
        ]
    return parts


def state_of(approval: Approval, session: Session) -> Part:
    """Sign and word of the task that asks."""
    view = session.tasks.get(approval.task)
    return task_sign(view.state) if view else ("", "")
