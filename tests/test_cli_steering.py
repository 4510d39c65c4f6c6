"""Messages, limits, answers and recordings from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import Orion
from tests.support.recordings import acts, call, done, plan, record, task

pytestmark = [pytest.mark.mock_llm, pytest.mark.sandbox, pytest.mark.e2e]


@pytest.fixture
def orion(home: Path, repository: Path) -> Orion:
    return Orion(home, repository)


def test_a_session_is_limited_steered_answered_and_recorded(orion: Orion, tmp_path: Path) -> None:
    write = call("write", path="src/x.py", content="X = 1\n")
    ask = call("ask", question="Tabs or spaces?")
    record(orion.home, plan(task("t")), *acts("t", [write], [ask], [done()]))
    ran = orion("work", "Mend adding", "--yes", "--json", "--record", str(tmp_path / "first.jsonl"))
    assert ran.code == 4, ran.err
    session = ran.lines[0]["session"]
    assert "3 replies recorded" in ran.err

    limits = orion("limits", session, "--cost-limit", "8", "--task-turns", "120", "--json").json["limits"]
    assert (limits["cost_usd"], limits["task_turns"], limits["time_s"]) == (8.0, 120, 28800.0)
    assert "120 turns" in orion("limits", session).out

    told = orion("steer", session, "be brief")
    assert told.code == 0
    assert "orion resume" in told.out
    assert orion("steer", session, "be brief", "--task", "no").code == 2

    (approval,) = orion("approvals", "--json").json
    assert approval["kind"] == "question"
    assert '--answer "…"' in orion("approvals").out
    assert orion("approve", approval["id"]).code == 2
    assert orion("approve", approval["id"], "--answer", "spaces").code == 0
    assert orion("resume", session, "--json").code == 0
    (found,) = orion("status", session, "--json").json["tasks"]
    assert (found["state"], found["spent"]["turns"], found["claimed"]) == ("kept", 3, "done")

    tape = tmp_path / "tape.jsonl"
    assert orion("record", session, "-o", str(tape), "--json").json["replies"] == 4
    assert json.loads(tape.read_text().splitlines()[0])["format"] == "orion-replay/1"
    assert orion("work", "x", "--yes", "--detach", "--record", str(tape)).code == 2
