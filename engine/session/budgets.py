"""What may still be spent, asked before each call of a model with an estimate of what it will take, and a notice when a
limit is near. Money, tokens, time and turns, of the session and of the task."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Condition, Lock
from typing import TYPE_CHECKING

from engine.vocabulary.events import EventKind

if TYPE_CHECKING:
    from engine.session.ledger import Ledger
    from engine.session.worktime import Worktime
    from engine.vocabulary.sessions import Limits, TaskView

NEAR = 0.8
"""Share of a limit from which on a person is told."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of work, US dollars, tokens in and out, turns of a model: used, limited or foreseen."""

    time_s: float = 0.0
    cost_usd: float = 0.0
    tokens: float = 0
    turns: float = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.time_s + other.time_s,
            self.cost_usd + other.cost_usd,
            self.tokens + other.tokens,
            self.turns + other.turns,
        )


def exceeded(used: Spent, limit: Spent) -> str:
    """The first kind of which more is used than its limit allows (`cost`, `token`, `time` or `turn`), or nothing. A
    limit of 0 is none. Money is compared to a millionth of a cent."""
    for kind, value, most in _kinds(used, limit):
        if 0 < most < value - 1e-8:
            return kind
    return ""


def used_up(used: Spent, limit: Spent) -> str:
    """The first kind of which nothing is left, or nothing."""
    return next((kind for kind, value, most in _kinds(used, limit) if 0 < most <= value), "")


def _kinds(used: Spent, limit: Spent) -> tuple[tuple[str, float, float], ...]:
    return (
        ("time", used.time_s, limit.time_s),
        ("cost", used.cost_usd, limit.cost_usd),
        ("token", used.tokens, limit.tokens),
        ("turn", used.turns, limit.turns),
    )


def of_session(limits: Limits) -> Spent:
    return Spent(limits.time_s, limits.cost_usd, limits.tokens, limits.turns)


def of_task(limits: Limits) -> Spent:
    return Spent(limits.task_time_s, limits.task_cost_usd, limits.task_tokens, limits.task_turns)


@dataclass(frozen=True, slots=True)
class Reached:
    """A limit that the next call would pass. `reason` is one of LIMIT_REASONS, `message` says it to a person."""

    reason: str
    message: str

    @property
    def of_task(self) -> bool:
        """Whether only the task has to stop."""
        return self.reason.startswith("task_")


class Budget:
    """One session's purse, shared by all its tasks. A call that is under way counts with the most that it can take, and
    with no less than the dearest one so far took: near a limit calls go one after the other, so that several at once
    pass it by no more than one would. What the first one takes is waited for."""

    def __init__(self, ledger: Ledger, work: Worktime) -> None:
        self._ledger = ledger
        self._work = work
        self._lock = Lock()
        self._returned = Condition(self._lock)
        self._under_way: dict[str, Spent] = {}
        self._dearest = Spent()
        self._told: set[str] = set(ledger.session.notices)
        self.reached: Reached | None = None
        """The limit of the session that ends this run."""

    def used(self) -> Spent:
        """By the session so far, this run included."""
        session = self._ledger.session
        time_s = session.elapsed_s + self._work.seconds()
        return Spent(time_s, session.cost_usd, session.tokens, session.calls)

    def before_call(self, task: str, worked_s: float, estimate: Spent, most: Spent | None = None) -> Reached | None:
        """Set aside what the task's next call takes at `most`, or say which limit stands in its way; an empty task is
        a call outside all of them. Waits for calls of other tasks while it depends on them whether there is room."""
        with self._lock:
            while True:
                session = self._ledger.session
                limit, whole = of_session(session.limits), self.used() + estimate
                kind = exceeded(whole, limit) or used_up(self.used(), limit)
                if kind:
                    return Reached(f"{kind}_limit", _sentence("", kind, whole, limit))
                if not self._under_way or not self._may_pass(whole, limit):
                    break
                with self._work.waiting():
                    self._returned.wait()
            if task:
                own = _own(session.tasks[task], worked_s) + estimate
                kind = exceeded(own, of_task(session.limits))
                if kind:
                    return Reached(f"task_{kind}_limit", _sentence(task, kind, own, of_task(session.limits)))
            self._under_way[task] = most or estimate
            return None

    def _may_pass(self, whole: Spent, limit: Spent) -> bool:
        """Whether what is under way and this call could together come to more than the limit."""
        if not self._dearest.turns and (limit.cost_usd > 0 or limit.tokens > 0):
            return True
        cost = sum(max(each.cost_usd, self._dearest.cost_usd) for each in self._under_way.values())
        tokens = sum(max(each.tokens, self._dearest.tokens) for each in self._under_way.values())
        time_s = sum(each.time_s for each in self._under_way.values())
        return bool(exceeded(whole + Spent(time_s, cost, tokens, len(self._under_way)), limit))

    def after_call(self, task: str, took: Spent | None = None) -> None:
        """The call is over, and what it `took` is in the journal; None when nothing was answered."""
        with self._lock:
            self._under_way.pop(task, None)
            if took is not None:
                before = self._dearest
                self._dearest = Spent(
                    0.0, max(before.cost_usd, took.cost_usd), max(before.tokens, took.tokens), before.turns + 1
                )
            self._returned.notify_all()

    def tell(self, task: str = "", worked_s: float = 0.0) -> None:
        """A notice for each limit of which four fifths are used; once for each limit, restarts included."""
        session = self._ledger.session
        self._tell("", "", self.used(), of_session(session.limits))
        if task in session.tasks:
            own = _own(session.tasks[task], worked_s)
            self._tell(task, f" by task {task!r}", own, of_task(session.limits))

    def _tell(self, task: str, by: str, used: Spent, limit: Spent) -> None:
        for kind, value, most in _kinds(used, limit):
            if most <= 0 or value < NEAR * most:
                continue
            message = f"80% of the {kind} limit of {_amount(kind, most)} is used{by}"
            with self._lock:
                fresh = message not in self._told
                self._told.add(message)
            if fresh:
                self._ledger.record(
                    EventKind.NOTICE, message=message, level="warning", task=task, limit=kind, used=value, most=most
                )


def _own(view: TaskView, worked_s: float) -> Spent:
    return Spent(worked_s, view.cost_usd, view.tokens, view.turns)


def _sentence(task: str, kind: str, whole: Spent, limit: Spent) -> str:
    who = f"task {task!r}" if task else "the session"
    value, most = next((value, most) for name, value, most in _kinds(whole, limit) if name == kind)
    return (
        f"with its next call {who} would come to about {_amount(kind, value)}, "
        f"and its {kind} limit is {_amount(kind, most)}"
    )


def _amount(kind: str, value: float) -> str:
    match kind:
        case "cost":
            return f"${value:.2f}" if value >= 0.1 else f"${value:.4f}"
        case "time":
            return f"{value:.0f} s"
        case _:
            return f"{value:,.0f} {kind}s"
