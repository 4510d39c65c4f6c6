"""What Orion adds to each turn of a model: everything but the model and the command.

One task reads a file again and again in a repository of 10,000 files; the time from turn to turn, near a transcript of
200 turns, is Orion's. Measured three times: with a model in this process that answers at once, which leaves the loop,
and over the real wire of each API with an endpoint in a process of its own, whose share is subtracted: from the last
byte of the request to the last of its answer. Prints `name value limit ok/over` lines, in milliseconds.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from itertools import pairwise
from pathlib import Path

from bench_engine import _repository
from served import WRITES_EVERY, served

from engine.build import _Adapters
from engine.engine import Engine
from engine.facade.core import Core
from engine.models.around import Around
from engine.vocabulary.models import FinishReason, ModelReply, ModelRequest, Price, ToolCall, Usage
from engine.vocabulary.plans import Plan, Task
from engine.vocabulary.ports import Model, ModelWatch
from engine.vocabulary.requests import SessionRequest
from engine.vocabulary.sessions import Limits

TURNS = 240
LOOKED_AT = 40
LIMIT_MS = 5.0


class InstantModel:
    """Reads another file at each turn and finishes at the last."""

    name = "instant"
    context_tokens = 1_000_000
    max_output_tokens = 1_000
    price = Price(1.0, 5.0)

    def complete(self, request: ModelRequest, stop: threading.Event, watch: ModelWatch | None = None) -> ModelReply:
        if request.turn >= TURNS:
            call = ToolCall("c", "finish", {"summary": "done", "confidence": 0.95})
        elif request.turn % WRITES_EVERY == 0:
            call = ToolCall("c", "write", {"path": "pkg001/made.py", "content": f"VALUE = {request.turn}\n"})
        else:
            call = ToolCall("c", "read", {"path": f"pkg000/module{request.turn % 100:05}.py"})
        return ModelReply("I look at the next one.", (call,), Usage(1_000, 50, 0.0001), FinishReason.TOOL)


class Timed(Around):
    """Notes when the model was asked, by the clock and by the processor time of whoever asks."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.asked: list[float] = []
        self.worked: list[float] = []

    def complete(self, request: ModelRequest, stop: threading.Event, watch: ModelWatch | None = None) -> ModelReply:
        self.asked.append(time.perf_counter())
        self.worked.append(time.thread_time())
        return self._inner.complete(request, stop, watch)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="orion-bench-") as place:
        root = Path(place)
        repository = _repository(root / "repository")
        _report("loop", _turns(root / "loop", repository, "openai", "http://127.0.0.1:9/v1", InstantModel()), [])
        for api in ("openai", "anthropic"):
            with served(TURNS) as endpoint:
                timed = _turns(root / api, repository, api, endpoint.base_url)
            # The first one was the probe.
            _report(api, timed, endpoint.took_s[1:])


def _turns(home: Path, repository: Path, api: str, base_url: str, model: Model | None = None) -> Timed:
    """One session; its model in this process, or the one that answers at the address."""
    adapters = _Adapters(home)
    (home / "config.yaml").write_text(
        f"default_model: m\nmodels: {{m: {{api: {api}, model: m, base_url: '{base_url}', context_tokens: 1000000}}}}\n"
    )
    settings = adapters.read_settings()
    timed = Timed(model or adapters.open_model(settings.models["m"], None))
    adapters.open_model = lambda *_, **__: timed  # type: ignore[assignment, method-assign, misc]
    engine = Engine(Core(adapters))
    plan = Plan("Measure", (Task("t", "Look at everything"),), "bench")
    request = SessionRequest(workspace=repository, plan=plan, model="m", limits=Limits(task_turns=0))
    session = engine.sessions.create(engine.sessions.propose(request))
    engine.sessions.start(session)
    state = engine.sessions.wait(session)
    engine.close()
    if state.counts()["kept"] != 1:
        sys.exit(f"the task was not kept: {state.counts()} {state.reason} {state.tasks['t'].reason}")
    return timed


def _report(name: str, timed: Timed, served_s: list[float]) -> None:
    between = [(later - earlier) * 1000 for earlier, later in pairwise(timed.asked)]
    own = [whole - share * 1000 for whole, share in zip(between, served_s, strict=False)] if served_s else between
    late = own[-LOOKED_AT:]
    median = statistics.median(late)
    figure = "engine_loop_per_turn_ms" if name == "loop" else f"engine_overhead_per_turn_ms_{name}"
    print(f"{figure} {median:.2f} {LIMIT_MS} {'ok' if median <= LIMIT_MS else 'over'}")
    worked = [(later - earlier) * 1000 for earlier, later in pairwise(timed.worked)][-LOOKED_AT:]
    print(
        f"  turns {TURNS - LOOKED_AT} to {TURNS}: a quarter within {statistics.quantiles(late)[0]:.2f} ms, the slowest "
        f"{max(late):.1f} ms; processor time {statistics.median(worked):.2f} ms; early in the task "
        f"{statistics.median(own[5:45]):.2f} ms"
        + (f"; the endpoint's share, not counted, {statistics.median(served_s) * 1000:.2f} ms" if served_s else ""),
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
