"""What the review says, as rows and sentences. Pure: the screen draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.vocabulary.changes import Finding, FindingKind, Severity
from engine.vocabulary.plans import TaskState
from engine.vocabulary.sessions import SessionState
from engine.vocabulary.text import visible
from orion_tui.reasons import reason_words
from orion_tui.screens.review_settled import note_entries, settled_detail, settled_entries, settled_words
from orion_tui.screens.review_tree import tree
from orion_tui.widgets.marked_list import Entry, gap, heading
from orion_tui.widgets.prose import HANG
from orion_tui.widgets.signs import Part, session_sign, task_sign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.vocabulary.changes import ReviewNote
    from engine.vocabulary.sessions import TaskView
    from orion_tui.selection import Selection

_STOPPED = (SessionState.PAUSED, SessionState.INTERRUPTED, SessionState.FAILED)
_SEVERITY: dict[Severity, Part] = {
    Severity.BLOCKING: ("✗ ", "bad"),
    Severity.WARNING: ("⚑ ", "accent"),
    Severity.INFO: ("· ", "muted"),
}


def entries(selection: Selection, by_task: bool = False, notes: Sequence[ReviewNote] = ()) -> list[Entry]:
    """What needs a person first (decisions, findings, tasks to look at, notes to send), then files, what a person must
    run, what was settled already, the rest of the tasks."""
    rows: list[Entry] = []
    session = selection.whole.session
    waiting = [
        Entry(
            f"asks:{asked.id}",
            ("◐ ", "accent"),
            asked.reason,
            ((asked.action.value if asked.action else "question", "accent"),),
        )
        for asked in session.waiting
    ]
    closer = [view for view in session.tasks.values() if _needs_a_look(view)]
    for title, found in (
        ("WAITS FOR YOU", waiting),
        ("FINDINGS", [_finding(selection, finding) for finding in selection.findings]),
        ("LOOK CLOSER", [_task(view) for view in closer]),
        ("NOTES TO SEND", note_entries(notes)),
    ):
        rows += [heading(title), *found, gap()] if found else []
    if selection.paths:
        rows.append(heading("FILES", f"taking {len(selection.taken)} of {len(selection.paths)}"))
    rows += tree(selection, by_task=by_task)
    rows += [
        Entry(f"refused:{entry.path}", ("⊘ ", "bad"), entry.path, (("cannot be kept", "muted"),))
        for entry in selection.whole.changes.refused
    ]
    if selection.whole.hand_off:
        rows += [*_gap(rows), heading("FOR YOU TO RUN")]
        rows += [Entry(f"run:{n}", ("→ ", "accent"), command) for n, command in enumerate(selection.whole.hand_off)]
    settled = settled_entries(session)
    rows += [*_gap(rows), heading("SETTLED ALREADY"), *settled] if settled else []
    rest = [_task(view) for view in session.tasks.values() if view not in closer]
    return [*rows, *_gap(rows), heading("TASKS"), *rest] if rest else rows


def _needs_a_look(view: TaskView) -> bool:
    return view.flagged or view.state in (TaskState.FAILED, TaskState.BLOCKED)


def _gap(rows: list[Entry]) -> list[Entry]:
    return [gap()] if rows and rows[-1].key else []


def _finding(selection: Selection, finding: Finding) -> Entry:
    accepted = selection.is_accepted(finding)
    sign: Part = ("✓ ", "good") if accepted else _SEVERITY[finding.severity]
    word = "accepted" if accepted else finding.severity.value
    tone = "muted" if accepted else sign[1]
    kind = finding.kind.value.replace("_", " ")
    place = _place(finding)
    more = finding.message if place else ""
    return Entry(f"finding:{finding.id}", sign, place or finding.message, ((f"{kind} · {word}", tone),), more=more)


def _place(finding: Finding) -> str:
    return finding.path if finding.line is None or not finding.path else f"{finding.path}:{finding.line}"


def _task(view: TaskView) -> Entry:
    sign, tone = task_sign(view.state)
    word = sign[2:] if view.state is not TaskState.KEPT else _verified(view)[0]
    right = (f"{word} {view.confidence:.2f}" + ("⚑" if view.flagged else ""), "muted")
    return Entry(f"task:{view.task.id}", (sign[:2], tone), view.task.title, (right,))


def _verified(view: TaskView) -> Part:
    if view.verified is None:
        return "not verified", "muted"
    return ("verified", "good") if view.verified else ("check failed", "bad")


def path_of(selection: Selection, key: str) -> tuple[str, int | None]:
    """Path and line that a row is about; an empty path when it is about none."""
    kind, _, name = key.partition(":")
    if kind == "file":
        return name, None
    found = finding_of(selection, key)
    return (found.path, found.line) if found else ("", None)


def finding_of(selection: Selection, key: str) -> Finding | None:
    """The finding that a row stands for."""
    kind, _, name = key.partition(":")
    if kind != "finding":
        return None
    return next((finding for finding in selection.findings if finding.id == name), None)


def detail(selection: Selection, key: str) -> list[Part]:
    """Everything known about what the cursor is on, with what can be done about it."""
    kind, _, name = key.partition(":")
    finding = finding_of(selection, key)
    if finding is not None:
        return _finding_detail(selection, finding)
    if kind == "file":
        return _file_detail(selection, name)
    if kind == "task" and name in selection.whole.session.tasks:
        return task_detail(selection.whole.session.tasks[name])
    if kind == "asks" and name in selection.whole.session.approvals:
        asked = selection.whole.session.approvals[name]
        return [(visible(asked.detail, keep="\n"), "key"), ("\n", ""), ("a", "key"), (" decides it", "muted")]
    if kind == "run":
        command = selection.whole.hand_off[int(name)]
        return [
            ("Orion never runs this; you do, once you are content:\n", "muted"),
            (visible(command, keep="\n"), "key"),
        ]
    if kind in ("promoted", "cut", "turned", "decided"):
        return settled_detail(selection.whole.session, kind, name)
    if kind == "refused":
        entry = next((entry for entry in selection.whole.changes.refused if entry.path == name), None)
        return [] if entry is None else [(visible(entry.reason), ""), (f"\n{entry.rule}", "muted")]
    return []


def _finding_detail(selection: Selection, finding: Finding) -> list[Part]:
    parts: list[Part] = [(visible(finding.message), "")]
    if finding.path:
        parts.append((f"\n{visible(_place(finding))}", "muted"))
    if finding.hint:
        parts.append((f"\n{visible(finding.hint)}", "muted"))
    if selection.is_accepted(finding):
        parts += [("\n✓ accepted by you, ", "good"), ("a", "key"), (" takes that back", "muted")]
    elif finding.severity is not Severity.BLOCKING:
        parts.append(("\nto know; it does not block", "muted"))
    elif finding.kind is FindingKind.CONFLICT:
        parts += _ways_out_of_conflict(selection, finding.path)
    elif finding.acceptable:
        parts += [("\na", "key"), (" accepts exactly this one", "muted")]
        parts += [("; ", "muted"), ("A", "key"), (" says for good that it is none", "muted")] if finding.digest else []
    else:
        parts.append(("\ncannot be accepted: leave its file out", "bad"))
    return parts


def _ways_out_of_conflict(selection: Selection, path: str) -> list[Part]:
    """What each key does about it, here and behind `c`."""
    out: list[Part] = [("f", "key"), (" leaves the file out", "muted")]
    if not selection.is_resolvable(path):
        return [("\n", ""), *out, ("; then, or once your change is away, it can go on", "muted")]
    return [
        *(("\nc", "key"), (" shows both versions, and there ", "muted")),
        *(("o", "key"), (" keeps your branch's (the file is left out), ", "muted")),
        *(("t", "key"), (" takes this session's, ", "muted"), ("e", "key"), (" edits, ", "muted")),
        *(("b", "key"), (" asks the agent; here ", "muted")),
        *out,
    ]


def _file_detail(selection: Selection, path: str) -> list[Part]:
    change = next((change for change in selection.whole.changes.files if change.path == path), None)
    if change is None:
        return []
    parts: list[Part] = [(visible(path), "key"), (f"  {change.status.value}, {change.size:,} bytes", "muted")]
    if change.new_mode != change.old_mode and change.old_mode and change.new_mode:
        parts.append((f", mode {change.old_mode:o} → {change.new_mode:o}", "muted"))
    move = selection.move_of(path)
    if move is not None:
        there, other = ("from", move.old_path) if move.path == path else ("to", move.path)
        same = "its content is the same" if move.similarity == 100 else f"{move.similarity}% of it is the same"
        parts += [(f"\nmoved {there} ", "muted"), (visible(other), ""), (f", {same}; both go together", "muted")]
    if change.binary:
        parts.append(("\nbinary: taken whole or not at all", "muted"))
    if path in selection.resolutions:
        answer = "with the session's version" if selection.resolutions[path] is None else "by your own edit"
        parts.append((f"\n✓ its conflict is resolved {answer}", "good"))
    tasks = selection.whole.session.tasks
    for name in selection.whole.tasks_of.get(path, ()):
        if name in tasks:
            word, tone = _verified(tasks[name])
            parts += [(f"\nby {HANG}", "muted"), (visible(tasks[name].task.title), ""), (f" · {word}", tone)]
    for finding in selection.findings:
        if finding.path == path:
            sign, tone = _SEVERITY[finding.severity]
            parts += [(f"\n{sign}{HANG}", tone), (visible(finding.message), "")]
    return parts


def task_detail(view: TaskView) -> list[Part]:
    """A task with what it claimed, what ran and what was verified, kept apart."""
    sign, tone = task_sign(view.state)
    parts: list[Part] = [(visible(view.task.title), "key"), (f"  {sign}", tone)]
    if view.reason:
        parts.append((f"\n{visible(view.reason)}", "muted"))
    if view.claimed:
        parts += [(f"\nclaimed   {HANG}", "muted"), (visible(view.claimed), "")]
    for evidence in view.evidence:
        mark: Part = ("✓ passed", "good") if evidence.passed else ("✗ failed", "bad")
        exit_status = "was stopped" if evidence.exit is None else f"exit {evidence.exit}"
        parts += [(f"\nverified  {HANG}", "muted"), mark, (f" {visible(evidence.run)} ({exit_status})", "")]
    if not view.evidence:
        parts.append(("\nno check ran: not verified", "muted"))
    return parts


def status_lines(selection: Selection) -> list[Part]:
    """Two lines: what there is, and whether exactly this selection can be promoted."""
    whole = selection.whole
    blocking = sum(f.severity is Severity.BLOCKING and not selection.is_accepted(f) for f in selection.findings)
    count = len(whole.changes.files)
    parts: list[Part] = [
        (f"{count} file{'' if count == 1 else 's'} +{whole.changes.additions} -{whole.changes.deletions}", ""),
    ]
    waiting = len(whole.session.waiting)
    if waiting:
        parts.append((f"  ◐ {waiting} decision{'' if waiting == 1 else 's'} to make", "accent"))
    found = _findings(len(selection.findings)) + (f", {blocking} blocking" if blocking else "")
    parts += [(f"  {found}", "muted"), (f"  {_base(selection)}", "muted")]
    if settled := settled_words(whole.session):
        parts.append((f"  {settled}", "muted"))
    if whole.session.state in _STOPPED and whole.session.reason:
        parts.append(
            (f"\n{session_sign(whole.session.state)[0]}: {visible(reason_words(whole.session.reason))}", "accent")
        )
    record = next((record for record in reversed(whole.session.promotions) if not record.undone_by), None)
    if not count and record is not None:
        words = f"\n✓ everything is on {visible(record.branch)} as {record.commit[:12]}: "
        return [*parts, (words, "good"), ("U", "key"), (" takes it back", "muted")]
    reasons = selection.blockers()
    if not reasons:
        taken = len(selection.taken)
        return [*parts, (f"\n✓ can promote {taken} file{'' if taken == 1 else 's'}: ", "good"), ("P", "accent")]
    more = f"  (+{len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return [*parts, ("\n✗ cannot promote: ", "bad"), (visible(reasons[0]), ""), (more, "muted")]


def _findings(count: int) -> str:
    return "no finding" if not count else f"{count} finding{'' if count == 1 else 's'}"


def _base(selection: Selection) -> str:
    base = drift_words(selection)
    conflicts = len(selection.conflicts)
    return f"{base}, {conflicts or 'no'} conflict{'s' * (conflicts > 1)}"


def drift_words(selection: Selection) -> str:
    """What has moved since the session began, as the branch and its work tree are now."""
    moved = set(selection.whole.moved)
    if not moved:
        return "base unchanged"
    mine = moved.intersection(selection.taken)
    return f"base moved on: {len(moved)} file{'s' * (len(moved) > 1)}, {len(mine) or 'none'} chosen"
