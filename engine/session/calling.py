"""One call of a model in a session that runs: waits stop the clocks and are told, a stop is heard at once, and a pause
while the model only waits."""

from __future__ import annotations

from datetime import timedelta
from threading import Event as Flag
from threading import Thread
from time import sleep
from typing import TYPE_CHECKING

from engine.session.budgets import Spent
from engine.session.live_reply import LiveReply
from engine.vocabulary.errors import Cancelled, LimitExceeded
from engine.vocabulary.events import EventKind
from engine.vocabulary.models import Usage
from engine.vocabulary.tokens import UNCOUNTED, estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.session.bench import Bench
    from engine.session.worktime import Worktime
    from engine.vocabulary.models import ModelReply, ModelRequest, Price
    from engine.vocabulary.ports import Model, ModelWatch

LOOK_EVERY_S = 0.05
USUAL_REPLY_TOKENS = 700
"""What a reply is taken to have before any has come."""


class Paused(Exception):
    """A pause was asked for while the model was waited for; nothing was answered."""


def called(
    model: Model,
    request: ModelRequest,
    bench: Bench,
    record: Callable[..., object],
    clocks: Sequence[Worktime],
    halt: Halt,
) -> ModelReply:
    """The reply; `clocks` stand still while the model only waits. Raises ModelError, Cancelled and Paused."""
    halt.renew()
    # What a killed run was showing is not what is written now.
    bench.live(request.task, "")
    live = LiveReply(lambda text: bench.live(request.task, text), bench.clock.monotonic)
    with _CallWatch(bench, record, clocks, halt, live) as watch:
        try:
            return model.complete(request, halt.flag, watch)
        except Cancelled:
            if bench.stop.is_set():
                raise
            raise Paused from None


class BudgetedModel:
    """The session's model for a call outside its tasks: the purse is asked first. Its `complete` raises LimitExceeded,
    whose kind is the reason, before a call that does not fit."""

    def __init__(self, bench: Bench, model: Model) -> None:
        self._bench = bench
        self._model = model

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def context_tokens(self) -> int:
        return self._model.context_tokens

    @property
    def max_output_tokens(self) -> int:
        return self._model.max_output_tokens

    @property
    def price(self) -> Price:
        return self._model.price

    def complete(self, request: ModelRequest, stop: Flag, watch: ModelWatch | None = None) -> ModelReply:
        bench = self._bench
        usage = Usage(int(estimate_tokens(request) * UNCOUNTED), min(USUAL_REPLY_TOKENS, self.max_output_tokens))
        foreseen = Spent(0.0, self.price.cost(usage), usage.tokens_in + usage.tokens_out, 1)
        reached = bench.budget.before_call("", 0.0, foreseen)
        if reached is not None:
            raise LimitExceeded(reached.reason, 0, 0)
        halt = Halt(bench.stop, bench.pause)
        record = _told_of_no_task(bench)
        record(EventKind.ASKED, sync=False, purpose=request.purpose, turn=request.turn, tokens=usage.tokens_in)
        took = None
        try:
            reply = called(self._model, request, bench, record, (bench.work,), halt)
            took = spent_on(reply)
            return reply
        finally:
            halt.close()
            bench.budget.after_call("", took)


def spent_on(reply: ModelReply) -> Spent:
    """What one reply took of the purse."""
    usage = reply.usage
    return Spent(0.0, usage.cost_usd, usage.tokens_in + usage.tokens_out, 1)


def _told_of_no_task(bench: Bench) -> Callable[..., object]:
    return lambda kind, **data: bench.ledger.record(kind, task="", **data)


class Halt:
    """Interrupts calls: `flag` is set when the session is stopped, and, while the model only waits, when it is to
    pause. One thread looks after it from the first call until `close`."""

    def __init__(self, stop: Flag, pause: Flag) -> None:
        self.flag = Flag()
        self.waits = False
        self._stop = stop
        self._pause = pause
        self._over = False
        self._thread: Thread | None = None

    def renew(self) -> None:
        """Be ready for another call."""
        self.flag = Flag()
        if self._thread is None:
            self._thread = Thread(target=self._look, name="halt", daemon=True)
            self._thread.start()

    def close(self) -> None:
        self._over = True

    def _look(self) -> None:
        while not self._over:
            if self._stop.wait(LOOK_EVERY_S):
                self.flag.set()
                # Set for good: what follows is only a call that begins at this moment.
                sleep(LOOK_EVERY_S)
            elif self.waits and self._pause.is_set():
                self.flag.set()


class _CallWatch:
    """Tells the journal what a model is waited for, and stops the clocks meanwhile."""

    def __init__(
        self, bench: Bench, record: Callable[..., object], clocks: Sequence[Worktime], halt: Halt, live: LiveReply
    ) -> None:
        self._bench = bench
        self._live = live
        self._tell = record
        self._clocks = clocks
        self._halt = halt

    def __enter__(self) -> _CallWatch:
        return self

    def __exit__(self, *_: object) -> None:
        self._live.over()
        self._go_on()

    def text(self, delta: str) -> None:
        """Shown, not recorded: a reply is a fact when it is whole."""
        self._live.add(delta)

    def call(self, delta: str) -> None:
        self._live.add(delta)

    def waiting(self, reason: str, seconds: float) -> None:
        self._live.over()
        until = self._bench.clock.now() + timedelta(seconds=seconds)
        self._tell(
            EventKind.WAITING,
            sync=False,
            reason=reason,
            until=until.isoformat(),
            run_s=round(self._bench.work.seconds(), 3),
        )
        if not self._halt.waits:
            self._halt.waits = True
            for clock in self._clocks:
                clock.cease()

    def waited(self, seconds: float) -> None:
        self._go_on()

    def notice(self, message: str) -> None:
        self._tell(EventKind.NOTICE, message=message, level="warning")

    def _go_on(self) -> None:
        if self._halt.waits:
            self._halt.waits = False
            for clock in self._clocks:
                clock.begin()
