"""A state as a sign and a word. Colour (a tone) only supports them; one tone, `accent`, is for what needs a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from engine.vocabulary.plans import TaskState
from engine.vocabulary.sessions import SessionState

Part: TypeAlias = tuple[str, str]
"""A piece of text and its tone: empty, `title`, `muted`, `accent`, `good`, `bad` or `key`."""
Parts: TypeAlias = Sequence[Part]

TONES = ("title", "muted", "accent", "good", "bad", "key")

SESSION_SIGNS: dict[SessionState, tuple[str, str, str]] = {
    SessionState.CREATED: ("·", "not started", "muted"),
    SessionState.RUNNING: ("●", "running", ""),
    SessionState.PAUSED: ("‖", "paused", ""),
    SessionState.AWAITING_REVIEW: ("◐", "awaiting review", "accent"),
    SessionState.COMPLETED: ("✓", "completed", "good"),
    SessionState.FAILED: ("✗", "failed", "bad"),
    SessionState.CANCELLED: ("⊘", "cancelled", "muted"),
    SessionState.INTERRUPTED: ("↺", "interrupted", "accent"),
    SessionState.PROMOTED: ("✓", "promoted", "good"),
    SessionState.REJECTED: ("✗", "rejected", "muted"),
}

TASK_SIGNS: dict[TaskState, tuple[str, str, str]] = {
    TaskState.PENDING: ("·", "pending", "muted"),
    TaskState.READY: ("○", "ready", ""),
    TaskState.RUNNING: ("●", "running", ""),
    TaskState.PARKED: ("◐", "waiting for you", "accent"),
    TaskState.DENIED: ("⊘", "denied", "muted"),
    TaskState.EXPIRED: ("⊘", "expired", "muted"),
    TaskState.BLOCKED: ("⊘", "blocked by AEGIS", "bad"),
    TaskState.FAILED: ("✗", "failed", "bad"),
    TaskState.KEPT: ("✓", "kept", "good"),
    TaskState.SKIPPED: ("-", "skipped", "muted"),
}


def session_sign(state: SessionState) -> Part:
    sign, word, tone = SESSION_SIGNS[state]
    return f"{sign} {word}", tone


def task_sign(state: TaskState) -> Part:
    sign, word, tone = TASK_SIGNS[state]
    return f"{sign} {word}", tone
