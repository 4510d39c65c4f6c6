"""What a person changes of a session while it runs: its limits, and what is said to whoever works."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from engine.vocabulary.errors import UsageError
from engine.vocabulary.events import EventKind, Fact
from engine.vocabulary.sessions import MOST_PARALLEL, SessionState

if TYPE_CHECKING:
    from engine.facade.core import Core
    from engine.vocabulary.sessions import Limits, Session

MESSAGE_CHARACTERS = 4_000


def check_parallel(limits: Limits) -> None:
    """Raises UsageError for a number of tasks side by side that no session can have."""
    if not 1 <= limits.parallel <= MOST_PARALLEL:
        raise UsageError(
            f"{limits.parallel} tasks cannot run side by side", f"limits.parallel is a number from 1 to {MOST_PARALLEL}"
        )


def set_limits(core: Core, session: str, limits: Limits) -> None:
    """Give the session other limits; a running one takes them up before its next action. Raises UsageError for limits
    that it has passed already."""
    state = core.session(session)
    check_parallel(limits)
    for name, used, limit, said in (
        ("time", state.elapsed_s, limits.time_s, f"{state.elapsed_s:.0f} s"),
        ("cost", state.cost_usd, limits.cost_usd, f"${state.cost_usd:.2f}"),
        ("tokens", state.tokens, limits.tokens, f"{state.tokens:,} tokens"),
        ("turns", state.calls, limits.turns, f"{state.calls} turns"),
    ):
        if limit <= used and (limit > 0 or name == "time"):
            raise UsageError(f"the session has used {said} already", "give more than that")
    core.journal.append(session, [Fact(EventKind.LIMITS_SET, asdict(limits))])


def steer(core: Core, session: str, text: str, task: str = "") -> str:
    """Tell whoever works on the session (or only on one task) something: it stands before the model at its next turn. A
    sentence on what happens now. Raises UsageError when nobody will ever read it."""
    state = core.session(session)
    said = text.strip()
    if not said:
        raise UsageError("there is nothing to say", "give the message as text")
    if len(said) > MESSAGE_CHARACTERS:
        raise UsageError(f"the message has {len(said)} characters", f"at most {MESSAGE_CHARACTERS}; say it shorter")
    if state.over or state.state in (SessionState.COMPLETED, SessionState.PROMOTED):
        raise UsageError(f"session {session} is {state.state.value}: nobody works on it any more", "start a new one")
    if task and task not in state.tasks:
        raise UsageError(f"there is no task {task!r}", f"see: orion status {session}")
    if task and state.tasks[task].state.ended:
        raise UsageError(f"task {task!r} is {state.tasks[task].state.value} already", f"see: orion status {session}")
    if not _asks_a_model(state, task):
        raise UsageError("no model works on what is left of this session", "a playbook's steps cannot be steered")
    core.journal.append(session, [Fact(EventKind.STEERED, {"text": said, "task": task})])
    if core.alive(session):
        return "It stands before the model at its next turn."
    return f"Nobody works on the session now; it is told when it goes on: orion resume {session}"


def _asks_a_model(state: Session, task: str) -> bool:
    views = [state.tasks[task]] if task else list(state.tasks.values())
    return any(view.task.steps is None and not view.state.ended for view in views)
