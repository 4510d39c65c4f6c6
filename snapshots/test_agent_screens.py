"""How a model's work looks while it goes on: waits, limits, messages, questions, circles, an open transcript."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.vocabulary.actions import ActionClass
from engine.vocabulary.events import EventKind
from engine.vocabulary.plans import Task, TaskState, task_to_json
from engine.vocabulary.sessions import Limits
from engine.vocabulary.verdicts import ApprovalKind, approval_to_json
from tests.support.app_driver import made_app, on_screen, wait_for
from tests.support.fake_engine import FakeEngine
from tests.support.fake_facts import NOW
from tests.support.fake_nights import night
from tests.support.screens import settled

SESSION = "s002"
Before = Callable[[Pilot[Any]], Awaitable[None]]


def at_work() -> FakeEngine:
    """The night's session with one task at work, its limit of money near, and a model that is busy."""
    engine = night()
    engine.tell(SESSION, EventKind.LIMITS_SET, **asdict(Limits(cost_usd=0.55, parallel=2)))
    near = "80% of the cost limit of $0.55 is used"
    engine.tell(SESSION, EventKind.NOTICE, message=near, level="warning", task="", limit="cost", used=0.47, most=0.55)
    engine.tell(SESSION, EventKind.ASKED, task="tests", turn=2, tokens=900)
    until = (NOW + timedelta(minutes=4)).isoformat()
    reason = "local is busy; it answered 429: the quota of this minute is used up"
    engine.tell(SESSION, EventKind.WAITING, task="tests", reason=reason, until=until, run_s=7_900.0)
    return engine


def at_its_limit() -> FakeEngine:
    engine = at_work()
    engine.tell(SESSION, EventKind.SUSPENDED, task="tests", partial="p", base="b", step=2, held="")
    engine.ended(SESSION, "paused", "cost_limit")
    return engine


def asks(kind: ApprovalKind, rule: str, detail: str) -> Callable[[], FakeEngine]:
    """The parked task asks for words."""

    def made() -> FakeEngine:
        engine = night()
        (before,) = engine.state[SESSION].waiting
        asked = replace(
            before, id="s002-bcrypt-0", kind=kind, action=None, detail=detail, reason="the worker asks", rule=rule
        )
        engine.tell(SESSION, EventKind.DECIDED, task="bcrypt", approval=before.id, decision="approved", reason="go on")
        engine.tell(SESSION, EventKind.PARKED, approval=approval_to_json(asked), partial="p", base="c0ffee0", step=0)
        return engine

    return made


def weighed() -> FakeEngine:
    engine = at_its_limit()
    left = [view.task for view in engine.state[SESSION].tasks.values() if view.state is not TaskState.KEPT]
    new = Task("clock", "Give the throttle a clock of its own", (), ActionClass.CODE_WRITE, estimate_s=(60, 240))
    engine.tell(
        SESSION,
        EventKind.REPLANNED,
        decision="revise",
        reason="Throttling needs a clock that tests can hold: a smaller task first.",
        trigger="'Throttle' was failed",
        added=["clock"],
        removed=[],
        changed=["integration"],
        weighed=[],
        plan={"goal": "g", "source": "model local", "tasks": [task_to_json(task) for task in (*left, new)]},
        verdicts={},
    )
    return engine


def talked() -> FakeEngine:
    engine = night()
    calls = [{"name": "write", "arguments": {"path": "src/user.py", "content": "def salted(word):\n    return word\n"}}]
    engine.tell(
        SESSION,
        EventKind.TURN,
        task="tests",
        turn=2,
        text="First the naive way.",
        calls=calls,
        tokens_in=40_000,
        tokens_out=900,
        cached_in=10_000,
        cost_usd=0.08,
        model="local",
    )
    return engine


def on(screen: str, *pressed: str) -> Before:
    """That screen of the session, after some keys."""

    async def before(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await wait_for(pilot, lambda: app.bridge.state.ready)
        about: dict[str, Any] = {"session": SESSION}
        if screen == "plan":
            about = {"session": app.engine.state[SESSION]}
        if screen == "story":
            about = {"session": SESSION, "task": "tests"}
        app.go(screen, **about)
        await on_screen(pilot, screen)
        await settled(pilot)
        for key in pressed:
            await pilot.press(key)
            await settled(pilot)
            await pilot.pause()

    return before


PICTURES: dict[str, tuple[Callable[[], FakeEngine], Before]] = {
    "waits_for_a_busy_model": (at_work, on("monitor")),
    "at_its_limit": (at_its_limit, on("monitor")),
    "limits": (at_work, on("monitor", "L")),
    "message": (at_work, on("monitor", "m")),
    "question": (asks(ApprovalKind.QUESTION, "question", "Which provider?\n- our own\n- the other"), on("approvals")),
    "circle": (asks(ApprovalKind.CIRCLE, "circle.same_call", "the same call 3 times: cat a.py"), on("approvals", "a")),
    "plan_weighed": (weighed, on("plan")),
    "transcript": (talked, on("story", "end", "up", "enter")),
}


@pytest.mark.parametrize("picture", sorted(PICTURES))
def test_the_screen_looks_as_it_did(picture, size, snap_compare):
    make, before = PICTURES[picture]
    assert snap_compare(made_app(make()), terminal_size=size, run_before=before)
