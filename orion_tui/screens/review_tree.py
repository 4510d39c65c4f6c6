"""The changed files as rows, by folder or by the task that made them, with how much of each is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.vocabulary.changes import ChangeStatus, FileChange, Severity
from orion_tui.selection import Take
from orion_tui.widgets.marked_list import Entry

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from orion_tui.selection import Selection
    from orion_tui.widgets.signs import Part

_STATUS = {ChangeStatus.ADDED: "A", ChangeStatus.MODIFIED: "M", ChangeStatus.DELETED: "D"}
_LINK = 0o120000
_TAKE: dict[Take, Part] = {Take.ALL: ("✓ ", "good"), Take.PART: ("◪ ", "accent"), Take.NONE: ("☐ ", "muted")}


def tree(selection: Selection, *, by_task: bool) -> list[Entry]:
    """Groups with their counts, and below each its files."""
    groups: dict[str, list[FileChange]] = {}
    for change in selection.whole.changes.files:
        name = _task_of(selection, change) if by_task else change.path.rpartition("/")[0]
        groups.setdefault(name, []).append(change)
    rows: list[Entry] = []
    blocked = {
        finding.path
        for finding in selection.findings
        if finding.severity is Severity.BLOCKING and not selection.is_accepted(finding)
    }
    for name, files in groups.items():
        if name or by_task:
            rows.append(_group(name or "by no kept task", files))
        rows += [_file(selection, change, blocked, whole_path=by_task or not name) for change in files]
    return rows


def _task_of(selection: Selection, change: FileChange) -> str:
    """The title of the task that touched it last."""
    names = selection.whole.tasks_of.get(change.path, ())
    tasks = selection.whole.session.tasks
    return tasks[names[-1]].task.title if names and names[-1] in tasks else ""


def _group(name: str, files: Sequence[FileChange]) -> Entry:
    added, removed = sum(file.additions for file in files), sum(file.deletions for file in files)
    return Entry("", ("  ", ""), name, ((f"{len(files)} · +{added} -{removed}", "muted"),), "muted")


def _file(selection: Selection, change: FileChange, blocked: Collection[str], *, whole_path: bool) -> Entry:
    take, some, count = selection.take_of(change.path)
    move = selection.move_of(change.path)
    status = _STATUS[change.status]
    words = "binary" if change.binary else f"+{change.additions} -{change.deletions}"
    if move is not None and move.path == change.path:
        status = "R"
        words = "moved" if move.similarity == 100 else f"moved, {move.similarity}% the same"
    elif move is not None:
        words = "moved away"
    elif change.new_mode == _LINK:
        words = "link" if change.old_mode in (0, _LINK) else "now a link"
    elif change.old_mode == _LINK and change.new_mode:
        words = "no link any more"
    elif change.old_mode and change.new_mode and change.old_mode != change.new_mode:
        words = f"mode {words}"
    right: list[Part] = [("✗ " if change.path in blocked else "", "bad"), (f"{some}/{count} ", ""), (words, "muted")]
    sign, tone = _TAKE[take]
    name = change.path if whole_path else change.path.rpartition("/")[2]
    dim = "muted" if take is Take.NONE else ""
    return Entry(f"file:{change.path}", (f"{sign}{status} ", tone), name, tuple(right), dim)
