"""Where a task stands, and how it stops without ending: parked for a person, or suspended by a pause or a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.planning.calibration import planned
from engine.session.worktime import Worktime
from engine.vocabulary.events import EventKind
from engine.vocabulary.verdicts import Approval, approval_to_json

if TYPE_CHECKING:
    from engine.session.agents import Agent
    from engine.session.bench import Bench
    from engine.vocabulary.sessions import TaskView


class Standing:
    """`base` is the commit that the task's changes are measured against, `step` counts its actions from 0, `work` its
    time in this run, `expected` the calibrated confidence that it begins with."""

    def __init__(self, bench: Bench, view: TaskView) -> None:
        self._bench = bench
        self._view = view
        self._before_s = view.worked_s
        self.expected = planned(bench.history, view.task).value
        self.task = view.task
        self.base = ""
        self.step = 0
        self.work = Worktime(bench.clock)

    def worked_s(self) -> float:
        """Seconds that the task has worked in all its attempts."""
        return self._before_s + self.work.seconds()

    def begin(self, base: str, *, resumed: bool = False) -> None:
        self.base = base
        self.record(
            EventKind.TASK_STARTED,
            title=self.task.title,
            base=base,
            attempt=self._view.attempts + 1,
            confidence=self.expected,
            resumed=resumed,
        )

    def partial(self) -> tuple[str, str]:
        """A commit with the work tree as it stands and its tree; empty when it holds what can never be kept."""
        repository = self._bench.repository
        found = repository.snapshot(self.base)
        if found.refused:
            return "", ""
        return repository.save(f"partial/{self.task.id}", found.new, self.base, self.task.title), found.new

    def tree(self) -> str:
        """The tree that the task began on."""
        return self._bench.repository.tree_of(self.base)

    def park(self, approval: Approval, partial: str, transcript: bytes = b"") -> None:
        self.record(
            EventKind.PARKED,
            approval=approval_to_json(approval),
            partial=partial,
            base=self.base,
            step=self.step,
            transcript=self._bench.blobs.put(transcript) if transcript else "",
        )

    def suspend(self, agent: Agent, held: str = "") -> None:
        """Keep everything to go on between these two actions; `held` names a limit of the task that is reached."""
        partial, _ = self.partial()
        transcript = agent.transcript() if partial else b""
        self.record(
            EventKind.SUSPENDED,
            partial=partial or self.base,
            base=self.base,
            step=self.step if partial else 0,
            transcript=self._bench.blobs.put(transcript) if transcript else "",
            task_s=round(self.worked_s(), 3),
            held=held,
        )

    def suspend_at_start(self) -> None:
        """Stop so that the task starts over."""
        self.record(EventKind.SUSPENDED, partial=self.base, base=self.base, step=0, task_s=round(self.worked_s(), 3))

    def notice(self, message: str, level: str = "warning") -> None:
        self.record(EventKind.NOTICE, message=message, level=level)

    def now(self) -> str:
        return self._bench.clock.now().isoformat()

    def record(self, kind: EventKind, *, sync: bool = True, **data: Any) -> None:
        """Write a fact of this task."""
        self._bench.ledger.record(kind, sync=sync, task=self.task.id, **data)
