"""The real wires of a real model: what loopback cannot prove. Run with `make test-local-model`."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from engine.documents import parse_document
from engine.engine import Engine
from engine.planning.planner import reply_schema
from engine.vocabulary.errors import Cancelled
from engine.vocabulary.models import Message, ModelRequest
from engine.vocabulary.plans import Plan, Task
from engine.vocabulary.ports import Model
from engine.vocabulary.requests import SessionRequest
from engine.vocabulary.sessions import Limits, SessionState
from engine.vocabulary.tokens import estimate_tokens
from tests.support.endpoint import ANTHROPIC, OPENAI
from tests.support.local_model import local_model
from tests.support.models import TOOLS, Heard, ask, live

pytestmark = pytest.mark.local_model
PLANS = 10
TASK = (
    Message("system", "You plan work on a git repository. Answer with one JSON object and nothing else."),
    Message("user", "Add a test for the parser."),
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with local_model() as base_url:
        yield base_url


def small(api: str, address: str, home: Path, tokens: int = 320) -> Model:
    return live(api, address, home, context_tokens=4096, max_output_tokens=tokens, timeout_s=600)


def test_a_plan_fits_its_schema_in_ten_of_ten_tries(address: str, tmp_path: Path) -> None:
    model = small(OPENAI, address, tmp_path)
    for number in range(PLANS):
        reply = ask(model, TASK[0], Message("user", f"Add test number {number} for the parser."), schema=reply_schema())
        # As the planner reads it: JSON first, then every rule for documents.
        document = parse_document(json.dumps(json.loads(reply.text)), "the plan", reply_schema())
        assert len(document.data["tasks"]) >= 1, reply.text


@pytest.mark.parametrize("api", [OPENAI, ANTHROPIC])
def test_words_stream_and_are_counted(api: str, address: str, tmp_path: Path) -> None:
    heard = Heard()
    reply = ask(small(api, address, tmp_path, 40), Message("user", "Tell me about cats."), watch=heard)
    assert reply.text
    assert "".join(heard.deltas) == reply.text
    assert len(heard.deltas) > 5
    assert not reply.usage.estimated
    assert 0 < reply.usage.tokens_out <= 40


@pytest.mark.parametrize("api", [OPENAI, ANTHROPIC])
def test_a_model_without_tool_calls_still_ends_in_something_that_the_loop_can_answer(
    api: str, address: str, tmp_path: Path
) -> None:
    reply = ask(small(api, address, tmp_path, 120), tools=TOOLS)
    assert all(call.problem or call.name in ("read", "run") for call in reply.calls)
    assert reply.usage.tokens_in > 0


def test_with_a_schema_its_calls_are_those_of_the_tools(address: str, tmp_path: Path) -> None:
    names = [call.name for call in ask(small(OPENAI, address, tmp_path), tools=TOOLS).calls if not call.problem]
    assert set(names) <= {"read", "run"}


@pytest.mark.parametrize("api", [OPENAI, ANTHROPIC])
def test_a_running_answer_stops_within_100_ms(api: str, address: str, tmp_path: Path) -> None:
    stop, asked_to = threading.Event(), list[float]()

    class Stopping(Heard):
        def text(self, delta: str) -> None:
            if not asked_to:
                asked_to.append(time.monotonic())
                stop.set()

    with pytest.raises(Cancelled):
        ask(small(api, address, tmp_path, 400), Message("user", "Count to 500."), stop=stop, watch=Stopping())
    assert time.monotonic() - asked_to[0] < 0.1


def test_the_estimate_of_tokens_is_near_the_real_count(address: str, tmp_path: Path) -> None:
    """The error that docs/models.md states: within a third for prose and code."""
    root = Path(__file__).resolve().parent.parent
    texts = [(root / name).read_text()[:4000] for name in ("docs/roles.md", "engine/session/runner.py", "README.md")]
    model = small(OPENAI, address, tmp_path, 16)
    for text in texts:
        request = ModelRequest("act", "fix", 1, (Message("user", text),))
        real = ask(model, *request.messages).usage.tokens_in
        error = estimate_tokens(request) / real - 1
        print(f"estimated {estimate_tokens(request)}, really {real}: {error:+.0%}")
        assert abs(error) < 0.34


def test_a_session_on_it_ends_in_a_defined_state(address: str, home: Path, repository: Path, engine: Engine) -> None:
    """What it says is nonsense, so the session parks, pauses or fails; it must say which, and why."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    entry = {"api": OPENAI, "base_url": address, "model": "small", "context_tokens": 4096, "max_output_tokens": 200}
    (home / "config.yaml").write_text(yaml.safe_dump({"default_model": "small", "models": {"small": entry}}))
    plan = Plan("Add a test for the parser", (Task("test", "Add a test"),), "test")
    limits = Limits(time_s=240, task_turns=4)
    session = engine.sessions.create(engine.sessions.propose(SessionRequest(repository, plan=plan, limits=limits)))
    engine.sessions.start(session)
    ended = engine.sessions.wait(session, 600)
    assert ended.state in (
        SessionState.AWAITING_REVIEW,
        SessionState.PAUSED,
        SessionState.FAILED,
        SessionState.COMPLETED,
    )
    assert ended.reason
    assert ended.tokens > 0
