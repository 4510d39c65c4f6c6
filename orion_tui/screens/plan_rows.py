"""The plan as an indented list, and one task in full. Pure: the screen draws it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from rich.cells import cell_len

from engine.vocabulary.actions import WriteFile, summary_of, tool_name
from engine.vocabulary.plans import Plan, TaskState
from engine.vocabulary.text import shortened, visible
from engine.vocabulary.verdicts import Decision, Verdict
from orion_tui.widgets.columns import span
from orion_tui.widgets.marked_list import Entry, heading
from orion_tui.widgets.prose import HANG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.vocabulary.plans import Task
    from engine.vocabulary.requests import Proposal
    from engine.vocabulary.sessions import Session
    from orion_tui.plan_draft import PlanDraft
    from orion_tui.widgets.signs import Part

_SIGNS = {
    Decision.ALLOW: ("✓", "allowed", "good"),
    Decision.PARK: ("◐", "asks you", "accent"),
    Decision.BLOCK: ("⊘", "blocked", "bad"),
}
_LAYERS = {
    "base": "base restriction",
    "role": "hard limit of the role",
    "authority": "authority",
    "confidence": "confidence",
}
_COMMAND_WIDTH = 400


@dataclass(frozen=True, slots=True)
class Planned:
    """What the plan is of: a goal that has not begun (`session` is empty then), or the rest of a session."""

    goal: str
    role: str
    place: str
    verdicts: Mapping[str, Verdict]
    notes: tuple[Part, ...] = ()
    session: str = ""


def of_proposal(proposal: Proposal) -> Planned:
    workspace = proposal.workspace
    taken = "the guard took out of the goal:"
    notes: list[Part] = [
        (f"\n⚑ {taken} {visible(stripped.text)} ({visible(stripped.rule)})", "accent") for stripped in proposal.stripped
    ]
    notes += [(f"\n· {visible(notice)}", "muted") for notice in proposal.notices]
    place = f"{visible(workspace.root.name)} {visible(workspace.branch)}@{workspace.head[:7]}"
    return Planned(proposal.goal, proposal.role.name, place, proposal.verdicts, tuple(notes))


def of_session(session: Session) -> tuple[Planned, Plan]:
    """What is left to do of a session that stands still; what has begun or ended stays as it is."""
    begun = len(session.tasks) - len(left := left_of(session))
    stays = (
        "1 task has begun or ended and stays as it is" if begun == 1 else f"{begun} tasks have begun or ended and stay"
    )
    note = f"\n· {stays}"
    place = f"{visible(PurePath(session.workspace).name)} {visible(session.branch)}"
    verdicts = {key: view.verdict for key, view in session.tasks.items() if view.verdict is not None}
    notes = ((note, "muted"),) if begun else ()
    plan = Plan(session.goal, left, session.plan.source if session.plan is not None else "")
    return Planned(session.goal, session.role, place, verdicts, notes, session.id), plan


def left_of(session: Session) -> tuple[Task, ...]:
    """The tasks that have not begun, in their order."""
    return tuple(
        view.task
        for view in session.tasks.values()
        if view.state is TaskState.PENDING and view.suspension is None and not view.attempts
    )


def said(verdict: Verdict | None) -> tuple[str, str, str]:
    """Sign, word and tone of a verdict; a flagged one is allowed and looked at later."""
    if verdict is None:
        return "·", "not weighed", "muted"
    if verdict.decision is Decision.ALLOW and verdict.flagged:
        return "⚑", "flagged", "accent"
    return _SIGNS[verdict.decision]


def estimate(task: Task) -> str:
    """The band of time as `1m to 2m`, or empty when the plan does not say."""
    if task.estimate_s is None:
        return ""
    low, high = (span(seconds) for seconds in task.estimate_s)
    return low if low == high else f"{low} to {high}"


def entries(draft: PlanDraft, verdicts: Mapping[str, Verdict], width: int) -> list[Entry]:
    """A row for each task in the order in which they run, indented by what they wait for."""
    depths = draft.depths()
    wide = width >= 62
    timed = any(task.estimate_s is not None for task in draft.plan.tasks)
    columns = f"{'verdict':<11}" + (f"{'action':<17}" if wide else "") + (f"{'time':>10}" if timed else "")
    rows = [heading("TASKS", columns)]
    for task in draft.plan.tasks:
        verdict = verdicts.get(task.id)
        sign, word, tone = said(verdict)
        asked = verdict is not None and verdict.decision is not Decision.ALLOW
        action = (verdict.action if verdict is not None and asked else None) or task.action
        right: tuple[Part, ...] = ((f"{word:<11}", tone),)
        if wide:
            right += ((f"{action.value:<17}", "muted"),)
        right += ((f"{estimate(task):>10} ", "muted"),) if timed else ()
        indent = 2 * min(depths[task.id], 6)
        rows.append(Entry(task.id, (f"{sign} ", tone), task.title, right, indent=indent, least=10))
    return rows


def detail(draft: PlanDraft, task: Task, verdict: Verdict | None) -> list[Part]:
    """One task in full: verdict, what it waits for, its steps and how it will be verified."""
    sign, word, tone = said(verdict)
    parts: list[Part] = [(visible(task.title), "title"), (f"  {visible(task.id)}", "muted"), (f"\n{sign} {word}", tone)]
    if verdict is not None:
        parts.append((f" by {_LAYERS[verdict.layer.value]}: {visible(verdict.rule)}", ""))
        parts.append((f"\n{visible(verdict.message)}", "muted"))
    facts = [
        ("action", task.action.value),
        ("confidence", f"{task.confidence:.2f}"),
        ("time", estimate(task) or "not estimated"),
        ("after", ", ".join(other.title for other in draft.needs(task.id)) or "nothing, it can begin at once"),
        ("before", ", ".join(other.title for other in draft.needed_by(task.id)) or "nothing waits for it"),
    ]
    for label, value in facts:
        parts += [(f"\n{label:<12}{HANG}", "muted"), (visible(value), "")]
    parts.append(("\n\nSTEPS", "title"))
    parts += _steps(task)
    parts.append(("\n\nCHECKS", "title"))
    parts += [(f"\n  {HANG}{visible(check.run)}", "key") for check in task.checks] or [
        ("\n  none: what it claims is not verified", "muted")
    ]
    return parts


def _steps(task: Task) -> list[Part]:
    if task.steps is None:
        said_to_model = visible(task.instructions or "the title is all that the model gets", keep="\n")
        return [("\n  a model works on it:\n", "muted"), (said_to_model, "")]
    parts: list[Part] = []
    for number, step in enumerate(task.steps, 1):
        what = visible(shortened(summary_of(step), _COMMAND_WIDTH))
        size = f"  {cell_len(step.content):,} characters" if isinstance(step, WriteFile) else ""
        parts += [(f"\n  {number}. {tool_name(step):<7}{HANG}", "muted"), (what, "key"), (size, "muted")]
    return parts or [("\n  none", "muted")]


def status(planned: Planned, draft: PlanDraft) -> list[Part]:
    """How much there is to do, how long it may take, and what a person should know before it starts."""
    tasks = draft.plan.tasks
    words = [said(planned.verdicts.get(task.id))[1] for task in tasks]
    parts: list[Part] = [(f"{len(tasks)} task{'' if len(tasks) == 1 else 's'}", "key")]
    for word, tone in (("allowed", ""), ("flagged", "accent"), ("asks you", "accent"), ("blocked", "bad")):
        count = words.count(word)
        if count:
            parts.append((f"  {count} {'ask you' if word == 'asks you' and count > 1 else word}", tone))
    known = [task.estimate_s for task in tasks if task.estimate_s is not None]
    if known:
        low, high = (span(sum(band[side] for band in known)) for side in (0, 1))
        unknown = len(tasks) - len(known)
        rest = f" and {unknown} without an estimate" if unknown else ""
        parts.append((f"  {low} to {high}{rest}", "muted"))
    parts.append((f"  {visible(draft.plan.source)}", "muted"))
    if draft.edits:
        parts.append((f"  {draft.edits} change{'' if draft.edits == 1 else 's'} by you", ""))
    parts += planned.notes
    return parts
