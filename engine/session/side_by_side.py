"""Independent tasks side by side: in rounds, each on a work tree of its own and in its own sandbox, all from the same
commit, and kept one after the other in plan order. So the branch never depends on which of them was faster."""

from __future__ import annotations

from dataclasses import replace
from threading import Condition, Thread
from typing import TYPE_CHECKING

from engine.session.bench import Overtaken
from engine.session.task_run import TaskRun
from engine.vocabulary.errors import Cancelled, ModelError, SandboxUnavailable
from engine.vocabulary.sessions import SessionState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.session.bench import Bench
    from engine.session.worktime import Worktime
    from engine.vocabulary.ports import Sandbox, SessionRepository
    from engine.vocabulary.sessions import Session, TaskView


class PlanOrder:
    """Whose turn it is to end: the first in plan order of those that are still at work."""

    def __init__(self, tasks: Sequence[str]) -> None:
        self._left = list(tasks)
        self._changed = Condition()

    def wait_for(self, task: str) -> None:
        """Return when every earlier task is over. Each of them hears a stop by itself, so this ends too."""
        with self._changed:
            self._changed.wait_for(lambda: self._left[0] == task)

    def over(self, task: str) -> None:
        """This one has ended, waits for a person or was suspended: it keeps nobody waiting any more."""
        with self._changed:
            self._left.remove(task)
            self._changed.notify_all()


class SideBySide:
    """The places of a runner's workers, opened when they are first needed. The first worker has the session's own tree
    and sandbox; how each is stopped and what it may spend is shared."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._more: list[tuple[SessionRepository, Sandbox]] = []

    def round(self, session: Session) -> tuple[TaskView, ...]:
        """The tasks that begin together now, in plan order: as many as are ready and as the limit allows."""
        return session.ready_tasks()[: max(1, session.limits.parallel)]

    def run(self, views: Sequence[TaskView]) -> None:
        """Work on all of them until each has ended, is parked or was suspended. Raises what the first of them to fail
        raised; the others were brought to a stop by then."""
        bench = self._bench
        places = [(bench.repository, bench.sandbox), *self._places(len(views) - 1)]
        order = PlanOrder([view.task.id for view in views])
        outset = bench.ledger.session
        workers = [
            _Worker(replace(bench, repository=repository, sandbox=sandbox, outset=outset), view.task.id, order)
            for view, (repository, sandbox) in zip(views, places, strict=True)
        ]
        # Time counts while one of them is at work, and this thread only waits.
        with bench.work.waiting():
            # Like the session's own thread they die with the process: what they were at has left no trace.
            threads = [Thread(target=worker.run, name=f"task-{worker.task}", daemon=True) for worker in workers]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        troubles = [worker.trouble for worker in workers if worker.trouble is not None]
        if troubles:
            raise min(troubles, key=_weight)

    def restore(self, commit: str) -> None:
        """Take back what unfinished tasks left in the other trees."""
        for repository, _ in self._more:
            repository.restore(commit)

    def close(self) -> None:
        """Close the other workers' sandboxes."""
        for _, sandbox in self._more:
            sandbox.close()

    def _places(self, count: int) -> list[tuple[SessionRepository, Sandbox]]:
        while len(self._more) < count:
            self._more.append(self._bench.beside(len(self._more) + 2))
        return self._more[:count]


class _Worker:
    """One task of a round in a thread of its own. `bench` is the session's, with this worker's tree and sandbox;
    `trouble` is what went wrong with more than the task."""

    def __init__(self, bench: Bench, task: str, order: PlanOrder) -> None:
        self._bench = bench
        self.task = task
        self.trouble: BaseException | None = None
        self._order = order
        bench.my_turn = self._my_turn

    def run(self) -> None:
        """To where the task has ended, is parked or was suspended."""
        try:
            with self._bench.work.working():
                self._work()
        except Cancelled as stopped:
            self.trouble = stopped
        except (ModelError, SandboxUnavailable) as trouble:
            # The same will meet the others: each stops between two of its actions, with what it has.
            self.trouble = trouble
            self._bench.pause.set()
        except BaseException as fault:  # noqa: BLE001 - raised again by the thread that owns the session
            # Nothing more can be written, or it is a bug: nobody goes on.
            self.trouble = fault
            self._bench.stop.set()
        finally:
            self._order.over(self.task)

    def _work(self) -> None:
        bench = self._bench
        while True:
            try:
                TaskRun(bench, bench.ledger.session.tasks[self.task]).run()
                return
            except Overtaken:
                # Earlier tasks are over and later ones wait: from here on it is as if it ran alone.
                bench.outset = None
                if _fails(bench):
                    return

    def _my_turn(self, clock: Worktime) -> None:
        """See `Bench.my_turn`."""
        bench = self._bench
        with bench.work.waiting(), clock.waiting():
            self._order.wait_for(self.task)
        if bench.stop.is_set():
            raise Cancelled
        if _fails(bench):
            # Alone it would not have begun.
            raise Overtaken


def _fails(bench: Bench) -> bool:
    """Whether what ended before has ended the session."""
    reached = bench.stop_now()
    return reached is not None and reached.state is SessionState.FAILED


def _weight(trouble: BaseException) -> int:
    """What is told when several failed at once: a fault of ours or of the journal, a cancel, then the others."""
    if isinstance(trouble, ModelError | SandboxUnavailable):
        return 2
    return 1 if isinstance(trouble, Cancelled) else 0
