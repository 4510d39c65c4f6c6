"""Follow a session's events as they happen: progress lines for a person, JSON lines for a script."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.vocabulary.errors import JournalError, OrionError, SandboxUnavailable
from engine.vocabulary.events import Event, EventKind, event_to_json
from engine.vocabulary.plans import TaskState
from engine.vocabulary.sessions import LIMIT_REASONS, Session, SessionState
from orion_tui.cli.exits import Exit, report
from orion_tui.cli.out import lose_output, note, say, say_json
from orion_tui.cli.progress import COLOURS, line_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.engine import Engine

"""Reasons of a session that a limit paused."""
_STOPPED = (SessionState.PAUSED, SessionState.CANCELLED, SessionState.CREATED)


def show(event: Event, as_json: bool, *, numbered: bool = False) -> None:
    """Print one event, with the number that `orion why` takes if wanted."""
    if as_json:
        say_json(event_to_json(event))
        return
    line = line_of(event)
    if line is not None:
        number = f"{event.seq:>4} " if numbered else ""
        say(f"{number}{line}", fg=COLOURS.get(line.sign), bold=line.verb in ("task", "ended") or None)


@contextmanager
def preparing(engine: Engine, session: str) -> Iterator[None]:
    """While a session is being started: what its sandbox says of taking long, on standard error."""
    begun = threading.Event()

    def tell(events: tuple[Event, ...]) -> None:
        for event in events:
            if event.session == session and event.kind is EventKind.SESSION_STARTED:
                begun.set()
            elif event.session == session and event.kind is EventKind.NOTICE and not begun.is_set():
                note(f"orion: {event.data['message']}")

    end = engine.subscribe(tell)
    try:
        yield
    finally:
        end()


def follow_to_end(engine: Engine, session: str, *, after: int = 0, as_json: bool) -> Exit:
    """Print the events of a session that this process runs until it ends, and answer with the exit code for that end.

    Output that nobody reads any more (a closed pipe, a terminal that is gone) does not stop the session. Ctrl-C pauses
    it first, then ends with 130."""
    _outlive_the_terminal()
    heard = True
    try:
        for event in engine.sessions.follow(session, after, threading.Event()):
            if not heard:
                continue
            try:
                show(event, as_json)
            except OSError:
                # The work matters more than telling about it.
                lose_output()
                heard = False
    except KeyboardInterrupt:
        return _interrupted(engine, session)
    return end_code(_ended(engine, session))


def _ended(engine: Engine, session: str) -> Session:
    try:
        return engine.sessions.wait(session)
    except (SandboxUnavailable, JournalError):
        raise
    except OrionError as error:
        # What ended the run has made the session what it is; its state decides the exit code.
        report(error)
        return engine.sessions.get(session)


def _outlive_the_terminal() -> None:
    if hasattr(signal, "SIGHUP") and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _interrupted(engine: Engine, session: str) -> Exit:
    try:
        note("\norion: pausing once the present command has ended; Ctrl-C again stops it now")
        engine.sessions.pause(session)
        engine.sessions.wait(session)
    except OrionError as error:
        note(f"orion: {error.message}")
    except KeyboardInterrupt:
        # Nothing kept can be lost: the journal has it, the sandbox ends with this process, the session is interrupted.
        note(f"  stopped; go on from the last kept task with: orion resume {session}")
        os._exit(Exit.INTERRUPTED)
    note(f"  go on with: orion resume {session}")
    return Exit.INTERRUPTED


def end_code(session: Session) -> Exit:
    """How `work` ends: failed, a limit, everything left waits for approval, or done, the first that applies."""
    if session.state is SessionState.FAILED:
        return Exit.FAILED
    if session.state is SessionState.PAUSED and session.reason in LIMIT_REASONS:
        return Exit.LIMIT
    if session.state in _STOPPED:
        return Exit.DONE
    if session.setup_waits:
        return Exit.WAITING
    states = {view.state for view in session.tasks.values()}
    if TaskState.PARKED in states and TaskState.RUNNING not in states and TaskState.READY not in states:
        return Exit.WAITING
    return Exit.DONE


def next_step(session: Session) -> str:
    """The command that a person most likely wants now; empty when there is none."""
    if session.waiting:
        return f"decide with: orion approvals; then: orion resume {session.id}"
    if session.state in (SessionState.AWAITING_REVIEW, SessionState.PROMOTED) and session.can_go_on:
        return f"go on with what was approved: orion resume {session.id}"
    match session.state:
        case SessionState.AWAITING_REVIEW if not any(view.files for view in session.tasks.values()):
            return (
                f"nothing was changed, so there is nothing to let in: orion review {session.id}; "
                f"close it with: orion complete {session.id}"
            )
        case SessionState.AWAITING_REVIEW:
            return f"look at it with: orion review {session.id}; let it in with: orion promote {session.id}"
        case SessionState.PAUSED if session.reason in LIMIT_REASONS:
            return f"raise the limit with: orion limits {session.id} --help; then: orion resume {session.id}"
        case SessionState.PAUSED | SessionState.INTERRUPTED:
            return f"go on with: orion resume {session.id}"
        case SessionState.FAILED:
            return f"see why with: orion log {session.id}; try again with: orion resume {session.id}"
        case _:
            return ""
