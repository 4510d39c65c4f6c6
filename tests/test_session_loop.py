"""The task loop with a model: questions, circles, budgets, steering, notes, replies of no use, recording."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.build import build
from engine.engine import Engine
from engine.vocabulary.errors import ModelError, UsageError
from engine.vocabulary.events import EventKind
from engine.vocabulary.sessions import Limits, SessionState
from engine.vocabulary.verdicts import ApprovalKind
from tests.support.recordings import acts, begun, call, done, events_of, plan, record, task, worked
from tests.support.sessions import TIMEOUT_S, resumed, states

pytestmark = [pytest.mark.mock_llm, pytest.mark.sandbox, pytest.mark.e2e]

WRITE = call("write", path="src/x.py", content="X = 1\n")
LOOK = call("read", path="src/app.py")


def test_a_question_parks_the_task_and_its_answer_lets_it_go_on_after_a_restart(home: Path, repository: Path) -> None:
    ask = call("ask", question="Tabs or spaces?", options=["tabs", "spaces"])
    record(home, plan(task("t")), *acts("t", [WRITE], [ask], [done()]))
    engine = build(home)
    session = worked(engine, repository)
    assert states(session) == {"t": "parked"}
    engine.close()
    again = build(home)
    try:
        (approval,) = again.approvals.list()
        assert approval.kind is ApprovalKind.QUESTION
        assert approval.detail == "Tabs or spaces?\n- tabs\n- spaces"
        with pytest.raises(UsageError, match="question"):
            again.approvals.approve(approval.id)
        again.approvals.approve(approval.id, answer="spaces")
        after = resumed(again, session.id)
        assert states(after) == {"t": "kept"}
        assert after.calls == 4, "the plan and three turns: nothing was asked twice"
    finally:
        again.close()


def test_a_circle_is_told_then_parked_and_goes_on_with_a_hint(engine: Engine, home: Path, repository: Path) -> None:
    record(home, plan(task("t")), *acts("t", *[[LOOK]] * 6, [WRITE], [done()]))
    session = worked(engine, repository)
    assert states(session) == {"t": "parked"}
    assert [data["finding"] for data in events_of(engine, session.id, EventKind.CIRCLE)] == ["same_call", "same_call"]
    (approval,) = engine.approvals.list()
    assert approval.kind is ApprovalKind.CIRCLE
    assert "src/app.py" in approval.detail
    engine.approvals.approve(approval.id, answer="the file is right, write x.py")
    assert states(resumed(engine, session.id)) == {"t": "kept"}


def test_denying_a_circle_ends_the_task(engine: Engine, home: Path, repository: Path) -> None:
    record(home, plan(task("t"), task("u")), *acts("t", *[[LOOK]] * 6), *acts("u", [WRITE], [done()]))
    session = worked(engine, repository)
    (approval,) = engine.approvals.list()
    engine.approvals.deny(approval.id, "leave it")
    assert states(engine.sessions.get(session.id)) == {"t": "denied", "u": "kept"}


@pytest.mark.parametrize(
    "reply",
    [
        {"text": "", "calls": []},
        {"text": "I cannot help with that.", "calls": [], "finish": "refusal"},
        {"text": "Once upon a", "calls": [], "finish": "length"},
        {"text": "I would now \x1b[2Jedit the file.", "calls": []},
        {"text": "", "calls": [call("fly", to="the moon")]},
        {"text": "", "calls": [{"name": "write", "arguments": {}, "problem": "the arguments are not JSON"}]},
        {"text": "", "calls": [call("finish", summary="x", confidence="very")]},
        {"text": "", "calls": [call("edit", path="src/app.py", edits=[])]},
    ],
    ids=["empty", "refusal", "cut", "prose", "no such tool", "half a call", "wrong type", "no edits"],
)
def test_a_reply_of_no_use_is_answered_and_work_goes_on(
    engine: Engine, home: Path, repository: Path, reply: dict[str, Any]
) -> None:
    record(home, plan(task("t")), *acts("t", reply, [WRITE], [done()]))
    assert states(worked(engine, repository)) == {"t": "kept"}


def test_nothing_but_replies_of_no_use_parks_the_task(engine: Engine, home: Path, repository: Path) -> None:
    refusal = {"text": "I cannot help with that.", "calls": [], "finish": "refusal"}
    record(home, plan(task("t")), *acts("t", *[refusal] * 10))
    session = worked(engine, repository)
    assert states(session) == {"t": "parked"}
    assert session.tasks["t"].turns == 4
    assert "refused: I cannot help" in engine.approvals.list()[0].detail


def test_ten_calls_at_once_are_done_in_order(engine: Engine, home: Path, repository: Path) -> None:
    several = [call("write", path=f"src/f{n}.py", content=f"F = {n}\n") for n in range(10)]
    record(home, plan(task("t")), *acts("t", several, [done()]))
    session = worked(engine, repository)
    assert states(session) == {"t": "kept"}
    assert len(engine.review.changes(session.id).files) == 10


def test_the_goal_the_plan_and_notes_stand_before_every_turn(engine: Engine, home: Path, repository: Path) -> None:
    from engine.session.briefing import Assignment

    record(home, plan(task("t")), *acts("t", [call("note", text="port 8080")], [call("diff")], [WRITE, done()]))
    session = worked(engine, repository)
    assert states(session) == {"t": "kept"}
    assert events_of(engine, session.id, EventKind.NOTE) == [{"task": "t", "text": "port 8080"}]
    role = engine.roles.get(session.role)
    system, user = Assignment.of(session, role, session.tasks["t"].task).front(["port 8080"], ["- read a.py: x"])
    assert role.display_name in system.text
    for part in ("Mend adding", "[this task] Do t", "port 8080", "read a.py"):
        assert part in user.text


def test_a_task_limit_holds_the_task_others_go_on_and_a_higher_one_lets_it_end(
    engine: Engine, home: Path, repository: Path
) -> None:
    edits = [[call("write", path="src/x.py", content=f"X = {n}\n")] for n in range(4)]
    record(home, plan(task("t"), task("u")), *acts("t", *edits, [done()]), *acts("u", [LOOK], [done()]))
    limits = Limits(task_turns=3)
    session = worked(engine, repository, limits=limits)
    assert (session.state, session.reason) == (SessionState.PAUSED, "task_turn_limit")
    assert states(session) == {"t": "pending", "u": "kept"}
    assert session.tasks["t"].turns == 3
    assert any("80%" in notice for notice in session.notices)
    engine.sessions.set_limits(session.id, Limits(task_turns=10))
    after = resumed(engine, session.id)
    assert states(after) == {"t": "kept", "u": "kept"}
    assert after.tasks["t"].turns == 5, "it went on where it stood"


@pytest.mark.parametrize(
    ("limits", "reason", "calls"),
    [
        (Limits(turns=3), "turn_limit", 3),
        (Limits(tokens=1_000), "token_limit", 1),
        (Limits(cost_usd=0.25), "cost_limit", 3),
        (Limits(task_cost_usd=0.15), "task_cost_limit", 2),
    ],
)
def test_a_limit_pauses_before_the_call_that_would_pass_it(
    engine: Engine, home: Path, repository: Path, limits: Limits, reason: str, calls: int
) -> None:
    edits = [[call("write", path="src/x.py", content=f"X = {n}\n")] for n in range(9)]
    record(home, plan(task("t")), *acts("t", *edits, [done()], cost=0.1))
    session = worked(engine, repository, limits=limits)
    assert (session.state, session.reason) == (SessionState.PAUSED, reason)
    assert session.calls <= calls
    assert session.cost_usd <= 0.25 + 1e-9
    again = resumed(engine, session.id)
    assert (again.state, again.reason, again.calls) == (SessionState.PAUSED, reason, session.calls)


def test_a_message_stands_before_the_next_turn_and_is_told_once(engine: Engine, home: Path, repository: Path) -> None:
    record(home, plan(task("t")), *acts("t", [WRITE], [LOOK], [done()]))
    session = begun(engine, repository)
    assert "resume" in engine.sessions.steer(session, "Keep it short")
    engine.sessions.start(session)
    engine.sessions.wait(session, TIMEOUT_S)
    (said,) = events_of(engine, session, EventKind.STEERED)
    (heard,) = events_of(engine, session, EventKind.HEEDED)
    assert said["text"] == "Keep it short"
    assert heard["turn"] == 1
    assert engine.sessions.get(session).steering == ()
    with pytest.raises(UsageError, match="no model"):
        engine.sessions.steer(session, "more")


def test_a_model_that_fails_midway_leaves_the_work_to_go_on_from(engine: Engine, home: Path, repository: Path) -> None:
    lines = (plan(task("t")), *acts("t", [WRITE], [LOOK], [done()]))
    record(home, *lines[:-1])
    session = begun(engine, repository)
    engine.sessions.start(session)
    with pytest.raises(ModelError):
        engine.sessions.wait(session, TIMEOUT_S)
    record(home, *lines)
    after = resumed(engine, session)
    assert states(after) == {"t": "kept"}
    writes = [data for data in events_of(engine, session, EventKind.ACTION) if data["summary"] == "src/x.py"]
    assert len(writes) == 1, "what had been done was not done again"


def test_what_was_recorded_can_be_replayed_and_a_mismatch_is_told(
    engine: Engine, home: Path, repository: Path, tmp_path: Path, git: Any
) -> None:
    token = "ghp_" + "a1B2" * 9
    note = call("note", text=f"token {token}")
    record(home, plan(task("t")), *acts("t", [LOOK], [note], [WRITE], [done()]))
    session = worked(engine, repository)
    tape = tmp_path / "tape.jsonl"
    assert engine.sessions.record(session.id, tape) == 5
    assert token not in tape.read_text()
    (home / "talk.jsonl").write_text(tape.read_text())
    again = worked(engine, repository)
    assert states(again) == {"t": "kept"}
    (repository / "src" / "app.py").write_text("changed\n")
    git(repository, "commit", "-qam", "moved on")
    with pytest.raises(ModelError, match="another observation"):
        worked(engine, repository)


def test_work_of_a_run_that_was_killed_counts(engine: Engine, home: Path, repository: Path) -> None:
    from engine.session.worktime import lost_s

    record(home, plan(task("t")), *acts("t", [call("run", command="sleep 0.3")], [WRITE, done()]))
    session = worked(engine, repository)
    events = engine.sessions.events(session.id)
    until = next(n for n, event in enumerate(events) if event.kind is EventKind.ACTION)
    assert lost_s(events[: until + 1]) >= 0.3


def test_a_talk_that_outgrows_the_context_is_made_shorter_and_the_log_has_the_rest(
    engine: Engine, home: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.models.replay import ReplayModel

    monkeypatch.setattr(ReplayModel, "context_tokens", property(lambda _: 6_000))
    monkeypatch.setattr(ReplayModel, "max_output_tokens", property(lambda _: 500))
    runs = [[call("run", command=f"seq {n} {n + 400}")] for n in range(12)]
    record(home, plan(task("t")), *acts("t", *runs, [WRITE], [done()]))
    session = worked(engine, repository, limits=Limits(task_turns=0))
    assert states(session) == {"t": "kept"}
    dropped = events_of(engine, session.id, EventKind.COMPACTED)
    assert dropped
    assert all(data["tokens_after"] < data["tokens_before"] for data in dropped)
    kept = engine.sessions.output(dropped[0]["dropped"]).decode().splitlines()
    assert len(kept) == dropped[0]["messages"]
    assert json.loads(kept[0])["role"] == "assistant"
    asked = [data["tokens"] for data in events_of(engine, session.id, EventKind.ASKED)]
    assert max(asked) < 6_000


def test_words_are_only_for_what_asks_for_them(engine: Engine, home: Path, repository: Path) -> None:
    record(home, plan(task("t")), *acts("t", [call("write", path="requirements.txt", content="x\n")], [done()]))
    worked(engine, repository)
    (approval,) = engine.approvals.list()
    with pytest.raises(UsageError, match="not for words"):
        engine.approvals.approve(approval.id, answer="yes please")
