"""What can go wrong at an endpoint, through whole sessions over the real wire of both APIs: waited for and told, got
over by a stand-in, or paused with what a person has to change."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.engine import Engine
from engine.storage.shipped import shipped
from engine.vocabulary.errors import ModelError
from engine.vocabulary.events import EventKind
from engine.vocabulary.plans import Check, Plan, Task
from engine.vocabulary.requests import SessionRequest
from engine.vocabulary.sessions import SessionState
from tests.support.cli import Orion
from tests.support.endpoint import ANTHROPIC, OPENAI, Answer, Asked, endpoint, fails, says, slams
from tests.support.sessions import TIMEOUT_S, resumed, states
from tests.support.wire import CHECK, DONE, FIX, KEY, KEY_ENV, after, begun, probes, set_up, worker

pytestmark = [pytest.mark.mock_llm, pytest.mark.sandbox, pytest.mark.e2e]
BOTH = pytest.mark.parametrize("api", [OPENAI, ANTHROPIC])


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits of the specification, shorter."""
    monkeypatch.setenv(KEY_ENV, KEY)
    monkeypatch.setattr("engine.models.registry.WAITS_S", (0.02,) * 4)
    monkeypatch.setattr("engine.models.retrying.ROUNDED_S", 0.02)


def waits(engine: Engine, session: str) -> list[str]:
    return [e.data["reason"] for e in engine.sessions.events(session) if e.kind is EventKind.WAITING]


@BOTH
def test_a_busy_endpoint_is_waited_for_as_long_as_it_asks_however_it_says_so(
    api: str, engine: Engine, home: Path, repository: Path
) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=0.2)).isoformat()
    busy = (
        fails(429, "slow down", retry_after="0"),
        fails(429, "slow down", retry_after_ms="30"),
        fails(429, "no tokens left", x_ratelimit_remaining_tokens="0", x_ratelimit_reset_tokens="40ms"),
        fails(429, "no requests left", anthropic_ratelimit_requests_reset=soon),
        fails(529, "overloaded", "overloaded_error", retry_after="0"),
        fails(503, "loading", retry_after="0"),
    )
    with endpoint(after(says("", FIX), *busy)) as server:
        set_up(home, api, server)
        session = begun(engine, repository)
        ended = engine.sessions.wait(session, TIMEOUT_S)
    assert states(ended) == {"fix": "kept"}, ended.tasks["fix"].reason
    told = [event for event in engine.sessions.events(session) if event.kind is EventKind.WAITING]
    assert len(told) == len(busy), "more than the four tries of its own: what is asked for costs none"
    assert all("it asks to be asked again then" in event.data["reason"] for event in told)
    assert all(event.data["until"] > ended.started_at for event in told)


@BOTH
def test_an_endpoint_that_breaks_in_every_way_is_asked_again_and_the_task_goes_on_where_it_was(
    api: str, engine: Engine, home: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.models.pacing.TOTAL_TIMES_FIRST", 0.02)
    script = after(
        fails(500, "boom"),
        Answer(status=502, body="<html>Bad gateway</html>"),
        slams(),
        says("", FIX),
        Answer("half a stream", pieces=2, then="cut"),
        Answer("", ((FIX[0], json.dumps(FIX[1])),), pieces=3, then="reset"),
        Answer("on and on", pieces=2, then="drip"),
        Answer("no word why", pieces=2),
    )
    with endpoint(script) as server:
        set_up(home, api, server, timeout_s=20)
        session = begun(engine, repository)
        ended = engine.sessions.wait(session, TIMEOUT_S)
    assert states(ended) == {"fix": "kept"}, ended.tasks["fix"].reason
    said = waits(engine, session)
    for part, reason in zip(
        ("500: boom", "502", "broke off", "broke off", "broke off", "no end of the answer within 0.4 s", "saying why"),
        said,
        strict=True,
    ):
        assert part in reason
    edits = [e for e in engine.sessions.events(session) if e.kind is EventKind.ACTION]
    assert [e.data["action"]["tool"] for e in edits] == ["edit"], "half a call is carried out by nobody"


@BOTH
def test_an_endpoint_that_stays_broken_pauses_the_session_after_five_tries(
    api: str, engine: Engine, home: Path, repository: Path
) -> None:
    broken = True

    def script(asked: Asked) -> Answer:
        return fails(500, "boom") if broken and not probes(asked) else worker(asked)

    with endpoint(script) as server:
        set_up(home, api, server)
        session = begun(engine, repository)
        with pytest.raises(ModelError):
            engine.sessions.wait(session, TIMEOUT_S)
        paused = engine.sessions.get(session)
        assert (paused.state, len(waits(engine, session))) == (SessionState.PAUSED, 4)
        assert "500: boom (tried 5 times)" in paused.reason
        broken = False
        assert states(resumed(engine, session)) == {"fix": "kept"}


@BOTH
def test_an_endpoint_without_tool_calls_is_given_the_same_actions_in_a_schema(
    api: str, engine: Engine, home: Path, repository: Path
) -> None:
    def words_only(asked: Asked) -> Answer:
        """Answers with one JSON object, in the text or in the one tool that Anthropic's API has for it."""
        if probes(asked):
            return says("I would call report with the word ready.")
        name, arguments = DONE if "a + b" in asked.text else FIX
        text = json.dumps({"thought": "hm", "call": {"tool": name, "arguments": arguments}})
        return says(text) if api == OPENAI else says("", ("answer", text))

    with endpoint(words_only) as server:
        set_up(home, api, server)
        session = begun(engine, repository)
        ended = engine.sessions.wait(session, TIMEOUT_S)
        asked = [request for request in server.asked if not probes(request)]
    assert states(ended) == {"fix": "kept"}, ended.tasks["fix"].reason
    shapes = [request.body.get("response_format") or request.body.get("tool_choice") for request in asked]
    assert len(shapes) == 2
    assert all(shapes)


@BOTH
def test_the_roles_fallback_takes_over_in_the_middle_of_a_task(
    api: str, engine: Engine, home: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.models.registry.SHORT_WAITS_S", ())
    other_api = ANTHROPIC if api == OPENAI else OPENAI
    left = [says("", FIX)]

    def goes_away(asked: Asked) -> Answer:
        return worker(asked) if probes(asked) else left.pop() if left else slams()

    with endpoint(worker) as standing, endpoint(goes_away) as going:
        home.mkdir(exist_ok=True, mode=0o700)
        models = {
            "first": {"api": api, "base_url": going.base_url, "model": "one"},
            "second": {"api": other_api, "base_url": standing.base_url, "model": "two"},
        }
        (home / "config.yaml").write_text(yaml.safe_dump({"default_model": "second", "models": models}))
        role = yaml.safe_load((shipped("roles") / "software-engineer.yaml").read_text())
        (home / "roles").mkdir(exist_ok=True)
        named = {**role, "name": "own", "model": "first", "fallback_model": "second"}
        (home / "roles" / "own.yaml").write_text(yaml.safe_dump(named))
        plan = Plan("Mend adding", (Task("fix", "Do fix", checks=(Check(CHECK),)),), "test")
        session = engine.sessions.create(engine.sessions.propose(SessionRequest(repository, plan=plan, role="own")))
        engine.sessions.start(session)
        ended = engine.sessions.wait(session, TIMEOUT_S)
    assert states(ended) == {"fix": "kept"}, ended.tasks["fix"].reason
    events = engine.sessions.events(session)
    assert [event.data["model"] for event in events if event.kind is EventKind.TURN] == ["first", "second"]
    notices = [event.data["message"] for event in events if event.kind is EventKind.NOTICE]
    assert any("the fallback model second stands in: first:" in notice for notice in notices)


PRICE = {"input": 3.0, "output": 15.0, "cached_input": 0.3, "cache_write": 3.75}


@BOTH
def test_tokens_and_money_are_counted_per_call_per_task_and_per_session(
    api: str, engine: Engine, home: Path, repository: Path
) -> None:
    """By hand, in dollars for a million: plain input 3, cached 0.3, written to the cache 3.75, output 15."""
    written = 400 if api == ANTHROPIC else 0
    used = {
        "probe": (100, 20, 0, 0),
        "plan": (2_000, 300, 0, written),
        "first": (1_000, 100, 0, written),
        "second": (1_500, 40, 1_000, 0),
    }
    cost = {
        "probe": (100 * 3 + 20 * 15) / 1e6,
        "plan": ((2_000 - written) * 3 + written * 3.75 + 300 * 15) / 1e6,
        "first": ((1_000 - written) * 3 + written * 3.75 + 100 * 15) / 1e6,
        "second": (500 * 3 + 1_000 * 0.3 + 40 * 15) / 1e6,
    }

    def script(asked: Asked) -> Answer:
        if probes(asked):
            return says("", ("report", {"word": "ready"}), usage=used["probe"])
        if '"expected_files"' in asked.text and "maxItems" in asked.text:
            plan = json.dumps({"tasks": [PLANNED]})
            return says(plan, usage=used["plan"]) if api == OPENAI else says("", ("answer", plan), usage=used["plan"])
        return says("", DONE, usage=used["second"]) if "a + b" in asked.text else says("", FIX, usage=used["first"])

    with endpoint(script) as server:
        set_up(home, api, server, price_per_mtok=PRICE)
        session = engine.sessions.create(engine.sessions.propose(SessionRequest(repository, "Mend adding")))
        engine.sessions.start(session)
        ended = engine.sessions.wait(session, TIMEOUT_S)
    assert states(ended) == {"fix": "kept"}, ended.tasks["fix"].reason
    turns = [event.data for event in engine.sessions.events(session) if event.kind is EventKind.TURN]
    # The probe is part of the call that needed it.
    expected = [("plan",), ("probe", "first"), ("second",)]
    assert [turn["cost_usd"] for turn in turns] == [pytest.approx(sum(cost[n] for n in names)) for names in expected]
    for place, key in enumerate(("tokens_in", "tokens_out", "cached_in", "cache_written")):
        assert [turn[key] for turn in turns] == [sum(used[n][place] for n in names) for names in expected], key
    of_task = ("probe", "first", "second")
    assert ended.tasks["fix"].cost_usd == pytest.approx(sum(cost[n] for n in of_task))
    assert ended.tasks["fix"].tokens == sum(sum(used[n][:2]) for n in of_task)
    assert ended.cost_usd == pytest.approx(sum(cost.values()))
    assert ended.tokens == sum(sum(counts[:2]) for counts in used.values())
    shown = Orion(home, repository)("status", session, "--json").json
    assert shown["cost_usd"] == pytest.approx(sum(cost.values()))


def test_nothing_in_a_repository_names_a_model_an_address_or_a_key(
    engine: Engine, home: Path, repository: Path, git: Callable[..., str]
) -> None:
    with endpoint(worker) as ours, endpoint(worker) as theirs:
        set_up(home, OPENAI, ours)
        stolen: dict[str, Any] = {"live": {"api": "openai", "base_url": theirs.base_url, "model": "x"}}
        told = yaml.safe_dump({"default_model": "live", "models": stolen})
        variables = f"{KEY_ENV}=sk-theirs\nOPENAI_API_KEY=sk-theirs\nOPENAI_BASE_URL={theirs.base_url}\nORION_HOME=.\n"
        toml = f'default_model = "live"\n[models.live]\napi = "openai"\nbase_url = "{theirs.base_url}"\nmodel = "x"\n'
        for name, text in {
            ".env": variables,
            ".envrc": variables,
            ".netrc": "machine 127.0.0.1 login me password sk-theirs\n",
            "orion.toml": toml,
            "models.yaml": told,
            "config.yaml": told,
            "orion.yaml": told,
            ".orion/config.yaml": told,
            ".orion/models.yaml": told,
            "endpoints.json": "{}",
            "sitecustomize.py": "raise SystemExit('run')\n",
        }.items():
            (repository / name).parent.mkdir(exist_ok=True)
            (repository / name).write_text(text)
        git(repository, "add", "-A", "-f")
        git(repository, "commit", "-q", "-m", "hostile")
        ran = Orion(home, repository)("work", "Mend adding", "--yes", "--json")
        assert ran.code == 0, ran.err + ran.out
        assert theirs.asked == []
        assert {asked.headers["authorization"] for asked in ours.asked} == {f"Bearer {KEY}"}


PLANNED = {
    "id": "fix",
    "title": "Do fix",
    "instructions": "Do fix.",
    "depends_on": [],
    "action": "code.write",
    "confidence": 0.95,
    "expected_files": [],
    "estimate_s": [1, 2],
    "checks": [],
}
