"""A reviewer's comments as work: a new task of the same session, whose result is reviewed like any other."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from difflib import unified_diff
from typing import TYPE_CHECKING

from engine.review.selection import tasks_by_path
from engine.vocabulary.errors import UsageError, WorkspaceError
from engine.vocabulary.events import EventKind, Fact
from engine.vocabulary.plans import Check, Plan, Task
from engine.vocabulary.sessions import Session, SessionState
from engine.vocabulary.text import decoded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.facade.core import Core
    from engine.review.weighing import Weighed
    from engine.vocabulary.changes import ReviewNote
    from engine.vocabulary.workspaces import ConflictSides

MOST_CHARACTERS = 40_000
"""Of the instructions in all; more would crowd out the work itself."""

_QUOTED = 500
_SHOWN_OF_A_SIDE = 12_000
_AROUND = 4_000
"""Characters left for names and words around what is shown."""


def revised(state: Session, notes: Sequence[ReviewNote]) -> tuple[Plan, str]:
    """The plan with one more task, and its id. Raises UsageError when nobody could work on it."""
    if not notes or any(not note.text.strip() for note in notes):
        raise UsageError("there is nothing to say yet", "write a note on a line or a file first")
    lines = ["A reviewer looked at the changes of this session and asks for these corrections:"]
    for note in notes:
        place = note.path if note.line is None else f"{note.path}, line {note.line}"
        lines.append(f"- {place or 'in general'}{' (turned down)' if note.rejected else ''}: {note.text.strip()}")
        if note.quoted:
            lines.append(f"  the line reads: {note.quoted[:_QUOTED]}")
    return _appended(state, "Revise what the reviewer commented on", "\n".join(lines), [note.path for note in notes])


def rebased(state: Session, branch: str, conflicts: Sequence[ConflictSides]) -> tuple[Plan, str]:
    """The plan with a task that brings the session's version of files and the branch's together."""
    asked = (
        f"The branch {branch} has moved on, and these files of this session cannot be merged with it. Make each of them"
        " hold both what the branch has now and what this session wants. A person reviews the result."
    )
    lines, room = [asked], min(_SHOWN_OF_A_SIDE, (MOST_CHARACTERS - _AROUND) // max(len(conflicts), 1))
    for each in conflicts:
        lines += _of_the_branch(each, room)
    return _appended(
        state, f"Bring the work together with {branch}", "\n".join(lines), [each.path for each in conflicts]
    )


def _of_the_branch(sides: ConflictSides, room: int) -> tuple[str, str]:
    """What a file is on the branch now; what it changed there where the whole is longer than `room` characters."""
    if sides.ours is None:
        return f"--- {sides.path}, on the branch now:", "it is deleted there"
    ours = decoded(sides.ours)
    if len(ours) <= room:
        return f"--- {sides.path}, as it is on the branch now:", ours
    before = decoded(sides.base or b"").splitlines()
    made = "\n".join(unified_diff(before, ours.splitlines(), "before", "on the branch", lineterm=""))
    cut = f"\n(the first {room} of {len(made)} characters)" if len(made) > room else ""
    return f"--- {sides.path}, what changed of it on the branch:", made[:room] + cut


def _appended(state: Session, title: str, instructions: str, paths: Sequence[str]) -> tuple[Plan, str]:
    if state.plan is None or state.over or state.state is SessionState.RUNNING:
        raise UsageError(f"the session is {state.state.value}: no task can be added to it", "start a new one")
    if not state.model:
        raise UsageError(
            "no model works on this session, so nobody can read a note",
            "start a session with a model, or change the playbook and run it again",
        )
    if len(instructions) > MOST_CHARACTERS:
        raise UsageError(f"the notes have {len(instructions)} characters", f"at most {MOST_CHARACTERS}; say less")
    number = 1
    while f"revise-{number}" in state.tasks:
        number += 1
    by_path = tasks_by_path(state)
    touching = {task for path in paths for task in by_path.get(path, ())}
    checks: dict[str, Check] = {}
    for key, view in state.tasks.items():
        if key in touching:
            checks |= {check.run: check for check in view.task.checks}
    known = tuple(dict.fromkeys(path for path in paths if path))
    task = Task(
        f"revise-{number}", title, instructions=instructions, checks=tuple(checks.values()), expected_files=known
    )
    plan = Plan(state.plan.goal, (*(view.task for view in state.tasks.values()), task), state.plan.source)
    return plan, task.id


def revise(core: Core, state: Session, notes: Sequence[ReviewNote]) -> str:
    """Give the session the task; its id. What was turned down is kept for planning too."""
    from engine.review.selection import ALL
    from engine.review.weighing import weigh

    task = _given(core, state, *revised(state, notes), also=[noted(gone=notes)] if state.notes else ())
    # A workspace that is away keeps nobody from asking; the session says so itself when it looks.
    with suppress(WorkspaceError):
        weighed = weigh(state, core.repository(state.id), core.adapters.users, ALL, state.branch)
        _movement_seen(core, state, weighed, state.branch)
    return task


def noted(*, added: Sequence[ReviewNote] = (), gone: Sequence[ReviewNote] = ()) -> Fact:
    """The fact that these notes wait to be sent, or do so no longer."""
    rows = {"added": [asdict(note) for note in added], "gone": [asdict(note) for note in gone]}
    return Fact(EventKind.REVIEW_NOTED, {name: each for name, each in rows.items() if each})


def rebase(core: Core, state: Session, onto: str | None) -> str:
    """Ask for a task about every file that conflicts with the branch as it is now."""
    from engine.facade.reviewing import sides_of
    from engine.review.selection import ALL
    from engine.review.weighing import weigh

    branch = onto or state.branch
    weighed = weigh(state, core.repository(state.id), core.adapters.users, ALL, branch)
    if not weighed.merged.conflicts:
        raise UsageError(f"nothing of this session conflicts with {branch}", "it can be promoted as it is")
    texts = [each.path for each in weighed.merged.conflicts if each.reason != "binary"]
    if not texts:
        raise UsageError("what conflicts is binary, which no model brings together", "take one of the two versions")
    conflicts = [sides_of(core.repository(state.id), weighed, path) for path in texts]
    task = _given(core, state, *rebased(state, branch, conflicts))
    _movement_seen(core, state, weighed, branch)
    return task


def _movement_seen(core: Core, state: Session, weighed: Weighed, branch: str) -> None:
    """Whoever asks for work in the review has seen there that their branch moved: the session does not pause to tell
    them."""
    from engine.review.weighing import moved_since

    moved = moved_since(state, core.repository(state.id), core.adapters.users, weighed, branch)
    own = {path for view in state.tasks.values() for path in view.files}
    mine = sorted(own.intersection(moved))
    if mine:
        seen = {"severity": "high", "head": weighed.head, "paths": list(moved), "mine": mine}
        core.journal.append(state.id, [Fact(EventKind.DRIFT, seen)])


def _given(core: Core, state: Session, plan: Plan, task: str, *, also: Sequence[Fact] = ()) -> str:
    from engine.facade.sessions import Sessions

    Sessions(core).edit_plan(state.id, plan, also=also)
    return task
