"""What the engine adds to each turn of a model: everything but the model and the command.

One task reads a file again and again in a repository of 10,000 files, with a model that answers at once; the time from
turn to turn, near a transcript of 200 turns, is the engine's. Prints `name value limit ok/over` lines, in milliseconds.
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

from engine.build import _Adapters
from engine.engine import Engine
from engine.facade.core import Core
from engine.vocabulary.models import FinishReason, ModelReply, ModelRequest, Price, ToolCall, Usage
from engine.vocabulary.plans import Plan, Task
from engine.vocabulary.ports import ModelWatch
from engine.vocabulary.requests import SessionRequest
from engine.vocabulary.sessions import Limits

TURNS = 240
LOOKED_AT = 40
LIMIT_MS = 5.0


class InstantModel:
    """Reads another file at each turn and finishes at the last; notes when it was asked."""

    name = "instant"
    context_tokens = 1_000_000
    max_output_tokens = 1_000
    price = Price(1.0, 5.0)

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.answered: list[float] = []

    def complete(self, request: ModelRequest, stop: threading.Event, watch: ModelWatch | None = None) -> ModelReply:
        self.asked.append(time.perf_counter())
        if request.turn >= TURNS:
            call = ToolCall("c", "finish", {"summary": "done", "confidence": 0.95})
        elif request.turn % 15 == 0:
            call = ToolCall("c", "write", {"path": "pkg001/made.py", "content": f"VALUE = {request.turn}\n"})
        else:
            call = ToolCall("c", "read", {"path": f"pkg000/module{request.turn % 100:05}.py"})
        reply = ModelReply("I look at the next one.", (call,), Usage(1_000, 50, 0.0001), FinishReason.TOOL)
        self.answered.append(time.perf_counter())
        return reply


def main() -> None:
    model = InstantModel()
    with tempfile.TemporaryDirectory(prefix="orion-bench-") as place:
        root = Path(place)
        repository = _repository(root / "repository")
        adapters = _Adapters(root / "home")
        (root / "home" / "config.yaml").write_text(
            "default_model: m\nmodels: {m: {api: openai, model: m, base_url: http://x/v1}}\n"
        )
        adapters.open_model = lambda *_, **__: model  # type: ignore[assignment, method-assign, misc]
        engine = Engine(Core(adapters))
        plan = Plan("Measure", (Task("t", "Look at everything"),), "bench")
        limits = Limits(task_turns=0)
        request = SessionRequest(workspace=repository, plan=plan, model="m", limits=limits)
        session = engine.sessions.create(engine.sessions.propose(request))
        engine.sessions.start(session)
        state = engine.sessions.wait(session)
        engine.close()
    if state.counts()["kept"] != 1:
        sys.exit(f"the task was not kept: {state.counts()} {state.reason}")
    between = [later - earlier for earlier, later in pairwise(model.asked)]
    late = [seconds * 1000 for seconds in between[TURNS - LOOKED_AT - 1 : TURNS - 1]]
    median = statistics.median(late)
    print(f"engine_overhead_per_turn_ms {median:.2f} {LIMIT_MS} {'ok' if median <= LIMIT_MS else 'over'}")
    print(f"  median of turns {TURNS - LOOKED_AT} to {TURNS}; the slowest {max(late):.1f} ms", file=sys.stderr)
    early = statistics.median(between[5:45]) * 1000
    print(f"  early in the task {early:.2f} ms", file=sys.stderr)


if __name__ == "__main__":
    main()
