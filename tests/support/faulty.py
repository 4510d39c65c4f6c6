"""A model that works like a worker and goes wrong like an endpoint, both by a seeded chance; and a process that runs a
session with it and is killed at an event."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from engine.build import _Adapters
from engine.engine import Engine
from engine.facade.core import Core
from engine.models.retrying import RetryingModel
from engine.vocabulary.errors import Cancelled, ModelError, ModelFault
from engine.vocabulary.models import FinishReason, ModelReply, ModelRequest, Price, ToolCall, Usage
from engine.vocabulary.ports import ModelWatch

MOST_TOKENS = 2_000


class FaultyModel:
    """Proposes small, mostly sensible steps. The seed, the task and the turn decide, so that a session that is resumed
    meets new chances."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(f"{seed} {os.getpid()}")

    @property
    def name(self) -> str:
        return "faulty"

    @property
    def context_tokens(self) -> int:
        return 12_000

    @property
    def max_output_tokens(self) -> int:
        return 1_000

    @property
    def price(self) -> Price:
        return Price(1.0, 5.0)

    def complete(self, request: ModelRequest, stop: threading.Event, watch: ModelWatch | None = None) -> ModelReply:
        if stop.is_set():
            raise Cancelled
        chance = self._chance
        if chance.random() < 0.10:
            fault = chance.choice([ModelFault.UNREACHABLE, ModelFault.CUT, ModelFault.SERVER, ModelFault.BUSY])
            raise ModelError(f"it went wrong: {fault}", retryable=True, fault=fault)
        if chance.random() < 0.02:
            raise ModelError("the key was refused", fault=ModelFault.KEY)
        if chance.random() < 0.02:
            raise ModelError("too long", fault=ModelFault.OVERFLOW)
        text, calls, finish = self._said(request)
        # Dearer than its price says, as an endpoint with prices of its own may be.
        usage = Usage(chance.randrange(100, 1_800), chance.randrange(1, 200), chance.uniform(0.001, 0.05))
        made = tuple(ToolCall(f"{request.turn}-{n}", *call) for n, call in enumerate(calls))
        return ModelReply(text, made, usage, finish)

    def _said(self, request: ModelRequest) -> tuple[str, list[tuple[Any, ...]], FinishReason]:
        chance, place = self._chance, f"src/{request.task}.py"
        write = ("write", {"path": place, "content": f"X = {chance.random()}\n"})
        finish = ("finish", {"summary": "done", "confidence": chance.choice([0.95, 0.95, 0.95, 0.6, 0.1])})
        malformed: list[tuple[str, list[tuple[Any, ...]], FinishReason]] = [
            ("", [], FinishReason.STOP),
            ("I will not.", [], FinishReason.REFUSAL),
            ("and then I", [], FinishReason.LENGTH),
            ("\x1b]0;owned\x07\x1b[2J", [], FinishReason.STOP),
            ("", [("wrote", {})], FinishReason.TOOL),
            ("", [("write", {}, "the arguments are not JSON")], FinishReason.TOOL),
            ("", [("read", {"path": ["a"], "first": "x"})], FinishReason.TOOL),
            ("", [("read", {"path": "src/app.py"})] * 20, FinishReason.TOOL),
        ]
        good: list[list[tuple[Any, ...]]] = [
            [write],
            [write, finish],
            [finish],
            [("read", {"path": "src/app.py"})],
            [("list", {})],
            [("edit", {"path": "src/app.py", "find": "no such text", "replace": "x"})],
            [("write", {"path": "../out", "content": "x"})],
            [("diff", {}), ("note", {"text": "remember"})],
            [("ask", {"question": "which?"})],
            [("delete", {"path": place})],
        ]
        if chance.random() < 0.2:
            return chance.choice(malformed)
        return "on it", chance.choices(good, weights=[6, 6, 3, 3, 1, 2, 1, 1, 1, 1])[0], FinishReason.TOOL


def faulty_engine(home: Path, seed: int) -> Engine:
    """The engine on that home with a faulty model behind the real waits, which pass at once."""
    adapters = _Adapters(home)
    model = RetryingModel(FaultyModel(seed), wait=lambda _stop, _seconds: None)
    adapters.open_model = lambda *_, **__: model  # type: ignore[assignment, method-assign, misc]
    return Engine(Core(adapters))


def main() -> None:
    """HOME SESSION SEED EVENTS: run the session and die at that event of it."""
    home, session, seed, left = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    engine = faulty_engine(home, seed)
    seen = engine.sessions.get(session).seq

    def die(events: tuple[Any, ...]) -> None:
        if any(event.session == session and event.seq >= seen + left for event in events):
            os.kill(os.getpid(), signal.SIGKILL)

    engine._core.journal.subscribe(die)
    engine.sessions.start(session)
    try:
        engine.sessions.wait(session)
    except ModelError:
        return


if __name__ == "__main__":
    main()
