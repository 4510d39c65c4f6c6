"""Steering by keyboard: a message, an answer, a hint; what the model is waited for; the transcript of a task."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.vocabulary.actions import ActionClass
from engine.vocabulary.events import Event, EventKind
from engine.vocabulary.sessions import LIMIT_REASONS, Session
from engine.vocabulary.verdicts import ApprovalKind, approval_to_json
from orion_tui.reasons import reason_words
from orion_tui.screens.monitor_now import doing_now, now_parts
from orion_tui.screens.transcript import said_in
from tests.support.app_driver import driven, on_screen, shown, wait_for
from tests.support.fake_engine import FakeEngine
from tests.support.fake_facts import EVENING, NOW
from tests.support.fake_nights import night


def event(kind: EventKind, seconds: float = 0, **data: object) -> Event:
    return Event("s", 1, (EVENING + timedelta(seconds=seconds)).isoformat(), kind, data)


def line(doing: Event | None, seconds: float) -> str:
    doings = {"t": doing} if doing is not None else {}
    return "".join(text for text, _ in now_parts(Session("s"), doings, EVENING + timedelta(seconds=seconds), 80))


def test_the_line_says_what_is_waited_for_and_how_long() -> None:
    asked = event(EventKind.ASKED, task="t", turn=3, tokens=900)
    assert "waiting for the model" in line(asked, 12)
    assert "12s" in line(asked, 12)
    until = (EVENING + timedelta(minutes=5)).isoformat()
    waits = event(EventKind.WAITING, task="t", reason="the endpoint is busy (429)", until=until)
    assert "retry in 4m" in line(waits, 60)
    assert "busy (429)" in line(waits, 60)
    assert "waiting for the model" in line(waits, 305), "the wait is over and it is asked again"


def test_an_answer_ends_the_waiting() -> None:
    asked, turn = event(EventKind.ASKED, task="t"), event(EventKind.TURN, task="t", turn=1)
    assert doing_now({}, [asked]) == {"t": asked}
    assert doing_now({"t": asked}, [turn]) == {}
    assert doing_now({"t": asked}, [event(EventKind.NOTICE, message="x")]) == {"t": asked}


def test_a_weighing_is_named_until_it_is_decided() -> None:
    asked = event(EventKind.ASKED, task="", purpose="replan", turn=1)
    assert "weighing the rest of the plan" in line(asked, 3)
    doing = doing_now({}, [asked])
    assert doing_now(doing, [event(EventKind.REPLANNED, decision="keep")]) == {}


def test_of_several_at_work_each_is_named() -> None:
    asked = event(EventKind.ASKED, task="parser")
    runs = event(EventKind.ACTION_STARTED, task="docs", step=0, summary="make html")
    doing = doing_now({}, [asked, runs])
    said = "".join(text for text, _ in now_parts(Session("s"), doing, EVENING, 80))
    assert "parser: asks the model · docs: make html" in said
    assert list(doing_now(doing, [event(EventKind.TASK_ENDED, task="parser")])) == ["docs"]


def test_a_transcript_shows_calls_and_makes_escapes_visible() -> None:
    calls = [{"name": "write", "arguments": {"path": "a.py", "content": "x = 1\n\x1b[2J" + "y" * 100}}]
    turn = event(EventKind.TURN, task="t", text="I write\x1b]0;owned\x07 it", calls=calls, tokens_in=1200, tokens_out=9)
    lines = said_in(turn, 60)
    assert all("\x1b" not in part and len(part) <= 60 for part in lines)
    assert "→ write" in lines
    assert any("1,200 tokens in" in part for part in lines)
    content = lines[lines.index("    content:") + 1 :]
    assert content[0] == "      x = 1", "a text of several lines keeps its own indentation"


def with_question(kind: ApprovalKind) -> FakeEngine:
    engine = night()
    made = engine.parked("s002", "t6", ActionClass.CODE_WRITE, "Tabs or spaces?", "the worker asks")
    asked = replace(made, id="s002-t6-9", kind=kind, action=None)
    engine.tell("s002", EventKind.PARKED, task="t6", approval=approval_to_json(asked), partial="p", base="b", step=0)
    return engine


@pytest.mark.parametrize(("kind", "title"), [(ApprovalKind.QUESTION, "Answer it"), (ApprovalKind.CIRCLE, "a hint")])
async def test_what_wants_words_is_approved_with_them(kind: ApprovalKind, title: str) -> None:
    engine = with_question(kind)
    async with driven(engine) as (app, pilot):
        app.go("approvals", session="s002", approval="s002-t6-9")
        await on_screen(pilot, "approvals")
        await wait_for(pilot, lambda: "Tabs or spaces?" in shown(app), "the question")
        await pilot.press("a")
        await wait_for(pilot, lambda: title in shown(app), "the box")
        await pilot.press("enter")
        await wait_for(pilot, lambda: "is needed" in shown(app), "that words are needed")
        await pilot.press(*"spaces", "enter")
        await wait_for(pilot, lambda: ("approved", "s002-t6-9", "spaces") in engine.calls, "the decision")


async def test_m_sends_a_message_to_whoever_works() -> None:
    engine = night()
    async with driven(engine) as (app, pilot):
        app.go("monitor", session="s002")
        await on_screen(pilot, "monitor")
        await wait_for(pilot, lambda: "m message" in shown(app), "the key")
        await pilot.press("m")
        await wait_for(pilot, lambda: "Tell whoever works" in shown(app), "the box")
        await pilot.press(*"hurry", "enter")
        await wait_for(pilot, lambda: "hurry" in shown(app), "the message in the activity")
    assert [event.data["text"] for event in engine.history["s002"] if event.kind is EventKind.STEERED] == ["hurry"]


async def test_what_happens_while_a_message_is_written_is_seen_behind_it() -> None:
    engine = night()
    async with driven(engine) as (app, pilot):
        app.go("monitor", session="s002")
        await on_screen(pilot, "monitor")
        await wait_for(pilot, lambda: "now" in shown(app), "the monitor")
        await pilot.press("m")
        await wait_for(pilot, lambda: "Tell whoever works on it" in shown(app), "the box")
        until = (NOW + timedelta(minutes=5)).isoformat()
        engine.tell("s002", EventKind.WAITING, task="tests", reason="the quota is used up", until=until)
        await wait_for(pilot, lambda: "retry in 5m: the quota" in shown(app), "what is waited for")


def test_why_a_session_stopped_is_said_in_words() -> None:
    assert reason_words("cost_limit") == "it is at its cost limit"
    assert reason_words("task_turn_limit") == "a task is at its turn limit"
    assert not [reason for reason in LIMIT_REASONS if "_" in reason_words(reason)]
    assert reason_words("paused by the user") == "paused by the user"


async def test_limits_are_changed_while_it_runs_and_say_what_more_sandboxes_may_use() -> None:
    engine = night()
    async with driven(engine) as (app, pilot):
        app.go("monitor", session="s002")
        await on_screen(pilot, "monitor")
        await pilot.press("L")
        await wait_for(pilot, lambda: "Tasks at once" in shown(app), "the limits")
        app.screen.query_one("#parallel").value = "0"  # type: ignore[attr-defined]
        await pilot.press("enter")
        await wait_for(pilot, lambda: "✗ give a number from 1 to 4" in shown(app), "the message")
        app.screen.query_one("#parallel").value = "2"  # type: ignore[attr-defined]
        app.screen.query_one("#turns").value = "90"  # type: ignore[attr-defined]
        await wait_for(pilot, lambda: "2 sandboxes at once may use 1,024 of" in shown(app), "the memory")
        await pilot.press("enter")
        await wait_for(pilot, lambda: engine.state["s002"].limits.parallel == 2, "the limits")
    assert engine.state["s002"].limits.turns == 90
