"""The one subscriber: what engine threads tell is queued, drained on a timer in bounded time, folded into plain state,
and told to the screen at most once per tick."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

from engine.vocabulary.errors import OrionError
from engine.vocabulary.events import Event, EventKind
from engine.vocabulary.fold import FOLDED, fold
from engine.vocabulary.plans import TaskState
from engine.vocabulary.sessions import Session, SessionState, SessionSummary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.dom import DOMNode
    from textual.worker import Worker

    from engine.vocabulary.verdicts import Approval
    from orion_tui.engine_face import EngineFace

T = TypeVar("T")

TICK_S = 1 / 30
DRAIN_S = 0.008
"""How long one tick may fold, so that keys and paint always get their turn."""

# What changes a row of a list; the rest (actions, gates, turns) comes in thousands and changes none.
_LISTED = frozenset(
    {
        EventKind.SESSION_CREATED,
        EventKind.PLAN_MADE,
        EventKind.SESSION_STARTED,
        EventKind.TASK_ENDED,
        EventKind.PARKED,
        EventKind.DECIDED,
        EventKind.SESSION_ENDED,
        EventKind.PROMOTED,
        EventKind.PROMOTION_UNDONE,
        EventKind.REJECTED,
        EventKind.COMPLETED,
        EventKind.ROLLED_BACK,
    }
)


@dataclass(slots=True)
class Watched:
    """One session that a screen looks at: its folded state and every event so far, oldest first."""

    session: Session
    events: list[Event] = field(default_factory=list)


@dataclass(slots=True)
class AppState:
    """All that screens draw from. `ready` is false until the lists were read once; `lists_version` grows with them.
    `titles` holds, for an approval's id, the title of the task that asks."""

    ready: bool = False
    sessions: tuple[SessionSummary, ...] = ()
    approvals: tuple[Approval, ...] = ()
    titles: dict[str, str] = field(default_factory=dict)
    lists_version: int = 0
    watched: dict[str, Watched] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lists:
    """What Home shows, read from the engine in one go; `titles` as in `AppState`."""

    sessions: tuple[SessionSummary, ...]
    approvals: tuple[Approval, ...]
    titles: dict[str, str] = field(default_factory=dict)


def read_lists(engine: EngineFace, known: Mapping[str, str]) -> Lists:
    """The lists as they are now. Blocks. A title that is not among the `known` ones costs a look at its session."""
    sessions, approvals = engine.sessions.list(), engine.approvals.list()
    titles = {approval.id: known[approval.id] for approval in approvals if approval.id in known}
    fresh = [approval for approval in approvals if approval.id not in titles]
    for session in {approval.session for approval in fresh}:
        tasks = engine.sessions.get(session).tasks
        of_it = (approval for approval in fresh if approval.session == session and approval.task in tasks)
        titles.update({approval.id: tasks[approval.task].task.title for approval in of_it})
    return Lists(sessions, approvals, titles)


class Bridge:
    """Between the engine's threads and the screens. Everything but `receive` belongs to the UI's thread."""

    def __init__(self, told: Callable[[AppState], None], lists_changed: Callable[[], None]) -> None:
        self.state = AppState()
        self._queue: deque[tuple[Event, ...]] = deque()
        self._rest: deque[Event] = deque()
        self._early: dict[str, list[Event]] = {}
        self._told = told
        self._lists_changed = lists_changed
        self._dirty = False

    def receive(self, events: tuple[Event, ...]) -> None:
        """The engine's callback, from any thread; returns at once."""
        self._queue.append(events)

    @property
    def backlog(self) -> int:
        """Events that wait to be folded."""
        return len(self._rest) + sum(len(batch) for batch in list(self._queue))

    def expect(self, session: str) -> None:
        """Keep this session's events from now on, until `watch` brings what was before them."""
        if session not in self.state.watched:
            self._early.setdefault(session, [])

    def watch(self, session: Session, events: tuple[Event, ...]) -> None:
        """Show a session: its state as the engine gave it and its events so far; what came meanwhile is added."""
        watched = Watched(session, list(events))
        self.state.watched[session.id] = watched
        for event in (*events, *self._early.pop(session.id, [])):
            self._take(watched, event)
        self._dirty = True

    def unwatch(self, session: str) -> None:
        """Forget a session's events; its rows in the lists stay."""
        self.state.watched.pop(session, None)
        self._early.pop(session, None)

    def set_lists(self, lists: Lists) -> None:
        """New lists from the engine."""
        state, sessions, approvals = self.state, lists.sessions, lists.approvals
        state.titles = lists.titles
        if state.ready and sessions == state.sessions and approvals == state.approvals:
            return
        for summary in sessions:
            watched = state.watched.get(summary.id)
            # A runner that died wrote no event about it: only the engine can tell, by the lock that is free.
            if watched and summary.state is SessionState.INTERRUPTED and watched.session.state is SessionState.RUNNING:
                watched.session = _interrupted(watched.session, summary.reason)
        state.ready, state.sessions, state.approvals = True, sessions, approvals
        state.lists_version += 1
        self._dirty = True

    def tick(self) -> None:
        """Fold what is queued, for at most `DRAIN_S` seconds, then tell the screen once if anything changed."""
        stop = perf_counter() + DRAIN_S
        stale = False
        while perf_counter() < stop:
            if not self._rest:
                if not self._queue:
                    break
                self._rest.extend(self._queue.popleft())
            # A clock is slow beside an event, so it is read once for many.
            for _ in range(min(64, len(self._rest))):
                event = self._rest.popleft()
                stale = stale or event.kind in _LISTED
                self._route(event)
        if stale:
            self._lists_changed()
        if self._dirty:
            self._dirty = False
            self._told(self.state)

    def _route(self, event: Event) -> None:
        watched = self.state.watched.get(event.session)
        if watched is not None:
            self._take(watched, event)
            self._dirty = True
        elif event.session in self._early:
            self._early[event.session].append(event)

    def _take(self, watched: Watched, event: Event) -> None:
        if not watched.events or event.seq > watched.events[-1].seq:
            watched.events.append(event)
        if event.seq > watched.session.seq and event.kind in FOLDED:
            watched.session = fold(watched.session, event)


def _interrupted(session: Session, reason: str) -> Session:
    """As the engine tells it of a dead runner: the task that ran waits to be done again."""
    tasks = {
        key: replace(view, state=TaskState.PENDING) if view.state is TaskState.RUNNING else view
        for key, view in session.tasks.items()
    }
    return replace(session, state=SessionState.INTERRUPTED, reason=reason, tasks=tasks)


def ask(
    node: DOMNode,
    work: Callable[[], T],
    done: Callable[[T], None] | None = None,
    failed: Callable[[OrionError], None] | None = None,
    *,
    group: str = "ask",
    exclusive: bool = False,
) -> None:
    """Run a blocking call in a thread and hand its result to `done`, its error to `failed`, on the UI's thread. Neither
    is called once `node` is going or gone. Without `failed`, or too late for it, the app shows the error with its
    hint."""

    def told(error: OrionError) -> None:
        (failed if failed is not None and is_here(node) else shown_by(node))(error)

    async def job() -> None:
        try:
            result = await asyncio.to_thread(work)
        except OrionError as error:
            told(error)
        except Exception as error:  # told to the person and to the log, whatever it was
            logging.getLogger("orion.tui").exception("a call into the engine failed")
            told(OrionError(f"Orion failed: {type(error).__name__}: {error}", "this is a bug"))
        else:
            if done is not None and is_here(node):
                done(result)

    # The function and not its coroutine: an app that is closing never starts it, and one made already is an error then.
    _worker: Worker[None] = node.run_worker(job, group=group, exclusive=exclusive, exit_on_error=True)


def is_here(node: DOMNode) -> bool:
    """Whether what the node is made of can be relied on: one that is being closed is still attached while its children
    are gone already."""
    return node.is_attached and node.is_running


def shown_by(node: DOMNode) -> Callable[[OrionError], None]:
    """What shows an error in the node's app."""
    shown: Callable[[OrionError], None] = node.app.show_error  # type: ignore[attr-defined]
    return shown


def connect(bridge: Bridge, engine: EngineFace) -> Callable[[], None]:
    """Subscribe the bridge; the answer ends the subscription."""
    return engine.subscribe(bridge.receive)
