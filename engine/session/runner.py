"""A session at work: one thread that owns its journey from the first ready task to an end that the journal knows."""

from __future__ import annotations

import logging
import os
import socket
from contextlib import ExitStack
from threading import Event as Flag
from threading import Thread
from typing import TYPE_CHECKING

from engine.review.evidence import on_tree, wanted
from engine.session.checks import verify
from engine.session.dispatch import doomed
from engine.session.drifting import EVERY_TASKS, Drift
from engine.session.hands import Hands
from engine.session.heartbeat import Heartbeat
from engine.session.replanning import Replanning
from engine.session.setup_phase import set_up
from engine.session.side_by_side import SideBySide
from engine.session.stop_conditions import Stop
from engine.session.task_run import TaskRun
from engine.session.working_hours import wait_for_hours
from engine.session.worktime import lost_s
from engine.vocabulary.errors import Cancelled, JournalError, LeaseLost, ModelError, OrionError, SandboxUnavailable
from engine.vocabulary.events import EventKind
from engine.vocabulary.plans import TaskState
from engine.vocabulary.sessions import Session, SessionState, TaskView

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.session.bench import Bench
    from engine.vocabulary.ports import Journal, Lease

_log = logging.getLogger(__name__)


class Runner:
    """Works through a session's plan. `failure` holds the error that ended the run, when there was one."""

    def __init__(self, bench: Bench, journal: Journal, lease: Lease, ended: Callable[[], None]) -> None:
        self._bench = bench
        self._lease = lease
        self._ended = ended
        self._replanning = Replanning(bench)
        self._beside = SideBySide(bench)
        self._drift = Drift(bench)
        self._heartbeat = Heartbeat(journal, lease, bench.pause, bench.stop)
        self._thread = Thread(target=self.run, name=f"session-{lease.session}", daemon=True)
        self._why_paused = "paused by the user"
        self._over = Flag()
        self._watching: Thread | None = None
        self._stirred = Flag()
        self.failure: BaseException | None = None

    def start(self) -> None:
        self._thread.start()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; false when it has not come in time."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def pause(self) -> None:
        self._bench.pause.set()

    def cancel(self) -> None:
        self._bench.stop.set()

    def run(self) -> None:
        """The whole run, in the calling thread."""
        try:
            self._began()
            self._heartbeat.start()
            self._watching = self._bench.watch(self._over, lambda _paths: self._stirred.set())
            self._settle(self._worked())
        except Cancelled:
            self._end(None)
        except SandboxUnavailable as error:
            self.failure = error
            self._end(Stop(SessionState.PAUSED, f"sandbox: {error.message}"))
        except ModelError as error:
            self.failure = error
            state = SessionState.PAUSED if error.pauses else SessionState.FAILED
            self._end(Stop(state, f"model: {error.message}"))
        except LeaseLost as error:
            # Somebody else works on the session now: not a byte more from here.
            self.failure = error
            _log.error("session %s ends: %s", self._lease.session, error.message)
        except JournalError as error:
            # A full disk, mostly. Taking the unfinished task back makes room; when that is not enough to write the end,
            # the session shows as interrupted. Either way it resumes from its last kept task.
            self.failure = error
            self._end(self._bench.starved() or Stop(SessionState.PAUSED, error.message))
        except OrionError as error:
            self.failure = error
            self._end(self._bench.starved() or Stop(SessionState.FAILED, error.message))
        except BaseException as error:  # noqa: BLE001 - told in the log and in the session's end
            # A bug must not leave a session that seems to run.
            self.failure = error
            _log.exception("session %s ends by a bug", self._lease.session)
            full = self._bench.starved() if isinstance(error, OSError) else None
            self._end(full or Stop(SessionState.FAILED, f"internal error: {type(error).__name__}"))
        finally:
            self._close()

    def _end(self, stop: Stop | None) -> None:
        """Settle on how the run ends, None for a cancelled one; what cannot be written is logged."""
        try:
            if stop is None:
                self._cancelled()
            else:
                self._settle(stop)
        except (OrionError, OSError) as error:
            _log.error("session %s: its end could not be written: %s", self._lease.session, error)

    def _close(self) -> None:
        """Give everything back, whichever of it fails: a lease that is kept would look like a session at work."""
        self._over.set()
        with ExitStack() as last_first:
            last_first.callback(self._lease.release)
            # Before the session's own lease: whoever sees that nobody works on it may start the next one at once.
            last_first.callback(self._ended)
            last_first.callback(self._bench.sandbox.close)
            last_first.callback(self._beside.close)
            if self._watching is not None:
                last_first.callback(self._watching.join, timeout=5)
            last_first.callback(self._heartbeat.close)

    def _began(self) -> None:
        bench = self._bench
        bench.work.begin()
        session = bench.ledger.session
        status = bench.sandbox.describe()
        bench.ledger.record(
            EventKind.SESSION_STARTED,
            sandbox={"name": status.name, "network": "off", "detail": status.detail},
            generation=self._lease.generation,
            pid=os.getpid(),
            host=socket.gethostname(),
            resumed=bool(session.started_at),
            lost_s=round(lost_s(bench.ledger.history()), 3) if session.state is SessionState.RUNNING else 0.0,
        )
        if bench.repository.tip() != session.tip:
            # Killed between a commit and the fact that records it: what the journal does not know was not kept.
            bench.repository.move(session.tip)
        if session.started_at:
            self._look_for_drift()

    def _worked(self) -> Stop:
        """Task after task until nothing can run; why it stopped."""
        bench, since_look = self._bench, 0
        if not bench.stop.is_set() and (waits := set_up(bench)) is not None:
            return waits
        while True:
            bench.ledger.refresh()
            if bench.stop.is_set():
                raise Cancelled
            if bench.pause.is_set():
                return Stop(SessionState.PAUSED, self._why_paused)
            reached = bench.stop_now()
            if reached is not None and (
                bench.ledger.session.next_task() is not None or reached.state is not SessionState.PAUSED
            ):
                return reached
            halted = self._replanning.weigh_if_due()
            if halted is not None:
                return halted
            self._skip_doomed(bench.ledger.session)
            views = self._beside.round(bench.ledger.session)
            if not views:
                return self._finished(bench.ledger.session)
            if wait_for_hours(bench):
                continue
            if len(views) == 1:
                TaskRun(bench, views[0]).run()
            else:
                self._beside.run(views)
            since_look += len(views)
            if since_look >= EVERY_TASKS or self._stirred.is_set():
                since_look = 0
                self._stirred.clear()
                self._look_for_drift()

    def _skip_doomed(self, session: Session) -> None:
        while found := doomed(session):
            for view, reason in found:
                session = self._ended_unkept(view, TaskState.SKIPPED, reason)

    def _ended_unkept(self, view: TaskView, state: TaskState, reason: str) -> Session:
        return self._bench.ledger.record(
            EventKind.TASK_ENDED,
            task=view.task.id,
            state=state.value,
            reason=reason,
            confidence=view.task.confidence,
            verified=None,
        )

    def _finished(self, session: Session) -> Stop:
        counts = session.counts()
        failed = f"; {counts['failed']} failed" if counts["failed"] else ""
        if session.given_up:
            worth = bool(counts["kept"] or session.waiting)
            reason = f"the rest of the plan was given up: {session.given_up}"
            return Stop(SessionState.AWAITING_REVIEW if worth else SessionState.FAILED, reason)
        if session.held:
            return Stop(SessionState.PAUSED, session.held[0].held)
        if session.waiting:
            if counts["kept"]:
                self._prove(session)
            return Stop(SessionState.AWAITING_REVIEW, f"everything left waits for approval{failed}")
        if counts["failed"] and not counts["kept"]:
            return Stop(SessionState.FAILED, "no task was kept")
        self._prove(session)
        return Stop(SessionState.AWAITING_REVIEW, f"all work is done{failed}")

    def _prove(self, session: Session) -> None:
        """What the tasks' checks and the role's criteria say of the last checkpoint as a whole, where they have not run
        on exactly that: evidence for the reviewer, who then need not wait for it."""
        bench = self._bench
        hands = Hands(bench.sandbox, bench.repository, bench.blobs, bench.stop)
        tree = bench.repository.tree_of(session.tip)
        files = {path for view in session.tasks.values() for path in view.files}
        known = on_tree(session, tree)
        for check in wanted(session, bench.role, files):
            if check.run not in known and not bench.pause.is_set():
                verify(bench, hands, "", tree, [check])

    def _cancelled(self) -> None:
        for view in self._bench.ledger.refresh().tasks.values():
            if view.state is TaskState.RUNNING:
                self._ended_unkept(view, TaskState.SKIPPED, "the session was cancelled")
        self._settle(Stop(SessionState.CANCELLED, "cancelled by the user"))

    def _settle(self, stop: Stop) -> None:
        bench = self._bench
        session = bench.ledger.refresh()
        if stop.state in (SessionState.PAUSED, SessionState.CANCELLED):
            bench.repository.restore(session.tip)
            self._beside.restore(session.tip)
            bench.ledger.record(
                EventKind.CHECKPOINT,
                task="",
                commit=session.tip,
                tree=bench.repository.tree_of(session.tip),
                number=len(session.checkpoints) + 1,
                why=stop.state.value,
            )
        # A task whose run was cut by an error has left no trace; it is pending again when the session is resumed.
        session = bench.ledger.session
        counts = session.counts()
        counts["pending"] += counts["running"]
        counts["running"] = 0
        bench.ledger.record(
            EventKind.SESSION_ENDED,
            state=stop.state.value,
            reason=stop.reason,
            tasks=counts,
            cost_usd=round(session.cost_usd, 6),
            elapsed_s=round(bench.run_s(), 3),
        )

    def _look_for_drift(self) -> None:
        reason = self._drift.look()
        if reason:
            self._why_paused = reason
            self._bench.pause.set()
