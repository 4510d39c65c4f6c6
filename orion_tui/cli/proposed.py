"""What a parked action would do, as lines of a small diff: the name of a file alone is nothing to decide on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import unified_diff
from typing import TYPE_CHECKING, Any

from engine.vocabulary.actions import action_to_json
from engine.vocabulary.events import Event, EventKind
from engine.vocabulary.sessions import Session
from engine.vocabulary.verdicts import Approval, ApprovalKind

if TYPE_CHECKING:
    from engine.engine import Engine

_SHOWN_LINES = 60


def proposed(engine: Engine, approval: Approval) -> tuple[str, ...]:
    """The text that the parked edits and writes of an approval would put in and take out, at most 60 lines; for parked
    effects and suspended work the patch of the task so far."""
    session = engine.sessions.get(approval.session)
    patch = engine.sessions.task_diff(approval.session, approval.task).decode("utf-8", "backslashreplace").splitlines()
    if approval.kind is not ApprovalKind.ACTION:
        return _cut(patch)
    subjects = set(approval.detail.splitlines())
    lines: list[str] = []
    for action in _actions(session, engine.sessions.events(approval.session), approval.task):
        if action.get("path") in subjects:
            lines += _diff(action)
    return _cut([*lines, *(["done before it was parked:", *patch] if patch else [])])


def _actions(session: Session, events: Sequence[Event], task: str) -> Iterator[Mapping[str, Any]]:
    """The task's steps, or what the model asked for in its last reply."""
    steps = session.tasks[task].task.steps
    if steps is not None:
        for step in steps:
            yield action_to_json(step)
        return
    turn = next((e for e in reversed(events) if e.kind is EventKind.TURN and e.data["task"] == task), None)
    for call in turn.data["calls"] if turn is not None else ():
        yield {"tool": call["name"], **call["arguments"]}


def _diff(action: Mapping[str, Any]) -> Iterator[str]:
    old, new = str(action.get("find", "")), str(action.get("replace", action.get("content", "")))
    for line in list(unified_diff(old.splitlines(), new.splitlines(), n=1, lineterm=""))[2:]:
        if not line.startswith("@@"):
            yield f"{line[:1]} {line[1:]}"


def _cut(lines: Sequence[str]) -> tuple[str, ...]:
    more = len(lines) - _SHOWN_LINES
    return (*lines[:_SHOWN_LINES], f"… {more} lines more") if more > 0 else tuple(lines)
