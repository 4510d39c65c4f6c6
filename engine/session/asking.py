"""One turn of a model: what a person said meanwhile is put before it, the purse is asked, room is made, the reply goes
into the journal, and whether it leads in a circle is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.session.budgets import Reached, Spent
from engine.session.calling import USUAL_REPLY_TOKENS, Halt, called, spent_on
from engine.session.observing import for_row
from engine.vocabulary.errors import ModelError, ModelFault
from engine.vocabulary.events import EventKind
from engine.vocabulary.models import Usage
from engine.vocabulary.tokens import UNCOUNTED

if TYPE_CHECKING:
    from engine.session.bench import Bench
    from engine.session.circles import Circle
    from engine.session.conversation import Dropped
    from engine.session.model_agent import ModelAgent
    from engine.session.standing import Standing
    from engine.vocabulary.models import ModelReply
    from engine.vocabulary.ports import Model


class Asking:
    """Asks `model` for one task, turn by turn."""

    def __init__(self, bench: Bench, model: Model, standing: Standing) -> None:
        self._bench = bench
        self._model = model
        self._standing = standing
        self._replies = 0
        self._seconds = 0.0
        self._tokens_out = 0
        self._ratio = UNCOUNTED
        self._halt = Halt(bench.stop, bench.pause)

    def close(self) -> None:
        """Let go of the thread that interrupts calls."""
        self._halt.close()

    def ask(self, agent: ModelAgent) -> Reached | Circle | None:
        """Have the agent take in the next reply. A limit that the call would pass, and then nothing was asked; a circle
        that the reply makes; or None. Raises ModelError, Cancelled and Paused."""
        bench, task = self._bench, self._standing.task.id
        bench.ledger.refresh()
        self._steer(agent)
        self._drop(agent.make_room(), agent)
        foreseen, most = self._foreseen(agent)
        reached = bench.budget.before_call(task, self._standing.worked_s(), foreseen, most)
        if reached is not None:
            return reached
        took = None
        try:
            reply = self._called(agent)
            took = spent_on(reply)
        finally:
            bench.budget.after_call(task, took)
        problem = agent.take(reply)
        bench.budget.tell(task, self._standing.worked_s())
        return agent.watch.turn(not problem, problem, self._tree)

    def _tree(self) -> str:
        return self._bench.repository.snapshot(self._standing.base).new

    def _steer(self, agent: ModelAgent) -> None:
        """Put what a person said before the model; the fact that it stands there is written with it."""
        task = self._standing.task.id
        steering = self._bench.ledger.session.steering
        said = [word for word in steering if word.task in ("", task) and task not in word.heard]
        if not said:
            return
        for word in said:
            agent.hear("The person you work for says:", word.text)
        self._standing.record(EventKind.HEEDED, turn=agent.talk.turn + 1, messages=[word.seq for word in said])

    def _drop(self, dropped: Dropped | None, agent: ModelAgent) -> None:
        if dropped is None:
            return
        self._standing.record(
            EventKind.COMPACTED,
            turn=agent.talk.turn + 1,
            messages=len(dropped.messages),
            dropped=self._bench.blobs.put(dropped.to_bytes()),
            tokens_before=dropped.tokens_before,
            tokens_after=dropped.tokens_after,
        )

    def _foreseen(self, agent: ModelAgent) -> tuple[Spent, Spent]:
        """What the next call will probably take, going by the calls before it, and with the longest reply."""
        view = self._bench.ledger.session.tasks[self._standing.task.id]
        tokens_in = int(agent.tokens() * self._ratio)
        tokens_out = self._tokens_out // self._replies if self._replies else USUAL_REPLY_TOKENS
        tokens_out = min(tokens_out, self._model.max_output_tokens)
        price, longest = self._model.price, self._model.max_output_tokens
        cost = price.cost(Usage(tokens_in, tokens_out))
        # A recording has no price, but its replies have a cost.
        cost = max(cost, view.cost_usd / view.turns if view.turns and not cost else 0.0)
        seconds = self._seconds / self._replies if self._replies else 0.0
        # What is written to a cache of prompts may cost more than what is only read.
        written = price.cost(Usage(tokens_in, longest, cache_written=tokens_in))
        dearest = max(cost, price.cost(Usage(tokens_in, longest)), written)
        return Spent(seconds, cost, tokens_in + tokens_out, 1), Spent(seconds, dearest, tokens_in + longest, 1)

    def _called(self, agent: ModelAgent) -> ModelReply:
        try:
            return self._call(agent)
        except ModelError as error:
            if error.fault is not ModelFault.OVERFLOW:
                raise
            dropped = agent.make_room(hard=True)
            if dropped is None:
                raise
            self._drop(dropped, agent)
            return self._call(agent)

    def _call(self, agent: ModelAgent) -> ModelReply:
        bench, standing = self._bench, self._standing
        request, estimate = agent.request(), agent.tokens()
        standing.record(EventKind.ASKED, sync=False, turn=request.turn, tokens=estimate)
        began = standing.work.seconds()
        reply = called(self._model, request, bench, standing.record, (bench.work, standing.work), self._halt)
        took = standing.work.seconds() - began
        self._count(reply, estimate, took)
        self._record(request.turn, reply, took)
        return reply

    def _count(self, reply: ModelReply, estimate: int, took: float) -> None:
        self._replies += 1
        self._seconds += took
        self._tokens_out += reply.usage.tokens_out
        if reply.usage.tokens_in and not reply.usage.estimated and estimate > 0:
            self._ratio = min(max(reply.usage.tokens_in / estimate, 0.3), 3.0)

    def _record(self, turn: int, reply: ModelReply, took: float) -> None:
        usage = reply.usage
        # Durable with the next decision; a kill does not lose it, only a power cut could.
        self._standing.record(
            EventKind.TURN,
            sync=False,
            turn=turn,
            text=reply.text,
            calls=[{"name": call.name, "arguments": for_row(call.arguments)} for call in reply.calls],
            tokens_in=usage.tokens_in,
            tokens_out=usage.tokens_out,
            cost_usd=usage.cost_usd,
            cached_in=usage.cached_in,
            cache_written=usage.cache_written,
            estimated=usage.estimated,
            finish=reply.finish.value,
            model=reply.model,
            duration_s=round(took, 3),
            task_s=round(self._standing.worked_s(), 3),
            run_s=round(self._bench.work.seconds(), 3),
        )
