"""`engine.sessions`: from a request to a running session, and everything one can ask of it."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path
from threading import Event as Flag
from threading import Timer
from typing import TYPE_CHECKING

from engine.facade.core import Core, same_place
from engine.vocabulary.errors import OrionError, UsageError
from engine.vocabulary.events import Event, EventKind, Fact
from engine.vocabulary.plans import Plan, TaskState
from engine.vocabulary.sessions import Checkpoint, Limits, Session, SessionState, SessionSummary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.vocabulary.ports import ModelWatch, RunnerInfo
    from engine.vocabulary.requests import Explanation, Intake, Proposal, SessionRequest

_ENDED = (SessionState.COMPLETED, SessionState.CANCELLED, SessionState.PROMOTED, SessionState.REJECTED)


class Sessions:
    """Starts sessions, lists them, steers them. Ids are whole here; `resolve` makes one from its beginning."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def take_in(self, request: SessionRequest, stop: Flag | None = None, watch: ModelWatch | None = None) -> Intake:
        """Turn an open goal into a brief, with up to three questions when it is ambiguous; the answer's `request` is
        what to propose once they are settled. Raises like `propose`."""
        from engine.facade.proposing import take_in

        return take_in(self._core, request, stop, watch)

    def propose(self, request: SessionRequest, stop: Flag | None = None, watch: ModelWatch | None = None) -> Proposal:
        """Plan without storing anything. Raises ConfigError and its kind, WorkspaceError, ModelError, UsageError,
        LimitExceeded when planning would cost more than the session may, Cancelled once `stop` is set. `watch` hears of
        the model meanwhile, of waits above all."""
        from engine.facade.proposing import propose

        return propose(self._core, request, stop, watch)

    def create(self, proposal: Proposal) -> str:
        """Store the session with its plan and make its repository; the new id. Raises SandboxUnavailable before
        anything is stored when nothing could run it."""
        from engine.facade.creating import created_facts
        from engine.sandboxes.registry import choose

        choose(proposal.request.sandbox or "auto", self._core.adapters.providers)
        session = secrets.token_hex(6)
        folder = self._core.home.session(session)
        try:
            self._core.adapters.users.open_session(proposal.workspace, session, folder)
            survey = self._core.adapters.blobs.put(proposal.survey.encode()) if proposal.survey else ""
            self._core.journal.append(session, created_facts(proposal, survey))
        except OrionError:
            _remove(folder)
            raise
        return session

    def start(self, session: str, *, detach: bool = False) -> None:
        """Run it: in a thread of this process, or in a process of its own. Raises SandboxUnavailable, UsageError (the
        state does not allow it, or another session runs in this workspace)."""
        from engine.facade.running import run_here, startable

        state = self._core.session(session)
        startable(self._core, state)
        if detach:
            self._core.adapters.detached(session)
        else:
            run_here(self._core, state)

    def resume(self, session: str, *, detach: bool = False) -> None:
        """Go on with a paused, interrupted or waiting session."""
        self.start(session, detach=detach)

    def set_limits(self, session: str, limits: Limits) -> None:
        """Give the session other limits; a running one takes them up before its next action. Raises UsageError for
        limits that it has passed already."""
        from engine.facade.steering import set_limits

        set_limits(self._core, session, limits)

    def steer(self, session: str, text: str, task: str = "") -> str:
        """Tell whoever works on the session, or only on one task, something; it stands before the model at its next
        turn. A sentence on what happens now. Raises UsageError when nobody will ever read it."""
        from engine.facade.steering import steer

        return steer(self._core, session, text, task)

    def record(self, session: str, path: Path) -> int:
        """Write the session's conversation with its model to `path`, so that it can be replayed, secrets redacted; how
        many replies stand in it. Raises UsageError when no model has answered in it."""
        from engine.facade.recording import record

        replies = record(self._core, session, path)
        self._core.journal.append(session, [Fact(EventKind.TAKEN_OUT, {"what": "conversation", "to": str(path)})])
        return replies

    def edit_plan(self, session: str, plan: Plan, *, also: Sequence[Fact] = ()) -> None:
        """Replace what has not ended of the plan; `also` are facts that become true with it. Raises
        PlanError, and UsageError while the session runs."""
        from engine.facade.creating import plan_fact
        from engine.facade.proposing import gate_plan, history_for, outlooks_of
        from engine.planning.graph import check_plan

        state = self._core.session(session)
        if state.state is SessionState.RUNNING:
            raise UsageError("the plan of a running session cannot be edited", "pause it first")
        missing = [key for key, view in state.tasks.items() if view.state.ended and key not in _ids(plan)]
        if missing:
            raise UsageError(f"task {missing[0]!r} has ended already and cannot be removed", "keep it in the plan")
        check_plan(plan)
        role = self._core.role(state)
        outlooks = outlooks_of(history_for(self._core, role, plan), plan)
        verdicts = gate_plan(role, plan, outlooks)
        lease = self._core.journal.acquire(session)
        try:
            # Made from what the person saw: if the session has moved on since, its new state is not overwritten.
            if self._core.session(session).seq != state.seq:
                raise UsageError("the session has moved on meanwhile", "look at its plan again")
            self._core.journal.append(session, [plan_fact(plan, verdicts, outlooks), *also], lease=lease)
        finally:
            lease.release()

    def list(self) -> tuple[SessionSummary, ...]:
        """All sessions, newest first; a dead runner's session shows as interrupted."""
        return tuple(self._honest(summary) for summary in self._core.journal.summaries())

    def get(self, session: str) -> Session:
        return self._core.session(session)

    def resolve(self, prefix: str | None, workspace: Path | None = None) -> str:
        """The id that begins with `prefix`; without one, the latest session of the workspace. Raises UsageError."""
        summaries = self._core.journal.summaries()
        if prefix:
            found = [summary.id for summary in summaries if summary.id.startswith(prefix)]
            if len(found) > 1:
                raise UsageError(
                    f"{prefix!r} fits {len(found)} sessions: {', '.join(found[:5])}", "give more of the id"
                )
            if not found:
                raise UsageError(f"there is no session {prefix!r}", "see: orion sessions")
            return found[0]
        place = workspace or Path.cwd()
        latest = next((s.id for s in summaries if _inside(place, s.workspace)), None)
        if latest is None:
            raise UsageError(f"no session has run in {place} yet", "name one: orion sessions lists them all")
        return latest

    def events(self, session: str, after: int = 0) -> tuple[Event, ...]:
        return self._core.journal.events(session, after)

    def explain(self, session: str, seq: int) -> tuple[Explanation, ...]:
        """Why the gate decided as it did at that event, the decisive verdict first. Raises UsageError for an event that
        carries no verdict."""
        from engine.facade.explaining import explain

        return explain(self._core, session, seq)

    def follow(self, session: str, after: int, stop: Flag) -> Iterator[Event]:
        """Events as they come, until the session ends or `stop` is set."""
        return self._core.feed.follow(session, after, stop, lambda: self._core.alive(session))

    def pause(self, session: str) -> None:
        """Ask for a pause after the current action. Raises UsageError when the session does not run."""
        self._command(session, "pause")

    def cancel(self, session: str) -> None:
        """Stop now and go back to the last checkpoint; the branch stays."""
        state = self._core.session(session)
        idle = (SessionState.CREATED, SessionState.PAUSED, SessionState.INTERRUPTED)
        if state.state in idle and not self._core.alive(session):
            # Nobody works on it, so there is nobody to tell.
            lease = self._core.journal.acquire(session)
            try:
                self._core.journal.append(session, [_cancelled(state)], lease=lease)
            finally:
                lease.release()
            return
        self._command(session, "cancel")

    def wait(self, session: str, timeout_s: float | None = None) -> Session:
        """Until nobody works on the session. Raises the error that ended a run of this process, if one did."""
        runner = self._core.runners.get(session)
        if runner is not None and runner.join(timeout_s):
            if isinstance(runner.failure, OrionError):
                raise runner.failure
            return self._core.session(session)
        if runner is None and self._core.alive(session):
            late = Flag()
            timer = Timer(timeout_s, late.set) if timeout_s is not None else None
            if timer is not None:
                timer.daemon = True
                timer.start()
            for _ in self.follow(session, self._core.session(session).seq, late):
                pass
            if timer is not None:
                timer.cancel()
        return self._core.session(session)

    def runner(self, session: str) -> RunnerInfo | None:
        """Who works on it, or did last."""
        return self._core.journal.runner(session)

    def checkpoints(self, session: str) -> tuple[Checkpoint, ...]:
        return self._core.session(session).checkpoints

    def rollback(self, session: str, checkpoint: int) -> None:
        """Go back to an earlier checkpoint, tree and plan: what was kept after it is pending again."""
        state = self._core.session(session)
        if state.promotions and not all(record.undone_by for record in state.promotions):
            raise UsageError("this session has a promotion that stands", "undo it first: orion undo-promote")
        point = next((point for point in state.checkpoints if point.number == checkpoint), None)
        if point is None:
            raise UsageError(f"there is no checkpoint {checkpoint}", f"the session has {len(state.checkpoints)}")
        lease = self._core.journal.acquire(session)
        try:
            keeps = {p.commit for p in state.checkpoints if p.number <= checkpoint}
            again = [
                key
                for key, view in state.tasks.items()
                if view.state is not TaskState.PENDING and view.commit not in keeps
            ]
            repository = self._core.repository(session)
            repository.move(point.commit)
            repository.restore(point.commit)
            data = {"checkpoint": checkpoint, "commit": point.commit, "tasks": again}
            self._core.journal.append(session, [Fact(EventKind.ROLLED_BACK, data)], lease=lease)
        finally:
            lease.release()

    def output(self, blob: str) -> bytes:
        """A command's whole kept output."""
        return self._core.adapters.blobs.get(blob)

    def live_text(self, session: str, task: str) -> str:
        """The end of what a task's model is writing at this moment, in whichever process, secrets redacted; empty when
        it writes nothing. At most a quarter of a second old while somebody works on the session."""
        from engine.facade.running import LIVE
        from engine.storage.live import LiveTexts

        return LiveTexts(self._core.home.session(session) / LIVE).get(task)

    def task_diff(self, session: str, task: str) -> bytes:
        """The patch of one task: as it was kept, or as it is parked. Empty when there is none, as for the set-up phase,
        which belongs to no task."""
        if not task:
            return b""
        view = self._core.session(session).tasks.get(task)
        if view is None:
            raise UsageError(f"there is no task {task!r} in this session", "see: orion status")
        repository = self._core.repository(session)
        if view.commit:
            return repository.diff(f"{view.commit}^", view.commit)
        if view.suspension is not None:
            return repository.diff(view.suspension.base, view.suspension.partial)
        return b""

    def _command(self, session: str, command: str) -> None:
        state = self._core.session(session)
        # A runner that holds the session but has not said so yet hears it as soon as it has begun.
        if state.state is not SessionState.RUNNING and not self._core.alive(session):
            raise UsageError(f"the session does not run (it is {state.state.value})", "see: orion status")
        self._core.journal.send(session, command)
        runner = self._core.runners.get(session)
        if runner is not None:
            (runner.cancel if command == "cancel" else runner.pause)()

    def _honest(self, summary: SessionSummary) -> SessionSummary:
        if summary.state is SessionState.RUNNING and not self._core.alive(summary.id):
            return replace(summary, state=SessionState.INTERRUPTED, reason="its runner is gone; resume it")
        return summary


def _cancelled(state: Session) -> Fact:
    data = {
        "state": SessionState.CANCELLED.value,
        "reason": "cancelled by the user",
        "tasks": state.counts(),
        "cost_usd": state.cost_usd,
        "elapsed_s": 0.0,
    }
    return Fact(EventKind.SESSION_ENDED, data)


def _remove(folder: Path) -> None:
    from engine.workspace.beneath import remove_folder

    remove_folder(folder)


def _ids(plan: Plan) -> set[str]:
    return {task.id for task in plan.tasks}


def _inside(place: Path, workspace: str) -> bool:
    return same_place(workspace, place) or Path(workspace) in place.resolve().parents
