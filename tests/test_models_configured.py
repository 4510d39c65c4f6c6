"""Models in the configuration and in roles: which one works, what stands in, and what a person is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.engine import Engine
from engine.storage.shipped import shipped
from engine.vocabulary.errors import ModelError, ModelFault, UsageError
from engine.vocabulary.requests import Proposal, SessionRequest
from engine.vocabulary.sessions import SessionState
from tests.support.cli import Orion
from tests.support.endpoint import Answer, Asked, LoopbackEndpoint, endpoint, fails, says
from tests.support.sessions import TIMEOUT_S, resumed, states

pytestmark = pytest.mark.mock_llm

TASK = {"id": "note", "title": "Write a note", "instructions": "Write it.", "depends_on": [], "action": "docs.write"}
PLAN = {"tasks": [{**TASK, "confidence": 0.95, "expected_files": [], "estimate_s": [1, 2], "checks": []}]}


def worker(asked: Asked) -> Answer:
    """Plans one task, writes one file, says that it is done."""
    if "response_format" in asked.body:
        return says(json.dumps(PLAN))
    names = [tool["function"]["name"] for tool in asked.body["tools"]]
    if names == ["report"]:
        return says("", ("report", {"word": "ready"}))
    if asked.body["messages"][-1]["role"] == "tool":
        return says("", ("finish", {"summary": "written", "confidence": 0.95, "evidence": "docs/note.md"}))
    return says("", ("write", {"path": "docs/note.md", "content": "A note.\n"}))


def configured(home: Path, server: LoopbackEndpoint, **models: dict[str, Any]) -> None:
    """`good` is the default model; others are given by name."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    entries = {"good": {}, **models}
    usual = {"api": "openai", "base_url": server.base_url, "model": "served"}
    written = {name: {**usual, **entry, "model": f"{name}-model"} for name, entry in entries.items()}
    (home / "config.yaml").write_text(yaml.safe_dump({"default_model": "good", "models": written}))


def role_with(home: Path, **fields: str) -> str:
    """A role of the user's that names models."""
    data = yaml.safe_load((shipped("roles") / "technical-writer.yaml").read_text())
    (home / "roles").mkdir(exist_ok=True)
    (home / "roles" / "own.yaml").write_text(yaml.safe_dump({**data, **fields, "name": "own"}))
    return "own"


def proposed(engine: Engine, repository: Path, **more: str) -> Proposal:
    return engine.sessions.propose(SessionRequest(repository, "Write a note", **{"role": "technical-writer", **more}))


def of_model(server: LoopbackEndpoint) -> set[str]:
    return {asked.body["model"] for asked in server.asked}


@pytest.mark.sandbox
@pytest.mark.e2e
def test_a_live_model_plans_and_works_to_the_end(engine: Engine, home: Path, repository: Path) -> None:
    with endpoint(worker) as server:
        configured(home, server)
        session = engine.sessions.create(proposed(engine, repository))
        engine.sessions.start(session)
        ended = engine.sessions.wait(session, TIMEOUT_S)
    assert states(ended) == {"note": "kept"}, ended.tasks["note"].reason
    assert ended.tokens > 0


@pytest.mark.sandbox
@pytest.mark.e2e
def test_a_key_that_is_refused_pauses_and_the_session_goes_on_with_a_right_one(
    engine: Engine, home: Path, repository: Path
) -> None:
    refuse = True

    def turning(asked: Asked) -> Answer:
        return fails(401, "Incorrect API key") if refuse and "tools" in asked.body else worker(asked)

    with endpoint(turning) as server:
        configured(home, server)
        session = engine.sessions.create(proposed(engine, repository))
        engine.sessions.start(session)
        with pytest.raises(ModelError):
            engine.sessions.wait(session, TIMEOUT_S)
        (summary,) = engine.sessions.list()
        assert summary.state is SessionState.PAUSED
        assert "key was refused" in summary.reason
        refuse = False
        assert states(resumed(engine, session)) == {"note": "kept"}


def test_a_role_chooses_its_model_and_a_name_on_the_command_line_wins(
    engine: Engine, home: Path, repository: Path
) -> None:
    with endpoint(worker) as server:
        configured(home, server, own={}, named={})
        role = role_with(home, model="own")
        assert proposed(engine, repository, role=role).request.model == "own"
        assert of_model(server) == {"own-model"}
        proposed(engine, repository, role=role, model="named")
        assert of_model(server) == {"own-model", "named-model"}


@pytest.mark.parametrize(
    "broken",
    [{"api_key_env": "ORION_NO_SUCH_KEY"}, {"base_url": "http://127.0.0.1:9/v1"}],
    ids=["no key", "not there"],
)
def test_the_roles_fallback_stands_in(
    engine: Engine, home: Path, repository: Path, broken: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.models.registry.SHORT_WAITS_S", ())
    with endpoint(worker) as server:
        configured(home, server, own=broken, other={})
        proposed(engine, repository, role=role_with(home, model="own", fallback_model="other"))
        assert of_model(server) == {"other-model"}


def test_a_model_that_was_asked_for_by_name_has_no_stand_in(engine: Engine, home: Path, repository: Path) -> None:
    with endpoint(worker) as server:
        configured(home, server, own={"api_key_env": "ORION_NO_SUCH_KEY"}, other={})
        role = role_with(home, model="other", fallback_model="good")
        with pytest.raises(ModelError, match="ORION_NO_SUCH_KEY is not set") as caught:
            proposed(engine, repository, role=role, model="own")
        assert server.asked == []
    assert caught.value.fault is ModelFault.KEY


def test_a_role_from_a_machine_with_other_models_uses_the_one_that_is_here(
    engine: Engine, home: Path, repository: Path
) -> None:
    with endpoint(worker) as server:
        configured(home, server)
        proposed(engine, repository, role=role_with(home, model="elsewhere", fallback_model="good"))
        assert of_model(server) == {"good-model"}
        with pytest.raises(UsageError, match="'elsewhere', which the role own asks for") as caught:
            proposed(engine, repository, role=role_with(home, model="elsewhere"))
    assert "configured: good" in caught.value.hint


def test_a_role_cannot_stand_in_for_itself(engine: Engine, home: Path) -> None:
    home.mkdir(exist_ok=True)
    role_with(home, model="good", fallback_model="good")
    (found,) = [entry for entry in engine.roles.list() if entry.name == "own"]
    assert any(problem.field == "fallback_model" for problem in found.problems)


# What the command line says


@pytest.fixture
def orion(home: Path, tmp_path: Path) -> Orion:
    return Orion(home, tmp_path)


def test_models_are_listed_with_what_keeps_them_from_work(orion: Orion, home: Path) -> None:
    assert "no model is configured" in orion("model", "list").out
    with endpoint(worker) as server:
        configured(home, server, keyed={"api_key_env": "ORION_NO_SUCH_KEY"})
        listed = orion("model", "list")
        rows = {row["name"]: row for row in orion("model", "list", "--json").json}
    assert listed.code == 0
    assert "ORION_NO_SUCH_KEY is not set" in listed.out
    assert (rows["good"]["default"], rows["good"]["trouble"]) == (True, None)
    assert "ORION_NO_SUCH_KEY" in rows["keyed"]["trouble"]


def test_a_model_is_tried_with_one_word(orion: Orion, home: Path) -> None:
    with endpoint([says("ready"), fails(404, "model not found")]) as server:
        configured(home, server)
        assert "good answers, after" in orion("model", "check", "good").out
        wrong = orion("model", "check", "good")
    assert wrong.code != 0
    assert "there is no model 'good-model'" in wrong.err
    unknown = orion("model", "check", "god")
    assert (unknown.code, "did you mean 'good'?" in unknown.err) == (2, True)


def test_a_key_in_the_keychain_is_the_one_that_goes_out(orion: Orion, home: Path) -> None:
    with endpoint([says("ready")]) as server:
        configured(home, server, kept={"keychain": "my-key"})
        missing = orion("model", "check", "kept")
        assert "orion model key kept" in missing.err
        stored = orion("model", "key", "kept", "--key-stdin", given="sk-from-the-chain\n")
        assert stored.code == 0, stored.err
        assert orion("model", "check", "kept").code == 0
        assert server.asked[-1].headers["authorization"] == "Bearer sk-from-the-chain"
        assert "keychain: good" in orion("model", "key", "good", "--key-stdin", given="x\n").err
    assert "sk-from-the-chain" not in "".join(
        path.read_text("utf-8", errors="replace") for path in home.rglob("*") if path.is_file()
    )


def _model_check(orion: Orion) -> dict[str, str]:
    (found,) = [check for check in orion("doctor", "--json").json["checks"] if check["name"] == "model"]
    return {key: str(value) for key, value in found.items()}


def test_the_doctor_looks_whether_the_default_model_can_be_asked(orion: Orion, home: Path) -> None:
    with endpoint(worker) as server:
        configured(home, server)
        assert _model_check(orion)["status"] == "ok"
        assert server.asked == [], "a look sends nothing"
    gone = _model_check(orion)
    assert gone["status"] == "warn"
    assert f"nothing listens at {server.base_url}" in gone["detail"]
    configured(home, server, good={"api_key_env": "ORION_NO_SUCH_KEY"})
    assert "ORION_NO_SUCH_KEY is not set" in _model_check(orion)["detail"]


def test_no_model_says_what_to_do(orion: Orion, repository: Path) -> None:
    ran = orion("plan", "Write a note", "--workspace", str(repository))
    assert ran.code == 2
    assert "no model is configured" in ran.err
    assert "playbook" in ran.err


def test_planning_says_that_it_waits_and_why(orion: Orion, home: Path, repository: Path) -> None:
    busy = fails(429, "slow down", retry_after_ms="10")
    with endpoint([busy, says(json.dumps(PLAN))]) as server:
        configured(home, server)
        arguments = ("plan", "Write a note", "--role", "technical-writer", "--workspace", str(repository))
        ran = orion(*arguments)
    assert ran.code == 0, ran.err
    assert "waiting 1.0 s: good is busy" in ran.err
    assert "asking again" in ran.err


def test_a_stand_in_is_told_with_the_proposal(engine: Engine, home: Path, repository: Path) -> None:
    with endpoint(worker) as server:
        configured(home, server, own={"api_key_env": "ORION_NO_SUCH_KEY"}, other={})
        proposal = proposed(engine, repository, role=role_with(home, model="own", fallback_model="other"))
    assert any("the fallback model other stands in: no key" in notice for notice in proposal.notices)
