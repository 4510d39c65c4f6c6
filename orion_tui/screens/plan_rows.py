"""The plan as an indented list, and one task in full. Pure: the screen draws it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from rich.cells import cell_len

from engine.vocabulary.actions import WriteFile, summary_of, tool_name
from engine.vocabulary.plans import Decided, Plan, TaskState
from engine.vocabulary.text import shortened, visible
from engine.vocabulary.verdicts import Decision, Verdict
from orion_tui.widgets.columns import clock, count, money, span
from orion_tui.widgets.marked_list import Entry, heading
from orion_tui.widgets.prose import HANG

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.vocabulary.intake import Brief
    from engine.vocabulary.outlook import Outlook
    from engine.vocabulary.plans import Task, Weighing
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
_FEW = 5
_NAMED = 3
_NAME_WIDTH = 48


@dataclass(frozen=True, slots=True)
class Planned:
    """What the plan is of: a goal that has not begun (`session` is empty then), or the rest of a session."""

    goal: str
    role: str
    place: str
    verdicts: Mapping[str, Verdict]
    notes: tuple[Part, ...] = ()
    session: str = ""
    outlooks: Mapping[str, Outlook] = field(default_factory=dict)
    brief: Brief | None = None

    def band(self, task: Task) -> tuple[float, float] | None:
        """Seconds from-to that the task may take: what experience says, else what the plan says."""
        outlook = self.outlooks.get(task.id)
        return outlook.estimate_s if outlook is not None else task.estimate_s

    def cost(self, task: Task) -> tuple[float, float] | None:
        """US dollars from-to, None where nothing is known yet."""
        outlook = self.outlooks.get(task.id)
        return outlook.cost_usd if outlook is not None else None


def of_proposal(proposal: Proposal) -> Planned:
    workspace = proposal.workspace
    taken = "the guard took out of the goal:"
    notes: list[Part] = [
        (f"\n⚑ {taken} {visible(stripped.text)} ({visible(stripped.rule)})", "accent") for stripped in proposal.stripped
    ]
    notes += [(f"\n· {visible(notice)}", "muted") for notice in proposal.notices]
    if proposal.spent:
        calls = count(len(proposal.spent), "call")
        notes.append((f"\n· {calls} for it so far: {_dollars(proposal.cost_usd)}", "muted"))
    place = f"{visible(workspace.root.name)} {visible(workspace.branch)}@{workspace.head[:7]}"
    return Planned(
        proposal.goal,
        proposal.role.name,
        place,
        proposal.verdicts,
        tuple(notes),
        outlooks=proposal.outlooks,
        brief=proposal.request.brief,
    )


def of_session(session: Session) -> tuple[Planned, Plan]:
    """What is left to do of a session that stands still; what has begun or ended stays as it is."""
    begun = len(session.tasks) - len(left := left_of(session))
    stays = (
        "1 task has begun or ended and stays as it is" if begun == 1 else f"{begun} tasks have begun or ended and stay"
    )
    note = f"\n· {stays}"
    place = f"{visible(PurePath(session.workspace).name)} {visible(session.branch)}"
    verdicts = {key: view.verdict for key, view in session.tasks.items() if view.verdict is not None}
    notes: list[Part] = [(note, "muted")] if begun else []
    if session.weighings:
        notes += _of_weighing(session.weighings[-1], {key: view.task.title for key, view in session.tasks.items()})
    outlooks = {key: view.outlook for key, view in session.tasks.items() if view.outlook is not None}
    plan = Plan(session.goal, left, session.plan.source if session.plan is not None else "")
    return Planned(session.goal, session.role, place, verdicts, tuple(notes), session.id, outlooks, session.brief), plan


def _of_brief(brief: Brief | None) -> list[Part]:
    """What the goal was taken to mean, and what was answered."""
    if brief is None:
        return []
    parts: list[Part] = [("\n\nTHE GOAL AS UNDERSTOOD", "title"), (f"\n  {HANG}{visible(brief.asked)}", "")]
    for label, entries in (("out", brief.left_out), ("done when", brief.success)):
        for entry in entries:
            parts += [(f"\n  {label:<10}{HANG}", "muted"), (visible(entry), "")]
    for answer in brief.answers:
        said = (visible(answer.text), "") if answer.text else ("left open", "muted")
        parts += [(f"\n  {HANG}{visible(answer.question)} ", "muted"), said]
        if not answer.by_person:
            parts.append((" (as proposed, nobody was asked)", "muted"))
    return parts


def _of_weighing(last: Weighing, titles: Mapping[str, str]) -> list[Part]:
    """What became of the plan when it was weighed last, with the difference; tasks by their titles, as in the list, and
    those that are gone by their names."""
    word = {Decided.KEEP: "kept", Decided.REVISE: "revised", Decided.ABORT: "given up"}[last.decision]
    changes = (("new", last.added), ("gone", last.removed), ("changed", last.changed))
    said = "\n  ".join(f"{label}: {_few([titles.get(key, key) for key in ids])}" for label, ids in changes if ids)
    # The difference first: a long reason may go below the edge, and stands in the log.
    parts: list[Part] = [(f"\n· {word} at {clock(last.at)}", "muted"), (f"  {said}" if said else "", "")]
    parts.append((f"\n  {visible(last.reason)}", "muted"))
    return parts


def _few(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    shown = ", ".join(visible(shortened(name, _NAME_WIDTH)) for name in names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"


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
        return "·", "no verdict", "muted"
    if verdict.decision is Decision.ALLOW and verdict.flagged:
        return "⚑", "flagged", "accent"
    return _SIGNS[verdict.decision]


def between(band: tuple[float, float] | None) -> str:
    """A band of time as `1m to 2m`, or empty when nothing is known."""
    if band is None:
        return ""
    low, high = (span(seconds) for seconds in band)
    return low if low == high else f"{low} to {high}"


def _dollars(usd: float) -> str:
    """An amount that is often less than a cent."""
    return money(usd) if usd >= 0.1 or usd == 0 else f"${usd:.4f}"


def priced(band: tuple[float, float] | None) -> str:
    """A band of money as `$0.10 to $0.30`, or empty when nothing is known."""
    if band is None:
        return ""
    low, high = (_dollars(usd) for usd in band)
    return low if low == high else f"{low} to {high}"


def _at_most(band: tuple[float, float] | None) -> str:
    return f"to {_dollars(band[1])}" if band is not None else ""


def entries(draft: PlanDraft, planned: Planned, width: int) -> list[Entry]:
    """A row for each task in the order in which they run, indented by what they wait for."""
    depths, verdicts = draft.depths(), planned.verdicts
    wide = width >= 62
    times = {task.id: between(planned.band(task)) for task in draft.plan.tasks}
    costs = {task.id: _at_most(planned.cost(task)) for task in draft.plan.tasks} if width >= 78 else {}
    time = max(10, *map(len, times.values())) if any(times.values()) else 0
    cost = max(10, *map(len, costs.values())) + 2 if any(costs.values()) else 0
    columns = f"{'verdict':<11}" + (f"{'action':<17}" if wide else "")
    columns += (f"{'time':>{time}}" if time else "") + (f"{'cost':>{cost}}" if cost else "")
    rows, above = [heading("TASKS", columns)], [""] * (max(depths.values(), default=0) + 1)
    for task in draft.plan.tasks:
        verdict = verdicts.get(task.id)
        sign, word, tone = said(verdict)
        asked = verdict is not None and verdict.decision is not Decision.ALLOW
        action = (verdict.action if verdict is not None and asked else None) or task.action
        right: tuple[Part, ...] = ((f"{word:<11}", tone),)
        if wide:
            right += ((f"{action.value:<17}", "muted"),)
        right += ((f"{times[task.id]:>{time}}", "muted"),) if time else ()
        right += ((f"{costs[task.id]:>{cost}}", "muted"),) if cost else ()
        right += ((" ", ""),) if time or cost else ()
        indent = 2 * min(depths[task.id], 6)
        depth = depths[task.id]
        waits = tuple(needed for needed in task.depends_on if needed in depths)
        title = _waits(waits, above[depth - 1] if depth else "") + task.title
        above[depth:] = [task.id] * (len(above) - depth)
        rows.append(Entry(task.id, (f"{sign} ", tone), title, right, indent=indent, least=10))
    return rows


def _waits(needed: Sequence[str], above: str) -> str:
    """What a task waits for, where that is not only the row that it seems to hang on."""
    if not needed or needed == (above,):
        return ""
    more = f" +{len(needed) - 2}" if len(needed) > 2 else ""
    return f"after {', '.join(needed[:2])}{more}: "


def detail(draft: PlanDraft, task: Task, planned: Planned) -> list[Part]:
    """One task in full: verdict, what is expected of it, what it waits for, its steps and how it will be verified."""
    verdict = planned.verdicts.get(task.id)
    sign, word, tone = said(verdict)
    parts: list[Part] = [(visible(task.title), "title"), (f"  {visible(task.id)}", "muted"), (f"\n{sign} {word}", tone)]
    if verdict is not None:
        parts.append((f" by {_LAYERS[verdict.layer.value]}: {visible(verdict.rule)}", ""))
        parts.append((f"\n{visible(verdict.message)}", "muted"))
    facts = [
        ("action", task.action.value),
        ("confidence", _sure(task, planned.outlooks.get(task.id))),
        ("time", _expected(task, planned)),
        ("cost", priced(planned.cost(task)) or _NO_COST[task.steps is None]),
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
    return parts + _of_brief(planned.brief)


_NO_COST = {True: "not known before such tasks were done", False: "nothing: no model works on it"}


def _sure(task: Task, outlook: Outlook | None) -> str:
    """The confidence that gates go by and, where they differ, how it came from the claimed one."""
    if outlook is None or not outlook.confidence.factors:
        return f"{task.confidence:.2f}"
    why = "; ".join(f"x {factor.value:.2f}: {factor.reason}" for factor in outlook.confidence.factors)
    return f"{outlook.confidence.value:.2f} of {outlook.confidence.claimed:.2f} claimed ({why})"


def _expected(task: Task, planned: Planned) -> str:
    """The band of time, and what it rests on."""
    outlook = planned.outlooks.get(task.id)
    band = between(planned.band(task))
    if not band:
        return "not estimated"
    return f"{band} (by {count(outlook.samples, 'such task')})" if outlook and outlook.samples >= _FEW else band


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
    known = [band for task in tasks if (band := planned.band(task)) is not None]
    if known:
        low, high = (span(sum(band[side] for band in known)) for side in (0, 1))
        unknown = len(tasks) - len(known)
        rest = f" and {unknown} without an estimate" if unknown else ""
        parts.append((f"  {low} to {high}{rest}", "muted"))
    costs = [band for task in tasks if (band := planned.cost(task)) is not None]
    if costs:
        parts.append((f"  {priced((sum(c[0] for c in costs), sum(c[1] for c in costs)))}", "muted"))
    parts.append((f"  {visible(draft.plan.source)}", "muted"))
    if draft.edits:
        parts.append((f"  {draft.edits} change{'' if draft.edits == 1 else 's'} by you", ""))
    parts += planned.notes
    return parts
