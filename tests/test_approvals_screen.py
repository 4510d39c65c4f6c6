"""Approvals by keyboard: one decision at a time, with everything needed to make it."""

from __future__ import annotations

import pytest

from engine.vocabulary.actions import ActionClass
from engine.vocabulary.events import EventKind
from engine.vocabulary.plans import Plan, Task
from orion_tui.screens.approval_text import after_approval, behind
from tests.support.fake_facts import PIN
from tests.support.fake_review import SESSION, ReviewEngine, with_decisions
from tests.support.screens import SMALL, notified, opened, says, settled, shown, typed, until


async def test_a_decision_shows_all_that_is_needed_to_make_it() -> None:
    async with opened(with_decisions(), "approvals", (96, 60), approval=f"{SESSION}-bcrypt-1") as pilot:
        text = " ".join(shown(pilot).split())
        for fact in (
            "2 of 2",
            "Add bcrypt dependency",
            "wants to do this; it has not happened yet",
            "│ pip install bcrypt==4.2.0",
            "│ pip freeze > requirements.txt",
            "the role asks a person before it changes dependencies",
            "deps.change",
            "WAITS BEHIND IT · Write integration tests",
            "its earlier processes and /tmp are gone",
            "nobody works on this session now",
        ):
            assert fact in text


async def test_an_effect_shows_its_diff_and_that_the_tree_has_moved() -> None:
    async with opened(with_decisions(), "approvals", session=SESSION) as pilot:
        text = " ".join(shown(pilot).split())
        assert "has left this in its tree" in text
        assert "other tasks were kept since" in text
        assert "the role is as it was" in text
        assert "+ on: push" in text


async def test_a_role_that_has_changed_since_is_named() -> None:
    async with opened(with_decisions(), "approvals", approval=f"{SESSION}-bcrypt-1") as pilot:
        await says(pilot, "the role has changed since this was asked")


async def test_approving_says_what_happens_and_goes_on_to_the_next() -> None:
    engine = with_decisions()
    async with opened(engine, "approvals", approval=f"{SESSION}-bcrypt-1") as pilot:
        await pilot.press("a")
        await says(pilot, "✓ approved pip install bcrypt==4.2.0: approved: the running session goes on with it")
        await says(pilot, "1 of 1")
        await says(pilot, "Run the tests in CI")
        assert ("approved", f"{SESSION}-bcrypt-1", "") in engine.calls


async def test_an_approval_that_asks_for_the_pin_is_nothing_without_it() -> None:
    engine = with_decisions()
    async with opened(engine, "approvals") as pilot:
        await pilot.press("a")
        await says(pilot, "Approve with your PIN")
        await typed(pilot, "111222")
        await pilot.press("enter")
        await says(pilot, "this needs your PIN")
        await settled(pilot)
        assert engine.approvals.list()[0].id == f"{SESSION}-ci-1"
        await typed(pilot, PIN)
        await pilot.press("enter")
        await says(pilot, "✓ approved")
        assert ("approved", f"{SESSION}-ci-1", "") in engine.calls


async def test_rejecting_asks_for_the_reason_and_keeps_it() -> None:
    engine = with_decisions()
    async with opened(engine, "approvals", approval=f"{SESSION}-bcrypt-1") as pilot:
        await pilot.press("r", "enter")
        await says(pilot, "a reason is needed")
        await typed(pilot, "too big")
        await pilot.press("enter")
        await says(pilot, "✗ rejected pip install bcrypt==4.2.0")
        assert ("denied", f"{SESSION}-bcrypt-1", "too big") in engine.calls


async def test_escape_leaves_a_rejection_undone() -> None:
    engine = with_decisions()
    async with opened(engine, "approvals") as pilot:
        await pilot.press("r", "escape")
        await settled(pilot)
        assert len(engine.approvals.list()) == 2


async def test_after_the_last_decision_a_session_that_nobody_runs_can_go_on() -> None:
    engine = with_decisions()
    engine.approvals.deny(f"{SESSION}-ci-1", "no")
    async with opened(engine, "approvals", session=SESSION) as pilot:
        await pilot.press("a")
        await says(pilot, "Let the session go on?")
        await pilot.press("y")
        await until(pilot, lambda: ("resume", SESSION, "detach") in engine.calls, "the resume")
        await says(pilot, "Nothing waits for your decision")


async def test_a_session_may_be_let_go_on_later_too() -> None:
    engine = with_decisions()
    engine.approvals.deny(f"{SESSION}-ci-1", "no")
    async with opened(engine, "approvals", session=SESSION) as pilot:
        await pilot.press("a")
        await says(pilot, "Let the session go on?")
        await pilot.press("n")
        await says(pilot, "‖ paused")
        assert all(call[0] != "resume" for call in engine.calls)
        await pilot.press("p")
        await until(pilot, lambda: ("resume", SESSION, "detach") in engine.calls, "the resume")


async def test_next_goes_round_and_decides_nothing() -> None:
    engine = with_decisions()
    async with opened(engine, "approvals") as pilot:
        await pilot.press("n")
        await says(pilot, "2 of 2")
        await pilot.press("n")
        await says(pilot, "1 of 2")
        assert len(engine.approvals.list()) == 2


async def test_one_alone_has_no_next_and_says_so() -> None:
    engine = with_decisions()
    engine.approvals.deny(f"{SESSION}-ci-1", "no")
    async with opened(engine, "approvals") as pilot:
        await pilot.press("n")
        await notified(pilot, "there is only this one")


async def test_nothing_to_decide_says_what_to_do() -> None:
    async with opened(ReviewEngine(), "approvals") as pilot:
        await says(pilot, "Nothing waits for your decision.")
        await pilot.press("a")
        await notified(pilot, "no decision waits")


async def test_in_a_small_terminal_the_diff_is_behind_a_key() -> None:
    async with opened(with_decisions(), "approvals", SMALL) as pilot:
        assert "+ on: push" not in shown(pilot)
        await pilot.press("d")
        await says(pilot, "+ on: push")
        await pilot.press("d")
        await says(pilot, "Run the tests in CI")


async def test_a_decision_that_comes_while_one_looks_is_counted() -> None:
    engine = with_decisions()
    async with opened(engine, "approvals") as pilot:
        await says(pilot, "1 of 2")
        engine.tell(SESSION, EventKind.TASK_STARTED, task="tests", title="t", base="c0ffee0", attempt=1)
        engine.parked(SESSION, "tests", ActionClass.DEPLOY, "make deploy", "a person decides this")
        await says(pilot, "of 3")


async def test_hostile_text_is_drawn_literally() -> None:
    engine = with_decisions()
    engine.approvals.deny(f"{SESSION}-ci-1", "no")
    engine.approvals.deny(f"{SESSION}-bcrypt-1", "no")
    engine.parked(SESSION, "tests", ActionClass.COMMAND_RUN, "[red]rm[/] \x1b[2J \u202e", "[@click=app.quit]x[/]")
    async with opened(engine, "approvals") as pilot:
        await says(pilot, "[red]rm[/] ␛[2J ⟨U+202E⟩")
        await says(pilot, "[@click=app.quit]x[/]")
        assert "\x1b" not in shown(pilot)


async def test_twenty_columns_are_survived() -> None:
    async with opened(with_decisions(), "approvals", (20, 16)) as pilot:
        await pilot.press("d", "d", "j", "n", "r", "escape")
        await settled(pilot)


@pytest.mark.parametrize("action", [ActionClass.DEPLOY, ActionClass.GIT_MERGE, ActionClass.REPO_DELETE])
def test_what_orion_never_does_is_handed_over(action: ActionClass) -> None:
    engine = with_decisions()
    approval = engine.parked(SESSION, "tests", action, "make deploy", "a person decides this")
    assert "what you run by hand" in after_approval(approval)


def test_everything_that_waits_is_found_through_the_plan() -> None:
    tasks = (Task("d", "D", ("c",)), Task("a", "A"), Task("b", "B", ("a",)), Task("c", "C", ("b",)), Task("x", "X"))
    assert behind(Plan("g", tasks), "a") == ("D", "B", "C")
    assert behind(None, "a") == ()


async def test_a_long_reason_stays_beside_its_label() -> None:
    engine = with_decisions()
    async with opened(engine, "approvals", SMALL, approval=f"{SESSION}-bcrypt-1") as pilot:
        lines = shown(pilot).split("\n")
        first = next(number for number, line in enumerate(lines) if line.strip().startswith("session"))
        indent = len(lines[first]) - len(lines[first].lstrip())
        follows = lines[first + 1]
        assert not follows.strip() or follows.startswith(" " * (indent + 12))


async def test_after_the_last_decision_the_log_and_the_review_are_one_key_away() -> None:
    engine = with_decisions()
    engine.approvals.deny(f"{SESSION}-ci-1", "no")
    async with opened(engine, "approvals", session=SESSION) as pilot:
        await pilot.press("a")
        await says(pilot, "Let the session go on?")
        await pilot.press("y")
        await says(pilot, "it goes on in the background")
        await says(pilot, "l looks at what it does")
        await pilot.press("l")
        await until(pilot, lambda: getattr(pilot.app.screen, "NAME", "") == "monitor", "the monitor")
        await settled(pilot)


async def test_what_was_decided_is_not_offered_again_while_the_lists_are_read() -> None:
    engine = with_decisions()
    async with opened(engine, "approvals", approval=f"{SESSION}-bcrypt-1") as pilot:
        asked = engine.approvals.list()
        engine.approvals.list = lambda session=None: asked
        await pilot.press("a")
        await says(pilot, "1 of 1")
        await says(pilot, "Run the tests in CI")
