"""When a session stops by itself. Pure: asked before each task and each action; what a model's calls may cost is the
budget's to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.vocabulary.plans import TaskState
from engine.vocabulary.sessions import Session, SessionState, TaskView

if TYPE_CHECKING:
    from collections.abc import Callable

COLLAPSE_TASKS = 3
COLLAPSE_BELOW = 0.50
FAILURES_IN_A_ROW = 5


DISK_NEEDED_BYTES = 8 * 1024 * 1024
"""Below this much room on the disk of Orion's home nothing is begun, and what fails is not the work's fault."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a session ends now, and in which state."""

    state: SessionState
    reason: str


def disk_full(free: int) -> Stop:
    """The pause for a disk with `free` bytes left."""
    left = f"{free // 1024**2} MiB left where Orion's home is"
    return Stop(SessionState.PAUSED, f"the disk is full ({left}); make room, then resume")


def stop_for(session: Session, run_s: float) -> Stop | None:
    """The first condition that holds; `run_s` is how long the present run has worked, in seconds."""
    if session.elapsed_s + run_s >= session.limits.time_s:
        return Stop(SessionState.PAUSED, "time_limit")
    ended = sorted(
        (view for view in session.tasks.values() if view.state.ended and view.ended_at),
        key=lambda view: view.ended_at,
    )
    if _row(ended, COLLAPSE_TASKS, lambda view: view.confidence < COLLAPSE_BELOW):
        return Stop(SessionState.FAILED, "confidence_collapse")
    if _row(ended, FAILURES_IN_A_ROW, lambda view: view.state is TaskState.FAILED):
        return Stop(SessionState.FAILED, "failures_in_a_row")
    return None


def _row(ended: list[TaskView], count: int, holds: Callable[[TaskView], bool]) -> bool:
    last = ended[-count:]
    return len(last) == count and all(holds(view) for view in last)
